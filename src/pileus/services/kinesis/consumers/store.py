"""The rows of consumers."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis.store import Stream

# docs: API_RegisterStreamConsumer, of streams that are on demand in an account with a commitment.
CONSUMERS_MAX = 50


class Consumer(NamedTuple):
    name: str
    arn: str
    created_at: int
    status: str


_CONSUMERS = """
SELECT name, arn, created_at, status FROM kinesis_consumers
WHERE part = :part AND stream_id = :stream_id ORDER BY name LIMIT :limit
"""
_CONSUMER = """
SELECT name, arn, created_at, status FROM kinesis_consumers
WHERE part = :part AND stream_id = :stream_id AND name = :name
"""
_ADD_CONSUMER = """
INSERT INTO kinesis_consumers (part, stream_id, name, arn, created_at, status)
VALUES (:part, :stream_id, :name, :arn, :created_at, :status)
ON CONFLICT (part, stream_id, name) DO NOTHING
"""
_SET_CONSUMER_STATUS = """
UPDATE kinesis_consumers SET status = :status
WHERE part = :part AND stream_id = :stream_id AND name = :name
"""
_REMOVE_CONSUMER = """
DELETE FROM kinesis_consumers WHERE part = :part AND stream_id = :stream_id AND name = :name
"""
_REMOVE_CONSUMERS = "DELETE FROM kinesis_consumers WHERE part = :part AND stream_id = :stream_id"


def listed(tx: Transaction, stream: Stream) -> list[Consumer]:
    rows = tx.all(
        _CONSUMERS, at_most=CONSUMERS_MAX, stream_id=stream.stream_id, limit=CONSUMERS_MAX
    )
    return [Consumer(*row) for row in rows]


def seek(tx: Transaction, stream: Stream, name: str) -> Consumer | None:
    row = tx.one(_CONSUMER, stream_id=stream.stream_id, name=name)
    return None if row is None else Consumer(*row)


def add(tx: Transaction, stream: Stream, added: Consumer) -> bool:
    """False if there is one of this name."""
    return tx.run(_ADD_CONSUMER, stream_id=stream.stream_id, **added._asdict()) > 0


def set_status(tx: Transaction, stream: Stream, name: str, status: str) -> None:
    tx.run(_SET_CONSUMER_STATUS, stream_id=stream.stream_id, name=name, status=status)


def remove(tx: Transaction, stream: Stream, name: str) -> None:
    tx.run(_REMOVE_CONSUMER, stream_id=stream.stream_id, name=name)


def remove_all(tx: Transaction, stream: Stream) -> None:
    tx.run(_REMOVE_CONSUMERS, stream_id=stream.stream_id)
