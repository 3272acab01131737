"""Uploads in parts."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from pileus.kernel.checksums import encoded, new_checksum
from support.refusals import Refusal, refusal
from support.running import Running

PART = 5 << 20


def content_of(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def checksum(algorithm: str | None, body: bytes) -> dict[str, str]:
    """As a member: boto3 computes only some of them by itself."""
    if algorithm is None:
        return {}
    computed = new_checksum(algorithm.lower())
    computed.update(body)
    return {f"Checksum{algorithm}": encoded(computed)}


def upload(s3: Any, bucket: str, parts: list[bytes], **members: Any) -> tuple[str, list[Any]]:
    """An upload that is ready to be completed."""
    ask = {"Bucket": bucket, "Key": "k"}
    upload_id = s3.create_multipart_upload(**ask, **members)["UploadId"]
    algorithm = members.get("ChecksumAlgorithm")
    listed = []
    for number, body in enumerate(parts, 1):
        answer = s3.upload_part(
            **ask, UploadId=upload_id, PartNumber=number, Body=body, **checksum(algorithm, body)
        )
        part = {"PartNumber": number, "ETag": answer["ETag"]}
        if algorithm:
            part[f"Checksum{algorithm}"] = answer[f"Checksum{algorithm}"]
        listed.append(part)
    return upload_id, listed


def complete(s3: Any, bucket: str, upload_id: str, parts: list[Any], **members: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload_id, MultipartUpload={"Parts": parts}, **members
    )


def test_parts_become_one_object(s3: Any, bucket: str) -> None:
    bodies = [content_of(PART), content_of(PART + 7), b"end"]
    upload_id, parts = upload(s3, bucket, bodies, ContentType="x/y", Metadata={"a": "1"})
    answer = complete(s3, bucket, upload_id, parts)
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert f'"{hashlib.md5(digests).hexdigest()}-3"' == answer["ETag"]
    found = s3.get_object(Bucket=bucket, Key="k")
    assert b"".join(bodies) == found["Body"].read()
    assert ("x/y", {"a": "1"}) == (found["ContentType"], found["Metadata"])
    across = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={PART - 3}-{PART + 2}")
    assert b"".join(bodies)[PART - 3 : PART + 3] == across["Body"].read()
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (bodies[1], 3) == (second["Body"].read(), second["PartsCount"])
    expected = Refusal("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
    assert expected == refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=4)
    assert ("NoSuchUpload", 404) == refusal(
        s3.list_parts, Bucket=bucket, Key="k", UploadId=upload_id
    )[::2]


def test_boto3_uploads_and_downloads_large_files(s3: Any, bucket: str) -> None:
    content = content_of(17 << 20)
    config = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    s3.upload_fileobj(io.BytesIO(content), bucket, "large", Config=config)
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-3"')
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large", back, Config=config)
    assert hashlib.md5(content).digest() == hashlib.md5(back.getvalue()).digest()
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy", Config=config)
    assert len(content) == s3.head_object(Bucket=bucket, Key="copy")["ContentLength"]
    whole = s3.copy_object(Bucket=bucket, Key="one", CopySource=f"{bucket}/large")
    assert f'"{hashlib.md5(content).hexdigest()}"' == whole["CopyObjectResult"]["ETag"]


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("CRC32", "COMPOSITE"), ("SHA256", "COMPOSITE"), ("CRC32", "FULL_OBJECT"),
     ("CRC64NVME", "FULL_OBJECT"), ("CRC32C", "FULL_OBJECT")],
)  # fmt: skip
def test_checksums_of_parts_make_one_of_the_whole(
    s3: Any, bucket: str, algorithm: str, kind: str
) -> None:
    bodies = [content_of(PART), b"the end"]
    upload_id, parts = upload(s3, bucket, bodies, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    answer = complete(s3, bucket, upload_id, parts, ChecksumType=kind)
    found = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert answer[f"Checksum{algorithm}"] == found[f"Checksum{algorithm}"]
    assert kind == found["ChecksumType"]
    whole = b"".join(bodies)
    put = s3.put_object(Bucket=bucket, Key="w", Body=whole, **checksum(algorithm, whole))
    if kind == "FULL_OBJECT":
        assert put[f"Checksum{algorithm}"] == answer[f"Checksum{algorithm}"]
    else:
        assert answer[f"Checksum{algorithm}"].endswith("-2")
        told = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])[
            "ObjectParts"
        ]
        assert (2, [PART, 7]) == (told["TotalPartsCount"], [p["Size"] for p in told["Parts"]])


def test_what_cannot_be_completed(s3: Any, bucket: str) -> None:
    upload_id, parts = upload(s3, bucket, [b"small", b"end"])
    assert ("EntityTooSmall", 400) == refusal(lambda: complete(s3, bucket, upload_id, parts))[::2]
    assert "InvalidPartOrder" == refusal(lambda: complete(s3, bucket, upload_id, parts[::-1])).code
    wrong = [{"PartNumber": 1, "ETag": '"0123"'}]
    assert "InvalidPart" == refusal(lambda: complete(s3, bucket, upload_id, wrong)).code
    absent = [{"PartNumber": 9, "ETag": parts[0]["ETag"]}]
    assert "InvalidPart" == refusal(lambda: complete(s3, bucket, upload_id, absent)).code
    assert Refusal("InvalidRequest", "You must specify at least one part", 400) == refusal(
        s3.complete_multipart_upload, Bucket=bucket, Key="k", UploadId=upload_id
    )
    # One part may be small, and those that are not named are left out.
    complete(s3, bucket, upload_id, parts[1:])
    assert b"end" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def test_parts_are_replaced_listed_and_given_up(pileus: Running, s3: Any, bucket: str) -> None:
    upload_id, _ = upload(s3, bucket, [b"1", b"2", b"3"])
    ask = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
    s3.upload_part(**ask, PartNumber=2, Body=b"new two")
    pages = list(s3.get_paginator("list_parts").paginate(**ask, PaginationConfig={"PageSize": 2}))
    assert [1, 7, 1] == [part["Size"] for page in pages for part in page["Parts"]]
    (listed,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert ("k", upload_id) == (listed["Key"], listed["UploadId"])
    s3.abort_multipart_upload(**ask)
    assert ("NoSuchUpload", 404) == refusal(s3.abort_multipart_upload, **ask)[::2]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    pileus.advance(1)


def test_uploads_are_listed_in_pages(s3: Any, bucket: str) -> None:
    made = [
        (key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])
        for key in ("a", "b/1", "b/2", "c", "c")
    ]
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    listed = [(each["Key"], each["UploadId"]) for page in pages for each in page["Uploads"]]
    assert sorted(made) == listed
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [{"Prefix": "b/"}] == rolled["CommonPrefixes"]
    assert ["a", "c", "c"] == [each["Key"] for each in rolled["Uploads"]]


def test_parts_are_copied_from_objects(s3: Any, bucket: str) -> None:
    content = content_of(PART + 1000)
    s3.put_object(Bucket=bucket, Key="source", Body=content)
    ask = {"Bucket": bucket, "Key": "k"}
    upload_id = s3.create_multipart_upload(**ask)["UploadId"]
    copied = [
        s3.upload_part_copy(
            **ask, UploadId=upload_id, PartNumber=number, CopySource=f"{bucket}/source",
            CopySourceRange=asked,
        )["CopyPartResult"]["ETag"]
        for number, asked in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART}-{PART + 999}"))
    ]  # fmt: skip
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(copied, 1)]
    complete(s3, bucket, upload_id, parts)
    assert content == s3.get_object(**ask)["Body"].read()
    refused = refusal(
        s3.upload_part_copy, **ask, UploadId=upload_id, PartNumber=1,
        CopySource=f"{bucket}/source", CopySourceRange="bytes=5-",
    )  # fmt: skip
    assert refused.code in ("InvalidArgument", "NoSuchUpload")


def test_part_numbers_have_limits(s3: Any, bucket: str) -> None:
    upload_id, _ = upload(s3, bucket, [])
    ask = {"Bucket": bucket, "Key": "k", "UploadId": upload_id, "Body": b"x"}
    expected = Refusal(
        "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400
    )
    assert expected == refusal(s3.upload_part, **ask, PartNumber=10_001)
    assert expected == refusal(s3.upload_part, **ask, PartNumber=0)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
            "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.",
        ),
        (
            {"ChecksumAlgorithm": "SHA1", "ChecksumType": "FULL_OBJECT"},
            "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm.",
        ),
        (
            {"ChecksumType": "FULL_OBJECT"},
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
            "header.",
        ),
    ],
)
def test_checksum_types_must_fit(s3: Any, bucket: str, members: dict[str, str], words: str) -> None:
    assert Refusal("InvalidRequest", words, 400) == refusal(
        s3.create_multipart_upload, Bucket=bucket, Key="k", **members
    )


def test_an_upload_ends_with_its_bucket(pileus: Running, s3: Any, bucket: str) -> None:
    upload_id, _ = upload(s3, bucket, [b"1"])
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "NoSuchUpload" == refusal(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload_id).code
    pileus.advance(1)
