"""Rows of what a FIFO queue remembers for five minutes, under its number."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction

_REMEMBER = """
INSERT INTO sqs_fifo_deduplication (part, queue, span, digest, used_at, message_id, position)
SELECT :part, :queue, :span, :digest, :now, :message_id, :position
WHERE NOT EXISTS (
  SELECT 1 FROM sqs_fifo_deduplication
  WHERE part = :part AND queue = :queue AND span = :earlier_span AND digest = :digest
    AND used_at > :since)
ON CONFLICT (part, queue, span, digest) DO NOTHING
"""
_REMEMBERED = """
SELECT message_id, position FROM sqs_fifo_deduplication
WHERE part = :part AND queue = :queue AND span >= :earlier_span AND digest = :digest
  AND used_at > :since
ORDER BY span DESC LIMIT 1
"""
_FORGET = """
DELETE FROM sqs_fifo_deduplication
WHERE part = :part AND queue = :queue AND (span, digest) IN (
  SELECT span, digest FROM sqs_fifo_deduplication
  WHERE part = :part AND queue = :queue AND span < :before LIMIT :limit)
"""
_FIRST_SPAN = """
SELECT MIN(span) FROM (
  SELECT MIN(span) AS span FROM sqs_fifo_deduplication WHERE part = :part AND queue = :queue
  UNION ALL
  SELECT MIN(span) AS span FROM sqs_fifo_attempts WHERE part = :part AND queue = :queue) AS spans
"""
_PUT_ATTEMPT = """
INSERT INTO sqs_fifo_attempts (part, queue, span, attempt_id, received_at, receipts)
VALUES (:part, :queue, :span, :attempt_id, :received_at, :receipts)
ON CONFLICT (part, queue, span, attempt_id) DO UPDATE
SET received_at = excluded.received_at, receipts = excluded.receipts
"""
_FIND_ATTEMPT = """
SELECT span, received_at, receipts FROM sqs_fifo_attempts
WHERE part = :part AND queue = :queue AND span >= :earlier_span AND attempt_id = :attempt_id
  AND received_at > :since
ORDER BY span DESC LIMIT 1
"""
_FORGET_ATTEMPTS = """
DELETE FROM sqs_fifo_attempts
WHERE part = :part AND queue = :queue AND (span, attempt_id) IN (
  SELECT span, attempt_id FROM sqs_fifo_attempts
  WHERE part = :part AND queue = :queue AND span < :before LIMIT :limit)
"""


def remember(
    tx: Transaction, queue: int, span: int, digest: bytes, since: int, message_id: str,
    position: int,
) -> bool:  # fmt: skip
    """Note that a deduplication id is used; False if it was used after `since` already."""
    return (
        tx.run(
            _REMEMBER, queue=queue, span=span, earlier_span=span - 1, digest=digest, since=since,
            message_id=message_id, position=position,
        )
        > 0
    )  # fmt: skip


def remembered(
    tx: Transaction, queue: int, span: int, digest: bytes, since: int
) -> tuple[str, int]:
    """The message (and its position) that first used a deduplication id."""
    row = tx.one(_REMEMBERED, queue=queue, earlier_span=span - 1, digest=digest, since=since)
    assert row is not None, "a duplicate has an original"
    return row[0], row[1]


def put_attempt(
    tx: Transaction, queue: int, span: int, attempt_id: str, received_at: int, receipts: str
) -> None:
    tx.run(
        _PUT_ATTEMPT, queue=queue, span=span, attempt_id=attempt_id, received_at=received_at,
        receipts=receipts,
    )  # fmt: skip


def find_attempt(
    tx: Transaction, queue: int, span: int, attempt_id: str, since: int
) -> tuple[int, int, str] | None:
    """Its span, when it was, and its receipts."""
    row = tx.one(
        _FIND_ATTEMPT, queue=queue, earlier_span=span - 1, attempt_id=attempt_id, since=since
    )
    return None if row is None else (row[0], row[1], row[2])


def forget(tx: Transaction, queue: int, before: int, limit: int) -> int | None:
    """Remove what spans before this one hold, up to a limit; the first span that is left."""
    tx.run(_FORGET, queue=queue, before=before, limit=limit)
    tx.run(_FORGET_ATTEMPTS, queue=queue, before=before, limit=limit)
    row = tx.one(_FIRST_SPAN, queue=queue)
    return None if row is None else row[0]
