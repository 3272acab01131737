"""Records that the Kinesis Producer Library has aggregated: one record of the stream, untouched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from e2e.kinesis.reading import SHARD, iterator, records
from support import kpl
from support.kpl import UserRecord

USERS = [
    UserRecord("a", b"first"),
    UserRecord("b", b"\x00\xff" * 100, "0"),
    UserRecord("a", b""),
    UserRecord("k\u00e4se", b"last", str(2**128 - 1)),
]


def test_an_aggregated_record_is_one_record(kinesis: Any, stream: str) -> None:
    data = kpl.aggregate(USERS)
    answer = kinesis.put_records(
        StreamName=stream,
        Records=[
            {"Data": data, "PartitionKey": "a", "ExplicitHashKey": "0"},
            {"Data": b"alone", "PartitionKey": "b"},
        ],
    )
    found = records(kinesis, stream)
    assert [data, b"alone"] == [each["Data"] for each in found]
    assert ["a", "b"] == [each["PartitionKey"] for each in found]
    assert [each["SequenceNumber"] for each in answer["Records"]] == [
        each["SequenceNumber"] for each in found
    ]
    assert USERS == kpl.user_records(found[0]["Data"])


def test_a_limit_counts_aggregated_records_not_those_within(kinesis: Any, stream: str) -> None:
    for _ in range(3):
        kinesis.put_record(StreamName=stream, Data=kpl.aggregate(USERS), PartitionKey="a")
    page = kinesis.get_records(ShardIterator=iterator(kinesis, stream), Limit=2)
    assert 2 == len(page["Records"])


def test_subscribers_get_aggregated_records(
    kinesis: Any, stream: str, arn: Callable[[str], str]
) -> None:
    data = kpl.aggregate(USERS)
    kinesis.put_record(StreamName=stream, Data=data, PartitionKey="a")
    consumer = kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")
    told = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["Consumer"]["ConsumerARN"], ShardId=SHARD,
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]  # fmt: skip
    event = next(iter(told))["SubscribeToShardEvent"]
    told.close()
    assert [data] == [each["Data"] for each in event["Records"]]


def test_what_is_no_aggregated_record_is_told_apart() -> None:
    with pytest.raises(ValueError, match="not an aggregated record"):
        kpl.user_records(kpl.aggregate(USERS)[:-1] + b"\x00")
