"""Labels, queries, headers and payloads of the REST protocols, and their answers."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.handlers import parse_get_bucket_location

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response
from pileus.protocols import requests, responses
from pileus.protocols.rest import split_list


def parse(service: str, name: str, request: Request, **labels: str) -> dict[str, Any]:
    model = load.load(service)
    operation = model.operation(name)
    assert operation is not None
    return requests.parse(request, model, model.protocols[0], operation, labels)


def refusal(service: str, name: str, request: Request, **labels: str) -> AwsError:
    with pytest.raises(AwsError) as raised:
        parse(service, name, request, **labels)
    return raised.value


def answer(service: str, name: str, output: dict[str, Any]) -> Response:
    model = load.load(service)
    operation = model.operation(name)
    assert operation is not None
    return responses.success(operation, model.protocols[0], output, "request-1")


def body_of(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def with_checksum(method: str, path: str, body: bytes) -> Request:
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    return Request(method, path, "", {"content-md5": md5}, body)


def test_labels_are_decoded() -> None:
    found = parse(
        "lambda", "GetFunction", Request("GET", "/", "", {}), FunctionName="a%3Ab%2Fc%20d"
    )
    assert {"FunctionName": "a:b/c d"} == found


def test_labels_must_be_utf_8() -> None:
    error = refusal("lambda", "GetFunction", Request("GET", "/", "", {}), FunctionName="%FF")
    assert "SerializationException" == error.code


def test_queries_headers_and_bodies_come_together() -> None:
    headers = {"x-amz-invocation-type": "Event", "x-amz-log-type": "Tail"}
    request = Request("POST", "/", "Qualifier=1", headers, b'{"a": 1}')
    assert {
        "FunctionName": "f",
        "Qualifier": "1",
        "InvocationType": "Event",
        "LogType": "Tail",
        "Payload": b'{"a": 1}',
    } == parse("lambda", "Invoke", request, FunctionName="f")


def test_a_member_of_the_path_is_not_taken_from_the_body() -> None:
    request = Request("PUT", "/", "", {}, b'{"FunctionName": "evil", "Timeout": 3}')
    found = parse("lambda", "UpdateFunctionConfiguration", request, FunctionName="good")
    assert {"FunctionName": "good", "Timeout": 3} == found
    assert {"Timeout": 3} == parse("lambda", "UpdateFunctionConfiguration", request)


def test_lists_in_queries_repeat_their_name() -> None:
    request = Request("DELETE", "/", "tagKeys=a&tagKeys=b%20c&other=1", {})
    found = parse("lambda", "UntagResource", request, Resource="arn")
    assert {"Resource": "arn", "TagKeys": ["a", "b c"]} == found


def test_numbers_in_queries_are_numbers() -> None:
    assert {"MaxItems": 3} == parse(
        "lambda", "ListFunctions", Request("GET", "/", "MaxItems=3", {})
    )
    error = refusal("lambda", "ListFunctions", Request("GET", "/", "MaxItems=x", {}))
    assert "SerializationException" == error.code
    error = refusal("s3", "ListObjectsV2", Request("GET", "/b", "max-keys=x", {}))
    assert "InvalidArgument" == error.code


def test_headers_with_a_prefix_become_a_map() -> None:
    headers = {"x-amz-meta-colour": "red", "x-amz-meta-": "none", "content-type": "a/b"}
    found = parse("s3", "PutObject", Request("PUT", "/b/k", "", headers, b"x"), Bucket="b", Key="k")
    assert {"colour": "red", "": "none"} == found["Metadata"]
    assert "a/b" == found["ContentType"]


def test_times_in_headers_are_http_dates() -> None:
    headers = {"if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT"}
    found = parse("s3", "GetObject", Request("GET", "/", "", headers), Bucket="b", Key="k")
    assert 1_445_412_480_000 == found["IfModifiedSince"]


def test_a_payload_that_streams_stays_a_stream() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    request = Request("PUT", "/b/k", "", {}, stream=chunks())
    body = parse("s3", "PutObject", request, Bucket="b", Key="k")["Body"]

    async def read() -> list[bytes]:
        return [chunk async for chunk in body]

    assert [b"one", b"two"] == asyncio.run(read())


def test_xml_is_read_with_and_without_its_namespace() -> None:
    for namespace in ("", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'):
        body = (
            f"<Delete{namespace}><Object><Key>a</Key></Object><Quiet>true</Quiet>"
            "<Object><Key>b &amp; c</Key><VersionId>1</VersionId></Object></Delete>"
        )
        request = with_checksum("POST", "/b?delete", body.encode())
        found = parse("s3", "DeleteObjects", request, Bucket="b")["Delete"]
        assert {
            "Objects": [{"Key": "a"}, {"Key": "b & c", "VersionId": "1"}],
            "Quiet": True,
        } == found


def test_attributes_of_xml_are_read() -> None:
    body = (
        '<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="'
        'http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>1</ID></Grantee>'
        "</Grant></AccessControlList></AccessControlPolicy>"
    )
    request = with_checksum("PUT", "/b?acl", body.encode())
    found = parse("s3", "PutBucketAcl", request, Bucket="b")
    grants = found["AccessControlPolicy"]["Grants"]
    assert [{"Grantee": {"Type": "CanonicalUser", "ID": "1"}}] == grants


@pytest.mark.parametrize("body", ["<Delete>", "text", "<!DOCTYPE a><Delete/>", "<a><b></a></b>"])
def test_malformed_xml_is_refused_in_s3s_words(body: str) -> None:
    error = refusal("s3", "DeleteObjects", with_checksum("POST", "/b", body.encode()), Bucket="b")
    assert (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ) == (error.code, error.message)


def test_s3s_answers_have_the_roots_of_its_reference() -> None:
    body = body_of(answer("s3", "ListObjectsV2", {"Name": "b", "KeyCount": 0}))
    assert (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<Name>b</Name><KeyCount>0</KeyCount></ListBucketResult>"
    ) == body
    assert b"<ListAllMyBucketsResult " in body_of(answer("s3", "ListBuckets", {"Buckets": []}))


def test_a_buckets_location_is_the_text_of_the_root() -> None:
    body = body_of(answer("s3", "GetBucketLocation", {"LocationConstraint": "eu-west-1"}))
    parsed: dict[str, Any] = {}
    parse_get_bucket_location(parsed, SimpleNamespace(content=body, raw=object()))
    assert "eu-west-1" == parsed["LocationConstraint"]
    assert b"></LocationConstraint>" in body_of(answer("s3", "GetBucketLocation", {}))


def test_an_xml_payload_is_the_whole_document() -> None:
    output = {"ETag": '"e"', "Distribution": {"Id": "D", "Status": "Deployed"}}
    response = answer("cloudfront", "GetDistribution", output)
    assert '"e"' == response.headers["ETag"]
    assert body_of(response).endswith(
        b'<Distribution xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
        b"<Id>D</Id><Status>Deployed</Status></Distribution>"
    )


def test_members_of_answers_go_where_they_belong() -> None:
    output = {
        "StatusCode": 202,
        "FunctionError": "Unhandled",
        "LogResult": "bG9n",
        "Payload": b"{}",
        "ExecutedVersion": "$LATEST",
    }
    response = answer("lambda", "Invoke", output)
    assert (202, b"{}") == (response.status, body_of(response))
    assert "Unhandled" == response.headers["X-Amz-Function-Error"]
    assert "bG9n" == response.headers["X-Amz-Log-Result"]
    assert "$LATEST" == response.headers["X-Amz-Executed-Version"]
    assert "request-1" == response.headers["x-amzn-RequestId"]
    assert "application/json" == response.headers["Content-Type"]


def test_the_model_says_the_status() -> None:
    assert 201 == answer("lambda", "CreateFunction", {"FunctionName": "f"}).status
    response = answer("lambda", "DeleteAlias", {})
    assert (204, b"") == (response.status, body_of(response))
    assert "Content-Type" not in response.headers


def test_a_json_answer_has_no_located_members_in_its_body() -> None:
    response = answer("sesv2", "ListContactLists", {"ContactLists": [], "NextToken": "n"})
    assert {"ContactLists": [], "NextToken": "n"} == json.loads(body_of(response))
    assert "application/json" == response.headers["Content-Type"]


def test_a_streamed_answer_stays_a_stream() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"

    stream = chunks()
    response = answer("s3", "GetObject", {"Body": stream, "ContentLength": 3, "ETag": '"e"'})
    assert stream is response.body
    assert "3" == response.headers["Content-Length"]


def test_metadata_beyond_ascii_is_answered_encoded() -> None:
    headers = answer("s3", "GetObject", {"Metadata": {"a": "Zürich"}}).headers
    assert "=?UTF-8?B?WsO8cmljaA==?=" == headers["x-amz-meta-a"]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a,b", c', ["a,b", "c"]),
        ('"say \\"hi\\"",x', ['say "hi"', "x"]),
        ('"open', ["open"]),
        ("a,,b,", ["a", "", "b", ""]),
    ],
)
def test_lists_in_headers(text: str, items: list[str]) -> None:
    assert items == split_list(text)


def checksum(headers: dict[str, str], name: str = "PutBucketTagging") -> tuple[str, str]:
    body = b"<Tagging><TagSet/></Tagging>"
    error = refusal("s3", name, Request("PUT", "/b", "", headers, body), Bucket="b")
    return error.code, error.message


def test_a_wrong_checksum_is_refused_in_s3s_words() -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert ("BadDigest", "The Content-MD5 you specified did not match what we received.") == (
        checksum({"content-md5": wrong})
    )
    assert ("InvalidDigest", "The Content-MD5 you specified was invalid.") == checksum(
        {"content-md5": "x"}
    )
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert (
        "BadDigest",
        "The SHA256 you specified did not match the calculated checksum.",
    ) == checksum({"x-amz-checksum-sha256": wrong})
    assert ("InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid.") == checksum(
        {"x-amz-checksum-crc32": "x"}
    )
    assert (
        "InvalidRequest",
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    ) == checksum({"x-amz-checksum-crc32": "x", "x-amz-checksum-sha1": "y"})


def test_a_missing_checksum_is_refused_where_one_is_required() -> None:
    assert (
        "InvalidRequest",
        "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    ) == checksum({})


def test_s3_asks_for_no_checksum_where_older_clients_send_none() -> None:
    body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    request = Request("PUT", "/b", "versioning", {}, body)
    found = parse("s3", "PutBucketVersioning", request, Bucket="b")
    assert {"Status": "Enabled"} == found["VersioningConfiguration"]


def test_a_right_checksum_is_taken() -> None:
    body = b"<Tagging><TagSet/></Tagging>"
    sha1 = base64.b64encode(hashlib.sha1(body).digest()).decode()
    request = Request("PUT", "/b", "tagging", {"x-amz-checksum-sha1": sha1}, body)
    assert {"TagSet": []} == parse("s3", "PutBucketTagging", request, Bucket="b")["Tagging"]
