"""Asks Kinesis and DynamoDB Streams for shards and records, as any consumer outside would."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import records, topics
from pileus.kernel.shards.records import Record

TRIM_HORIZON, LATEST, AT_TIMESTAMP = "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"
_AFTER, _AT = "AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER"
_SHARDS_PER_PAGE = 1_000
# docs: GetRecords of Kinesis and of DynamoDB Streams
_STREAM_RECORDS_MAX, _TABLE_RECORDS_MAX = 10_000, 1_000
_TABLE_RETENTION_MS = 24 * 3_600_000
# What says that a position is gone, or was never of this stream.
_LOST = ("TrimmedDataAccessException", "InvalidArgumentException", "ValidationException")


class Start(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where reading a stream begins: at its oldest record, or with what came from an instant on.

    `after` names, for shards that had records of just that instant, the last one that was there.
    """

    at: int | None = None
    after: dict[str, str] = {}


class Place(NamedTuple):
    """Where reading a shard goes on: in AWS's words."""

    kind: str
    sequence: str = ""
    at: int = 0


class Shard(NamedTuple):
    id: str
    parents: tuple[str, ...]
    # Its first sequence number.
    began: str


class Page(NamedTuple):
    records: list[Record]
    is_at_end: bool


def after(sequence: str) -> Place:
    return Place(_AFTER, sequence)


def at(sequence: str) -> Place:
    return Place(_AT, sequence)


def first_place(start: Start, shard_id: str) -> Place:
    """Where reading a shard begins that has not been read yet."""
    if shard_id in start.after:
        return after(start.after[shard_id])
    return Place(TRIM_HORIZON) if start.at is None else Place(AT_TIMESTAMP, at=start.at)


def _began(shard: dict[str, Any]) -> str:
    number: str = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    return number


class Source:
    """A stream as one consumer reads it."""

    def __init__(self, call: Call, arn: str, role_arn: str) -> None:
        self._call = call
        self.arn = arn
        # A consumer with enhanced fan-out lies below its stream.
        self.stream_arn, _, consumer = arn.partition("/consumer/")
        self._has_consumer = bool(consumer)
        self._role_arn = role_arn
        self.is_table = arn.split(":")[2] == "dynamodb"

    def topics(self, shard_id: str) -> tuple[str, ...]:
        """What wakes who waits for records of a shard."""
        if self.is_table:
            # Its stream has one shard.
            return (self.stream_arn,)
        return topics.records_of(self.stream_arn, shard_id), topics.shards_of(self.stream_arn)

    async def shards(self) -> list[Shard]:
        """All shards that have not expired. Raises ResourceNotFoundException."""
        if self.is_table:
            return await self._table_shards()
        await self._check_consumer()
        found: list[Shard] = []
        asked: dict[str, Any] = {"StreamARN": self.stream_arn, "MaxResults": _SHARDS_PER_PAGE}
        while True:
            answer = await self._call.invoke("kinesis", "ListShards", **asked)
            for each in answer["Shards"]:
                parents = (each.get("ParentShardId"), each.get("AdjacentParentShardId"))
                known = tuple(parent for parent in parents if parent)
                found.append(Shard(each["ShardId"], known, _began(each)))
            if "NextToken" not in answer:
                return found
            asked = {"NextToken": answer["NextToken"], "MaxResults": _SHARDS_PER_PAGE}

    async def _table_shards(self) -> list[Shard]:
        answer = await self._call.invoke(
            "dynamodbstreams", "DescribeStream", StreamArn=self.stream_arn
        )
        return [
            Shard(
                each["ShardId"],
                (each["ParentShardId"],) if each.get("ParentShardId") else (),
                _began(each),
            )
            for each in answer["StreamDescription"]["Shards"]
        ]

    async def _check_consumer(self) -> None:
        if self._has_consumer:
            await self._call.invoke("kinesis", "DescribeStreamConsumer", ConsumerARN=self.arn)

    async def retention_ms(self) -> int:
        """How long records are kept."""
        if self.is_table:
            return _TABLE_RETENTION_MS
        answer = await self._call.invoke(
            "kinesis", "DescribeStreamSummary", StreamARN=self.stream_arn
        )
        hours: int = answer["StreamDescriptionSummary"]["RetentionPeriodHours"]
        return hours * 3_600_000

    async def iterator(self, shard_id: str, place: Place) -> str:
        """An iterator; where the place is gone, one of the oldest record."""
        try:
            return await self._iterator(shard_id, place)
        except AwsError as refusal:
            if refusal.code not in _LOST or place.kind == TRIM_HORIZON:
                raise
        return await self._iterator(shard_id, Place(TRIM_HORIZON))

    async def _iterator(self, shard_id: str, place: Place) -> str:
        more: dict[str, Any] = {}
        if place.kind == AT_TIMESTAMP:
            more["Timestamp"] = place.at
        if self.is_table:
            if place.sequence:
                more["SequenceNumber"] = place.sequence
            answer = await self._call.invoke(
                "dynamodbstreams", "GetShardIterator", StreamArn=self.stream_arn,
                ShardId=shard_id, ShardIteratorType=place.kind, **more,
            )  # fmt: skip
        else:
            if place.sequence:
                more["StartingSequenceNumber"] = place.sequence
            answer = await self._call.invoke(
                "kinesis", "GetShardIterator", StreamARN=self.stream_arn, ShardId=shard_id,
                ShardIteratorType=place.kind, **more,
            )  # fmt: skip
        found: str = answer["ShardIterator"]
        return found

    async def read(self, shard_id: str, iterator: str, count: int) -> tuple[Page, str]:
        """The next records of a shard, so many at most, and the iterator of those after them."""
        if self.is_table:
            answer = await self._call.invoke(
                "dynamodbstreams", "GetRecords", ShardIterator=iterator,
                Limit=min(count, _TABLE_RECORDS_MAX),
            )  # fmt: skip
            found = [records.of_table(each, self.arn) for each in answer["Records"]]
        else:
            await self._check_consumer()
            answer = await self._call.invoke(
                "kinesis", "GetRecords", ShardIterator=iterator, StreamARN=self.stream_arn,
                Limit=min(count, _STREAM_RECORDS_MAX),
            )  # fmt: skip
            found = [
                records.of_stream(each, shard_id, self.arn, self._role_arn)
                for each in answer["Records"]
            ]
        following = answer.get("NextShardIterator") or ""
        return Page(found, not following), following

    async def start(self, kind: str, timestamp: int | None) -> Start:
        """What a starting position in AWS's words means now: it is told once, and kept.

        Where `LATEST` is must not depend on when the first record is read, or on a crash.
        """
        if kind == TRIM_HORIZON:
            return Start()
        if kind == AT_TIMESTAMP:
            return Start(timestamp)
        now = self._call.now
        last: dict[str, str] = {}
        for shard in await self.shards():
            iterator = await self.iterator(shard.id, Place(AT_TIMESTAMP, at=now))
            while iterator:
                page, iterator = await self.read(shard.id, iterator, _TABLE_RECORDS_MAX)
                if not page.records:
                    break
                last[shard.id] = page.records[-1].sequence
        return Start(now, last)
