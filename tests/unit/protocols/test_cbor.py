"""CBOR bodies of both protocols, and what the decoder must not build."""

from typing import Any

import cbor2
import pytest

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.protocols import requests, responses

RPC_V2 = "smithy-rpc-v2-cbor"


def parse(service: str, protocol: str, name: str, body: bytes) -> Any:
    model = load.load(service)
    operation = model.operation(name)
    assert operation is not None
    return requests.parse(Request("POST", "/", "", {}, body), model, protocol, operation, {})


def test_times_are_tagged_seconds() -> None:
    metric = {"MetricName": "m", "Timestamp": cbor2.CBORTag(1, 1_700_000_000.5), "Value": 1}
    body = cbor2.dumps({"Namespace": "n", "MetricData": [metric]})
    assert {
        "Namespace": "n",
        "MetricData": [{"MetricName": "m", "Timestamp": 1_700_000_000_500, "Value": 1.0}],
    } == parse("cloudwatch", RPC_V2, "PutMetricData", body)


def test_javas_older_cbor_has_milliseconds() -> None:
    body = cbor2.dumps({"ShardId": "s", "Timestamp": cbor2.CBORTag(1, 1_700_000_000_123)})
    assert {"ShardId": "s", "Timestamp": 1_700_000_000_123} == parse(
        "kinesis", "cbor-1.1", "GetShardIterator", body
    )
    operation = load.load("kinesis").operation("GetRecords")
    assert operation is not None
    output = {"Records": [{"Data": b"x", "ApproximateArrivalTimestamp": 1_700_000_000_123}]}
    response = responses.success(operation, "cbor-1.1", output, "id")
    assert "application/x-amz-cbor-1.1" == response.headers["Content-Type"]
    assert isinstance(response.body, bytes)
    tag = cbor2.CBORTag(1, 1_700_000_000_123)
    assert cbor2.dumps({"Records": [{"Data": b"x", "ApproximateArrivalTimestamp": tag}]}) == (
        response.body
    )


def test_javas_older_cbor_has_errors_too() -> None:
    error = AwsError("ResourceNotFoundException", "m")
    response = responses.failure(load.load("kinesis"), None, "cbor-1.1", error, "id")
    assert "smithy-protocol" not in response.headers
    assert isinstance(response.body, bytes)
    assert {"__type": "ResourceNotFoundException", "message": "m"} == cbor2.loads(response.body)


def test_blobs_are_bytes() -> None:
    body = cbor2.dumps({"Data": b"\x00\xff", "PartitionKey": "p", "StreamName": "s"})
    assert b"\x00\xff" == parse("kinesis", "cbor-1.1", "PutRecord", body)["Data"]


def test_items_of_unknown_length_are_read() -> None:
    body = b"\xbf\x69Namespace\x7f\x61n\x61m\xff\xff"
    assert {"Namespace": "nm"} == parse("cloudwatch", RPC_V2, "PutMetricData", body)


def test_null_means_not_given() -> None:
    assert {} == parse("cloudwatch", RPC_V2, "PutMetricData", cbor2.dumps({"Namespace": None}))


@pytest.mark.parametrize(
    "body",
    [
        b"\xa1",
        b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 200 + b"\x01",
        cbor2.dumps([]),
        cbor2.dumps({"Namespace": 1}),
        cbor2.dumps({1: 2, (1, 2): 3}),
        cbor2.dumps({"MetricData": [{"Timestamp": cbor2.CBORTag(1, "x")}]}),
        cbor2.dumps({"MetricData": [{"Timestamp": cbor2.CBORTag(1, 1e300)}]}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(35, "(a+)+$")}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(2, b"\xff" * 100)}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(4, [10**9, 1])}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(77, "x")}),
        b"\xd8\x1c\x81\xd8\x1d\x00",
    ],
)
def test_malformed_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(AwsError) as raised:
        parse("cloudwatch", RPC_V2, "PutMetricData", body)
    assert "SerializationException" == raised.value.code
