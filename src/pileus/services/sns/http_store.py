"""Rows of messages that are still to be brought to HTTP endpoints."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction

_INSERT = """
INSERT INTO sns_http_deliveries (part, id, delivery, attempts)
VALUES (:part, :id, :delivery, 0)
"""
_READ = "SELECT delivery, attempts FROM sns_http_deliveries WHERE part = :part AND id = :id"
_FAILED = """
UPDATE sns_http_deliveries SET attempts = :attempts WHERE part = :part AND id = :id
"""
_DELETE = "DELETE FROM sns_http_deliveries WHERE part = :part AND id = :id"


def add(tx: Transaction, delivery_id: str, delivery: str) -> None:
    tx.run(_INSERT, id=delivery_id, delivery=delivery)


def read(tx: Transaction, delivery_id: str) -> tuple[str, int] | None:
    """The delivery and how often it was tried."""
    row = tx.one(_READ, id=delivery_id)
    return None if row is None else (row[0], row[1])


def note_attempts(tx: Transaction, delivery_id: str, attempts: int) -> None:
    tx.run(_FAILED, id=delivery_id, attempts=attempts)


def remove(tx: Transaction, delivery_id: str) -> None:
    tx.run(_DELETE, id=delivery_id)
