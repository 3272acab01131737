"""Rows of buckets that have lifecycle rules: when these have to be looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


class Agenda(NamedTuple):
    """When a run is due (0: none); while one goes on, when the next is."""

    due_at: int
    # The instant of the run that goes on, 0 if none does.
    run_at: int


_SEEK = """
SELECT due_at, run_at FROM s3_lifecycles WHERE part = :part AND bucket = :bucket
"""
_PUT = """
INSERT INTO s3_lifecycles (part, bucket, due_at, run_at)
VALUES (:part, :bucket, :due_at, :run_at)
ON CONFLICT (part, bucket) DO UPDATE SET due_at = excluded.due_at, run_at = excluded.run_at
"""
_REMOVE = "DELETE FROM s3_lifecycles WHERE part = :part AND bucket = :bucket"


def seek(tx: Transaction, bucket_id: int) -> Agenda | None:
    row = tx.one(_SEEK, bucket=bucket_id)
    return None if row is None else Agenda(*row)


def put(tx: Transaction, bucket_id: int, agenda: Agenda) -> None:
    tx.run(_PUT, bucket=bucket_id, **agenda._asdict())


def remove(tx: Transaction, bucket_id: int) -> None:
    tx.run(_REMOVE, bucket=bucket_id)
