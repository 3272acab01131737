"""Large bodies are decoded in one pass, with the same result as value by value."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.aws_models import load, validate
from pileus.protocols import json_values, typed_json
from pileus.protocols.failures import WireError

DATA = st.one_of(
    st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode()),
    st.text("AQgw+/=-_ \n", max_size=9),
    st.none(),
    st.integers(),
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "Data": DATA,
        "PartitionKey": st.one_of(st.text(max_size=3), st.integers(), st.none()),
        "ExplicitHashKey": st.one_of(st.text("01", max_size=3), st.booleans()),
        "Colour": st.one_of(st.none(), st.lists(st.integers(), max_size=2)),
    },
)
RECORDS = st.one_of(
    st.lists(st.one_of(ENTRY, st.none()), max_size=4), st.dictionaries(st.text(max_size=2), ENTRY)
)


def shape(service: str, name: str) -> Any:
    operation = load.load(service).operation(name)
    assert operation is not None
    return operation.input


def decode(found: Any, body: bytes) -> Any:
    """What is decoded where the operation has been asked for often."""
    for _ in range(typed_json.USES_MIN):
        typed_json.decode(found, b"{}")
    return typed_json.decode(found, body)


@given(RECORDS)
def test_what_it_takes_is_what_the_reader_takes(records: Any) -> None:
    found = shape("kinesis", "PutRecords")
    body = json.dumps({"StreamName": "s", "Records": records}).encode()
    quick = decode(found, body)
    if quick is not None:
        assert json_values.reader(found)(json.loads(body)) == quick


def test_a_usual_body_is_taken() -> None:
    entry = {"Data": "aGk=", "PartitionKey": "k", "Colour": None}
    body = json.dumps({"StreamName": "s", "Records": [entry] * 3}).encode()
    expected = {"StreamName": "s", "Records": [{"Data": b"hi", "PartitionKey": "k"}] * 3}
    assert expected == decode(shape("kinesis", "PutRecords"), body)


@pytest.mark.parametrize(
    ("service", "name", "member"),
    [
        ("kinesis", "GetShardIterator", "Timestamp"),
        ("dynamodb", "ListBackups", "TimeRangeLowerBound"),
    ],
)
@pytest.mark.parametrize("value", [1, None])
def test_times_are_left_to_the_reader(
    service: str, name: str, member: str, value: int | None
) -> None:
    assert decode(shape(service, name), json.dumps({member: value}).encode()) is None


def test_a_shape_within_itself_is_taken() -> None:
    body = b'{"TableName":"t","Item":{"a":{"M":{"b":{"L":[{"B":"aGk="},{"N":"1"}]}}}}}'
    value = {"M": {"b": {"L": [{"B": b"hi"}, {"N": "1"}]}}}
    expected = {"TableName": "t", "Item": {"a": value}}
    assert expected == decode(shape("dynamodb", "PutItem"), body)
    for deep in (b'{"L":[' * 100_000, b'{"M":{"a":' * 100_000):
        assert decode(shape("dynamodb", "PutItem"), b'{"Item":{"a":' + deep) is None


def test_an_operation_that_is_seldom_asked_for_gets_no_decoder_of_its_own() -> None:
    found, body = shape("dynamodb", "DescribeTable"), b'{"TableName":"t"}'
    # Models are shared, and other tests may have asked before.
    found.compiled.clear()
    asked = [typed_json.decode(found, body) for _ in range(typed_json.USES_MIN + 1)]
    assert [None] * typed_json.USES_MIN + [{"TableName": "t"}] == asked


@pytest.mark.parametrize("limit", [2**31, -(2**31) - 1, 2**70])
def test_a_number_that_is_too_large_is_left_to_the_reader(limit: int) -> None:
    found = shape("sqs", "SendMessage")
    body = json.dumps({"QueueUrl": "q", "DelaySeconds": limit}).encode()
    assert decode(found, body) is None
    with pytest.raises(WireError):
        json_values.reader(found)(json.loads(body))


# Bodies that are right, and bodies that the model forbids.


def met(service: str, name: str, body: bytes) -> Any:
    """What is decoded and checked at once, as if the operation had been asked for often."""
    found = decode(shape(service, name), body)
    return found if type(found) is validate.Met else None


def violations(service: str, name: str, params: Any) -> list[str]:
    operation = load.load(service).operation(name)
    assert operation is not None
    return validate.validator(operation)(params)


RIGHT = [
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {}}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"a" * 65535: {"S": ""}}}),
    ("dynamodb", "Query", {"TableName": "t", "IndexName": "a-b.c_D", "Limit": 1}),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {"t": [{"DeleteRequest": {"Key": {}}}] * 25}}),
    ("kinesis", "PutRecord", {"StreamName": "s", "Data": "aGk=", "PartitionKey": "k" * 256}),
    ("sqs", "SendMessage", {"QueueUrl": "", "MessageBody": "", "DelaySeconds": -1}),
]
WRONG = [
    ("dynamodb", "GetItem", {"TableName": "t"}),
    ("dynamodb", "GetItem", {"Key": {}}),
    ("dynamodb", "GetItem", {"TableName": "", "Key": {}}),
    ("dynamodb", "GetItem", {"TableName": "t" * 1025, "Key": {}}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"a" * 65536: {"S": ""}}}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {}, "AttributesToGet": []}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {}, "ReturnConsumedCapacity": "all"}),
    ("dynamodb", "Query", {"TableName": "t", "Limit": 0}),
    ("dynamodb", "Query", {"TableName": "t", "IndexName": "a b"}),
    ("dynamodb", "Query", {"TableName": "t", "IndexName": "abc\n"}),
    ("dynamodb", "Query", {"TableName": "t", "IndexName": "ab"}),
    ("dynamodb", "PutItem", {"TableName": "t", "Item": {"a": {"M": {"b" * 65536: {"S": ""}}}}}),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {"t": []}}),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {}}]}}),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {}}),
    ("kinesis", "PutRecord", {"Data": "", "PartitionKey": "", "StreamName": "s"}),
    ("kinesis", "PutRecord", {"Data": "A" * 13_981_016, "PartitionKey": "k", "StreamName": "s"}),
]


@pytest.mark.parametrize(("service", "name", "params"), RIGHT)
def test_what_meets_the_model_is_taken_as_the_reader_takes_it(
    service: str, name: str, params: Any
) -> None:
    found = met(service, name, json.dumps(params).encode())
    assert json_values.reader(shape(service, name))(params) == found
    assert [] == violations(service, name, found)


@pytest.mark.parametrize(("service", "name", "params"), WRONG)
def test_what_the_model_forbids_is_left_to_who_says_what_is_wrong(
    service: str, name: str, params: Any
) -> None:
    assert violations(service, name, json_values.reader(shape(service, name))(params))
    assert met(service, name, json.dumps(params).encode()) is None


@given(st.sampled_from(["SendMessage", "ReceiveMessage"]), RECORDS)
def test_whatever_is_taken_is_right(name: str, value: Any) -> None:
    members = shape("sqs", name).members
    for member in members:
        params = {"QueueUrl": "q", "MessageBody": "m", member: value}
        found = met("sqs", name, json.dumps(params).encode())
        if found is not None:
            assert json_values.reader(shape("sqs", name))(params) == found
            assert [] == violations("sqs", name, found)
