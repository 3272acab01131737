"""Versions: kept, listed, deleted, and what a suspended bucket does with them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.refusals import Refusal, refusal


def bodies(s3: Any, bucket: str, ids: list[str]) -> list[bytes]:
    return [s3.get_object(Bucket=bucket, Key="k", VersionId=each)["Body"].read() for each in ids]


def put(s3: Any, bucket: str, *contents: bytes) -> list[str]:
    return [
        s3.put_object(Bucket=bucket, Key="k", Body=content)["VersionId"] for content in contents
    ]


def test_older_versions_stay_and_a_marker_hides_them(s3: Any, versioned: str) -> None:
    ids = put(s3, versioned, b"1", b"2", b"3")
    assert 3 == len(set(ids))
    assert [b"1", b"2", b"3"] == bodies(s3, versioned, ids)
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"]
    with pytest.raises(ClientError) as hidden:
        s3.get_object(Bucket=versioned, Key="k")
    headers = hidden.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert "NoSuchKey" == hidden.value.response["Error"]["Code"]
    assert ("true", deleted["VersionId"]) == (
        headers["x-amz-delete-marker"], headers["x-amz-version-id"],
    )  # fmt: skip
    expected = Refusal(
        "MethodNotAllowed", "The specified method is not allowed against this resource.", 405
    )
    assert expected == refusal(
        s3.get_object, Bucket=versioned, Key="k", VersionId=deleted["VersionId"]
    )
    assert "Contents" not in s3.list_objects_v2(Bucket=versioned)
    # Without the marker the newest version is there again.
    s3.delete_object(Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert b"3" == s3.get_object(Bucket=versioned, Key="k")["Body"].read()
    s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[2])
    assert ids[1] == s3.head_object(Bucket=versioned, Key="k")["VersionId"]


def test_versions_are_listed_newest_first(s3: Any, versioned: str) -> None:
    ids = put(s3, versioned, b"1", b"22")
    s3.put_object(Bucket=versioned, Key="a", Body=b"")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    found = s3.list_object_versions(Bucket=versioned)
    assert [("a", True, 0), ("k", False, 2), ("k", False, 1)] == [
        (each["Key"], each["IsLatest"], each["Size"]) for each in found["Versions"]
    ]
    assert [(marker, True)] == [
        (each["VersionId"], each["IsLatest"]) for each in found["DeleteMarkers"]
    ]
    pages = list(
        s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned, PaginationConfig={"PageSize": 1}
        )
    )
    assert 4 == len(pages)
    listed = [
        (each["VersionId"], each["IsLatest"])
        for page in pages
        for each in page.get("Versions", []) + page.get("DeleteMarkers", [])
    ]
    assert [(marker, True), (ids[1], False), (ids[0], False)] == listed[1:]


def test_a_suspended_bucket_keeps_one_null_version(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    (kept,) = put(s3, bucket, b"kept")
    assert [b"before"] == bodies(s3, bucket, ["null"])
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert ["null", "null"] == put(s3, bucket, b"x", b"after")
    assert [b"after", b"kept"] == bodies(s3, bucket, ["null", kept])
    deleted = s3.delete_object(Bucket=bucket, Key="k")
    assert ("null", True) == (deleted["VersionId"], deleted["DeleteMarker"])
    found = s3.list_object_versions(Bucket=bucket)
    assert [kept] == [each["VersionId"] for each in found["Versions"]]
    assert ["null"] == [each["VersionId"] for each in found["DeleteMarkers"]]
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert b"kept" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def test_versions_that_are_not_there_and_cannot_be(s3: Any, versioned: str) -> None:
    put(s3, versioned, b"1")
    missing = refusal(s3.get_object, Bucket=versioned, Key="k", VersionId="x" * 32)
    assert Refusal("NoSuchVersion", "The specified version does not exist.", 404) == missing
    malformed = refusal(s3.get_object, Bucket=versioned, Key="k", VersionId="no")
    assert Refusal("InvalidArgument", "Invalid version id specified", 400) == malformed
    assert Refusal(
        "InvalidArgument", "A version-id marker cannot be specified without a key marker.", 400
    ) == refusal(s3.list_object_versions, Bucket=versioned, VersionIdMarker="x")


def test_many_versions_are_deleted_at_once(s3: Any, versioned: str) -> None:
    ids = put(s3, versioned, *[b"%d" % number for number in range(5)])
    answer = s3.delete_objects(
        Bucket=versioned,
        Delete={"Objects": [{"Key": "k", "VersionId": each} for each in ids] + [{"Key": "new"}]},
    )
    assert ids == [each["VersionId"] for each in answer["Deleted"][:-1]]
    assert answer["Deleted"][-1]["DeleteMarker"]
    found = s3.list_object_versions(Bucket=versioned)
    assert "Versions" not in found
    assert ["new"] == [each["Key"] for each in found["DeleteMarkers"]]


def test_tags_belong_to_a_version(s3: Any, versioned: str) -> None:
    first, second = put(s3, versioned, b"1", b"2")
    tags = [{"Key": "a", "Value": "1"}]
    s3.put_object_tagging(Bucket=versioned, Key="k", VersionId=first, Tagging={"TagSet": tags})
    ask = {"Bucket": versioned, "Key": "k"}
    assert tags == s3.get_object_tagging(**ask, VersionId=first)["TagSet"]
    assert [] == s3.get_object_tagging(**ask, VersionId=second)["TagSet"]


def test_versions_keep_their_bytes_in_rows_and_in_files(s3: Any, versioned: str) -> None:
    contents = [b"", b"a" * 65_536, b"b" * 65_537, b"c" * 4096]
    ids = put(s3, versioned, *contents)
    s3.put_object_tagging(
        Bucket=versioned, Key="k", VersionId=ids[1],
        Tagging={"TagSet": [{"Key": "size", "Value": "a row"}]},
    )  # fmt: skip
    s3.delete_object(Bucket=versioned, Key="k")
    assert contents == bodies(s3, versioned, ids)
    for version_id in [None, *reversed(ids)]:
        newest = s3.list_object_versions(Bucket=versioned)
        # The marker goes, and then each version in turn: those behind it come forward whole.
        gone = version_id or newest["DeleteMarkers"][0]["VersionId"]
        s3.delete_object(Bucket=versioned, Key="k", VersionId=gone)
        if version_id is not None:
            contents.pop()
        if contents:
            assert contents[-1] == s3.get_object(Bucket=versioned, Key="k")["Body"].read()
    assert "Versions" not in s3.list_object_versions(Bucket=versioned)


def test_a_key_is_overwritten_by_longer_and_shorter_bodies(s3: Any, bucket: str) -> None:
    for content in (b"1", b"2" * 100_000, b"3" * 10, b"", b"5" * 65_536):
        s3.put_object(Bucket=bucket, Key="k", Body=content)
        assert content == s3.get_object(Bucket=bucket, Key="k")["Body"].read()
        listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
        assert [("k", len(content))] == [(each["Key"], each["Size"]) for each in listed]
