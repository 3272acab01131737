"""Functions get aggregated records of the Kinesis Producer Library as they are in the stream.

docs: streams/latest/dev/kinesis-record-deaggregation: a function takes them apart by itself.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from support import kpl
from support.kpl import UserRecord
from support.lambdas import Functions
from support.streaming import Event, Streams


@pytest.fixture
def streams(functions: Functions, aws: Any) -> Streams:
    return Streams(functions, aws)


def put(streams: Streams, *bodies: bytes) -> str:
    """The sequence number of one record that holds these."""
    data = kpl.aggregate([UserRecord("k", body) for body in bodies])
    answer = streams.kinesis.put_record(StreamName="s", Data=data, PartitionKey="k")
    number: str = answer["SequenceNumber"]
    return number


def users(event: Event) -> list[bytes]:
    data = [base64.b64decode(each["kinesis"]["data"]) for each in event["Records"]]
    return [record.data for each in data for record in kpl.user_records(each)]


def test_a_function_takes_records_apart_by_itself(streams: Streams) -> None:
    arn = streams.create()
    numbers = [put(streams, b"a", b"b"), put(streams, b"c")]
    streams.map(arn)
    streams.idle()
    [event] = streams.events
    assert numbers == [each["kinesis"]["sequenceNumber"] for each in event["Records"]]
    assert [b"a", b"b", b"c"] == users(event)


def test_batches_and_reported_failures_count_aggregated_records(streams: Streams) -> None:
    arn = streams.create()
    put(streams, b"a", b"b")
    failed = put(streams, b"c", b"d")

    def fail_once(event: Event) -> Any:
        failures = [{"itemIdentifier": failed}] if len(streams.events) == 1 else []
        return {"batchItemFailures": failures}

    streams.map(arn, fail_once, BatchSize=2, FunctionResponseTypes=["ReportBatchItemFailures"])
    streams.idle()
    streams.functions.pileus.advance(10)
    assert [[b"a", b"b", b"c", b"d"], [b"c", b"d"]] == [users(event) for event in streams.events]


def test_a_filter_of_data_takes_no_aggregated_record(streams: Streams) -> None:
    arn = streams.create()
    put(streams, b'{"kind": "wanted"}')
    streams.map(arn, FilterCriteria={"Filters": [{"Pattern": '{"data": {"kind": ["wanted"]}}'}]})
    streams.idle()
    assert [] == streams.events
