"""Buckets: their names, their places, their lists, their ends."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.refusals import Refusal, refusal

_numbers = count()


def fresh() -> str:
    return f"bucket-of-tests-{next(_numbers)}"


def test_a_bucket_is_made_found_listed_and_deleted(s3: Any) -> None:
    name = fresh()
    made = s3.create_bucket(Bucket=name)
    assert f"/{name}" == made["Location"]
    assert "us-east-1" == s3.head_bucket(Bucket=name)["BucketRegion"]
    assert [name] == [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=name)
    assert [] == s3.list_buckets()["Buckets"]
    with pytest.raises(ClientError) as gone:
        s3.head_bucket(Bucket=name)
    assert 404 == gone.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_name_is_given_once(s3: Any, bucket: str, pileus: Any) -> None:
    # In us-east-1 making one's own bucket again changes nothing.
    s3.create_bucket(Bucket=bucket)
    stranger = pileus.client("s3", account="999999999999")
    assert refusal(stranger.create_bucket, Bucket=bucket)[::2] == ("BucketAlreadyExists", 409)


def test_outside_us_east_1_an_owned_bucket_is_refused(aws: Any) -> None:
    name, west = fresh(), aws("s3", region="eu-west-1")
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    expected = Refusal(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        409,
    )
    assert expected == refusal(
        west.create_bucket,
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    assert "eu-west-1" == west.get_bucket_location(Bucket=name)["LocationConstraint"]
    assert "eu-west-1" == west.head_bucket(Bucket=name)["BucketRegion"]


_INVALID = "The specified location-constraint is not valid"


@pytest.mark.parametrize(
    ("region", "constraint", "code", "words"),
    [
        ("us-east-1", "us-east-1", "InvalidLocationConstraint", _INVALID),
        ("us-east-1", "bar", "InvalidLocationConstraint", _INVALID),
        (
            "eu-west-1", "us-west-2", "IllegalLocationConstraintException",
            "The us-west-2 location constraint is incompatible for the region specific endpoint "
            "this request was sent to.",
        ),
        (
            "eu-west-1", None, "IllegalLocationConstraintException",
            "The unspecified location constraint is incompatible for the region specific endpoint "
            "this request was sent to.",
        ),
    ],
)  # fmt: skip
def test_a_location_must_suit_the_endpoint(
    aws: Any, region: str, constraint: str | None, code: str, words: str
) -> None:
    asked: dict[str, Any] = {"Bucket": fresh()}
    if constraint is not None:
        asked["CreateBucketConfiguration"] = {"LocationConstraint": constraint}
    assert Refusal(code, words, 400) == refusal(aws("s3", region=region).create_bucket, **asked)


@pytest.mark.parametrize(
    "name", ["Capitals", "dot..dot", "192.168.1.1", "-begins", "ends-", "xn--puny", "a-s3alias"]
)
def test_bad_names_are_refused(s3: Any, name: str) -> None:
    expected = Refusal("InvalidBucketName", "The specified bucket is not valid.", 400)
    assert expected == refusal(s3.create_bucket, Bucket=name)


def test_a_bucket_with_something_in_it_stays(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    expected = Refusal("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
    assert expected == refusal(s3.delete_bucket, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)


def test_versions_keep_a_bucket_too(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="a", Body=b"1")
    s3.delete_object(Bucket=versioned, Key="a")
    expected = Refusal(
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
        409,
    )
    assert expected == refusal(s3.delete_bucket, Bucket=versioned)


def test_a_bucket_that_is_not_there_is_named(s3: Any) -> None:
    expected = Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
    assert expected == refusal(s3.get_bucket_location, Bucket="nobody-has-made-this")
    assert expected == refusal(s3.put_object, Bucket="nobody-has-made-this", Key="a", Body=b"x")
    assert expected == refusal(s3.list_objects_v2, Bucket="nobody-has-made-this")


def test_the_expected_owner_must_own_it(s3: Any, bucket: str, account: str) -> None:
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    assert Refusal("AccessDenied", "Access Denied", 403) == refusal(
        s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner="000000000001"
    )
    assert (
        "InvalidBucketOwnerAWSAccountID"
        == refusal(s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner="abcd").code
    )


def test_buckets_are_listed_in_pages(s3: Any) -> None:
    names = sorted(f"{fresh()}-page" for _ in range(5))
    for name in names:
        s3.create_bucket(Bucket=name)
    paginator = s3.get_paginator("list_buckets")
    pages = list(paginator.paginate(Prefix="bucket-of-tests-", PaginationConfig={"PageSize": 2}))
    assert [2, 2, 1] == [len(page["Buckets"]) for page in pages]
    assert names == [each["Name"] for page in pages for each in page["Buckets"]]


def test_versioning_is_set_and_told(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert status == s3.get_bucket_versioning(Bucket=bucket)["Status"]
    expected = Refusal(
        "IllegalVersioningConfigurationException", "The Versioning element must be specified", 400
    )
    assert expected == refusal(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})
