"""Lifecycle rules, by the virtual clock: what expires, moves and is given up at midnight."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.refusals import Refusal, refusal
from support.running import Running

DAY = 86_400


def configure(s3: Any, bucket: str, *rules: dict[str, Any], **members: Any) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"Status": "Enabled", "Filter": {}, **each} for each in rules]
        },
        **members,
    )


def to_midnight(pileus: Running, days: int = 1) -> None:
    """Advance to the next midnight UTC, and by whole days from there."""
    pileus.advance(DAY - pileus.now // 1000 % DAY + (days - 1) * DAY)


def to_noon(pileus: Running) -> None:
    to_midnight(pileus)
    pileus.advance(DAY // 2)


def keys(s3: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def listed(s3: Any, bucket: str) -> list[str]:
    """Version ids and delete markers, the newest first."""
    found = s3.list_object_versions(Bucket=bucket)
    return [
        each["VersionId"] for each in found.get("DeleteMarkers", []) + found.get("Versions", [])
    ]


def test_objects_expire_at_the_midnight_after_their_days(
    pileus: Running, s3: Any, bucket: str
) -> None:
    to_noon(pileus)
    configure(s3, bucket, {"ID": "r 1", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 3}})
    put = s3.put_object(Bucket=bucket, Key="log/1")
    s3.put_object(Bucket=bucket, Key="other")
    noon = datetime.fromtimestamp(pileus.now / 1000, UTC)
    end = noon.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=4)
    expected = f'expiry-date="{format_datetime(end, usegmt=True)}", rule-id="r%201"'
    assert expected == put["Expiration"]
    assert expected == s3.head_object(Bucket=bucket, Key="log/1")["Expiration"]
    assert "Expiration" not in s3.get_object(Bucket=bucket, Key="other")
    pileus.advance(3 * DAY + DAY // 2 - 1)
    assert ["log/1", "other"] == keys(s3, bucket)
    pileus.advance(1)
    assert ["other"] == keys(s3, bucket)


def test_rules_are_for_what_was_there_before_from_the_next_midnight_on(
    pileus: Running, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="old")
    pileus.advance(10 * DAY)
    to_noon(pileus)
    configure(s3, bucket, {"Expiration": {"Days": 1}})
    assert ["old"] == keys(s3, bucket)
    to_midnight(pileus)
    assert [] == keys(s3, bucket)


def test_filters_choose_by_tags_and_sizes(pileus: Running, s3: Any, bucket: str) -> None:
    tag = {"Key": "temporary", "Value": "yes"}
    both = {"Prefix": "p/", "Tags": [tag], "ObjectSizeGreaterThan": 2, "ObjectSizeLessThan": 9}
    configure(s3, bucket, {"Filter": {"And": both}, "Expiration": {"Days": 1}})
    for key, size, tagging in (
        ("p/yes", 5, "temporary=yes"), ("p/small", 2, "temporary=yes"),
        ("p/large", 9, "temporary=yes"), ("p/other", 5, "temporary=no"), ("p/none", 5, ""),
        ("q/yes", 5, "temporary=yes"),
    ):  # fmt: skip
        s3.put_object(Bucket=bucket, Key=key, Body=b"x" * size, Tagging=tagging)
    to_midnight(pileus, 3)
    assert ["p/large", "p/none", "p/other", "p/small", "q/yes"] == keys(s3, bucket)
    s3.put_object_tagging(Bucket=bucket, Key="p/none", Tagging={"TagSet": [tag]})
    to_midnight(pileus)
    assert "p/none" not in keys(s3, bucket)


def test_a_date_is_for_all_that_is_there_then_and_later(
    pileus: Running, s3: Any, bucket: str
) -> None:
    to_noon(pileus)
    date = datetime.fromtimestamp(pileus.now // 1000 // DAY * DAY + 3 * DAY, UTC)
    configure(s3, bucket, {"Expiration": {"Date": date}})
    s3.put_object(Bucket=bucket, Key="k")
    to_midnight(pileus, 2)
    assert ["k"] == keys(s3, bucket)
    to_midnight(pileus)
    assert [] == keys(s3, bucket)
    s3.put_object(Bucket=bucket, Key="later")
    to_midnight(pileus)
    assert [] == keys(s3, bucket)
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert date == found["Rules"][0]["Expiration"]["Date"]
    assert "all_storage_classes_128K" == found["TransitionDefaultMinimumObjectSize"]


def test_versions_are_hidden_then_removed_and_their_marker_goes(
    pileus: Running, s3: Any, versioned: str
) -> None:
    to_noon(pileus)
    configure(
        s3, versioned,
        {"Expiration": {"Days": 2}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    )  # fmt: skip
    kept = s3.put_object(Bucket=versioned, Key="k")["VersionId"]
    to_midnight(pileus, 3)
    marker, *others = listed(s3, versioned)
    assert [kept] == others
    to_midnight(pileus)
    assert [marker, kept] == listed(s3, versioned)
    # A day later the version has been noncurrent for a day; another two, and its marker goes too.
    to_midnight(pileus)
    assert [marker] == listed(s3, versioned)
    to_midnight(pileus, 2)
    assert [] == listed(s3, versioned)


def test_some_newer_noncurrent_versions_stay(pileus: Running, s3: Any, versioned: str) -> None:
    expiration = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}
    configure(s3, versioned, {"NoncurrentVersionExpiration": expiration})
    ids = [s3.put_object(Bucket=versioned, Key="k")["VersionId"] for _ in range(5)]
    s3.put_object(Bucket=versioned, Key="l")
    to_midnight(pileus, 4)
    left = s3.list_object_versions(Bucket=versioned, Prefix="k")["Versions"]
    assert ids[:1:-1] == [each["VersionId"] for each in left]
    newest = s3.put_object(Bucket=versioned, Key="k")["VersionId"]
    to_midnight(pileus, 4)
    left = s3.list_object_versions(Bucket=versioned, Prefix="k")["Versions"]
    assert [newest, ids[4], ids[3]] == [each["VersionId"] for each in left]


def test_a_marker_that_hides_nothing_goes(pileus: Running, s3: Any, versioned: str) -> None:
    configure(s3, versioned, {"Expiration": {"ExpiredObjectDeleteMarker": True}})
    kept = s3.put_object(Bucket=versioned, Key="k")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    to_midnight(pileus, 3)
    assert [marker, kept] == listed(s3, versioned)
    s3.delete_object(Bucket=versioned, Key="k", VersionId=kept)
    to_midnight(pileus)
    assert [] == listed(s3, versioned)


def test_versions_move_to_other_classes_in_order(pileus: Running, s3: Any, bucket: str) -> None:
    to_noon(pileus)
    moves = [
        {"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"},
    ]  # fmt: skip
    configure(s3, bucket, {"Transitions": moves})
    s3.put_object(Bucket=bucket, Key="large", Body=b"x" * 131_072)
    s3.put_object(Bucket=bucket, Key="small", Body=b"x")

    def classes() -> list[str]:
        return [each["StorageClass"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]

    to_midnight(pileus, 30)
    assert ["STANDARD", "STANDARD"] == classes()
    to_midnight(pileus)
    assert ["STANDARD_IA", "STANDARD"] == classes()
    to_midnight(pileus, 30)
    assert ["GLACIER", "STANDARD"] == classes()
    configure(
        s3, bucket, {"Transitions": moves},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )  # fmt: skip
    to_midnight(pileus)
    assert ["GLACIER", "GLACIER"] == classes()


def test_uploads_are_given_up(pileus: Running, s3: Any, bucket: str) -> None:
    to_noon(pileus)
    configure(s3, bucket, {"ID": "r", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}})
    ask = {"Bucket": bucket, "Key": "k"}
    made = s3.create_multipart_upload(**ask)
    assert ("r", 0) == (made["AbortRuleId"], made["AbortDate"].hour)
    upload = {**ask, "UploadId": made["UploadId"]}
    s3.upload_part(**upload, PartNumber=1, Body=b"x")
    assert made["AbortDate"] == s3.list_parts(**upload)["AbortDate"]
    to_midnight(pileus, 2)
    assert 1 == len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"])
    to_midnight(pileus)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert "NoSuchUpload" == refusal(s3.list_parts, **upload).code


def test_many_objects_expire_page_by_page(pileus: Running, s3: Any, versioned: str) -> None:
    for number in range(130):
        s3.put_object(Bucket=versioned, Key=f"{number % 10}")
    configure(s3, versioned, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    to_midnight(pileus, 3)
    assert 10 == len(listed(s3, versioned))


def test_expirations_and_moves_are_told(pileus: Running, aws: Any, s3: Any, bucket: str) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events = ["s3:LifecycleExpiration:*", "s3:LifecycleTransition"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn["QueueArn"], "Events": events}]
        },
    )
    configure(
        s3, bucket,
        {"ID": "m", "Transitions": [{"Days": 0, "StorageClass": "GLACIER_IR"}]},
        {"ID": "e", "Filter": {"Prefix": "k"}, "Expiration": {"Days": 1}},
    )  # fmt: skip
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 131_072)
    to_midnight(pileus, 4)
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    told = {
        record["eventName"]: record
        for each in found
        for record in json.loads(each["Body"]).get("Records", [])
    }
    assert {"LifecycleTransition", "LifecycleExpiration:Delete"} == set(told)
    assert {"transitionEventData": {"destinationStorageClass": "GLACIER_IR"}} == told[
        "LifecycleTransition"
    ]["lifecycleEventData"]
    expired = told["LifecycleExpiration:Delete"]
    assert ("2.3", "s3.amazonaws.com") == (
        expired["eventVersion"], expired["userIdentity"]["principalId"],
    )  # fmt: skip
    assert {"key", "sequencer"} == set(expired["s3"]["object"])


def test_a_configuration_goes(pileus: Running, s3: Any, bucket: str) -> None:
    missing = Refusal(
        "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404
    )
    assert missing == refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    configure(s3, bucket, {"Expiration": {"Days": 1}}, {"Status": "Disabled", "Expiration": {
        "Days": 2}})  # fmt: skip
    assert 2 == len(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])
    s3.put_object(Bucket=bucket, Key="k")
    s3.delete_bucket_lifecycle(Bucket=bucket)
    to_midnight(pileus, 4)
    assert ["k"] == keys(s3, bucket)
    assert missing == refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket)


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        ({"Expiration": {"Days": 0}}, "InvalidArgument",
         "'Days' for Expiration action must be a positive integer"),
        ({"Expiration": {"Date": datetime(2040, 1, 1, 5, tzinfo=UTC)}}, "InvalidArgument",
         "'Date' must be at midnight GMT"),
        ({}, "InvalidRequest", "At least one action needs to be specified in a rule"),
        ({"ID": "x" * 256, "Expiration": {"Days": 1}}, "InvalidArgument",
         "ID length should not exceed allowed limit of 255"),
        ({"Transitions": [{"Days": 1, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument",
         "'Days' in Transition action must be greater than or equal to 30 for storageClass "
         "'STANDARD_IA'"),
        ({"Transitions": [{"Days": 9, "StorageClass": "GLACIER"}], "Expiration": {"Days": 9}},
         "InvalidArgument",
         "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in "
         "the Transition action"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    s3: Any, bucket: str, rule: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        configure(s3, bucket, rule)
    error = refused.value.response["Error"]
    assert (code, message) == (error["Code"], error["Message"])
