"""Objects: written, read, described, deleted."""

from __future__ import annotations

import base64
import hashlib
import http.client
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.refusals import Refusal, refusal
from support.running import Running

MEGABYTE = 1 << 20


def md5(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 3 * MEGABYTE + 17])
def test_what_is_put_is_read_byte_for_byte(s3: Any, bucket: str, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    put = s3.put_object(Bucket=bucket, Key="some/key", Body=content)
    assert md5(content) == put["ETag"]
    found = s3.get_object(Bucket=bucket, Key="some/key")
    assert (content, size, md5(content)) == (
        found["Body"].read(), found["ContentLength"], found["ETag"],
    )  # fmt: skip
    assert "binary/octet-stream" == found["ContentType"]
    assert "AES256" == found["ServerSideEncryption"]
    assert "VersionId" not in found


def test_all_headers_come_back(s3: Any, bucket: str) -> None:
    told = {
        "CacheControl": "max-age=5",
        "ContentDisposition": 'attachment; filename="a.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain",
        "Metadata": {"colour": "red", "size": "12"},
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/other",
    }
    expires = "2030-01-01T00:00:00Z"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=1&b=2", Expires=expires, **told)
    found = s3.head_object(Bucket=bucket, Key="k")
    assert "Tue, 01 Jan 2030 00:00:00 GMT" == found["ExpiresString"]
    assert told == {name: found[name] for name in told}
    assert 2 == found["TagCount"]
    overridden = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="x/y", ResponseCacheControl="no-store"
    )
    assert ("x/y", "no-store") == (overridden["ContentType"], overridden["CacheControl"])


@pytest.mark.parametrize(
    "key",
    ["../../etc/passwd", "/", "//a//b/", "a b+c%20&=?#", "ümläut/\U0001f600", "a/./b", "\x01\x7f",
     "k" * 1024],
)  # fmt: skip
def test_any_key_is_just_a_name(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert key.encode() == s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert [key] == [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]


def test_keys_end_at_1024_bytes(s3: Any, bucket: str) -> None:
    expected = Refusal("KeyTooLongError", "Your key is too long", 400)
    assert expected == refusal(s3.put_object, Bucket=bucket, Key="ü" * 513, Body=b"")


def test_what_is_missing_is_named(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket=bucket, Key="absent")
    error = missing.value.response["Error"]
    assert ("NoSuchKey", "The specified key does not exist.", "absent") == (
        error["Code"], error["Message"], error["Key"],
    )  # fmt: skip
    with pytest.raises(ClientError) as missing:
        s3.head_object(Bucket=bucket, Key="absent")
    assert "404" == missing.value.response["Error"]["Code"]


@pytest.mark.parametrize("size", [100, 200_000])
def test_ranges_are_parts_of_the_content(s3: Any, bucket: str, size: int) -> None:
    content = bytes(index % 251 for index in range(size))
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    for asked, first, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=50-{10 * size}", 50, size),
    ):
        found = s3.get_object(Bucket=bucket, Key="k", Range=asked)
        assert content[first:end] == found["Body"].read()
        assert f"bytes {first}-{end - 1}/{size}" == found["ContentRange"]
        assert 206 == found["ResponseMetadata"]["HTTPStatusCode"]
    whole = s3.get_object(Bucket=bucket, Key="k", Range="bytes=nonsense")
    assert (200, content) == (whole["ResponseMetadata"]["HTTPStatusCode"], whole["Body"].read())
    expected = Refusal("InvalidRange", "The requested range is not satisfiable", 416)
    assert expected == refusal(s3.get_object, Bucket=bucket, Key="k", Range=f"bytes={size}-")
    head = s3.head_object(Bucket=bucket, Key="k", Range="bytes=1-2")
    assert (206, 2) == (head["ResponseMetadata"]["HTTPStatusCode"], head["ContentLength"])


def test_reads_may_depend_on_tag_and_date(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    date = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    ask = {"Bucket": bucket, "Key": "k"}
    s3.get_object(**ask, IfMatch=etag, IfUnmodifiedSince="2001-01-01T00:00:00Z")
    s3.get_object(**ask, IfNoneMatch='"other"', IfModifiedSince=date)
    assert 304 == refusal(s3.get_object, **ask, IfNoneMatch=etag).status
    assert 304 == refusal(s3.get_object, **ask, IfModifiedSince=date).status
    failed = "At least one of the pre-conditions you specified did not hold"
    for condition in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": "2001-01-01T00:00:00Z"}):
        expected = Refusal("PreconditionFailed", failed, 412)
        assert expected == refusal(s3.get_object, **ask, **condition)


def test_writes_may_depend_on_what_is_there(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    etag = s3.put_object(**ask, Body=b"1", IfNoneMatch="*")["ETag"]
    assert 412 == refusal(s3.put_object, **ask, Body=b"2", IfNoneMatch="*").status
    assert 412 == refusal(s3.put_object, **ask, Body=b"2", IfMatch='"other"').status
    s3.put_object(**ask, Body=b"2", IfMatch=etag)
    assert b"2" == s3.get_object(**ask)["Body"].read()
    absent = refusal(s3.put_object, Bucket=bucket, Key="absent", Body=b"2", IfMatch=etag)
    assert ("NoSuchKey", 404) == absent[::2]
    assert 501 == refusal(s3.put_object, **ask, Body=b"2", IfNoneMatch=etag).status
    assert 412 == refusal(s3.delete_object, **ask, IfMatch='"other"').status


@pytest.mark.parametrize("size", [100, 2 * MEGABYTE])
def test_a_body_that_is_not_what_was_announced_is_refused(s3: Any, bucket: str, size: int) -> None:
    ask = {"Bucket": bucket, "Key": "k", "Body": b"x" * size}
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    expected = "The Content-MD5 you specified did not match what we received."
    assert Refusal("BadDigest", expected, 400) == refusal(s3.put_object, **ask, ContentMD5=wrong)
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    expected = "The SHA256 you specified did not match the calculated checksum."
    assert Refusal("BadDigest", expected, 400) == refusal(
        s3.put_object, **ask, ChecksumSHA256=wrong
    )
    assert "NoSuchKey" == refusal(s3.get_object, Bucket=bucket, Key="k").code


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("size", [100, 2 * MEGABYTE])
def test_checksums_are_checked_kept_and_told(
    s3: Any, bucket: str, algorithm: str, size: int
) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    put = s3.put_object(**ask, Body=b"y" * size, ChecksumAlgorithm=algorithm)
    found = s3.get_object(**ask, ChecksumMode="ENABLED")
    assert size == len(found["Body"].read())
    assert put[f"Checksum{algorithm}"] == found[f"Checksum{algorithm}"]
    assert "FULL_OBJECT" == found["ChecksumType"]
    told = s3.get_object_attributes(
        **ask, ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"]
    )
    assert put[f"Checksum{algorithm}"] == told["Checksum"][f"Checksum{algorithm}"]
    assert (size, "STANDARD") == (told["ObjectSize"], told["StorageClass"])


def test_trailers_carry_checksums_too(pileus: Running, s3: Any, bucket: str) -> None:
    """A body in the form aws-chunked, unsigned, as SDKs send streams."""
    content = b"z" * 100_000
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    body = b"%x\r\n%b\r\n0\r\nx-amz-checksum-sha256:%b\r\n\r\n" % (
        len(content), content, checksum.encode(),
    )  # fmt: skip
    answer = request(
        pileus, "PUT", f"/{bucket}/k", body,
        {
            "content-encoding": "aws-chunked",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(content)),
            "x-amz-trailer": "x-amz-checksum-sha256",
            "x-amz-sdk-checksum-algorithm": "SHA256",
        },
    )  # fmt: skip
    assert 200 == answer.status
    found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (content, checksum) == (found["Body"].read(), found["ChecksumSHA256"])
    assert "ContentEncoding" not in found


def request(
    pileus: Running, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """A request that is only as signed as its headers say."""
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request(method, path, body, headers)
    return connection.getresponse()


def test_customer_keys_are_needed_again(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    put = s3.put_object(**ask, Body=b"secret", **key)
    assert md5(b"secret") != put["ETag"]
    assert b"secret" == s3.get_object(**ask, **key)["Body"].read()
    expected = (
        "The object was stored using a form of Server Side Encryption. The correct parameters "
        "must be provided to retrieve the object."
    )
    assert Refusal("InvalidRequest", expected, 400) == refusal(s3.get_object, **ask)
    other = {**key, "SSECustomerKey": b"o" * 32}
    assert 403 == refusal(s3.get_object, **ask, **other).status


def test_kms_keys_are_recorded(s3: Any, bucket: str, account: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**ask, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="my-key")
    found = s3.head_object(**ask)
    expected = f"arn:aws:kms:us-east-1:{account}:key/my-key"
    assert ("aws:kms", expected) == (found["ServerSideEncryption"], found["SSEKMSKeyId"])


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"StorageClass": "NONE"}, "InvalidStorageClass"),
        ({"ServerSideEncryption": "rot13"}, "InvalidEncryptionAlgorithmError"),
        ({"Metadata": {"a": "x" * 2048}}, "MetadataTooLarge"),
        ({"Tagging": "a=1&a=2"}, "InvalidArgument"),
        ({"Tagging": "&".join(f"k{n}=v" for n in range(11))}, "BadRequest"),
        ({"Tagging": "aws:x=1"}, "InvalidTag"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"WebsiteRedirectLocation": "ftp://x"}, "InvalidRedirectLocation"),
        ({"ContentMD5": "no"}, "InvalidDigest"),
        ({"ChecksumSHA256": "no"}, "InvalidRequest"),
    ],
)
def test_bad_headers_are_refused(s3: Any, bucket: str, members: dict[str, Any], code: str) -> None:
    assert (code, 400) == refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **members)[::2]


def test_archived_objects_are_not_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="GLACIER")
    expected = "The operation is not valid for the object's storage class"
    assert Refusal("InvalidObjectState", expected, 403) == refusal(
        s3.get_object, Bucket=bucket, Key="k"
    )
    assert "GLACIER" == s3.head_object(Bucket=bucket, Key="k")["StorageClass"]


def test_objects_are_deleted_one_by_one_or_many_at_once(s3: Any, bucket: str) -> None:
    keys = [f"k{number}" for number in range(200)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key=keys.pop())
    s3.delete_object(Bucket=bucket, Key="never-there")
    wanted = [{"Key": key} for key in [*keys, "never-there"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert wanted == answer["Deleted"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted[:2], "Quiet": True})
    assert "Deleted" not in quiet
    too_many = [{"Key": f"k{number}"} for number in range(1001)]
    assert (
        "MalformedXML"
        == refusal(s3.delete_objects, Bucket=bucket, Delete={"Objects": too_many}).code
    )


def test_tags_are_put_read_and_removed(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**ask, Body=b"x")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.put_object_tagging(**ask, Tagging={"TagSet": tags})
    assert tags == s3.get_object_tagging(**ask)["TagSet"]
    s3.delete_object_tagging(**ask)
    assert [] == s3.get_object_tagging(**ask)["TagSet"]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    expected = Refusal("InvalidTag", "Cannot provide multiple Tags with the same key", 400)
    assert expected == refusal(s3.put_object_tagging, **ask, Tagging={"TagSet": twice})


def test_the_acl_is_the_owners(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**ask, Body=b"x")
    found = s3.get_object_acl(**ask)
    (grant,) = found["Grants"]
    assert ("FULL_CONTROL", found["Owner"]["ID"]) == (grant["Permission"], grant["Grantee"]["ID"])
    s3.put_object_acl(**ask, ACL="private")
    expected = Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    assert expected == refusal(s3.put_object_acl, **ask, ACL="public-read")


def test_what_is_not_built_says_so(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert 501 == refusal(s3.get_object_torrent, Bucket=bucket, Key="k").status
