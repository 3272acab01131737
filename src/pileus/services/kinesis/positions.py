"""Where reading begins: iterator types and starting positions become positions of a shard."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors, sequence_numbers, shards, store
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream

_BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


class Start(NamedTuple):
    """Where a reader wants to begin, in AWS's words."""

    kind: str
    sequence_number: str | None = None
    timestamp: int | None = None


def check(start: Start) -> None:
    """Raises AWS's errors for members that do not go together."""
    is_by_number = start.kind in _BY_NUMBER
    if is_by_number != (start.sequence_number is not None):
        raise errors.number_and_type(start.kind, not is_by_number)
    if start.kind == "AT_TIMESTAMP" and start.timestamp is None:
        raise errors.no_timestamp()


def visible_shard(tx: Transaction, stream: Stream, shard_id: str) -> Shard:
    """The shard of an id, unless it has expired. Raises ResourceNotFoundException."""
    shard = store.shard_map(tx, stream).get(shards.number_of(shard_id))
    if shard is None or not is_visible(shard, stream, tx.now):
        raise errors.shard_does_not_exist(stream.arn, shard_id)
    return shard


def is_visible(shard: Shard, stream: Stream, now: int) -> bool:
    return shard.is_open or shard.closed_at > stream.oldest_kept(now)


def resolve(tx: Transaction, stream: Stream, shard: Shard, start: Start) -> int:
    """The position of the first record to be read."""
    check(start)
    if start.kind == "TRIM_HORIZON":
        return 0
    if start.kind == "LATEST":
        return _end(stream, shard)
    if start.kind == "AT_TIMESTAMP":
        assert start.timestamp is not None
        if start.timestamp > tx.now:
            raise errors.timestamp_in_future(start.timestamp, tx.now)
        found = store.first_since(tx, stream, shard.number, max(0, start.timestamp))
        return _end(stream, shard) if found is None else found
    assert start.sequence_number is not None
    position = _position(stream, shard, start.sequence_number)
    return position + 1 if start.kind == "AFTER_SEQUENCE_NUMBER" else position


def _end(stream: Stream, shard: Shard) -> int:
    return stream.next_position if shard.is_open else shard.last_position


def _position(stream: Stream, shard: Shard, number: str) -> int:
    if number == "0":
        return 0
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    place = sequence_numbers.parse(number, base)
    if place is None:
        raise errors.foreign_number(stream.arn, number, shard.id)
    if place.shard != shard.number:
        raise errors.number_of_other_shard(shards.shard_id(place.shard), shard.id)
    return place.position
