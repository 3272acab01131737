"""Rows of what is still to be replicated: a queue for each destination of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


class Task(NamedTuple):
    """One version to be replicated, or changed where it has been; the number orders them."""

    number: int
    what: str
    key: bytes
    version_id: str
    manner: str  # JSON
    asked_at: int


_NEXT = """
SELECT number, what, key, version_id, manner, asked_at FROM s3_replications
WHERE part = :part AND bucket = :bucket AND destination = :destination
ORDER BY number LIMIT :limit
"""
_INSERT = """
INSERT INTO s3_replications
  (part, bucket, destination, number, what, key, version_id, manner, asked_at)
VALUES (:part, :bucket, :destination, :number, :what, :key, :version_id, :manner, :asked_at)
"""
_REMOVE = """
DELETE FROM s3_replications
WHERE part = :part AND bucket = :bucket AND destination = :destination AND number = :number
"""


def head(tx: Transaction, bucket_id: int, destination: str) -> Task | None:
    """The first task of a queue."""
    row = tx.one(_NEXT, bucket=bucket_id, destination=destination, limit=1)
    return None if row is None else Task(*row)


def add(tx: Transaction, bucket_id: int, destination: str, task: Task) -> None:
    tx.run(_INSERT, bucket=bucket_id, destination=destination, **task._asdict())


def remove(tx: Transaction, bucket_id: int, destination: str, number: int) -> bool:
    return tx.run(_REMOVE, bucket=bucket_id, destination=destination, number=number) > 0
