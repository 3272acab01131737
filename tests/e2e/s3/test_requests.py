"""How requests reach S3: signed URLs, hosts, nobody's requests, streams, errors in XML."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.refusals import refusal
from support.running import Running


def ask(
    pileus: Running,
    method: str,
    target: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request(method, target, body, headers or {}, encode_chunked=False)
    answer = connection.getresponse()
    found = answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    connection.close()
    return found


def target_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.mark.parametrize("size", [10, 200_000])
def test_signed_urls_put_and_get(pileus: Running, aws: Any, bucket: str, size: int) -> None:
    pileus.resume()
    signer = aws("s3", signature_version="s3v4")
    params = {"Bucket": bucket, "Key": "a b/ü"}
    content = b"x" * size
    url = signer.generate_presigned_url("put_object", Params=params)
    assert 200 == ask(pileus, "PUT", target_of(url), content)[0]
    url = signer.generate_presigned_url("get_object", Params=params)
    assert (200, content) == ask(pileus, "GET", target_of(url))[:2]
    pileus.freeze()


def test_signed_urls_may_say_how_an_object_is_answered(
    pileus: Running, aws: Any, bucket: str
) -> None:
    pileus.resume()
    signer = aws("s3", signature_version="s3v4")
    signer.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    asked = {
        "ResponseContentType": "text/html",
        "ResponseContentDisposition": 'attachment; filename="a b"',
        "ResponseCacheControl": "no-store",
        "ResponseContentLanguage": "de",
        "ResponseContentEncoding": "gzip",
        "ResponseExpires": "Thu, 01 Jan 2099 00:00:00 GMT",
    }
    params = {"Bucket": bucket, "Key": "k", **asked}
    url = signer.generate_presigned_url("get_object", Params=params)
    status, _, headers = ask(pileus, "GET", target_of(url))
    expected = {
        re.sub("(?<!^)([A-Z])", r"-\1", name.removeprefix("Response")).lower(): value
        for name, value in asked.items()
    }
    assert (200, expected) == (status, {name: headers[name] for name in expected})
    status, body, _ = ask(pileus, "GET", f"/{bucket}/k?response-content-type=text%2Fhtml")
    text = b"Request specific response headers cannot be used for anonymous GET requests."
    assert (400, True) == (status, text in body)
    pileus.freeze()


def test_a_bucket_may_stand_in_the_host(pileus: Running, s3: Any, bucket: str) -> None:
    for host in (
        f"{bucket}.s3.localhost.localstack.cloud:4566",
        f"{bucket}.s3.eu-west-1.localhost.localstack.cloud:4566",
        f"{bucket}.s3.amazonaws.com",
    ):
        headers = {"host": host}
        content = host.encode() * 3000
        assert (200, b"") == ask(pileus, "PUT", "/some/key", content, headers)[:2]
        assert (200, content) == ask(pileus, "GET", "/some/key", headers=headers)[:2]
        status, body, _ = ask(pileus, "GET", "/?list-type=2", headers=headers)
        assert (200, True) == (status, b"<Key>some/key</Key>" in body)
    assert content == s3.get_object(Bucket=bucket, Key="some/key")["Body"].read()


def test_requests_of_nobody_are_taken(pileus: Running, bucket: str) -> None:
    assert 200 == ask(pileus, "PUT", f"/{bucket}/k", b"x")[0]
    status, body, headers = ask(pileus, "GET", f"/{bucket}/k")
    assert (200, b"x", '"9dd4e461268c8034f5c8564e155c67a6"') == (status, body, headers["etag"])
    assert ask(pileus, "GET", "/")[0] == 403


def test_errors_are_xml_with_both_ids(pileus: Running, bucket: str) -> None:
    status, body, headers = ask(pileus, "GET", f"/{bucket}/%3Cabsent%3E")
    assert (404, "application/xml") == (status, headers["content-type"])
    found = dict(re.findall(r"<(\w+)>([^<]*)</\1>", body.decode()))
    assert {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "&lt;absent&gt;",
        "RequestId": headers["x-amz-request-id"],
        "HostId": headers["x-amz-id-2"],
    } == found
    assert b"" == ask(pileus, "HEAD", f"/{bucket}/absent")[1]


def test_a_key_of_broken_utf_8_is_refused(pileus: Running, bucket: str) -> None:
    status, body, _ = ask(pileus, "PUT", f"/{bucket}/%ff", b"x")
    assert (400, True) == (status, b"<Code>InvalidArgument</Code>" in body)


def test_a_body_that_breaks_off_leaves_nothing(pileus: Running, s3: Any, bucket: str) -> None:
    with socket.create_connection(("127.0.0.1", pileus.port)) as connection:
        head = f"PUT /{bucket}/k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 500_000)
    assert "NoSuchKey" == refusal(s3.get_object, Bucket=bucket, Key="k").code
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    assert b"whole" == s3.get_object(Bucket=bucket, Key="k")["Body"].read()


def test_a_body_for_no_bucket_is_not_waited_for(pileus: Running) -> None:
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=30) as connection:
        head = "PUT /there-is-no-such-bucket/k HTTP/1.1\r\nhost: localhost\r\n"
        head += "content-length: 5000000000\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 404")


def test_bodies_pass_through_without_being_held(pileus: Running, s3: Any, bucket: str) -> None:
    """Memory does not grow with a body of 96 MB, either way."""
    size = 96 << 20
    digest = hashlib.md5()

    def pieces() -> Iterator[bytes]:
        for number in range(size >> 20):
            piece = number.to_bytes(4, "big") * (1 << 18)
            digest.update(piece)
            yield piece

    before = peak_kilobytes()
    headers = {"content-length": str(size)}
    status, _, answered = ask(pileus, "PUT", f"/{bucket}/large", pieces(), headers)
    assert (200, f'"{digest.hexdigest()}"') == (status, answered["etag"])
    found = hashlib.md5()
    for piece in s3.get_object(Bucket=bucket, Key="large")["Body"].iter_chunks(1 << 20):
        found.update(piece)
    assert digest.digest() == found.digest()
    assert peak_kilobytes() - before < 50_000


def peak_kilobytes() -> int:
    """The most memory that this process, in which the server runs, has had so far."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def test_what_is_required_and_missing_is_told(pileus: Running, bucket: str) -> None:
    md5 = {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    status, body, _ = ask(pileus, "PUT", f"/{bucket}?tagging", b"", md5)
    assert (400, True) == (status, b"<Code>MissingRequestBodyError</Code>" in body)
    status, body, _ = ask(pileus, "DELETE", f"/{bucket}?metrics", b"")
    assert (400, True) == (status, b"<Code>InvalidArgument</Code>" in body)
    status, body, _ = ask(pileus, "GET", f"/{bucket}/k?attributes")
    expected = b"Missing required header for this request: x-amz-object-attributes"
    assert (400, True) == (status, expected in body)
