"""The moving window: what has expired is not read, and its rows go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.kinesis.filling import fill
from e2e.kinesis.reading import SHARD, data, iterator, put, records, refusal
from pileus.kernel.transaction import Transaction
from support.running import Running

HOUR = 3_600
_COUNT = "SELECT COUNT(*) FROM kinesis_chunks WHERE part = :part"


def kept(tx: Transaction) -> int:
    row = tx.one(_COUNT)
    assert row is not None
    return int(row[0])


def rows(pileus: Running, account: str, stream: str) -> int:
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/{stream}"
    return pileus.run(pileus.app.kernel.store.read(kept, about=arn))


def test_records_are_kept_for_a_day(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    put(kinesis, stream, b"a")
    pileus.advance(23 * HOUR)
    put(kinesis, stream, b"b")
    assert [b"a", b"b"] == data(records(kinesis, stream))
    pileus.advance(1 * HOUR)
    assert [b"b"] == data(records(kinesis, stream))
    pileus.advance(60)
    assert 1 == rows(pileus, account, stream)
    pileus.advance(23 * HOUR)
    assert [] == records(kinesis, stream)
    assert 0 == rows(pileus, account, stream)
    put(kinesis, stream, b"c")
    pileus.advance(25 * HOUR)
    assert 0 == rows(pileus, account, stream)


def test_a_longer_period_keeps_what_has_not_yet_gone(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    put(kinesis, stream, b"a")
    pileus.advance(20 * HOUR)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8_760)
    pileus.advance(360 * 24 * HOUR)
    assert [b"a"] == data(records(kinesis, stream))
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    pileus.advance(0)
    assert [] == records(kinesis, stream)


def test_a_longer_period_brings_back_nothing_that_has_gone(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    assert [] == records(kinesis, stream)
    put(kinesis, stream, b"a")
    assert [b"a"] == data(records(kinesis, stream))
    pileus.advance(25 * HOUR)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=72)
    put(kinesis, stream, b"b")
    assert [b"b"] == data(records(kinesis, stream))


def test_many_rows_go_page_by_page(
    kinesis: Any, stream: str, pileus: Running, account: str
) -> None:
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/{stream}"
    fill(pileus, arn, [b"x"] * 400)
    assert 400 == rows(pileus, account, stream)
    pileus.advance(25 * HOUR)
    assert 0 == rows(pileus, account, stream)
    fill(pileus, arn, [b"y"] * 200)
    kinesis.delete_stream(StreamName=stream)
    pileus.advance(0)
    assert 0 == rows(pileus, account, stream)


def test_a_closed_shard_goes_with_its_records(kinesis: Any, stream: str, pileus: Running) -> None:
    put(kinesis, stream, b"a")
    pileus.advance(1 * HOUR)
    token = iterator(kinesis, stream)
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    assert [b"a"] == data(kinesis.get_records(ShardIterator=token)["Records"])
    pileus.advance(23 * HOUR)
    assert [] == records(kinesis, stream)
    assert 3 == len(kinesis.list_shards(StreamName=stream)["Shards"])
    pileus.advance(1 * HOUR)
    assert 2 == len(kinesis.list_shards(StreamName=stream)["Shards"])
    assert "ResourceNotFoundException" == refusal(
        kinesis.get_shard_iterator, StreamName=stream, ShardId=SHARD, ShardIteratorType="LATEST"
    )[0]  # fmt: skip
    kinesis.put_record(StreamName=stream, Data=b"b", PartitionKey="k")
    pileus.advance(25 * HOUR)
    assert 2 == len(kinesis.list_shards(StreamName=stream)["Shards"])


@pytest.mark.parametrize(
    ("operation", "hours", "expected"),
    [
        (
            "increase", 23,
            "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) "
            "is too short.",
        ),
        (
            "increase", 8_761,
            "Maximum allowed retention period is 8760 hours. Requested retention period (8761 "
            "hours) is too long.",
        ),
        (
            "increase", 47,
            "Requested retention period (47 hours) for stream {} can not be shorter than existing "
            "retention period (48 hours). Use DecreaseRetentionPeriod API.",
        ),
        (
            "decrease", 49,
            "Requested retention period (49 hours) for stream {} can not be longer than existing "
            "retention period (48 hours). Use IncreaseRetentionPeriod API.",
        ),
    ],
)  # fmt: skip
def test_periods_that_aws_refuses(
    kinesis: Any, stream: str, operation: str, hours: int, expected: str
) -> None:
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    change = getattr(kinesis, f"{operation}_stream_retention_period")
    assert ("InvalidArgumentException", expected.format(stream)) == refusal(
        change, StreamName=stream, RetentionPeriodHours=hours
    )


def test_a_consumer_begins_an_hour_ago(
    kinesis: Any, stream: str, arn: Callable[[str], str], pileus: Running
) -> None:
    """The row at an instant is found by halving, among many and at both ends."""
    instants = []
    for _ in range(3):
        fill(pileus, arn(stream), [b"x"] * 40)
        put(kinesis, stream, b"%d" % len(instants))
        instants.append(pileus.now)
        pileus.advance(HOUR // 2)

    def since(at: int) -> list[bytes]:
        moment = datetime.fromtimestamp(at / 1000, UTC)
        found = records(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=moment)
        return [each for each in data(found) if each != b"x"]

    assert [b"1", b"2"] == since(pileus.now - HOUR * 1000)
    assert [b"0", b"1", b"2"] == since(instants[0] - 1)
    assert [b"2"] == since(instants[1] + 1)
    assert [] == since(instants[2] + 1)
