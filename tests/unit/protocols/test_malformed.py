"""Whatever comes over the wire, it is read or refused as AWS refuses it: never anything else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import botocore.loaders
import botocore.model
import botocore.serialize
import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.protocols import requests
from support.model_examples import Examples

# An operation for each protocol, with as many kinds of members as there are.
OPERATIONS = [
    ("dynamodb", "json", "TransactWriteItems"),
    ("kinesis", "cbor-1.1", "PutRecords"),
    ("cloudwatch", "smithy-rpc-v2-cbor", "PutMetricData"),
    ("sqs", "query", "SendMessageBatch"),
    ("sns", "query", "PublishBatch"),
    ("ec2", "ec2", "RunInstances"),
    ("lambda", "rest-json", "CreateFunction"),
    ("lexv2-runtime", "rest-json", "RecognizeUtterance"),
    ("s3", "rest-xml", "PutBucketLifecycleConfiguration"),
    ("s3", "rest-xml", "CompleteMultipartUpload"),
    ("cloudfront", "rest-xml", "CreateDistribution"),
]
CODES = {
    "SerializationException",
    "MalformedInput",
    "MalformedQueryString",
    "MalformedXML",
    "MissingRequestBodyError",
    "InvalidArgument",
    "InvalidRequest",
    "InvalidDigest",
    "BadDigest",
}


def attempt(service_name: str, protocol: str, name: str, request: Request) -> None:
    service = load.load(service_name)
    operation = service.operation(name)
    assert operation is not None
    labels = {"Bucket": "b%FF", "Key": "k", "botId": "%zz", "FunctionName": "f"}
    try:
        params = requests.parse(request, service, protocol, operation, labels)
    except AwsError as error:
        assert error.code in CODES
        assert 400 <= (error.status or 400) < 500
        return
    assert isinstance(params, dict)


def content_type(protocol: str) -> str:
    if protocol in ("query", "ec2"):
        return "application/x-www-form-urlencoded"
    return {"rest-xml": "application/xml"}.get(protocol, "application/json")


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


HEADERS = st.dictionaries(
    st.sampled_from(["content-md5", "x-amz-checksum-sha256", "x-amz-lex-request-attributes",
                     "x-amz-mp-object-size", "if-match", "x-amz-expected-bucket-owner"]),
    st.text(max_size=20),
)  # fmt: skip


@pytest.mark.parametrize(("service", "protocol", "name"), OPERATIONS)
@settings(max_examples=50)
@given(body=st.binary(max_size=60), query=st.text(max_size=30), headers=HEADERS)
def test_random_bytes(
    service: str, protocol: str, name: str, body: bytes, query: str, headers: dict[str, str]
) -> None:
    headers = {"content-type": content_type(protocol), **headers}
    attempt(service, protocol, name, Request("POST", "/", query, headers, body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ["TransactItems", "Put", "Item", "Records", "Data", "MetricData", "Timestamp", "Code"]
KEYS += ["ZipFile", "MemorySize", "Environment", "Tags", "Values", "Value", "VpcConfig"]
SHAPED = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=10,
)


@settings(max_examples=50)
@given(value=st.dictionaries(st.sampled_from(KEYS), SHAPED))
def test_values_of_any_type_under_names_that_exist(value: dict[str, Any]) -> None:
    text = json.dumps(value).encode()
    encoded = cbor2.dumps(value)
    attempt("dynamodb", "json", "TransactWriteItems", Request("POST", "/", "", {}, text))
    attempt("lambda", "rest-json", "CreateFunction", Request("POST", "/", "", {}, text))
    for service, protocol, name in OPERATIONS[1:3]:
        attempt(service, protocol, name, Request("POST", "/", "", {}, encoded))


FORM_KEYS = st.lists(
    st.sampled_from(["SendMessageBatchRequestEntry", "MessageAttribute", "Name", "Value", "1", "2",
                     "entry", "member", "QueueUrl", "MinCount", "0", "-1", "99999999999", ""]),
    min_size=1, max_size=6,
).map(".".join)  # fmt: skip


@given(st.lists(st.tuples(FORM_KEYS, st.sampled_from(["", "1", "x", "%FF", "%", "true"]))))
def test_forms_of_any_structure(fields: list[tuple[str, str]]) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = "&".join(f"{key}={value}" for key, value in fields).encode()
    for service, protocol, name in OPERATIONS[3:6]:
        attempt(service, protocol, name, Request("POST", "/", "", headers, body))


@pytest.mark.parametrize(("service", "protocol", "name"), OPERATIONS)
@settings(max_examples=60)
@given(seed=st.integers(0, 10_000))
def test_valid_bodies_with_a_few_bytes_changed(
    service: str, protocol: str, name: str, seed: int
) -> None:
    chance = random.Random(seed)
    body = bytearray(VALID[name])
    for _ in range(chance.randrange(1, 4)):
        position = chance.randrange(len(body))
        match chance.randrange(3):
            case 0:
                body[position] = chance.randrange(256)
            case 1:
                del body[position]
            case _:
                body.insert(position, chance.randrange(256))
    headers = {"content-type": content_type(protocol), "content-md5": md5(bytes(body))}
    attempt(service, protocol, name, Request("POST", "/", "", headers, bytes(body)))


def valid_body(service: str, protocol: str, name: str) -> bytes:
    description = botocore.loaders.Loader().load_service_model(service, "service-2")
    operation = botocore.model.ServiceModel(description, service).operation_model(name)
    made = Examples(name, 0.8).of(operation.input_shape)
    speaks = {"cbor-1.1": "smithy-rpc-v2-cbor"}.get(protocol, protocol)
    serializer = botocore.serialize.create_serializer(speaks, include_validation=False)
    if speaks == "smithy-rpc-v2-cbor":
        description["metadata"].setdefault("targetPrefix", "x")
    body = serializer.serialize_to_request(made, operation)["body"]
    if isinstance(body, dict):
        return "&".join(f"{key}={value}" for key, value in body.items()).encode()
    return bytes(body) or b"body"


VALID = {name: valid_body(service, protocol, name) for service, protocol, name in OPERATIONS}


@pytest.mark.parametrize("depth", [50, 500, 5_000, 200_000])
def test_nesting_without_end(depth: int) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    bodies = {
        "dynamodb": b'{"a":' * depth + b"1" + b"}" * depth,
        "lambda": b"[" * depth,
        "cloudwatch": b"\x81" * depth + b"\x01",
        "sqs": b".".join([b"MessageAttribute.1"] * depth) + b"=1",
        "cloudfront": b"<a>" * depth + b"</a>" * depth,
    }
    for service, protocol, name in OPERATIONS:
        if service in bodies:
            attempt(service, protocol, name, Request("POST", "/", "", form, bodies[service]))


def test_nesting_in_a_shape_that_holds_itself() -> None:
    value = '{"L":[' * 400 + '{"S":"x"}' + "]}" * 400
    body = f'{{"TableName":"t","Item":{{"a":{value}}}}}'.encode()
    attempt("dynamodb", "json", "PutItem", Request("POST", "/", "", {}, body))


@pytest.mark.parametrize("declaration", [
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<?xml version="1.0" encoding="utf-16"?><a/>',
    "<a>&undefined;</a>",
    "<a",
    "",
    "\x00",
])  # fmt: skip
def test_xml_with_definitions_of_its_own(declaration: str) -> None:
    body = declaration.encode() or b" "
    request = Request("PUT", "/b", "lifecycle", {"content-md5": md5(body)}, body)
    attempt("s3", "rest-xml", "PutBucketLifecycleConfiguration", request)


@given(st.binary(max_size=80))
def test_frames_of_any_bytes(body: bytes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    service = load.load("lexv2-runtime")
    operation = service.operation("StartConversation")
    assert operation is not None
    request = Request("POST", "/", "", {}, stream=chunks())
    events = requests.parse(request, service, "rest-json", operation, {})["requestEventStream"]

    async def read() -> list[Any]:
        return [event async for event in events]

    try:
        assert [] == asyncio.run(read())
    except AwsError as error:
        assert "SerializationException" == error.code
