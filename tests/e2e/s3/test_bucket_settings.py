"""Settings of buckets: tags, records, configurations with ids, default encryption."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

_numbers = count()
_TAG = {"Key": "team", "Value": "blue"}


def fresh() -> str:
    return f"settings-{next(_numbers)}"


# Tags.


def test_a_bucket_keeps_its_tags(s3: Any, bucket: str) -> None:
    absent = Refusal("NoSuchTagSet", "The TagSet does not exist", 404)
    assert absent == refusal(s3.get_bucket_tagging, Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [_TAG]})
    assert [_TAG] == s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    s3.delete_bucket_tagging(Bucket=bucket)
    assert absent == refusal(s3.get_bucket_tagging, Bucket=bucket)


def test_a_bucket_may_be_made_with_tags(s3: Any) -> None:
    name = fresh()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": [_TAG]})
    assert [_TAG] == s3.get_bucket_tagging(Bucket=name)["TagSet"]
    reserved = [{"Key": "aws:x", "Value": ""}]
    refused = refusal(
        s3.create_bucket, Bucket=fresh(), CreateBucketConfiguration={"Tags": reserved}
    )
    expected = (
        'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. '
        'Remove "aws:" from your tag keys and try again.'
    )
    assert Refusal("InvalidTag", expected, 400) == refused


def test_directory_buckets_are_not_implemented(s3: Any) -> None:
    for member in (
        {"Location": {"Type": "AvailabilityZone", "Name": "use1-az1"}},
        {"Bucket": {"Type": "Directory", "DataRedundancy": "SingleAvailabilityZone"}},
    ):
        refused = refusal(s3.create_bucket, Bucket=fresh(), CreateBucketConfiguration=member)
        assert ("NotImplemented", 501) == refused[::2]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([("aws:a", "")], "System tags cannot be added/updated by requester"),
        ([("a", "1"), ("a", "2")], "Cannot provide multiple Tags with the same key"),
        ([("a" * 129, "")], "The TagKey you have provided is invalid"),
        ([("a", "b" * 257)], "The TagValue you have provided is invalid"),
        ([(f"k{number}", "") for number in range(51)], "Bucket tags cannot be greater than 50"),
    ],
)
def test_tags_that_a_bucket_may_not_have(
    s3: Any, bucket: str, tags: list[tuple[str, str]], expected: str
) -> None:
    given = [{"Key": key, "Value": value} for key, value in tags]
    refused = refusal(s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": given})
    assert (expected, 400) == refused[1:]


# Records.


def test_settings_that_nobody_set_have_defaults(s3: Any, bucket: str) -> None:
    def answer(ask: Callable[..., Any]) -> dict[str, Any]:
        found: dict[str, Any] = ask(Bucket=bucket)
        del found["ResponseMetadata"]
        return found

    assert {"Payer": "BucketOwner"} == answer(s3.get_bucket_request_payment)
    assert {} == answer(s3.get_bucket_accelerate_configuration)
    assert {} == answer(s3.get_bucket_logging)
    assert {"AbacStatus": {"Status": "Disabled"}} == answer(s3.get_bucket_abac)


def test_records_are_told_as_they_were_put(s3: Any, bucket: str) -> None:
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert "Requester" == s3.get_bucket_request_payment(Bucket=bucket)["Payer"]
    s3.put_bucket_accelerate_configuration(
        Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"}
    )
    assert "Enabled" == s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"]
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Enabled"})
    assert "Enabled" == s3.get_bucket_abac(Bucket=bucket)["AbacStatus"]["Status"]


def test_records_of_unknown_words_are_malformed(s3: Any, bucket: str) -> None:
    malformed = ("MalformedXML", 400)
    for ask, members in (
        (s3.put_bucket_request_payment, {"RequestPaymentConfiguration": {"Payer": "Nobody"}}),
        (s3.put_bucket_accelerate_configuration, {"AccelerateConfiguration": {"Status": "On"}}),
        (s3.put_bucket_accelerate_configuration, {"AccelerateConfiguration": {}}),
        (s3.put_bucket_abac, {"AbacStatus": {"Status": "On"}}),
    ):
        assert malformed == refusal(ask, Bucket=bucket, **members)[::2]


def test_a_bucket_with_periods_is_not_accelerated(s3: Any) -> None:
    name = f"{fresh()}.with.periods"
    s3.create_bucket(Bucket=name)
    refused = refusal(
        s3.put_bucket_accelerate_configuration,
        Bucket=name,
        AccelerateConfiguration={"Status": "Enabled"},
    )
    text = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
    assert Refusal("InvalidRequest", text, 400) == refused


def test_logging_needs_a_near_target_of_the_same_owner(
    s3: Any, bucket: str, pileus: Running, aws: Any
) -> None:
    target, distant, foreign = fresh(), fresh(), fresh()
    s3.create_bucket(Bucket=target)
    aws("s3", region="eu-west-1").create_bucket(
        Bucket=distant, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    pileus.client("s3", account="888888888888").create_bucket(Bucket=foreign)

    def put(name: str) -> dict[str, Any]:
        status = {"LoggingEnabled": {"TargetBucket": name, "TargetPrefix": "logs/"}}
        return {"Bucket": bucket, "BucketLoggingStatus": status}

    s3.put_bucket_logging(**put(target))
    expected = {"TargetBucket": target, "TargetPrefix": "logs/"}
    assert expected == s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    text = "The target bucket for logging does not exist"
    expected_refusal = Refusal("InvalidTargetBucketForLogging", text, 400)
    assert expected_refusal == refusal(s3.put_bucket_logging, **put("not-there-at-all"))
    assert "InvalidTargetBucketForLogging" == refusal(s3.put_bucket_logging, **put(foreign)).code
    text = "Cross S3 location logging not allowed. "
    expected_refusal = Refusal("CrossLocationLoggingProhibitted", text, 403)
    assert expected_refusal == refusal(s3.put_bucket_logging, **put(distant))
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


# Configurations with ids.


def _kinds(s3: Any) -> list[tuple[str, dict[str, Any]]]:
    destination = {"Bucket": "arn:aws:s3:::reports", "Format": "CSV"}
    return [
        ("metrics", {"Filter": {"Prefix": "logs/"}}),
        (
            "analytics",
            {
                "Filter": {"And": {"Prefix": "a", "Tags": [_TAG]}},
                "StorageClassAnalysis": {
                    "DataExport": {
                        "OutputSchemaVersion": "V_1",
                        "Destination": {"S3BucketDestination": destination},
                    }
                },
            },
        ),
        (
            "inventory",
            {
                "Destination": {"S3BucketDestination": destination},
                "IsEnabled": True,
                "IncludedObjectVersions": "All",
                "OptionalFields": ["Size", "ETag"],
                "Schedule": {"Frequency": "Daily"},
            },
        ),
        (
            "intelligent_tiering",
            {
                "Status": "Enabled",
                "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
            },
        ),
    ]


def test_configurations_with_ids_are_kept_listed_and_deleted(s3: Any, bucket: str) -> None:
    for kind, body in _kinds(s3):
        member = "".join(word.capitalize() for word in kind.split("_")) + "Configuration"

        def ask(verb: str, kind: str = kind, **members: Any) -> Any:
            name = f"{verb}_bucket_{kind}_configuration{'s' if verb == 'list' else ''}"
            return getattr(s3, name)(Bucket=bucket, **members)

        for id_ in ("two", "one"):
            ask("put", Id=id_, **{member: {"Id": id_, **body}})
        assert {"Id": "one", **body} == ask("get", Id="one")[member]
        listed = ask("list")
        assert ["one", "two"] == [each["Id"] for each in listed[f"{member}List"]]
        assert not listed["IsTruncated"]
        ask("delete", Id="one")
        absent = Refusal("NoSuchConfiguration", "The specified configuration does not exist.", 404)
        assert absent == refusal(ask, verb="get", Id="one")
        assert absent == refusal(ask, verb="delete", Id="one")
        mismatch = refusal(ask, verb="put", Id="x", **{member: {"Id": "y", **body}})
        text = "Document ID does not match the specified configuration ID."
        assert Refusal("IdMismatch", text, 400) == mismatch
        refused = refusal(ask, verb="put", Id="a b", **{member: {"Id": "a b", **body}})
        assert "InvalidArgument" == refused.code


def test_configurations_come_in_pages_up_to_a_limit(s3: Any, bucket: str) -> None:
    for number in range(101):
        id_ = f"id-{number:03}"
        s3.put_bucket_metrics_configuration(Bucket=bucket, Id=id_, MetricsConfiguration={"Id": id_})
    first = s3.list_bucket_metrics_configurations(Bucket=bucket)
    assert (100, True) == (len(first["MetricsConfigurationList"]), first["IsTruncated"])
    token = first["NextContinuationToken"]
    rest = s3.list_bucket_metrics_configurations(Bucket=bucket, ContinuationToken=token)
    assert ["id-100"] == [each["Id"] for each in rest["MetricsConfigurationList"]]
    refused = refusal(s3.list_bucket_metrics_configurations, Bucket=bucket, ContinuationToken="x")
    assert "The continuation token provided is incorrect" == refused.message
    # What is set on a bucket goes with it, in pages too.
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    listed = s3.list_bucket_metrics_configurations(Bucket=bucket)
    assert [] == listed.get("MetricsConfigurationList", [])


def test_malformed_configurations_are_refused(s3: Any, bucket: str) -> None:
    both = {"Prefix": "a", "Tag": _TAG}
    for given in (both, {"And": {"Prefix": "a"}}, {"And": {"Tags": [_TAG]}}):
        refused = refusal(
            s3.put_bucket_metrics_configuration,
            Bucket=bucket,
            Id="x",
            MetricsConfiguration={"Id": "x", "Filter": given},
        )
        assert "MalformedXML" == refused.code
    inventory = _kinds(s3)[2][1]
    destination = {"Bucket": "reports", "Format": "CSV"}
    refused = refusal(
        s3.put_bucket_inventory_configuration,
        Bucket=bucket,
        Id="x",
        InventoryConfiguration={
            **inventory,
            "Id": "x",
            "Destination": {"S3BucketDestination": destination},
        },
    )
    assert Refusal("InvalidS3DestinationBucket", "Invalid bucket ARN.", 400) == refused
    for days in (89, 731):
        tiering = {"Days": days, "AccessTier": "ARCHIVE_ACCESS"}
        refused = refusal(
            s3.put_bucket_intelligent_tiering_configuration,
            Bucket=bucket,
            Id="x",
            IntelligentTieringConfiguration={
                "Id": "x",
                "Status": "Enabled",
                "Tierings": [tiering],
            },
        )
        assert "InvalidArgument" == refused.code


# Default encryption.


def _rule(algorithm: str, **rest: Any) -> dict[str, Any]:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}, **rest}
    return {"Rules": [rule]}


def _put_rule(s3: Any, bucket: str, configuration: dict[str, Any]) -> None:
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)


def _encryption(s3: Any, bucket: str) -> dict[str, Any]:
    found: dict[str, Any] = s3.get_bucket_encryption(Bucket=bucket)
    configuration: dict[str, Any] = found["ServerSideEncryptionConfiguration"]
    return configuration


def test_a_bucket_encrypts_by_default(s3: Any, bucket: str) -> None:
    default = _rule("AES256", BucketKeyEnabled=False)
    assert default == _encryption(s3, bucket)
    _put_rule(s3, bucket, _rule("aws:kms", BucketKeyEnabled=True))
    assert _rule("aws:kms", BucketKeyEnabled=True) == _encryption(s3, bucket)
    s3.delete_bucket_encryption(Bucket=bucket)
    assert default == _encryption(s3, bucket)


def test_new_objects_are_encrypted_as_their_bucket_says(s3: Any, bucket: str, account: str) -> None:
    _put_rule(s3, bucket, _rule("aws:kms", BucketKeyEnabled=True))
    arn = f"arn:aws:kms:us-east-1:{account}:alias/aws/s3"
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert ("aws:kms", arn, True) == (
        put["ServerSideEncryption"], put["SSEKMSKeyId"], put["BucketKeyEnabled"]
    )  # fmt: skip
    begun = s3.create_multipart_upload(Bucket=bucket, Key="m")
    assert ("aws:kms", arn) == (begun["ServerSideEncryption"], begun["SSEKMSKeyId"])
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert "aws:kms" == copied["ServerSideEncryption"]
    # What a request says outweighs the bucket.
    put = s3.put_object(
        Bucket=bucket, Key="k", ServerSideEncryption="aws:kms", BucketKeyEnabled=False
    )
    assert not put.get("BucketKeyEnabled", False)
    put = s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="AES256")
    assert "AES256" == put["ServerSideEncryption"]
    assert "SSEKMSKeyId" not in s3.head_object(Bucket=bucket, Key="k")


def test_a_bucket_may_refuse_customers_keys(s3: Any, bucket: str) -> None:
    _put_rule(s3, bucket, _rule("AES256", BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]}))
    refused = refusal(
        s3.put_object,
        Bucket=bucket,
        Key="k",
        SSECustomerAlgorithm="AES256",
        SSECustomerKey="k" * 32,
    )
    assert Refusal("AccessDenied", "Access Denied", 403) == refused


def test_wrong_default_encryption_is_refused(s3: Any, bucket: str) -> None:
    def put(configuration: dict[str, Any]) -> Refusal:
        return refusal(
            s3.put_bucket_encryption,
            Bucket=bucket,
            ServerSideEncryptionConfiguration=configuration,
        )

    rule = _rule("AES256")["Rules"][0]
    assert "MalformedXML" == put({"Rules": [rule, rule]}).code
    assert "MalformedXML" == put({"Rules": []}).code
    assert "MalformedXML" == put(_rule("AES512")).code
    named = {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "some-key"}
    text = (
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
        "aws:kms:dsse"
    )
    refused = put({"Rules": [{"ApplyServerSideEncryptionByDefault": named}]})
    assert Refusal("InvalidArgument", text, 400) == refused


def test_settings_of_an_absent_bucket_are_absent(s3: Any, bucket: str) -> None:
    absent = ("NoSuchBucket", 404)
    for name in ("tagging", "request_payment", "logging", "encryption"):
        ask = getattr(s3, f"get_bucket_{name}")
        assert absent == refusal(ask, Bucket="no-such-bucket-here")[::2]
        refused = refusal(ask, Bucket=bucket, ExpectedBucketOwner="999999999999")
        assert ("AccessDenied", 403) == refused[::2]
