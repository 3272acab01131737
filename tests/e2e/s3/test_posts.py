"""Forms that browsers post: policies, fields, sizes, and what is answered."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.running import Running

BOUNDARY = "0123456789"
TYPE = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
Answer = tuple[int, str, dict[str, str]]


def form(fields: Mapping[str, str], content: bytes | None, file_name: str = "a.txt") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = "".join(parts).encode()
    if content is not None:
        disposition = f'form-data; name="file"; filename="{file_name}"'
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n".encode()
        body += b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def send(pileus: Running, target: str, body: bytes, headers: Mapping[str, str] = TYPE) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request("POST", target, body, dict(headers))
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    text = answer.read().decode()
    connection.close()
    return answer.status, text, found


def post(
    pileus: Running, bucket: str, fields: Mapping[str, str], content: bytes | None = b"content"
) -> Answer:
    return send(pileus, f"/{bucket}", form(fields, content))


def said(answer: Answer) -> tuple[int, str, str]:
    """The status, the code and the message of an error."""
    found = dict(re.findall(r"<(Code|Message)>([^<]*)</", answer[1]))
    return answer[0], found["Code"], found["Message"].replace("&quot;", '"')


@pytest.fixture
def signer(pileus: Running, aws: Any) -> Any:
    """Makes the fields of a form, signed with version 4; the key is one that is known."""
    client = pileus.client("s3", signature_version="s3v4")

    def sign(bucket: str, key: str, conditions: list[Any] | None = None, **fields: str) -> Any:
        given = [*({name: value} for name, value in fields.items()), *(conditions or [])]
        made = client.generate_presigned_post(bucket, key, Fields=fields, Conditions=given)
        return made["fields"]

    return sign


def policy(conditions: list[Any], expiration: str = "2099-01-01T00:00:00Z") -> str:
    document = {"expiration": expiration, "conditions": conditions}
    return base64.b64encode(json.dumps(document).encode()).decode()


def unchecked(text: str, **fields: str) -> dict[str, str]:
    """The fields of a form that is signed by a key that nobody knows."""
    return {
        "key": "k", "AWSAccessKeyId": "123456789012", "signature": "any", "policy": text, **fields
    }  # fmt: skip


@pytest.mark.parametrize("size", [0, 10, 70_000, 400_000])
def test_a_signed_form_becomes_an_object(
    pileus: Running, s3: Any, bucket: str, signer: Any, size: int
) -> None:
    fields = signer(bucket, "dir/${filename}", **{"Content-Type": "text/x", "x-amz-meta-Who": "me"})
    content = b"\r\n--0123" * (size // 8) + b"x" * (size % 8)
    status, text, headers = post(pileus, bucket, fields, content)
    assert (204, "") == (status, text)
    found = s3.get_object(Bucket=bucket, Key="dir/a.txt")
    assert content == found["Body"].read()
    assert ("text/x", {"who": "me"}) == (found["ContentType"], found["Metadata"])
    assert found["ETag"] == headers["etag"]
    assert headers["location"].endswith(f"/{bucket}/dir/a.txt")


def test_the_bucket_may_stand_in_the_host(
    pileus: Running, s3: Any, bucket: str, signer: Any
) -> None:
    host = {**TYPE, "host": f"{bucket}.s3.localhost.localstack.cloud:4566"}
    body = form(signer(bucket, "k"), b"x" * 100_000)
    assert 204 == send(pileus, "/", body, host)[0]
    assert 100_000 == s3.head_object(Bucket=bucket, Key="k")["ContentLength"]


def test_forms_of_version_2_and_of_nobody_are_taken(pileus: Running, s3: Any, bucket: str) -> None:
    fields = pileus.client("s3", signature_version="s3").generate_presigned_post(bucket, "two")
    assert 204 == post(pileus, bucket, fields["fields"])[0]
    wrong = {**fields["fields"], "signature": "AAAA"}
    assert (403, "SignatureDoesNotMatch") == said(post(pileus, bucket, wrong))[:2]
    assert 204 == post(pileus, bucket, {"key": "nobody"})[0]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert ["nobody", "two"] == [each["Key"] for each in listed]


def test_the_answer_is_as_the_form_asks(pileus: Running, s3: Any, bucket: str) -> None:
    status, text, headers = post(pileus, bucket, {"key": "a&b", "success_action_status": "201"})
    assert (201, "application/xml") == (status, headers["content-type"])
    assert "<Key>a&amp;b</Key>" in text
    assert f"<Bucket>{bucket}</Bucket>" in text
    assert 200 == post(pileus, bucket, {"key": "k", "success_action_status": "200"})[0]
    assert 204 == post(pileus, bucket, {"key": "k", "success_action_status": "302"})[0]
    target = "http://a.example/done?x=1"
    status, _, headers = post(pileus, bucket, {"key": "k", "success_action_redirect": target})
    parts = urlsplit(headers["location"])
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    expected = {"x": ["1"], "bucket": [bucket], "key": ["k"], "etag": [etag]}
    assert (303, "a.example", expected) == (status, parts.netloc, parse_qs(parts.query))
    assert 204 == post(pileus, bucket, {"key": "k", "success_action_redirect": "nowhere"})[0]


def test_fields_say_what_the_object_is(pileus: Running, s3: Any, bucket: str) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>"
    fields = {
        "key": "k",
        "Cache-Control": "no-cache",
        "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-server-side-encryption": "AES256",
        "tagging": tagging,
    }
    status, _, headers = post(pileus, bucket, fields)
    assert (204, "AES256") == (status, headers["x-amz-server-side-encryption"])
    found = s3.head_object(Bucket=bucket, Key="k")
    assert ("no-cache", "STANDARD_IA") == (found["CacheControl"], found["StorageClass"])
    assert "Thu, 01 Jan 2099 00:00:00 GMT" == found["ExpiresString"]
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert [{"Key": "a", "Value": "b c"}] == tags
    for wrong in ("<Tagging", '<!DOCTYPE x [<!ENTITY a "b">]><x/>'):
        refused = said(post(pileus, bucket, {"key": "k", "tagging": wrong}))
        assert (400, "MalformedXML") == refused[:2]
    refused = said(post(pileus, bucket, {"key": "k", "x-amz-checksum-sha1": "AAAA"}))
    assert (400, "InvalidRequest") == refused[:2]


def test_a_signature_of_another_policy_is_refused(
    pileus: Running, bucket: str, signer: Any
) -> None:
    fields = {**signer(bucket, "k"), "policy": policy([])}
    assert (403, "SignatureDoesNotMatch") == said(post(pileus, bucket, fields))[:2]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("x-amz-algorithm", "X-Amz-Algorithm"),
        ("x-amz-signature", "X-Amz-Signature"),
        ("policy", "Policy"),
        ("key", "key"),
    ],
)
def test_a_signed_form_must_be_whole(
    pileus: Running, bucket: str, signer: Any, missing: str, expected: str
) -> None:
    fields = {k: v for k, v in signer(bucket, "k").items() if k.lower() != missing}
    text = (
        f"Bucket POST must contain a field named '{expected}'.  If it is specified, please check "
        "the order of the fields."
    )
    assert (400, "InvalidArgument", text) == said(post(pileus, bucket, fields))


@pytest.mark.parametrize(
    ("conditions", "fields", "expected"),
    [
        ([["eq", "$key", "k"]], {}, None),
        ([{"key": "k"}, {"acl": "private"}], {"acl": "private"}, None),
        ([["starts-with", "$key", ""]], {"x-ignore-this": "x"}, None),
        (
            [["starts-with", "$key", "a"]],
            {},
            'Policy Condition failed: ["starts-with", "$key", "a"]',
        ),
        ([{"key": "j"}], {}, 'Policy Condition failed: ["eq", "$key", "j"]'),
        ([["eq", "key", "k"]], {}, 'Policy Condition failed: ["eq", "key", "k"]'),
        (
            [{"bucket": "another"}, {"key": "k"}],
            {},
            'Policy Condition failed: ["eq", "$bucket", "another"]',
        ),
        ([{"key": "k"}], {"x-amz-meta-a": "b"}, "Extra input fields: x-amz-meta-a"),
        (
            [{"key": "k"}, ["content-length-range", "test", "10"]],
            {},
            'Policy Condition failed: ["content-length-range", "test", "10"]',
        ),
    ],
)
def test_fields_must_be_as_the_policy_has_them(
    pileus: Running,
    bucket: str,
    conditions: list[Any],
    fields: dict[str, str],
    expected: str | None,
) -> None:
    answer = post(pileus, bucket, unchecked(policy(conditions), **fields))
    if expected is None:
        assert 204 == answer[0]
    else:
        text = f"Invalid according to Policy: {expected}"
        assert (403, "AccessDenied", text) == said(answer)


@pytest.mark.parametrize("large", [0, 100_000])
def test_a_file_must_have_the_size_that_the_policy_allows(
    pileus: Running, s3: Any, bucket: str, large: int
) -> None:
    text = policy([{"key": "k"}, ["content-length-range", large + 2, large + 4]])
    for size, expected in ((1, "EntityTooSmall"), (5, "EntityTooLarge"), (3, None)):
        answer = post(pileus, bucket, unchecked(text), b"x" * (large + size))
        assert expected == (said(answer)[1] if answer[0] != 204 else None)
    assert large + 3 == s3.head_object(Bucket=bucket, Key="k")["ContentLength"]


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        (policy([{"key": "k"}], "2020-01-01T00:00:00Z"), 403, "Policy expired."),
        (policy([{"a": "b", "c": "d"}]), 400, "Invalid Simple-Condition: Simple-Conditions must "
         "have exactly one property specified."),
        (policy([["like", "$key", "k"]]), 400, "Invalid Condition: unknown operation 'like'."),
        (policy([], "tomorrow"), 400, "Invalid 'expiration' value: 'tomorrow'"),
        ("e30=", 400, "Policy missing expiration."),
        ("!", 400, "Invalid JSON."),
    ],
)  # fmt: skip
def test_policies_that_allow_nothing(
    pileus: Running, bucket: str, text: str, status: int, expected: str
) -> None:
    found = said(post(pileus, bucket, unchecked(text)))
    assert status == found[0]
    assert found[2].endswith(f"Policy: {expected}")


def test_what_is_no_form_is_refused(pileus: Running, bucket: str) -> None:
    plain = send(pileus, f"/{bucket}", b"x", {"content-type": "text/plain"})
    assert (412, "PreconditionFailed") == said(plain)[:2]
    for body in (b"", b"nonsense", form({"key": "k"}, b"x")[:-16], form({"": "x"}, b"x")[:40]):
        assert (400, "MalformedPOSTRequest") == said(send(pileus, f"/{bucket}", body))[:2]
    large = send(pileus, f"/{bucket}", form({"key": "k", "a": "x" * 21_000}, b"x"))
    assert (400, "MaxPostPreDataLengthExceeded") == said(large)[:2]
    expected = "POST requires exactly one file upload per request."
    assert (400, "InvalidArgument", expected) == said(post(pileus, bucket, {"key": "k"}, None))
    assert (404, "NoSuchBucket") == said(post(pileus, "no-such-bucket-here", {"key": "k"}))[:2]


def test_a_form_that_breaks_off_leaves_nothing(pileus: Running, s3: Any, bucket: str) -> None:
    body = form({"key": "broken"}, b"x" * 300_000)
    with socket.create_connection(("127.0.0.1", pileus.port)) as connection:
        head = f"POST /{bucket} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {TYPE['content-type']}"
        connection.sendall(f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        connection.sendall(body[:200_000])
    assert (400, "MalformedPOSTRequest") == said(
        send(pileus, f"/{bucket}", form({"key": "broken"}, b"x" * 300_000)[:-20])
    )[:2]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
