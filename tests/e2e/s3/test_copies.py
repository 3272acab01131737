"""Copies of objects, within a bucket and between buckets."""

from __future__ import annotations

from typing import Any

import pytest

from support.refusals import Refusal, refusal

MEGABYTE = 1 << 20


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_copy_has_the_bytes_and_the_facts(s3: Any, bucket: str, size: int) -> None:
    s3.create_bucket(Bucket=f"{bucket}-copies")
    content = b"c" * size
    s3.put_object(
        Bucket=bucket, Key="a b", Body=content, ContentType="text/x", Metadata={"a": "1"},
        Tagging="t=1", StorageClass="STANDARD_IA",
    )  # fmt: skip
    for target in (bucket, f"{bucket}-copies"):
        copy = s3.copy_object(
            Bucket=target, Key="copy", CopySource={"Bucket": bucket, "Key": "a b"}
        )
        found = s3.get_object(Bucket=target, Key="copy")
        assert content == found["Body"].read()
        assert copy["CopyObjectResult"]["ETag"] == found["ETag"]
        assert ("text/x", {"a": "1"}, 1) == (
            found["ContentType"], found["Metadata"], found["TagCount"],
        )  # fmt: skip
        assert "StorageClass" not in found
    s3.delete_object(Bucket=bucket, Key="a b")
    assert content == s3.get_object(Bucket=f"{bucket}-copies", Key="copy")["Body"].read()


def test_directives_replace_what_is_told(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"a": "1"}, Tagging="t=1")
    s3.copy_object(
        Bucket=bucket, Key="b", CopySource=f"{bucket}/a", MetadataDirective="REPLACE",
        TaggingDirective="REPLACE", Tagging="u=2", Metadata={"b": "2"}, ContentType="x/y",
    )  # fmt: skip
    found = s3.head_object(Bucket=bucket, Key="b")
    assert ({"b": "2"}, "x/y") == (found["Metadata"], found["ContentType"])
    assert [{"Key": "u", "Value": "2"}] == s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"]


def test_a_copy_onto_itself_must_change_something(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    ask = {"Bucket": bucket, "Key": "a", "CopySource": f"{bucket}/a"}
    expected = (
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes."
    )
    assert Refusal("InvalidRequest", expected, 400) == refusal(s3.copy_object, **ask)
    s3.copy_object(**ask, MetadataDirective="REPLACE", Metadata={"new": "1"})
    found = s3.get_object(Bucket=bucket, Key="a")
    assert ({"new": "1"}, b"x") == (found["Metadata"], found["Body"].read())


def test_copies_may_depend_on_the_source(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    ask = {"Bucket": bucket, "Key": "b", "CopySource": f"{bucket}/a"}
    for condition in (
        {"CopySourceIfMatch": '"other"'},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfUnmodifiedSince": "2001-01-01T00:00:00Z"},
    ):
        assert ("PreconditionFailed", 412) == refusal(s3.copy_object, **ask, **condition)[::2]
    s3.copy_object(**ask, CopySourceIfMatch=etag, IfNoneMatch="*")
    assert 412 == refusal(s3.copy_object, **ask, IfNoneMatch="*").status


def test_sources_that_are_not_there(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "b"}
    missing = refusal(s3.copy_object, **ask, CopySource=f"{bucket}/none")
    assert ("NoSuchKey", 404) == missing[::2]
    missing = refusal(s3.copy_object, **ask, CopySource="no-such-bucket-here/none")
    assert ("NoSuchBucket", 404) == missing[::2]


def test_a_version_is_copied_into_its_place(s3: Any, versioned: str) -> None:
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    copy = s3.copy_object(
        Bucket=versioned, Key="k",
        CopySource={"Bucket": versioned, "Key": "k", "VersionId": first},
    )  # fmt: skip
    assert first == copy["CopySourceVersionId"] != copy["VersionId"]
    assert b"1" == s3.get_object(Bucket=versioned, Key="k")["Body"].read()
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    refused = refusal(
        s3.copy_object, Bucket=versioned, Key="x",
        CopySource={"Bucket": versioned, "Key": "k", "VersionId": marker},
    )  # fmt: skip
    expected = (
        "The source of a copy request may not specifically refer to a delete marker by version id."
    )
    assert Refusal("InvalidRequest", expected, 400) == refused


def test_a_copy_can_be_given_another_checksum(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x" * MEGABYTE, ChecksumAlgorithm="CRC32")
    copy = s3.copy_object(
        Bucket=bucket, Key="b", CopySource=f"{bucket}/a", ChecksumAlgorithm="SHA256"
    )
    put = s3.put_object(Bucket=bucket, Key="c", Body=b"x" * MEGABYTE, ChecksumAlgorithm="SHA256")
    assert put["ChecksumSHA256"] == copy["CopyObjectResult"]["ChecksumSHA256"]
    assert put["ETag"] == copy["CopyObjectResult"]["ETag"]
