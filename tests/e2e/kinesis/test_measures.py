"""What streams state about themselves, as CloudWatch tells it."""

from __future__ import annotations

from typing import Any

from e2e.kinesis.conftest import Metric
from e2e.kinesis.reading import SHARD, iterator, put
from support.running import Running


def test_puts(kinesis: Any, stream: str, metric: Metric) -> None:
    put(kinesis, stream, b"abc")
    kinesis.put_records(
        StreamName=stream, Records=[{"Data": b"12345", "PartitionKey": "k"} for _ in range(3)]
    )
    assert [4, 22] == [metric(name) for name in ("IncomingRecords", "IncomingBytes")]
    assert [1, 4] == [metric(f"PutRecord.{name}") for name in ("Success", "Bytes")]
    assert {"Success": 1, "TotalRecords": 3, "SuccessfulRecords": 3, "FailedRecords": 0,
            "ThrottledRecords": 0, "Bytes": 18} == {
        name: metric(f"PutRecords.{name}")
        for name in ("Success", "TotalRecords", "SuccessfulRecords", "FailedRecords",
                     "ThrottledRecords", "Bytes")
    }  # fmt: skip
    assert 0 == metric("WriteProvisionedThroughputExceeded")
    assert [1, 1] == [
        metric(f"{name}.Latency", "SampleCount") for name in ("PutRecord", "PutRecords")
    ]


def test_a_reader_that_is_an_hour_behind(
    kinesis: Any, stream: str, pileus: Running, metric: Metric
) -> None:
    put(kinesis, stream, b"abc", b"de")
    pileus.advance(3_600)
    token = iterator(kinesis, stream)
    answer = kinesis.get_records(ShardIterator=token, Limit=1)
    assert 3_600_000 == answer["MillisBehindLatest"]
    assert 3_600_000 == metric("GetRecords.IteratorAgeMilliseconds", "Maximum")
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert 0 == answer["MillisBehindLatest"]
    kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert 0 == metric("GetRecords.IteratorAgeMilliseconds", "Minimum")
    assert [2, 7, 3] == [metric(f"GetRecords.{name}") for name in ("Records", "Bytes", "Success")]


def test_metrics_of_shards_once_they_are_enabled(kinesis: Any, stream: str, metric: Metric) -> None:
    shard = {"ShardId": SHARD}
    put(kinesis, stream, b"abc")
    wanted = ["IncomingBytes", "OutgoingRecords", "IteratorAgeMilliseconds"]
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=wanted)
    put(kinesis, stream, b"abcd")
    kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert [5, 2, 0] == [metric(name, **shard) for name in wanted]
    assert [None, None] == [metric(name, **shard) for name in ("IncomingRecords", "OutgoingBytes")]
    kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    put(kinesis, stream, b"abcd")
    assert 5 == metric("IncomingBytes", **shard)


def test_subscriptions_by_their_consumers(kinesis: Any, stream: str, metric: Metric) -> None:
    found = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(StreamARN=found["StreamARN"], ConsumerName="c")
    put(kinesis, stream, b"abc")
    subscription = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["Consumer"]["ConsumerARN"], ShardId=SHARD,
        StartingPosition={"Type": "TRIM_HORIZON"},
    )  # fmt: skip
    next(iter(subscription["EventStream"]))
    subscription["EventStream"].close()
    assert [1, 0] == [
        metric(f"SubscribeToShard.{name}", ConsumerName="c") for name in ("Success", "RateExceeded")
    ]
    assert [1, 4] == [
        metric(f"SubscribeToShardEvent.{name}", "Maximum", ConsumerName="c")
        for name in ("Records", "Bytes")
    ]
