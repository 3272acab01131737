"""What a shard takes and gives in a second, with `--limits aws`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.kinesis.conftest import Metric
from e2e.kinesis.reading import SHARD, iterator, put, refusal
from support.running import Running

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that keeps to AWS's rates."""
    running = Running(tmp_path_factory.mktemp("pileus"), limits="aws").start()
    running.freeze()
    yield running
    running.stop()


def exceeded(stream: str, account: str, shard: str = SHARD) -> tuple[str, str]:
    return (
        "ProvisionedThroughputExceededException",
        f"Rate exceeded for shard {shard} in stream {stream} under account {account}.",
    )


def test_a_shard_takes_a_thousand_records_a_second(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 500
    failed = [
        kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]
        for _ in range(2)
    ]
    assert [0, 0] == failed
    answer = kinesis.put_records(StreamName=stream, Records=entries[:2])
    code, said = exceeded(stream, account)
    assert [{"ErrorCode": code, "ErrorMessage": said}] * 2 == answer["Records"]
    assert exceeded(stream, account) == refusal(
        kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="k"
    )
    pileus.advance(1)
    put(kinesis, stream, b"x")


def test_a_shard_takes_a_mebibyte_a_second(kinesis: Any, account: str, pileus: Running) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    half = {"Data": b"x" * (MEBIBYTE // 2 - 1), "PartitionKey": "k"}
    entries = [{**half, "ExplicitHashKey": "0"}] * 3 + [half]
    answer = kinesis.put_records(StreamName="s", Records=entries)
    assert 1 == answer["FailedRecordCount"]
    code, said = exceeded("s", account)
    assert {"ErrorCode": code, "ErrorMessage": said} == answer["Records"][2]
    pileus.advance(1)
    assert 0 == kinesis.put_records(StreamName="s", Records=entries[:2])["FailedRecordCount"]


def test_a_shard_is_read_five_times_a_second(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    token = iterator(kinesis, stream)
    for _ in range(5):
        kinesis.get_records(ShardIterator=token)
    assert exceeded(stream, account) == refusal(kinesis.get_records, ShardIterator=token)
    pileus.advance(1)
    kinesis.get_records(ShardIterator=token)


def test_a_shard_that_gave_ten_mebibytes_rests_for_five_seconds(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    for _ in range(11):
        put(kinesis, stream, b"x" * (MEBIBYTE - 1))
        pileus.advance(1)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert 10 == len(answer["Records"])
    token = answer["NextShardIterator"]
    pileus.advance(3)
    assert exceeded(stream, account) == refusal(kinesis.get_records, ShardIterator=token)
    pileus.advance(2)
    assert 1 == len(kinesis.get_records(ShardIterator=token)["Records"])


def test_what_was_throttled_is_counted(kinesis: Any, stream: str, metric: Metric) -> None:
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 400
    for _ in range(3):
        kinesis.put_records(StreamName=stream, Records=entries)
    refusal(kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="k")
    token = iterator(kinesis, stream)
    for _ in range(5):
        kinesis.get_records(ShardIterator=token)
    refusal(kinesis.get_records, ShardIterator=token)
    assert [200, 1_000] == [
        metric(f"PutRecords.{name}") for name in ("ThrottledRecords", "SuccessfulRecords")
    ]
    assert [0, 0.0] == [metric("PutRecord.Success"), metric("PutRecord.Success", "Maximum")]
    for shard in ({}, {"ShardId": SHARD}):
        assert [201, 1] == [
            metric(f"{name}ProvisionedThroughputExceeded", **shard) for name in ("Write", "Read")
        ]


def test_a_stream_is_scaled_ten_times_a_day(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    def scale(count: int) -> None:
        kinesis.update_shard_count(
            StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
        )

    for number in range(10):
        scale(2 - number % 2)
        pileus.advance(3_600)
    assert (
        "LimitExceededException",
        f"Stream {stream} under account {account} was scaled 10 times within 24 hours, which is "
        "the limit.",
    ) == refusal(scale, count=2)
    pileus.advance(14 * 3_600)
    scale(2)


def test_a_stream_on_demand_grows_once_it_was_throttled(kinesis: Any, pileus: Running) -> None:
    kinesis.create_stream(StreamName="demand", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 500

    def shards() -> int:
        summary = kinesis.describe_stream_summary(StreamName="demand")
        count: int = summary["StreamDescriptionSummary"]["OpenShardCount"]
        return count

    for _ in range(2):
        kinesis.put_records(StreamName="demand", Records=entries)
    pileus.advance(900)
    assert 4 == shards()
    for _ in range(3):
        kinesis.put_records(StreamName="demand", Records=entries)
    pileus.advance(900)
    assert 8 == shards()
    pileus.advance(900)
    assert 8 == shards()


def test_a_subscription_gets_two_mebibytes_a_second(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    found = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(StreamARN=found["StreamARN"], ConsumerName="c")
    for _ in range(4):
        put(kinesis, stream, b"x" * (MEBIBYTE - 1))
        pileus.advance(1)
    subscription = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["Consumer"]["ConsumerARN"], ShardId=SHARD,
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]  # fmt: skip
    events = iter(subscription)
    assert 2 == len(next(events)["SubscribeToShardEvent"]["Records"])
    # The next would come after a second of either clock.
    pileus.advance(1)
    assert 2 == len(next(events)["SubscribeToShardEvent"]["Records"])
    subscription.close()
