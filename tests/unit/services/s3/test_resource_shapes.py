"""Properties of AWS::S3::Bucket become what S3's operations take."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.services.s3.settings import resource_shapes as shapes


def lifecycle_rule(**given: Any) -> dict[str, Any]:
    members = {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", **given}]}}
    (found,) = shapes.lifecycle(members)["LifecycleConfiguration"]["Rules"]
    assert "Enabled" == found.pop("Status")
    return dict(found)


TAG = {"Key": "a", "Value": "1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"Prefix": "p"}, {"Prefix": "p"}),
        ({"TagFilters": [TAG]}, {"Tag": TAG}),
        ({"TagFilters": [TAG, TAG]}, {"And": {"Tags": [TAG, TAG]}}),
        ({"Prefix": "p", "TagFilters": [TAG]}, {"And": {"Prefix": "p", "Tags": [TAG]}}),
        ({"ObjectSizeGreaterThan": "500"}, {"ObjectSizeGreaterThan": 500}),
        (
            {"ObjectSizeGreaterThan": "500", "ObjectSizeLessThan": 900},
            {"And": {"ObjectSizeGreaterThan": 500, "ObjectSizeLessThan": 900}},
        ),
    ],
)
def test_filters_of_several_parts_stand_below_and(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert {"Filter": expected} == lifecycle_rule(**given)


def test_dates_of_lifecycle_rules_become_instants() -> None:
    found = lifecycle_rule(
        Id="r",
        ExpirationDate="2026-01-01T00:00:00Z",
        Transition={"StorageClass": "GLACIER", "TransitionDate": "2025-01-01"},
    )
    expected = {
        "ID": "r",
        "Filter": {},
        "Expiration": {"Date": 1_767_225_600_000},
        "Transitions": [{"StorageClass": "GLACIER", "Date": 1_735_689_600_000}],
    }
    assert expected == found


def test_older_and_newer_properties_of_noncurrent_versions_are_both_taken() -> None:
    older = lifecycle_rule(
        NoncurrentVersionExpirationInDays=9,
        NoncurrentVersionTransition={"StorageClass": "GLACIER", "TransitionInDays": 3},
    )
    newer = lifecycle_rule(
        NoncurrentVersionExpiration={"NoncurrentDays": 9},
        NoncurrentVersionTransitions=[{"StorageClass": "GLACIER", "TransitionInDays": 3}],
    )
    assert older == newer
    assert {"NoncurrentDays": 9} == newer["NoncurrentVersionExpiration"]
    assert [{"StorageClass": "GLACIER", "NoncurrentDays": 3}] == newer[
        "NoncurrentVersionTransitions"
    ]


@pytest.mark.parametrize(("enabled", "expected"), [(True, [{}]), (False, [])])
def test_eventbridge_is_told_only_where_it_is_enabled(
    enabled: bool, expected: list[dict[str, Any]]
) -> None:
    given = {"EventBridgeConfiguration": {"EventBridgeEnabled": enabled}}
    found = shapes.notifications({"Bucket": "b", "NotificationConfiguration": given})
    assert expected == list(found["NotificationConfiguration"].values())


def test_what_is_given_stays_as_it_is() -> None:
    given = {"Bucket": "b", "NotificationConfiguration": {"QueueConfigurations": [
        {"Event": "s3:ObjectCreated:*", "Queue": "arn"}
    ]}}  # fmt: skip
    found = shapes.notifications(given)
    assert "Event" in given["NotificationConfiguration"]["QueueConfigurations"][0]  # type: ignore[index]
    listed = found["NotificationConfiguration"]["QueueConfigurations"]
    assert [{"QueueArn": "arn", "Events": ["s3:ObjectCreated:*"]}] == listed
