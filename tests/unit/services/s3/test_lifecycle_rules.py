"""When lifecycle rules do what, and which of several goes first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.s3.lifecycle import documents, rules
from pileus.services.s3.lifecycle.rules import DAY_MS, Act, Item

# 2014-01-15T10:30:00Z, AWS's own example.
CREATED = 1_389_781_800_000
ITEM = Item("k", 200_000, {}, CREATED, "STANDARD", False, None, 0, False, False)


def read(*each: dict[str, Any], minimum: str = documents.ALL_128K) -> rules.Configuration:
    return documents.of_document(
        [
            {"ID": str(number), "Status": "Enabled", "Filter": {}, **rule}
            for number, rule in enumerate(each)
        ],
        minimum,
    )


def test_days_are_added_and_rounded_up_to_midnight() -> None:
    midnight_of_the_19th = 1_390_089_600_000
    assert midnight_of_the_19th == rules.after_days(CREATED, 3)


def test_removing_goes_before_moving_and_moving_before_hiding() -> None:
    configuration = read(
        {"Expiration": {"Days": 2}},
        {"Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}]},
        {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    )
    late = CREATED + 9 * DAY_MS
    for is_versioned, expected in ((False, Act.REMOVE), (True, Act.MOVE)):
        item = ITEM._replace(is_versioned=is_versioned)
        chosen, following = rules.choose(rules.plans(configuration, item), late)
        assert chosen is not None
        assert (expected, None) == (chosen.act, following)
    # Of two classes the deeper.
    assert "GLACIER" == chosen.storage_class


def test_what_is_not_due_is_told_as_following() -> None:
    configuration = read({"Expiration": {"Days": 5}}, {"Expiration": {"Days": 3}})
    chosen, following = rules.choose(rules.plans(configuration, ITEM), CREATED)
    assert (None, rules.after_days(CREATED, 3)) == (chosen, following)
    plan = rules.expiration(configuration, ITEM)
    assert plan is not None
    assert "1" == plan.rule_id


@pytest.mark.parametrize(
    ("present", "wanted", "size", "expected"),
    [
        ("STANDARD", "GLACIER", 131_072, True), ("STANDARD", "GLACIER", 131_071, False),
        ("GLACIER", "GLACIER_IR", 131_072, False), ("ONEZONE_IA", "GLACIER_IR", 131_072, False),
        ("ONEZONE_IA", "DEEP_ARCHIVE", 131_072, True), ("GLACIER", "GLACIER", 131_072, False),
    ],
)  # fmt: skip
def test_objects_only_go_deeper_and_small_ones_stay(
    present: str, wanted: str, size: int, expected: bool
) -> None:
    configuration = read({"Transitions": [{"Days": 1, "StorageClass": wanted}]})
    item = ITEM._replace(storage_class=present, size_bytes=size)
    assert expected == bool(list(rules.plans(configuration, item)))


def test_small_objects_move_where_a_rule_speaks_of_sizes_or_the_bucket_lets_them() -> None:
    moves = [{"Days": 1, "StorageClass": "GLACIER"}]
    small = ITEM._replace(size_bytes=10)
    sized = read({"Filter": {"ObjectSizeGreaterThan": 1}, "Transitions": moves})
    let = read({"Transitions": moves}, minimum=documents.VARIES)
    assert [1, 1] == [len(list(rules.plans(each, small))) for each in (sized, let)]


@given(
    st.integers(1, 400),
    st.sampled_from(["Expiration", "NoncurrentVersionExpiration", "Transitions"]),
    st.integers(0, 10 * DAY_MS),
)
def test_nothing_falls_due_before_its_bound(days: int, action: str, after: int) -> None:
    found: dict[str, Any] = {
        "Expiration": {"Days": days},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "Transitions": [{"Days": days, "StorageClass": "GLACIER"}],
    }
    configuration = read({action: found[action]})
    now = CREATED + after
    bound = rules.bound(configuration, now)
    assert bound is not None
    for item in (ITEM, ITEM._replace(noncurrent_since=now)):
        for plan in rules.plans(configuration, item._replace(modified_at=now)):
            assert bound <= plan.at
            assert 0 == plan.at % DAY_MS


TAG = {"Key": "a", "Value": "b"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"Filter": {"And": {"Tags": [TAG, TAG]}}, "Expiration": {"Days": 1}},
         "Duplicate Tag Keys are not allowed."),
        ({"Filter": {"Tag": TAG}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
         "ExpiredObjectDeleteMarker cannot be specified with Tags."),
        ({"Filter": {"Tag": TAG}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
         "AbortIncompleteMultipartUpload cannot be specified with Tags."),
        ({"Prefix": "a", "Expiration": {"Days": 1}}, "The XML you provided was not well-formed"),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}},
         "The XML you provided was not well-formed"),
        ({"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 101, "NoncurrentDays": 1}},
         "'NewerNoncurrentVersions' for"),
        ({"Expiration": {"Days": 9}, "Transitions": [{"Date": 0, "StorageClass": "GLACIER"}]},
         "Found mixed 'Date' and 'Days' based Expiration and Transition actions"),
        ({"Transitions": [{"Days": 1, "StorageClass": "STANDARD"}]},
         "The XML you provided was not well-formed"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as refused:
        read(rule)
    assert refused.value.message.startswith(message)


def test_ids_are_not_given_twice_and_rules_are_not_too_many() -> None:
    with pytest.raises(AwsError, match="Rule ID must be unique"):
        read(*[{"ID": "same", "Expiration": {"Days": 1}}] * 2)
    with pytest.raises(AwsError, match="1000 rules"):
        read(*[{"Expiration": {"Days": 1}}] * 1001)
    with pytest.raises(AwsError, match="Invalid TransitionDefaultMinimumObjectSize found: other"):
        read({"Expiration": {"Days": 1}}, minimum="other")
