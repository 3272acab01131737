"""Buckets, versions, parts and lists, with all their statements on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.postgres import Server
from support.running import Running


@pytest.fixture(scope="module")
def pileus(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    url = postgres_server.new_database()
    running = Running(tmp_path_factory.mktemp("pileus"), store=url).start()
    running.freeze()
    yield running
    running.stop()
    postgres_server.drop_database(url)


def test_objects_are_written_listed_and_read(s3: Any, bucket: str) -> None:
    keys = sorted(["a", "B", "\x01", "k" * 1024, "ü/1", "ü/2", "z/\U0001f600"], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 100)
    assert keys == [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    rolled = s3.list_objects_v2(Bucket=bucket, Delimiter="/", StartAfter="a")
    assert ["z/", "ü/"] == [each["Prefix"] for each in rolled["CommonPrefixes"]]
    assert [bucket] == [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/a")
    s3.put_object_tagging(
        Bucket=bucket, Key="copy", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]}
    )
    assert b"a" * 100 == s3.get_object(Bucket=bucket, Key="copy")["Body"].read()
    # XML has no form for this one.
    s3.delete_object(Bucket=bucket, Key=keys.pop(0))
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*keys, "copy"]]})
    s3.delete_bucket(Bucket=bucket)


def test_versions_come_and_go(s3: Any, versioned: str) -> None:
    ask = {"Bucket": versioned, "Key": "k"}
    ids = [s3.put_object(**ask, Body=body)["VersionId"] for body in (b"1", b"2", b"3")]
    s3.put_object_tagging(**ask, VersionId=ids[0], Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    marker = s3.delete_object(**ask)["VersionId"]
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=versioned, PaginationConfig={"PageSize": 1}
    )
    listed = [
        each["VersionId"]
        for page in pages
        for each in page.get("DeleteMarkers", []) + page.get("Versions", [])
    ]
    assert [marker, *ids[::-1]] == listed
    s3.delete_object(**ask, VersionId=marker)
    s3.delete_object(**ask, VersionId=ids[2])
    assert b"2" == s3.get_object(**ask)["Body"].read()
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(**ask, Body=b"null")
    s3.delete_object(**ask)
    assert ids[1] == s3.list_object_versions(Bucket=versioned)["Versions"][0]["VersionId"]


def test_parts_make_an_object(pileus: Running, s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    upload = {**ask, "UploadId": s3.create_multipart_upload(**ask)["UploadId"]}
    etags = [
        s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, b"x" * (5 << 20)), (2, b"replaced"), (2, b"end"), (3, b"unused"))
    ]
    assert 3 == len(s3.list_parts(**upload)["Parts"])
    assert 1 == len(s3.list_multipart_uploads(Bucket=bucket, KeyMarker="a")["Uploads"])
    parts = [{"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 2, "ETag": etags[2]}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert b"end" == s3.get_object(**ask, PartNumber=2)["Body"].read()
    s3.delete_object(**ask)
    pileus.advance(3600)
    s3.delete_bucket(Bucket=bucket)


def test_settings_are_kept_listed_and_removed(pileus: Running, s3: Any, bucket: str) -> None:
    for number in range(101):
        s3.put_bucket_metrics_configuration(
            Bucket=bucket, Id=f"{number:03}", MetricsConfiguration={"Id": f"{number:03}"}
        )
    listed = s3.list_bucket_metrics_configurations(Bucket=bucket)
    assert "099" == listed["MetricsConfigurationList"][-1]["Id"]
    s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="000")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "ü"}]})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    assert "aws:kms" == s3.put_object(Bucket=bucket, Key="k")["ServerSideEncryption"]
    s3.delete_bucket_tagging(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    pileus.advance(1)
    s3.create_bucket(Bucket=bucket)
    assert not s3.list_bucket_metrics_configurations(Bucket=bucket)["IsTruncated"]


def test_what_a_bucket_does_by_itself(pileus: Running, aws: Any, s3: Any, versioned: str) -> None:
    target = f"{versioned}-target"
    s3.create_bucket(Bucket=target, ObjectLockEnabledForBucket=True)
    rule = {
        "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    }  # fmt: skip
    role = "arn:aws:iam::000000000000:role/replication"
    s3.put_bucket_replication(
        Bucket=versioned, ReplicationConfiguration={"Role": role, "Rules": [rule]}
    )
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    told = {"QueueArn": found["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=target, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    expiration = {
        "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }  # fmt: skip
    s3.put_bucket_lifecycle_configuration(
        Bucket=versioned, LifecycleConfiguration={"Rules": [expiration]}
    )
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"x" * 70_000)["VersionId"]
    pileus.advance(1)
    assert version == s3.head_object(Bucket=target, Key="k")["VersionId"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert 1 == sum("ObjectCreated:Put" in each["Body"] for each in received)
    s3.put_object_legal_hold(Bucket=target, Key="k", LegalHold={"Status": "ON"})
    pileus.advance(10 * 86_400)
    assert "Versions" not in s3.list_object_versions(Bucket=versioned)
    assert "ON" == s3.get_object_legal_hold(Bucket=target, Key="k")["LegalHold"]["Status"]
