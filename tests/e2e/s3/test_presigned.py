"""URLs that clients presign in each of their ways, and the older signatures of S3."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.running import Running


@pytest.fixture(autouse=True)
def moving_clock(pileus: Running) -> Iterator[None]:
    """Presigners look at the machine's clock."""
    pileus.resume()
    yield
    pileus.freeze()


def ask(
    url: str, method: str = "GET", body: bytes | None = None, headers: Any = None
) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("version", [None, "s3", "s3v4"])
def test_boto3s_urls_put_and_get(aws: Any, bucket: str, version: str | None) -> None:
    """Without a choice boto3 signs by version 2 in us-east-1."""
    signer = aws("s3", **({"signature_version": version} if version else {}))
    params = {"Bucket": bucket, "Key": "a b/ü+&", "ContentType": "text/x"}
    params["Metadata"] = {"colour": "green"}
    url = signer.generate_presigned_url("put_object", Params=params)
    assert ("AWSAccessKeyId=" in url) == (version != "s3v4")
    headers = {"content-type": "text/x"}
    if version == "s3v4":
        headers["x-amz-meta-colour"] = "green"
    assert 200 == ask(url, "PUT", b"here", headers)[0]
    params = {"Bucket": bucket, "Key": "a b/ü+&", "ResponseContentType": "text/y"}
    url = signer.generate_presigned_url("get_object", Params=params)
    status, body, answered = ask(url)
    assert (200, b"here", "text/y", "green") == (
        status, body, answered["content-type"], answered["x-amz-meta-colour"],
    )  # fmt: skip


def test_a_client_may_sign_everything_by_version_2(aws: Any, bucket: str) -> None:
    older = aws("s3", signature_version="s3")
    older.put_object(Bucket=bucket, Key="k", Body=b"x" * 300_000, Metadata={"a": "b"})
    assert {"a": "b"} == older.head_object(Bucket=bucket, Key="k")["Metadata"]
    assert bucket in [each["Name"] for each in older.list_buckets()["Buckets"]]
    tags = {"TagSet": [{"Key": "x", "Value": "y"}]}
    older.put_object_tagging(Bucket=bucket, Key="k", Tagging=tags)
    assert tags["TagSet"] == older.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert ["k"] == [each["Key"] for each in older.list_objects_v2(Bucket=bucket)["Contents"]]
    older.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})


def presigned(url: str, account: str) -> str:
    """As SDKs for Java, JavaScript and Ruby presign: what could be a header is in the query."""
    sent = AWSRequest("PUT", url)
    S3SigV4QueryAuth(Credentials(account, "test"), "s3", "us-east-1", expires=60).add_auth(sent)
    return str(sent.url)


def test_a_url_carries_headers(pileus: Running, aws: Any, bucket: str, account: str) -> None:
    query = (
        "x-amz-meta-Colour=green&x-amz-storage-class=STANDARD_IA&x-amz-tagging=a%3Db"
        "&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject"
    )
    url = presigned(f"{pileus.url}/{bucket}/k?{query}", account)
    assert 200 == ask(url, "PUT", b"here")[0]
    found = aws("s3").head_object(Bucket=bucket, Key="k")
    assert ({"colour": "green"}, "STANDARD_IA", 1) == (
        found["Metadata"], found["StorageClass"], found["TagCount"],
    )  # fmt: skip
    url = presigned(f"{pileus.url}/{bucket}/copy?x-amz-copy-source=%2F{bucket}%2Fk", account)
    status, body, _ = ask(url, "PUT", b"")
    assert (200, True) == (status, b"<CopyObjectResult" in body)
    assert b"here" == aws("s3").get_object(Bucket=bucket, Key="copy")["Body"].read()


def test_only_presigned_urls_carry_headers(pileus: Running, aws: Any, bucket: str) -> None:
    assert 200 == ask(f"{pileus.url}/{bucket}/k?x-amz-meta-a=b", "PUT", b"x")[0]
    assert {} == aws("s3").head_object(Bucket=bucket, Key="k")["Metadata"]
