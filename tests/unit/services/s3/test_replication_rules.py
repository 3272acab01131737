"""Which versions go where: by prefix, tags, priority and encryption."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.objects.encryption import Encryption
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.replication import rules

ONE, OTHER = "arn:aws:s3:::one", "arn:aws:s3:::other"
TAG = {"Key": "t", "Value": "1"}
PLAIN, TAGGED = Facts(), Facts(tags={"t": "1"})
SEALED = Facts(encryption=Encryption("aws:kms", "key"))


def rule(number: int, destination: str = ONE, **members: Any) -> dict[str, Any]:
    return {
        "ID": str(number),
        "Status": "Enabled",
        "Priority": number,
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": destination},
        **members,
    }


def read(*listed: dict[str, Any]) -> rules.Configuration:
    return rules.of_document({"Role": "arn:aws:iam::000000000000:role/r", "Rules": list(listed)})


def chosen(configuration: rules.Configuration, key: str, found: Facts) -> dict[str, str]:
    listed = configuration.destinations(key, found)
    return {place: rule.manner.rule_id for place, rule in listed.items()}


def test_each_destination_has_the_rule_with_the_highest_priority() -> None:
    configuration = read(
        rule(1), rule(3, Filter={"Prefix": "a/"}), rule(2, Filter={"Tag": TAG}),
        rule(4, OTHER, ID="o"),
    )  # fmt: skip
    assert {ONE: "3", OTHER: "o"} == chosen(configuration, "a/k", TAGGED)
    assert {ONE: "2", OTHER: "o"} == chosen(configuration, "k", TAGGED)
    assert {ONE: "1", OTHER: "o"} == chosen(configuration, "k", PLAIN)


def test_a_disabled_rule_and_one_with_another_tag_take_nothing() -> None:
    both = {"And": {"Prefix": "a", "Tags": [TAG, {"Key": "u", "Value": "2"}]}}
    configuration = read(rule(1, Status="Disabled"), rule(2, Filter=both))
    assert {} == chosen(configuration, "a", TAGGED)
    assert {ONE: "2"} == chosen(configuration, "a", Facts(tags={"t": "1", "u": "2"}))


def test_objects_under_keys_of_kms_need_a_rule_that_says_so() -> None:
    criteria = {"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}}
    assert {} == chosen(read(rule(1)), "k", SEALED)
    assert {ONE: "1"} == chosen(read(rule(1, **criteria)), "k", SEALED)


def test_the_older_schema_takes_delete_markers_and_the_newer_where_it_is_asked() -> None:
    older = {"ID": "o", "Status": "Enabled", "Prefix": "a", "Destination": {"Bucket": ONE}}
    assert {ONE} == set(read(older).of_marker("a/k"))
    assert {} == read(rule(1)).of_marker("k")
    with pytest.raises(AwsError, match="Number of distinct destination bucket ARNs"):
        read(older, {**older, "ID": "p", "Destination": {"Bucket": OTHER}})
    markers = {"DeleteMarkerReplication": {"Status": "Enabled"}}
    assert {ONE} == set(read(rule(1, **markers)).of_marker("k"))
    with pytest.raises(AwsError, match="not supported if any Tag filter is specified"):
        read(rule(1, Filter={"Tag": TAG}, **markers))


@pytest.mark.parametrize(
    "given",
    [
        rule(1, Destination={"Bucket": "no-arn"}),
        rule(1, Destination={"Bucket": "arn:aws:sqs:::b"}),
        rule(1, ID="x" * 256), rule(1, Status="Other"), rule(1, Prefix="both"),
        rule(1, Filter={"Prefix": "a", "Tag": TAG}), rule(1, Filter={"And": {"Tags": [TAG, TAG]}}),
        rule(1, Destination={"Bucket": ONE, "StorageClass": "NONE"}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(AwsError):
        read(given)
    with pytest.raises(AwsError):
        rules.of_document({"Role": "", "Rules": [rule(1)]})
