"""Which changes are told of to whom, and which rules may not stand together."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.notifications import records, rules
from pileus.services.s3.notifications.records import Change

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def rule(*events: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
    filters = [{"Name": "Prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
    return {"Id": "id", "QueueArn": QUEUE, "Events": list(events), "Filter": {
        "Key": {"FilterRules": filters}}}  # fmt: skip


def read(*each: dict[str, Any]) -> rules.Configuration:
    return rules.of_document({"QueueConfigurations": list(each)})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (rule("s3:ObjectCreated:*"), rule("s3:ObjectCreated:Put"), True),
        (rule("s3:ObjectCreated:*"), rule("s3:ObjectRemoved:*"), False),
        (rule("s3:ObjectCreated:Put"), rule("s3:ObjectCreated:Copy"), False),
        (rule("s3:ObjectCreated:*", prefix="a"), rule("s3:ObjectCreated:*", prefix="ab"), True),
        (rule("s3:ObjectCreated:*", prefix="a"), rule("s3:ObjectCreated:*", prefix="b"), False),
        (rule("s3:ObjectCreated:*", suffix="jpg"), rule("s3:ObjectCreated:*", suffix="pg"), True),
        (rule("s3:ObjectCreated:*", suffix="jpg"), rule("s3:ObjectCreated:*", suffix="gif"), False),
        (
            rule("s3:ObjectCreated:*", prefix="a", suffix="jpg"),
            rule("s3:ObjectCreated:*", prefix="ab", suffix="png"),
            False,
        ),
        (rule("s3:ObjectCreated:*", prefix="a"), rule("s3:ObjectCreated:*", suffix="b"), True),
    ],
)
def test_rules_that_could_tell_of_the_same_change_are_refused(
    one: dict[str, Any], other: dict[str, Any], expected: bool
) -> None:
    for pair in ((one, other), (other, one)):
        try:
            read(*pair)
        except AwsError as refused:
            assert expected, refused.message
            assert refused.message.startswith("Configuration is ambiguously defined.")
        else:
            assert not expected


def test_a_rule_wants_its_events_on_its_keys() -> None:
    (one,) = read(rule("s3:ObjectCreated:*", "s3:LifecycleTransition", prefix="a/")).rules
    wanted = [
        one.wants(event, key)
        for event, key in (
            ("ObjectCreated:Put", "a/k"), ("ObjectCreated:Put", "b/k"),
            ("LifecycleTransition", "a/"), ("ObjectRemoved:Delete", "a/k"),
        )
    ]  # fmt: skip
    assert [True, False, True, False] == wanted


def test_a_filter_has_one_prefix_and_one_suffix() -> None:
    twice = rule("s3:ObjectCreated:*")
    twice["Filter"]["Key"]["FilterRules"].append({"Name": "prefix", "Value": "b"})
    with pytest.raises(AwsError, match="Cannot specify more than one prefix rule in a filter"):
        read(twice)
    with pytest.raises(AwsError, match="cannot exceed 1024 bytes"):
        read(rule("s3:ObjectCreated:*", prefix="ü" * 513))
    with pytest.raises(AwsError, match="at most 100"):
        read(*[rule("s3:ObjectCreated:*", prefix=f"{number:03}") for number in range(101)])


def test_sequencers_grow_with_time_and_number() -> None:
    def at(second: int, number: int) -> str:
        return records.sequencer(
            Change("ObjectCreated:Put", "k", "", 0, "", second * 1000, number, "", "", {})
        )

    listed = [
        at(1_700_000_000, 1),
        at(1_700_000_000, 2),
        at(1_700_000_001, 3),
        at(4_000_000_000, 4),
    ]
    assert sorted(listed) == listed
    assert {18} == {len(each) for each in listed}
