"""The rows of log groups, streams and events; the only SQL of the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.logs.chunks import SPANS_MS, Chunk, Position, Row, Source

PURGED_AT_ONCE = 150
# How many rows one look at a level fetches: few where many streams are read side by side.
ROWS_AT_ONCE = 64
_LAST = "\U0010ffff"


class Group(NamedTuple):
    arn: str
    group_id: int
    name: str
    created_at: int
    group_class: str
    is_protected: int
    kms_key_id: str
    retention_days: int
    expiry_at: int
    stored_bytes: int


class Stream(NamedTuple):
    name: str
    stream_id: int
    created_at: int
    first_event_at: int
    last_event_at: int
    last_ingested_at: int


class Place(NamedTuple):
    """Where the events of a batch go: the numbers from `sequence` on are theirs."""

    group_id: int
    sequence: int
    retention_days: int
    expiry_at: int


# Groups.

_GROUP = """
SELECT arn, group_id, name, created_at, class, is_protected, kms_key_id, retention_days, expiry_at,
  stored_bytes
FROM logs_groups WHERE part = :part AND arn = :arn
"""
_ADD_GROUP = """
INSERT INTO logs_groups
  (part, arn, group_id, name, created_at, class, is_protected, kms_key_id, retention_days)
VALUES (:part, :arn, :group_id, :name, :now, :class, :is_protected, :kms_key_id, :retention_days)
ON CONFLICT (part, arn) DO NOTHING
"""
_REMOVE_GROUP = "DELETE FROM logs_groups WHERE part = :part AND arn = :arn"
_SET_RETENTION = """
UPDATE logs_groups SET retention_days = :days, expiry_at = :expiry_at
WHERE part = :part AND arn = :arn
"""
_SET_EXPIRY = "UPDATE logs_groups SET expiry_at = :expiry_at WHERE part = :part AND arn = :arn"
_SET_KEY = "UPDATE logs_groups SET kms_key_id = :key WHERE part = :part AND arn = :arn"
_SET_PROTECTION = """
UPDATE logs_groups SET is_protected = :is_protected WHERE part = :part AND arn = :arn
"""
_RESERVE = """
UPDATE logs_groups SET next_sequence = next_sequence + :count, stored_bytes = stored_bytes + :bytes
WHERE part = :part AND arn = :arn
RETURNING group_id, next_sequence - :count, retention_days, expiry_at
"""
_NEXT_NUMBER = """
SELECT group_id, next_sequence FROM logs_groups WHERE part = :part AND arn = :arn
"""
_RELEASE_BYTES = """
UPDATE logs_groups SET stored_bytes = stored_bytes - :bytes
WHERE part = :part AND arn = :arn AND group_id = :group_id
"""


def group(tx: Transaction, arn: str) -> Group | None:
    row = tx.one(_GROUP, arn=arn)
    return None if row is None else Group(*row)


def add_group(tx: Transaction, added: Group) -> bool:
    """False if there is one of this name."""
    values = {
        "arn": added.arn,
        "group_id": added.group_id,
        "name": added.name,
        "class": added.group_class,
        "is_protected": added.is_protected,
        "kms_key_id": added.kms_key_id,
        "retention_days": added.retention_days,
    }
    return tx.run(_ADD_GROUP, **values) > 0


def remove_group(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE_GROUP, arn=arn)


def set_retention(tx: Transaction, arn: str, days: int, expiry_at: int) -> bool:
    return tx.run(_SET_RETENTION, arn=arn, days=days, expiry_at=expiry_at) > 0


def set_expiry(tx: Transaction, arn: str, expiry_at: int) -> None:
    tx.run(_SET_EXPIRY, arn=arn, expiry_at=expiry_at)


def set_key(tx: Transaction, arn: str, key: str) -> bool:
    return tx.run(_SET_KEY, arn=arn, key=key) > 0


def set_protection(tx: Transaction, arn: str, is_protected: bool) -> bool:
    return tx.run(_SET_PROTECTION, arn=arn, is_protected=int(is_protected)) > 0


def reserve(tx: Transaction, arn: str, count: int, size_bytes: int) -> Place | None:
    """Take sequence numbers for events and add up their bytes; None where there is no group."""
    row = tx.one(_RESERVE, arn=arn, count=count, bytes=size_bytes)
    return None if row is None else Place(*row)


def next_number(tx: Transaction, arn: str) -> tuple[int, int] | None:
    """A group's id and the number that its next event will have; None where there is no group."""
    row = tx.one(_NEXT_NUMBER, arn=arn)
    return None if row is None else (row[0], row[1])


# Streams.

_STREAM = """
SELECT name, stream_id, created_at, first_event_at, last_event_at, last_ingested_at
FROM logs_streams WHERE part = :part AND group_id = :group_id AND name = :name
"""
_ADD_STREAM = """
INSERT INTO logs_streams (part, group_id, name, stream_id, created_at)
VALUES (:part, :group_id, :name, :stream_id, :now)
ON CONFLICT (part, group_id, name) DO NOTHING
"""
_REMOVE_STREAM = """
DELETE FROM logs_streams WHERE part = :part AND group_id = :group_id AND name = :name
"""
_NOTE = """
UPDATE logs_streams SET last_ingested_at = :now,
  first_event_at = CASE WHEN first_event_at BETWEEN 0 AND :first THEN first_event_at
    ELSE :first END,
  last_event_at = CASE WHEN last_event_at > :last THEN last_event_at ELSE :last END
WHERE part = :part AND group_id = :group_id AND name = :name
RETURNING stream_id
"""
_STREAMS = """
SELECT name, stream_id, created_at, first_event_at, last_event_at, last_ingested_at
FROM logs_streams WHERE part = :part AND group_id = :group_id
"""
_BY_NAME = f"""{_STREAMS} AND name > :after AND name >= :prefix AND name < :beyond
ORDER BY name LIMIT :limit"""
_BY_NAME_BACKWARD = f"""{_STREAMS} AND name < :after AND name >= :prefix AND name < :beyond
ORDER BY name DESC LIMIT :limit"""
_BY_TIME = f"""{_STREAMS} AND (last_event_at, name) > (:at, :after)
ORDER BY last_event_at, name LIMIT :limit"""
_BY_TIME_BACKWARD = f"""{_STREAMS} AND (last_event_at, name) < (:at, :after)
ORDER BY last_event_at DESC, name DESC LIMIT :limit"""


def stream(tx: Transaction, group_id: int, name: str) -> Stream | None:
    row = tx.one(_STREAM, group_id=group_id, name=name)
    return None if row is None else Stream(*row)


def add_stream(tx: Transaction, group_id: int, name: str, stream_id: int) -> bool:
    """False if there is one of this name."""
    return tx.run(_ADD_STREAM, group_id=group_id, name=name, stream_id=stream_id) > 0


def remove_stream(tx: Transaction, group_id: int, name: str) -> None:
    tx.run(_REMOVE_STREAM, group_id=group_id, name=name)


def note_events(
    tx: Transaction, group_id: int, name: str, first_at: int, last_at: int
) -> int | None:
    """Record that a stream got events; its id, or None where there is no such stream."""
    row = tx.one(_NOTE, group_id=group_id, name=name, first=first_at, last=last_at)
    return None if row is None else row[0]


def streams_by_name(
    tx: Transaction, group_id: int, prefix: str, after: str, is_descending: bool, count: int
) -> list[Stream]:
    """Streams in order of name, past `after` where it is not empty."""
    sql = _BY_NAME_BACKWARD if is_descending else _BY_NAME
    rows = tx.all(
        sql, at_most=count, group_id=group_id, prefix=prefix, beyond=prefix + _LAST, limit=count,
        after=after or (_LAST if is_descending else ""),
    )  # fmt: skip
    return [Stream(*row) for row in rows]


def streams_by_time(
    tx: Transaction, group_id: int, after: tuple[int, str], is_descending: bool, count: int
) -> list[Stream]:
    """Streams in order of their last event, past `after`; those without events are the oldest."""
    sql = _BY_TIME_BACKWARD if is_descending else _BY_TIME
    rows = tx.all(sql, at_most=count, group_id=group_id, at=after[0], after=after[1], limit=count)
    return [Stream(*row) for row in rows]


# Events.

_ADD_CHUNK = """
INSERT INTO logs_chunks
  (part, group_id, level, at, sequence, last_at, stream_id, ingested_at, size_bytes, events)
VALUES
  (:part, :group_id, :level, :at, :sequence, :last_at, :stream_id, :now, :size_bytes, :events)
"""
_CHUNKS = """
SELECT chunks.at, chunks.sequence, streams.name, chunks.ingested_at, chunks.events
FROM logs_chunks AS chunks LEFT JOIN logs_streams AS streams
  ON streams.part = chunks.part AND streams.group_id = chunks.group_id
  AND streams.stream_id = chunks.stream_id
WHERE chunks.part = :part AND chunks.group_id = :group_id AND chunks.level = :level
"""
_INGESTED = """
SELECT chunks.at, chunks.sequence, streams.name, chunks.ingested_at, chunks.events
FROM logs_chunks AS chunks LEFT JOIN logs_streams AS streams
  ON streams.part = chunks.part AND streams.group_id = chunks.group_id
  AND streams.stream_id = chunks.stream_id
WHERE chunks.part = :part AND chunks.group_id = :group_id AND chunks.sequence >= :sequence
ORDER BY chunks.sequence LIMIT :limit
"""
_FORWARD = """
  AND (chunks.at, chunks.sequence) > (:at, :sequence) AND chunks.at <= :high
  AND chunks.last_at >= :low
ORDER BY chunks.at, chunks.sequence LIMIT :limit
"""
_BACKWARD = """
  AND (chunks.at, chunks.sequence) < (:at, :sequence) AND chunks.at >= :low - :span
  AND chunks.last_at >= :low
ORDER BY chunks.at DESC, chunks.sequence DESC LIMIT :limit
"""
_OF_STREAM = " AND chunks.stream_id = :stream_id"


def add_chunks(tx: Transaction, place: Place, stream_id: int, chunks: Sequence[Chunk]) -> None:
    for chunk in chunks:
        tx.run(
            _ADD_CHUNK, group_id=place.group_id, level=chunk.level, at=chunk.at,
            sequence=place.sequence + chunk.offset, last_at=chunk.last_at, stream_id=stream_id,
            size_bytes=chunk.size_bytes, events=chunk.events,
        )  # fmt: skip


def ingested(tx: Transaction, group_id: int, sequence: int, count: int) -> list[Row]:
    """Rows in the order in which they came, from a number on."""
    rows = tx.all(_INGESTED, at_most=count, group_id=group_id, sequence=sequence, limit=count)
    return [Row(*row) for row in rows]


def sources(
    tx: Transaction,
    group_id: int,
    stream_ids: Sequence[int] | None,
    begin: Position,
    low: int,
    high: int,
    is_forward: bool,
) -> list[Source]:
    """What to merge for the events of some streams of a group, or of the whole group."""
    wanted: Sequence[int | None] = [None] if stream_ids is None else stream_ids
    rows_at_once = max(4, ROWS_AT_ONCE // max(1, len(wanted)))
    return [
        _source(tx, group_id, stream_id, level, begin, low, high, is_forward, rows_at_once)
        for stream_id in wanted
        for level in range(len(SPANS_MS))
    ]


def _source(
    tx: Transaction, group_id: int, stream_id: int | None, level: int, begin: Position, low: int,
    high: int, is_forward: bool, rows_at_once: int,
) -> Source:  # fmt: skip
    sql = _CHUNKS + ("" if stream_id is None else _OF_STREAM)
    sql += _FORWARD if is_forward else _BACKWARD
    values: dict[str, Any] = {"group_id": group_id, "level": level, "low": low}
    if stream_id is not None:
        values["stream_id"] = stream_id
    if is_forward:
        values["high"] = high
    else:
        values["span"] = SPANS_MS[level]

    def fetch(after: Position, count: int) -> list[Any]:
        return tx.all(sql, at_most=count, at=after[0], sequence=after[1], limit=count, **values)

    return Source(level, fetch, begin, rows_at_once, is_forward)


# Removing, a page at a time.

_EXPIRED = """
SELECT level, at, sequence, size_bytes FROM logs_chunks
WHERE part = :part AND group_id = :group_id AND level = :level AND at < :before
  AND last_at < :before
ORDER BY at, sequence LIMIT :limit
"""
_OLDEST = """
SELECT last_at FROM logs_chunks
WHERE part = :part AND group_id = :group_id AND level = :level ORDER BY at, sequence LIMIT 1
"""
_IN_GROUP = """
SELECT level, at, sequence, size_bytes FROM logs_chunks
WHERE part = :part AND group_id = :group_id ORDER BY level, at, sequence LIMIT :limit
"""
_IN_STREAM = """
SELECT level, at, sequence, size_bytes FROM logs_chunks
WHERE part = :part AND group_id = :group_id AND stream_id = :stream_id
ORDER BY level, at, sequence LIMIT :limit
"""
_REMOVE_CHUNK = """
DELETE FROM logs_chunks
WHERE part = :part AND group_id = :group_id AND level = :level AND at = :at AND sequence = :sequence
"""
_REMOVE_STREAMS = """
DELETE FROM logs_streams WHERE part = :part AND group_id = :group_id AND name IN (
  SELECT name FROM logs_streams WHERE part = :part AND group_id = :group_id
  ORDER BY name LIMIT :limit)
"""


def remove_expired(tx: Transaction, arn: str, group_id: int, before: int) -> bool:
    """Remove a page of rows whose events are all older; says whether there may be more."""
    rows: list[Any] = []
    for level in range(len(SPANS_MS)):
        left = PURGED_AT_ONCE - len(rows)
        rows += tx.all(
            _EXPIRED, at_most=left, group_id=group_id, level=level, before=before, limit=left
        )
    return _remove(tx, arn, group_id, rows)


def remove_of_group(tx: Transaction, arn: str, group_id: int) -> bool:
    """Remove a page of a deleted group's rows; says whether there may be more."""
    rows = tx.all(_IN_GROUP, at_most=PURGED_AT_ONCE, group_id=group_id, limit=PURGED_AT_ONCE)
    is_more = _remove(tx, arn, group_id, rows)
    streams = tx.run(_REMOVE_STREAMS, group_id=group_id, limit=PURGED_AT_ONCE)
    return is_more or streams == PURGED_AT_ONCE


def remove_of_stream(tx: Transaction, arn: str, group_id: int, stream_id: int) -> bool:
    """Remove a page of a deleted stream's rows; says whether there may be more."""
    rows = tx.all(
        _IN_STREAM, at_most=PURGED_AT_ONCE, group_id=group_id, stream_id=stream_id,
        limit=PURGED_AT_ONCE,
    )  # fmt: skip
    return _remove(tx, arn, group_id, rows)


def _remove(tx: Transaction, arn: str, group_id: int, rows: Sequence[Any]) -> bool:
    if rows:
        keys = [
            {"group_id": group_id, "level": level, "at": at, "sequence": sequence}
            for level, at, sequence, _ in rows
        ]
        tx.run_many(_REMOVE_CHUNK, keys)
        tx.run(_RELEASE_BYTES, arn=arn, group_id=group_id, bytes=sum(row[3] for row in rows))
    return len(rows) == PURGED_AT_ONCE


def oldest_at(tx: Transaction, group_id: int) -> int | None:
    """The last instant of a row that is among the oldest; None where the group is empty."""
    found = [tx.one(_OLDEST, group_id=group_id, level=level) for level in range(len(SPANS_MS))]
    return min((row[0] for row in found if row is not None), default=None)
