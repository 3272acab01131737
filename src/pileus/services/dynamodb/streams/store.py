"""Rows of streams and their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction

_INSERT = """
INSERT INTO dynamodb_streams (part, arn, number, created_at, ended_at, first, last, description)
VALUES (:part, :arn, :number, :now, 0, :first, 0, :description)
"""
_FIND = """
SELECT arn, number, created_at, ended_at, first, last, description FROM dynamodb_streams
WHERE part = :part AND arn = :arn
"""
_END = """
UPDATE dynamodb_streams SET ended_at = :now, last = :last WHERE part = :part AND arn = :arn
"""
_DELETE = "DELETE FROM dynamodb_streams WHERE part = :part AND arn = :arn"
_INSERT_RECORD = """
INSERT INTO dynamodb_stream_records (part, number, position, changed_at, record)
VALUES (:part, :number, :position, :now, :record)
"""
_RECORDS = """
SELECT position, record FROM dynamodb_stream_records
WHERE part = :part AND number = :number AND position >= :position AND changed_at > :since
ORDER BY position LIMIT :limit
"""
_FIRST = """
SELECT position, changed_at FROM dynamodb_stream_records
WHERE part = :part AND number = :number AND position >= :position
ORDER BY position LIMIT 1
"""
_SINCE = """
SELECT position FROM dynamodb_stream_records
WHERE part = :part AND number = :number AND changed_at >= :since ORDER BY position LIMIT 1
"""
_TRIM = """
DELETE FROM dynamodb_stream_records
WHERE part = :part AND number = :number AND position IN (
  SELECT position FROM dynamodb_stream_records
  WHERE part = :part AND number = :number AND changed_at <= :until
  ORDER BY position LIMIT :limit)
"""


class StreamRow(NamedTuple):
    """`first` is the position before its first record, `last` that of its last once it ended."""

    arn: str
    number: int
    created_at: int
    ended_at: int
    first: int
    last: int
    description: dict[str, Any]


class RecordRow(NamedTuple):
    position: int
    packed: bytes


def insert(
    tx: Transaction, arn: str, number: int, first: int, description: Mapping[str, Any]
) -> None:
    packed = msgspec.json.encode(description)
    tx.run(_INSERT, arn=arn, number=number, first=first, description=packed)


def find(tx: Transaction, arn: str) -> StreamRow | None:
    row = tx.one(_FIND, arn=arn)
    if row is None:
        return None
    arn, number, created_at, ended_at, first, last, description = row
    return StreamRow(
        arn, number, created_at, ended_at, first, last, msgspec.json.decode(description)
    )


def end(tx: Transaction, arn: str, last: int) -> None:
    tx.run(_END, arn=arn, last=last)


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)


def insert_record(tx: Transaction, number: int, position: int, packed: bytes) -> None:
    tx.run(_INSERT_RECORD, number=number, position=position, record=packed)


def read_records(
    tx: Transaction, number: int, position: int, since: int, limit: int
) -> list[RecordRow]:
    rows = tx.all(
        _RECORDS, at_most=limit, number=number, position=position, since=since, limit=limit
    )
    return [RecordRow(*row) for row in rows]


def first_record(tx: Transaction, number: int, position: int = 0) -> tuple[int, int] | None:
    """Position and time of the first record from a position on."""
    row = tx.one(_FIRST, number=number, position=position)
    return None if row is None else (row[0], row[1])


def first_since(tx: Transaction, number: int, since: int) -> int | None:
    """The position of the first record of an instant or later."""
    row = tx.one(_SINCE, number=number, since=since)
    return None if row is None else row[0]


def trim(tx: Transaction, number: int, until: int, limit: int) -> bool:
    """Remove a page of records up to an instant; True where there may be more."""
    return tx.run(_TRIM, number=number, until=until, limit=limit) >= limit
