"""Rows of FIFO topics: deduplication ids of the last minutes, and the archive."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction

_SEEN = """
SELECT message_id, position FROM sns_deduplication
WHERE part = :part AND topic = :topic AND span = :span AND digest = :digest AND used_at > :since
"""
_REMEMBER = """
INSERT INTO sns_deduplication (part, topic, span, digest, used_at, message_id, position)
VALUES (:part, :topic, :span, :digest, :now, :message_id, :position)
ON CONFLICT (part, topic, span, digest) DO UPDATE
SET used_at = excluded.used_at, message_id = excluded.message_id, position = excluded.position
"""
_FORGET = """
DELETE FROM sns_deduplication
WHERE part = :part AND topic = :topic AND span < :before AND digest IN (
  SELECT digest FROM sns_deduplication
  WHERE part = :part AND topic = :topic AND span < :before LIMIT :limit)
"""
_KEEP = """
INSERT INTO sns_archive (part, topic, position, published_at, message)
VALUES (:part, :topic, :position, :now, :message)
"""
_PAGE = """
SELECT position, message FROM sns_archive
WHERE part = :part AND topic = :topic AND position > :after
  AND published_at >= :since AND published_at <= :until
ORDER BY position LIMIT :limit
"""
_EXPIRE = """
DELETE FROM sns_archive WHERE part = :part AND topic = :topic AND position IN (
  SELECT position FROM sns_archive
  WHERE part = :part AND topic = :topic AND published_at < :before
  ORDER BY published_at, position LIMIT :limit)
"""


def seen(
    tx: Transaction, topic: int, spans: tuple[int, ...], digest: bytes, since: int
) -> tuple[str, int] | None:
    """The message that used the id after `since`: its id and position."""
    for span in spans:
        row = tx.one(_SEEN, topic=topic, span=span, digest=digest, since=since)
        if row is not None:
            return row[0], row[1]
    return None


def remember(
    tx: Transaction, topic: int, span: int, digest: bytes, message_id: str, position: int
) -> None:
    tx.run(
        _REMEMBER, topic=topic, span=span, digest=digest, message_id=message_id, position=position
    )


def forget(tx: Transaction, topic: int, before_span: int, limit: int) -> bool:
    """Forget a page of ids; whether there may be more."""
    return tx.run(_FORGET, topic=topic, before=before_span, limit=limit) >= limit


def keep(tx: Transaction, topic: int, position: int, message: str) -> None:
    """Put a message into the archive."""
    tx.run(_KEEP, topic=topic, position=position, message=message)


def page(
    tx: Transaction, topic: int, after: int, since: int, until: int, limit: int
) -> list[tuple[int, str]]:
    """Archived messages of a span of time in their order: position and message."""
    rows = tx.all(
        _PAGE, at_most=limit, topic=topic, after=after, since=since, until=until, limit=limit
    )
    return [(position, message) for position, message in rows]


def expire(tx: Transaction, topic: int, before: int, limit: int) -> bool:
    """Remove a page of messages published before an instant; whether there may be more."""
    return tx.run(_EXPIRE, topic=topic, before=before, limit=limit) == limit
