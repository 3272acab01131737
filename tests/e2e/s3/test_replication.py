"""Replication: what appears in other buckets, in which order, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

ROLE = "arn:aws:iam::000000000000:role/replication"
_numbers = count()
Make = Callable[..., str]


@pytest.fixture
def make(s3: Any) -> Make:
    """A bucket that keeps versions; of another client's account, if one is given."""

    def made(client: Any = s3) -> str:
        name = f"replicated-{next(_numbers)}"
        client.create_bucket(Bucket=name)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    return made


def rule(destination: str, number: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "ID": f"rule-{number}",
        "Status": "Enabled",
        "Priority": number,
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{destination}"},
        **members,
    }


def replicate(s3: Any, bucket: str, *rules: dict[str, Any]) -> None:
    s3.put_bucket_replication(
        Bucket=bucket, ReplicationConfiguration={"Role": ROLE, "Rules": list(rules)}
    )


def versions(s3: Any, bucket: str) -> list[tuple[str, str, bool]]:
    """Keys, ids and whether they are the latest, of versions and then of markers."""
    found = s3.list_object_versions(Bucket=bucket)
    return [
        (each["Key"], each["VersionId"], each["IsLatest"])
        for each in found.get("Versions", []) + found.get("DeleteMarkers", [])
    ]


def test_versions_appear_as_they_are_and_in_their_order(
    pileus: Running, s3: Any, make: Make
) -> None:
    source, target = make(), make()
    s3.put_object(Bucket=source, Key="before")
    replicate(s3, source, rule(target))
    for body in (b"1", b"2", b"3" * 100_000):
        s3.put_object(
            Bucket=source, Key="k", Body=body, Metadata={"a": "b"}, Tagging="t=1",
            ContentType="text/plain",
        )  # fmt: skip
    s3.put_object(Bucket=source, Key="empty")
    pileus.advance(1)
    expected = [each for each in versions(s3, source) if each[0] != "before"]
    assert expected == versions(s3, target)
    one, other = (s3.get_object(Bucket=each, Key="k") for each in (source, target))
    assert ("COMPLETED", "REPLICA") == (one["ReplicationStatus"], other["ReplicationStatus"])
    names = ("ETag", "VersionId", "Metadata", "ContentType", "TagCount", "LastModified")
    assert [one[name] for name in names] == [other[name] for name in names]
    assert one["Body"].read() == other["Body"].read()
    assert "ReplicationStatus" not in s3.head_object(Bucket=source, Key="before")


def test_an_object_in_parts_stays_in_parts(pileus: Running, s3: Any, make: Make) -> None:
    source, target = make(), make()
    replicate(s3, source, rule(target))
    ask = {"Bucket": source, "Key": "k"}
    upload = {**ask, "UploadId": s3.create_multipart_upload(**ask)["UploadId"]}
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in ((1, b"x" * (5 << 20)), (2, b"end"))
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    pileus.advance(1)
    there = {"Bucket": target, "Key": "k"}
    assert s3.head_object(**ask)["ETag"] == s3.head_object(**there)["ETag"]
    assert b"end" == s3.get_object(**there, PartNumber=2)["Body"].read()
    # Neither needs the other.
    for version in (versions(s3, source)[0][1],):
        s3.delete_object(**ask, VersionId=version)
    pileus.advance(3600)
    assert (5 << 20) + 3 == len(s3.get_object(**there)["Body"].read())


def test_delete_markers_and_changes_follow_where_they_are_asked_for(
    pileus: Running, s3: Any, make: Make
) -> None:
    source, with_markers, without = make(), make(), make()
    markers = {"DeleteMarkerReplication": {"Status": "Enabled"}}
    replicate(s3, source, rule(with_markers, 1, **markers), rule(without, 2))
    ask = {"Bucket": source, "Key": "k"}
    first = s3.put_object(**ask)["VersionId"]
    s3.put_object_tagging(**ask, Tagging={"TagSet": [{"Key": "new", "Value": "1"}]})
    marker = s3.delete_object(**ask)["VersionId"]
    pileus.advance(1)
    assert [("k", first, False), ("k", marker, True)] == versions(s3, with_markers)
    assert [("k", first, True)] == versions(s3, without)
    for bucket in (with_markers, without):
        tags = s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=first)["TagSet"]
        assert [{"Key": "new", "Value": "1"}] == tags
    # What is removed for good stays elsewhere.
    s3.delete_object(**ask, VersionId=first)
    pileus.advance(1)
    assert 1 == len(versions(s3, without))


def test_many_objects_are_deleted_told_and_replicated_at_once(
    pileus: Running, aws: Any, s3: Any, make: Make
) -> None:
    source, target = make(), make()
    replicate(s3, source, rule(target, DeleteMarkerReplication={"Status": "Enabled"}))
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    told = {"QueueArn": found["QueueArn"], "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=source,
        NotificationConfiguration={"QueueConfigurations": [told], "EventBridgeConfiguration": {}},
    )
    expiration = {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=source, LifecycleConfiguration={"Rules": [expiration]}
    )
    listed = [{"Key": str(number)} for number in range(70)]
    deleted = s3.delete_objects(Bucket=source, Delete={"Objects": listed})["Deleted"]
    assert 70 == len(deleted)
    pileus.advance(1)
    assert versions(s3, source) == versions(s3, target)
    waiting = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    # One of them is the test event.
    assert "71" == waiting["ApproximateNumberOfMessages"]


def test_rules_choose_by_prefix_tags_and_priority(pileus: Running, s3: Any, make: Make) -> None:
    source, target = make(), make()
    place = f"arn:aws:s3:::{target}"
    tagged = {"And": {"Prefix": "a/", "Tags": [{"Key": "t", "Value": "1"}]}}
    replicate(
        s3, source,
        rule(target, 1, Filter={"Prefix": "a/"}),
        rule(target, 2, Filter=tagged, Destination={"Bucket": place, "StorageClass": "GLACIER"}),
        rule(target, 3, Filter={"Prefix": ""}, Status="Disabled"),
    )  # fmt: skip
    s3.put_object(Bucket=source, Key="a/plain")
    s3.put_object(Bucket=source, Key="a/tagged", Tagging="t=1")
    s3.put_object(Bucket=source, Key="b")
    pileus.advance(1)
    listed = s3.list_objects_v2(Bucket=target)["Contents"]
    assert [("a/plain", "STANDARD"), ("a/tagged", "GLACIER")] == [
        (each["Key"], each["StorageClass"]) for each in listed
    ]
    assert "ReplicationStatus" not in s3.head_object(Bucket=source, Key="b")


def test_replicas_are_not_replicated_further(
    pileus: Running, aws: Any, s3: Any, make: Make
) -> None:
    other_account = pileus.client("s3", account="999999999999")
    one, other, third = make(), make(other_account), make()
    markers = {"DeleteMarkerReplication": {"Status": "Enabled"}}
    replicate(s3, one, rule(other, **markers))
    replicate(other_account, other, rule(one, 1, **markers), rule(third, 2, **markers))
    version = s3.put_object(Bucket=one, Key="k")["VersionId"]
    marker = s3.delete_object(Bucket=one, Key="k")["VersionId"]
    pileus.advance(1)
    expected = [("k", version, False), ("k", marker, True)]
    assert [expected, expected, []] == [versions(s3, each) for each in (one, other, third)]
    back = other_account.put_object(Bucket=other, Key="back")["VersionId"]
    pileus.advance(1)
    assert ("back", back, True) in versions(s3, one)
    assert [("back", back, True)] == versions(s3, third)


def test_a_destination_that_is_gone_makes_a_replication_fail(
    pileus: Running, aws: Any, s3: Any, make: Make
) -> None:
    source, target = make(), make()
    replicate(s3, source, rule(target))
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    told = {"QueueArn": found["QueueArn"], "Events": ["s3:Replication:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=source, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    sqs.purge_queue(QueueUrl=url)
    s3.delete_bucket(Bucket=target)
    s3.put_object(Bucket=source, Key="k")
    pileus.advance(1)
    assert "FAILED" == s3.head_object(Bucket=source, Key="k")["ReplicationStatus"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    (record,) = [r for each in messages for r in json.loads(each["Body"]).get("Records", [])]
    assert ("2.2", "Replication:OperationFailedReplication") == (
        record["eventVersion"], record["eventName"],
    )  # fmt: skip
    assert ("rule-0", f"arn:aws:s3:::{target}", "DstBucketNotFound") == tuple(
        record["replicationEventData"][name]
        for name in ("replicationRuleId", "destinationBucket", "failureReason")
    )


def test_a_configuration_comes_and_goes(pileus: Running, s3: Any, make: Make) -> None:
    source, target = make(), make()
    missing = Refusal(
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found", 404
    )
    assert missing == refusal(s3.get_bucket_replication, Bucket=source)
    replicate(s3, source, rule(target))
    found = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    assert {"Role": ROLE, "Rules": [rule(target)]} == found
    suspended = {"Status": "Suspended"}
    assert "InvalidBucketState" == refusal(
        s3.put_bucket_versioning, Bucket=source, VersioningConfiguration=suspended
    ).code  # fmt: skip
    s3.delete_bucket_replication(Bucket=source)
    assert missing == refusal(s3.get_bucket_replication, Bucket=source)
    s3.put_object(Bucket=source, Key="k")
    pileus.advance(1)
    assert [] == versions(s3, target)


def test_what_cannot_be_is_refused(s3: Any, bucket: str, make: Make) -> None:
    source, target = make(), make()

    def refused(*rules: dict[str, Any], of: str = source) -> Refusal:
        configuration = {"Role": ROLE, "Rules": list(rules)}
        return refusal(s3.put_bucket_replication, Bucket=of, ReplicationConfiguration=configuration)

    def invalid(message: str) -> Refusal:
        return Refusal("InvalidRequest", message, 400)

    assert invalid(
        "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
    ) == refused(rule(target), of=bucket)
    assert invalid("Destination bucket must have versioning enabled.") == refused(rule(bucket))
    assert invalid("Destination bucket must exist.") == refused(rule("never-made-bucket"))
    assert "InvalidRequest" == refused(rule(source)).code
    schema = (
        "for this version of Cross Region Replication configuration schema. Please refer to S3 "
        "Developer Guide for more information."
    )
    for member in ("Priority", "DeleteMarkerReplication"):
        without = rule(target)
        del without[member]
        assert invalid(f"{member} must be specified {schema}") == refused(without)
    tag = {"Tag": {"Key": "t", "Value": "1"}}
    markers = {"DeleteMarkerReplication": {"Status": "Enabled"}}
    assert "InvalidRequest" == refused(rule(target, Filter=tag, **markers)).code
    assert "MalformedXML" == refused(rule(target, Prefix="a")).code
    assert "InvalidArgument" == refused(rule(target), rule(target)).code
    same = rule(target, 1) | {"Priority": 0}
    assert "InvalidRequest" == refused(rule(target), same).code
