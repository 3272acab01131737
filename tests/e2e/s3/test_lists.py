"""Lists of objects: prefixes, delimiters, pages, encodings."""

from __future__ import annotations

from typing import Any

import pytest

from support.refusals import Refusal, refusal


def fill(s3: Any, bucket: str, keys: list[str]) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")


def keys(page: dict[str, Any]) -> list[str]:
    return [each["Key"] for each in page.get("Contents", [])]


def prefixes(page: dict[str, Any]) -> list[str]:
    return [each["Prefix"] for each in page.get("CommonPrefixes", [])]


TREE = ["a", "b/1", "b/2", "b/c/3", "d/4", "e", "ä/5", "ä/6"]


@pytest.fixture
def tree(s3: Any, bucket: str) -> str:
    fill(s3, bucket, TREE)
    return bucket


def test_keys_are_listed_in_the_order_of_their_bytes(s3: Any, tree: str) -> None:
    for ask in (s3.list_objects, s3.list_objects_v2):
        assert sorted(TREE, key=str.encode) == keys(ask(Bucket=tree))
        assert ["b/1", "b/2", "b/c/3"] == keys(ask(Bucket=tree, Prefix="b/"))


def test_a_delimiter_rolls_keys_up(s3: Any, tree: str) -> None:
    for ask in (s3.list_objects, s3.list_objects_v2):
        found = ask(Bucket=tree, Delimiter="/")
        assert (["a", "e"], ["b/", "d/", "ä/"]) == (keys(found), prefixes(found))
        found = ask(Bucket=tree, Delimiter="/", Prefix="b/")
        assert (["b/1", "b/2"], ["b/c/"]) == (keys(found), prefixes(found))
    assert 5 == s3.list_objects_v2(Bucket=tree, Delimiter="/")["KeyCount"]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_pages_join_to_the_whole(s3: Any, tree: str, operation: str, size: int) -> None:
    for options in ({}, {"Delimiter": "/"}, {"Prefix": "b/"}, {"Prefix": "b", "Delimiter": "/"}):
        whole = getattr(s3, operation)(Bucket=tree, **options)
        pages = list(
            s3.get_paginator(operation).paginate(
                Bucket=tree, PaginationConfig={"PageSize": size}, **options
            )
        )
        assert keys(whole) == [key for page in pages for key in keys(page)]
        assert prefixes(whole) == [each for page in pages for each in prefixes(page)]
        assert all(len(keys(page)) + len(prefixes(page)) <= size for page in pages)


def test_a_list_begins_behind_a_key(s3: Any, tree: str) -> None:
    assert ["d/4", "e", "ä/5", "ä/6"] == keys(s3.list_objects_v2(Bucket=tree, StartAfter="b/c/3"))
    assert ["e", "ä/5", "ä/6"] == keys(s3.list_objects(Bucket=tree, Marker="d/4"))
    assert ["e"] == keys(s3.list_objects(Bucket=tree, Marker="d/", Delimiter="/"))


def test_what_is_told_of_each(s3: Any, bucket: str) -> None:
    etag = s3.put_object(
        Bucket=bucket, Key="k", Body=b"xyz", StorageClass="GLACIER_IR", ChecksumAlgorithm="SHA1"
    )["ETag"]
    (found,) = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
    assert (etag, 3, "GLACIER_IR", ["SHA1"]) == (
        found["ETag"], found["Size"], found["StorageClass"], found["ChecksumAlgorithm"],
    )  # fmt: skip
    assert 64 == len(found["Owner"]["ID"])
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]


def test_a_page_has_a_thousand_at_most(s3: Any, bucket: str) -> None:
    fill(s3, bucket, [f"{number:04}" for number in range(1003)])
    found = s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)
    assert (1000, 1000, True) == (len(keys(found)), found["MaxKeys"], found["IsTruncated"])
    rest = s3.list_objects_v2(Bucket=bucket, ContinuationToken=found["NextContinuationToken"])
    assert (["1000", "1001", "1002"], False) == (keys(rest), rest["IsTruncated"])
    # Rolled up by their last digit but one: prefixes are jumped over.
    rolled = s3.list_objects_v2(Bucket=bucket, Delimiter="0")
    assert len(prefixes(rolled)) + len(keys(rolled)) == rolled["KeyCount"]
    nothing = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (0, False) == (nothing["KeyCount"], nothing["IsTruncated"])


def test_bad_questions_are_refused(s3: Any, bucket: str) -> None:
    assert Refusal(
        "InvalidArgument", "The continuation token provided is incorrect", 400
    ) == refusal(s3.list_objects_v2, Bucket=bucket, ContinuationToken="?")
    assert Refusal(
        "InvalidArgument", "Invalid Encoding Method specified in Request", 400
    ) == refusal(s3.list_objects_v2, Bucket=bucket, EncodingType="rot13")
    assert "InvalidArgument" == refusal(s3.list_objects, Bucket=bucket, MaxKeys=-1).code
