"""JSON bodies: types, times, blobs, documents and compressed requests."""

import gzip
import json
import math
import zlib
from typing import Any

import msgspec
import pytest

from pileus.aws_models import load
from pileus.kernel.errors import AwsError
from pileus.kernel.pieces import Pieced
from pileus.kernel.request import Request
from pileus.protocols import requests, responses

BOMB = gzip.compress(b" " * (requests.INFLATED_BYTES_MAX + 1), mtime=0)


def parse(service: str, name: str, body: bytes | str, headers: dict[str, str] | None = None) -> Any:
    model = load.load(service)
    operation = model.operation(name)
    assert operation is not None
    content = body.encode() if isinstance(body, str) else body
    request = Request("POST", "/", "", headers or {}, content)
    protocol = "json" if "json" in model.protocols else "rest-json"
    return requests.parse(request, model, protocol, operation, {})


def refusal(service: str, name: str, body: str) -> AwsError:
    with pytest.raises(AwsError) as raised:
        parse(service, name, body)
    return raised.value


def written(service: str, name: str, output: dict[str, Any]) -> Any:
    operation = load.load(service).operation(name)
    assert operation is not None
    response = responses.success(operation, "json", output, "id")
    assert isinstance(response.body, bytes)
    return msgspec.json.decode(response.body) if response.body else None


@pytest.mark.parametrize("pieces", [[], [b'{"Data":"YQ=="}'], [b'{"Data":"YQ=="},{}', b"{}"]])
@pytest.mark.parametrize("others", [{}, {"NextShardIterator": "i", "MillisBehindLatest": 0}])
def test_a_member_may_come_in_pieces(pieces: list[bytes], others: dict[str, Any]) -> None:
    operation = load.load("kinesis").operation("GetRecords")
    assert operation is not None
    response = responses.success(operation, "json", Pieced(others, "Records", pieces), "id")
    assert others == written("kinesis", "GetRecords", others)
    whole = response.in_one_piece().body
    assert isinstance(whole, bytes)
    values = msgspec.json.decode(b"[" + b",".join(pieces) + b"]")
    assert {"Records": values, **others} == msgspec.json.decode(whole)
    assert all(piece in response.rest for piece in pieces)


def test_members_are_given_by_awss_names() -> None:
    body = '{"QueueUrl": "q", "MessageBody": "é", "DelaySeconds": 3}'
    assert {"QueueUrl": "q", "MessageBody": "é", "DelaySeconds": 3} == parse(
        "sqs", "SendMessage", body
    )


def test_an_empty_body_asks_for_nothing() -> None:
    assert {} == parse("sqs", "ListQueues", "")


def test_null_and_unknown_members_are_passed_over() -> None:
    body = '{"QueueUrl": "q", "DelaySeconds": null, "Colour": 1}'
    assert {"QueueUrl": "q"} == parse("sqs", "SendMessage", body)


def test_blobs_are_bytes_and_times_are_milliseconds() -> None:
    body = '{"Item":{"a":{"B":"aGk="}},"TableName":"t"}'
    assert b"hi" == parse("dynamodb", "PutItem", body)["Item"]["a"]["B"]
    body = '{"logGroupName":"g","startTime":5}'
    assert 5 == parse("logs", "FilterLogEvents", body)["startTime"]
    body = '{"Entries":[{"Time":1700000000.25,"Source":"s"}]}'
    assert 1_700_000_000_250 == parse("events", "PutEvents", body)["Entries"][0]["Time"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"QueueUrl": 1}', "NUMBER_VALUE cannot be converted to String"),
        ('{"QueueUrl": true}', "TRUE_VALUE cannot be converted to String"),
        ('{"QueueUrl": {}}', "Start of structure or map found where not expected"),
        ('{"QueueUrl": []}', "Start of list found where not expected"),
        ('{"DelaySeconds": "3"}', "STRING_VALUE cannot be converted to Integer"),
        ('{"DelaySeconds": 1.5}', "DECIMAL_VALUE cannot be converted to Integer"),
        ('{"DelaySeconds": 2147483648}', "NUMBER_VALUE cannot be converted to Integer"),
        ('{"MessageAttributes": []}', "Expected map or null"),
        ('{"MessageAttributes": {"a": 1}}', "Expected null"),
        ('{"MessageAttributes": {"a": {"BinaryValue": "!"}}}', "a blob is not in base64"),
        ('{"MessageAttributes": {"a": {"StringListValues": [null]}}}',
         "NULL_VALUE cannot be converted to String"),
        ("[]", "Expected null"),
        ('"text"', "Expected null"),
    ],
)  # fmt: skip
def test_values_of_wrong_types_are_refused(body: str, message: str) -> None:
    error = refusal("sqs", "SendMessage", body)
    assert ("SerializationException", 400, message) == (error.code, error.status, error.message)


def test_rest_names_javas_classes() -> None:
    error = refusal("apigateway", "CreateRestApi", '{"name": 1}')
    assert (
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an "
        "String"
    ) == error.message
    error = refusal("apigateway", "CreateRestApi", '{"name": true}')
    assert "class java.lang.Boolean can not be converted to an String" == error.message


def test_a_body_that_is_no_json_is_refused() -> None:
    for body in ("{", '{"a":}', "{'a':1}", '{"a":1} x', '{"a":"\\ud800"}'):
        assert "SerializationException" == refusal("sqs", "SendMessage", body).code


def test_whole_numbers_may_be_written_as_decimals() -> None:
    assert {"DelaySeconds": 3} == parse("sqs", "SendMessage", '{"DelaySeconds": 3.0}')


def test_numbers_without_end_have_names() -> None:
    sent = '{"metricTransformations":[{"defaultValue":"NaN"},{"defaultValue":"-Infinity"}]}'
    found = parse("logs", "PutMetricFilter", sent)["metricTransformations"]
    assert math.isnan(found[0]["defaultValue"])
    assert -math.inf == found[1]["defaultValue"]
    output = {"metricFilters": [{"metricTransformations": [{"defaultValue": math.inf}]}]}
    printed = written("logs", "DescribeMetricFilters", output)
    assert "Infinity" == printed["metricFilters"][0]["metricTransformations"][0]["defaultValue"]


def test_times_are_written_in_seconds() -> None:
    output = {"Table": {"CreationDateTime": 1_700_000_000_123}}
    assert {"Table": {"CreationDateTime": 1_700_000_000.123}} == written(
        "dynamodb", "DescribeTable", output
    )
    whole = {"Table": {"CreationDateTime": 1_700_000_000_000}}
    assert '{"Table": {"CreationDateTime": 1700000000}}' == json.dumps(
        written("dynamodb", "DescribeTable", whole)
    )


def test_blobs_are_written_in_base64() -> None:
    output = {"Messages": [{"MessageAttributes": {"a": {"BinaryValue": b"hi"}}}]}
    printed = written("sqs", "ReceiveMessage", output)
    assert "aGk=" == printed["Messages"][0]["MessageAttributes"]["a"]["BinaryValue"]


def test_an_operation_without_output_answers_nothing() -> None:
    assert written("sqs", "DeleteMessage", {}) is None
    assert {} == written("sqs", "ReceiveMessage", {})


def test_answers_have_their_type_and_the_request_id() -> None:
    operation = load.load("sqs").operation("SendMessage")
    assert operation is not None
    response = responses.success(operation, "json", {"MessageId": "m"}, "the-id")
    assert {
        "x-amzn-RequestId": "the-id",
        "Content-Type": "application/x-amz-json-1.0",
    } == response.headers


def test_dynamodbs_answers_tell_their_checksum() -> None:
    """Go's SDK warns of each answer without it, and Java's reads it again where it is wrong."""
    model = load.load("dynamodb")
    operation = model.operation("ListTables")
    assert operation is not None
    answers = [
        responses.success(operation, "json", {"TableNames": ["things"]}, "id"),
        responses.failure(model, operation, "json", AwsError("ValidationException", "No."), "id"),
    ]
    for answer in answers:
        assert isinstance(answer.body, bytes)
        assert str(zlib.crc32(answer.body)) == answer.headers["x-amz-crc32"]


def test_documents_are_taken_as_they_are() -> None:
    settings = {"a": [1, None, {"b": "c"}], "d": 1.5}
    body = msgspec.json.encode({"UserPoolId": "p", "Settings": settings})
    assert settings == parse("cognito-idp", "CreateManagedLoginBranding", body)["Settings"]


def test_documents_are_not_taken_endlessly_deep() -> None:
    deep = '{"Settings":' + '{"a":' * 200 + "1" + "}" * 201
    error = refusal("cognito-idp", "CreateManagedLoginBranding", deep)
    assert "a document is nested deeper than 128 levels" == error.message


def test_shapes_inside_themselves_are_read_to_any_sensible_depth() -> None:
    value: Any = {"S": "x"}
    for _ in range(32):
        value = {"L": [{"M": {"k": value}}]}
    body = msgspec.json.encode({"TableName": "t", "Item": {"a": value}})
    assert value == parse("dynamodb", "PutItem", body)["Item"]["a"]
    assert {"Item": {"a": value}} == written("dynamodb", "GetItem", {"Item": {"a": value}})


def test_a_compressed_body_is_inflated() -> None:
    body = gzip.compress(b'{"Namespace":"n"}')
    headers = {"content-encoding": "gzip"}
    assert {"Namespace": "n"} == parse("cloudwatch", "PutMetricData", body, headers)


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-3], BOMB])
def test_a_compressed_body_must_be_whole_and_small(body: bytes) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        parse("cloudwatch", "PutMetricData", body, {"content-encoding": "gzip"})
