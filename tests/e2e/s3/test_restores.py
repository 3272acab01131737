"""RestoreObject: archived objects can be read for a time, by the clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

HOUR = 3_600
DAY = 24 * HOUR
ARCHIVED = Refusal(
    "InvalidObjectState", "The operation is not valid for the object's storage class", 403
)


def archived(s3: Any, bucket: str, storage_class: str = "GLACIER") -> dict[str, str]:
    """An object that cannot be read; how to ask for it."""
    ask = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**ask, Body=b"cold", StorageClass=storage_class)
    return ask


def restore(s3: Any, ask: dict[str, str], days: int = 1, tier: str = "Standard") -> int:
    """Ask for a copy; the status of the answer."""
    request = {"Days": days, "GlacierJobParameters": {"Tier": tier}}
    answer = s3.restore_object(**ask, RestoreRequest=request)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def to_morning(pileus: Running) -> None:
    """Advance to six o'clock UTC, so that the next midnight is eighteen hours away."""
    pileus.advance(DAY - pileus.now // 1000 % DAY + 6 * HOUR)


def test_a_restored_object_can_be_read_until_its_copy_goes(
    pileus: Running, s3: Any, bucket: str
) -> None:
    to_morning(pileus)
    ask = archived(s3, bucket)
    assert "Restore" not in s3.head_object(**ask)
    assert 202 == restore(s3, ask)
    assert 'ongoing-request="true"' == s3.head_object(**ask)["Restore"]
    pileus.advance(5 * HOUR - 1)
    assert ARCHIVED == refusal(s3.get_object, **ask)
    pileus.advance(1)
    found = s3.get_object(**ask)
    assert (b"cold", "GLACIER") == (found["Body"].read(), found["StorageClass"])
    assert found["Restore"].startswith('ongoing-request="false", expiry-date="')
    assert "00:00:00 GMT" in found["Restore"]
    s3.copy_object(Bucket=bucket, Key="warm", CopySource=ask)
    assert "Restore" not in s3.head_object(Bucket=bucket, Key="warm")
    pileus.advance(37 * HOUR - 1)
    assert b"cold" == s3.get_object(**ask)["Body"].read()
    pileus.advance(1)
    assert ARCHIVED == refusal(s3.get_object, **ask)
    assert "Restore" not in s3.head_object(**ask)
    assert ARCHIVED == refusal(s3.copy_object, Bucket=bucket, Key="w", CopySource=ask)


def test_a_copy_can_be_given_other_days(pileus: Running, s3: Any, bucket: str) -> None:
    to_morning(pileus)
    ask = archived(s3, bucket, "DEEP_ARCHIVE")
    restore(s3, ask, days=9)
    pileus.advance(12 * HOUR)
    assert 200 == restore(s3, ask, days=1)
    pileus.advance(30 * HOUR - 1)
    assert b"cold" == s3.get_object(**ask)["Body"].read()
    pileus.advance(1)
    assert ARCHIVED == refusal(s3.get_object, **ask)


def test_a_restoration_under_way_can_be_made_faster(pileus: Running, s3: Any, bucket: str) -> None:
    ask = archived(s3, bucket)
    restore(s3, ask, tier="Bulk")
    expected = Refusal("RestoreAlreadyInProgress", "Object restore is already in progress", 409)
    request = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    assert expected == refusal(s3.restore_object, **ask, RestoreRequest=request)
    assert 202 == restore(s3, ask, tier="Expedited")
    pileus.advance(300)
    assert b"cold" == s3.get_object(**ask)["Body"].read()


@pytest.mark.parametrize(
    ("storage_class", "request_", "expected"),
    [
        (
            "STANDARD", {"Days": 1},
            Refusal("InvalidObjectState",
                    "Restore is not allowed for the object's current storage class", 403),
        ),
        (
            "DEEP_ARCHIVE", {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}},
            Refusal("InvalidArgument",
                    "Retrieval option is not supported by this storage class", 400),
        ),
        (
            "GLACIER", {},
            Refusal("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema", 400),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_restored_is_refused(
    s3: Any, bucket: str, storage_class: str, request_: dict[str, Any], expected: Refusal
) -> None:
    ask = archived(s3, bucket, storage_class)
    assert expected == refusal(s3.restore_object, **ask, RestoreRequest=request_)


def test_only_what_is_there_is_restored(s3: Any, versioned: str) -> None:
    ask = {"Bucket": versioned, "Key": "k"}
    asked = {**ask, "RestoreRequest": {"Days": 1}}
    assert "NoSuchKey" == refusal(s3.restore_object, **asked).code
    marker = s3.delete_object(**ask)["VersionId"]
    assert "MethodNotAllowed" == refusal(s3.restore_object, **asked, VersionId=marker).code
    owner = refusal(s3.restore_object, **asked, ExpectedBucketOwner="123456789012")
    assert "AccessDenied" == owner.code
    selection = {"Type": "SELECT", "OutputLocation": {"S3": {"BucketName": "b", "Prefix": "p"}}}
    archived(s3, versioned)
    assert 501 == refusal(s3.restore_object, **ask, RestoreRequest=selection).status


def test_a_version_is_restored_and_another_is_not(pileus: Running, s3: Any, versioned: str) -> None:
    first = archived(s3, versioned)
    first["VersionId"] = s3.head_object(**first)["VersionId"]
    second = archived(s3, versioned)
    restore(s3, first, tier="Expedited")
    pileus.advance(300)
    assert b"cold" == s3.get_object(**first)["Body"].read()
    assert ARCHIVED == refusal(s3.get_object, **second)
    asked = {"Bucket": versioned, "OptionalObjectAttributes": ["RestoreStatus"]}
    listed = s3.list_object_versions(**asked)["Versions"]
    told = {each["VersionId"]: each.get("RestoreStatus") for each in listed}
    assert [None] == [each for id_, each in told.items() if id_ != first["VersionId"]]
    assert told[first["VersionId"]]["IsRestoreInProgress"] is False
    restore(s3, second)
    (entry,) = s3.list_objects_v2(**asked)["Contents"]
    assert {"IsRestoreInProgress": True} == entry["RestoreStatus"]
    assert "RestoreStatus" not in s3.list_objects_v2(Bucket=versioned)["Contents"][0]


def test_what_replaces_an_object_is_not_restored_with_it(
    pileus: Running, s3: Any, bucket: str
) -> None:
    ask = archived(s3, bucket)
    restore(s3, ask, tier="Expedited")
    archived(s3, bucket)
    pileus.advance(300)
    assert ARCHIVED == refusal(s3.get_object, **ask)
    assert "Restore" not in s3.head_object(**ask)


def test_restorations_are_told(pileus: Running, aws: Any, s3: Any, bucket: str) -> None:
    sqs, events = aws("sqs"), aws("events")

    def queue(name: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def taken(url: str) -> list[Any]:
        listed = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(each["Body"]) for each in listed]

    (told, told_arn), (bus, bus_arn) = queue("told"), queue("bus")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": bus_arn}])
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        SkipDestinationValidation=True,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": told_arn, "Events": ["s3:ObjectRestore:*"]}],
            "EventBridgeConfiguration": {},
        },
    )
    ask = archived(s3, bucket)
    restore(s3, ask, tier="Expedited")
    pileus.advance(300)
    s3.restore_object(**ask, RestoreRequest={"Days": 1})
    pileus.advance(3 * DAY)
    records = [each["Records"][0] for each in taken(told)]
    by_name = {each["eventName"]: each for each in records}
    assert {"ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete"} == set(by_name)
    assert 3 == len(records)
    data = by_name["ObjectRestore:Completed"]["glacierEventData"]["restoreEventData"]
    assert "GLACIER" == data["lifecycleRestoreStorageClass"]
    assert data["lifecycleRestorationExpiryTime"].endswith("T00:00:00.000Z")
    assert "glacierEventData" not in by_name["ObjectRestore:Post"]
    assert ("k", 4) == tuple(
        by_name["ObjectRestore:Post"]["s3"]["object"][name] for name in ("key", "size")
    )
    details = {each["detail-type"]: each["detail"] for each in taken(bus)}
    assert {
        "Object Created", "Object Restore Initiated", "Object Restore Completed",
        "Object Restore Expired",
    } == set(details)  # fmt: skip
    assert "GLACIER" == details["Object Restore Initiated"]["source-storage-class"]
    completed = details["Object Restore Completed"]
    assert completed["restore-expiry-time"].endswith("T00:00:00Z")
    assert "s3.amazonaws.com" == completed["requester"]
