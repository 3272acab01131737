"""Rows of messages and message groups in FIFO queues."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction


class Row(NamedTuple):
    """A message as it lies in its group."""

    position: int
    sent_at: int
    visible_at: int
    receives: int
    first_received_at: int
    message_id: str
    sender: str
    body: str
    extras: str


class Group(NamedTuple):
    """A message group that has messages."""

    key: int
    is_blocked: int
    ready_at: int
    head: int
    in_flight: int


class Place(NamedTuple):
    """What decides about a message, without the message."""

    position: int
    sent_at: int
    visible_at: int
    receives: int


_ROW = (
    "position, sent_at, visible_at, receives, first_received_at, message_id, sender, body, extras"
)
_INSERT = f"""
INSERT INTO sqs_fifo_messages (part, generation, group_key, {_ROW})
VALUES (:part, :generation, :group_key, :position, :sent_at, :sent_at, 0, :first_received_at,
  :message_id, :sender, :body, :extras)
"""
_IN_GROUP = "part = :part AND generation = :generation AND group_key = :group_key"
_NEXT = f"""
SELECT {_ROW} FROM sqs_fifo_messages WHERE {_IN_GROUP} AND sent_at <= :sent_before
ORDER BY position LIMIT :limit
"""
_HIDE = f"""
UPDATE sqs_fifo_messages SET visible_at = :until, receives = :receives,
  first_received_at = :first_received_at
WHERE {_IN_GROUP} AND position = :position
"""
_REMOVE = f"""
DELETE FROM sqs_fifo_messages
WHERE {_IN_GROUP} AND position IN (
  SELECT position FROM sqs_fifo_messages WHERE {_IN_GROUP} AND sent_at <= :sent_before
  ORDER BY position LIMIT :limit)
RETURNING {_ROW}
"""
_FIND = f"SELECT {_ROW} FROM sqs_fifo_messages WHERE {_IN_GROUP} AND position = :position"
_PLACE = "position, sent_at, visible_at, receives"
_FIND_PLACE = f"SELECT {_PLACE} FROM sqs_fifo_messages WHERE {_IN_GROUP} AND position = :position"
_DELETE = f"DELETE FROM sqs_fifo_messages WHERE {_IN_GROUP} AND position = :position"
_SET_VISIBLE_AT = f"""
UPDATE sqs_fifo_messages SET visible_at = :visible_at WHERE {_IN_GROUP} AND position = :position
"""
_FIRST = f"""
SELECT {_PLACE} FROM sqs_fifo_messages WHERE {_IN_GROUP}
ORDER BY position LIMIT :limit
"""
_EXPIRE = f"""
DELETE FROM sqs_fifo_messages
WHERE {_IN_GROUP} AND position IN (
  SELECT position FROM sqs_fifo_messages WHERE {_IN_GROUP} AND sent_at <= :before
  ORDER BY position LIMIT :limit)
"""
_DROP = """
DELETE FROM sqs_fifo_messages
WHERE part = :part AND generation = :generation AND (group_key, position) IN (
  SELECT group_key, position FROM sqs_fifo_messages
  WHERE part = :part AND generation = :generation LIMIT :limit)
"""
_DROP_GROUPS = """
DELETE FROM sqs_fifo_groups
WHERE part = :part AND generation = :generation AND group_key IN (
  SELECT group_key FROM sqs_fifo_groups
  WHERE part = :part AND generation = :generation LIMIT :limit)
"""
_DROP_SENT = """
DELETE FROM sqs_fifo_sent WHERE part = :part AND generation = :generation AND second <= :before
"""

_GROUP = "group_key, is_blocked, ready_at, head, in_flight"
_ADD_GROUP = f"""
INSERT INTO sqs_fifo_groups (part, generation, {_GROUP})
VALUES (:part, :generation, :group_key, 0, :now, :head, 0)
ON CONFLICT (part, generation, group_key) DO NOTHING
"""
_READY = f"""
SELECT {_GROUP} FROM sqs_fifo_groups
WHERE part = :part AND generation = :generation AND is_blocked = :is_blocked
  AND ready_at <= :ready_before
ORDER BY ready_at, head LIMIT :limit
"""
_NEXT_READY = """
SELECT ready_at FROM sqs_fifo_groups
WHERE part = :part AND generation = :generation AND is_blocked = :is_blocked
  AND ready_at > :after
ORDER BY ready_at LIMIT 1
"""
_FIND_GROUP = f"SELECT {_GROUP} FROM sqs_fifo_groups WHERE {_IN_GROUP}"
_SET_GROUP = f"""
UPDATE sqs_fifo_groups SET is_blocked = :is_blocked, ready_at = :ready_at, head = :head,
  in_flight = :in_flight
WHERE {_IN_GROUP}
"""
_DELETE_GROUP = f"DELETE FROM sqs_fifo_groups WHERE {_IN_GROUP}"
_COUNT_DUE = """
SELECT SUM(in_flight) FROM (
  SELECT in_flight FROM sqs_fifo_groups
  WHERE part = :part AND generation = :generation AND is_blocked = 1 AND ready_at <= :now
  LIMIT :limit) AS due
"""
_COUNT_ALL = """
SELECT SUM(CASE WHEN visible_at <= :now AND sent_at <= :sent_before THEN 1 ELSE 0 END),
  SUM(CASE WHEN visible_at > :now THEN 1 ELSE 0 END),
  SUM(CASE WHEN visible_at <= :now AND sent_at > :sent_before THEN 1 ELSE 0 END)
FROM sqs_fifo_messages
WHERE part = :part AND generation = :generation AND sent_at > :alive_since
"""
_ADD_SENT = """
INSERT INTO sqs_fifo_sent (part, generation, second, messages)
VALUES (:part, :generation, :second, 1)
ON CONFLICT (part, generation, second) DO UPDATE SET messages = sqs_fifo_sent.messages + 1
"""
_SENT_SINCE = """
SELECT SUM(messages) FROM sqs_fifo_sent
WHERE part = :part AND generation = :generation AND second >= :since
"""


def insert(tx: Transaction, generation: int, group_key: int, row: Row) -> None:
    tx.run(
        _INSERT, generation=generation, group_key=group_key, position=row.position,
        sent_at=row.sent_at, first_received_at=row.first_received_at, message_id=row.message_id,
        sender=row.sender, body=row.body, extras=row.extras,
    )  # fmt: skip


def take_first(
    tx: Transaction, generation: int, group_key: int, limit: int, until: int, sent_before: int
) -> list[Row]:
    """Hide the first messages of a group, and return them as they now are."""
    found = tx.all(
        _NEXT, at_most=limit, generation=generation, group_key=group_key, limit=limit,
        sent_before=sent_before,
    )  # fmt: skip
    rows = [
        Row(position, sent_at, until, receives + 1, min(first, tx.now), *rest)
        for position, sent_at, _, receives, first, *rest in found
    ]
    hidden = [
        {
            "generation": generation,
            "group_key": group_key,
            "position": row.position,
            "until": until,
            "receives": row.receives,
            "first_received_at": row.first_received_at,
        }
        for row in rows
    ]
    if len(hidden) == 1:
        tx.run(_HIDE, **hidden[0])
    elif hidden:
        tx.run_many(_HIDE, hidden)
    return rows


def remove_first(
    tx: Transaction, generation: int, group_key: int, limit: int, sent_before: int
) -> list[Row]:
    """Take the first messages of a group out of the queue."""
    rows = tx.all(
        _REMOVE, at_most=limit, generation=generation, group_key=group_key, limit=limit,
        sent_before=sent_before,
    )  # fmt: skip
    return [Row(*row) for row in sorted(rows)]


def find(tx: Transaction, generation: int, group_key: int, position: int) -> Row | None:
    row = tx.one(_FIND, generation=generation, group_key=group_key, position=position)
    return None if row is None else Row(*row)


def find_place(tx: Transaction, generation: int, group_key: int, position: int) -> Place | None:
    row = tx.one(_FIND_PLACE, generation=generation, group_key=group_key, position=position)
    return None if row is None else Place(*row)


def delete(tx: Transaction, generation: int, group_key: int, position: int) -> None:
    tx.run(_DELETE, generation=generation, group_key=group_key, position=position)


def hide_until(
    tx: Transaction, generation: int, group_key: int, position: int, visible_at: int
) -> None:
    tx.run(
        _SET_VISIBLE_AT, generation=generation, group_key=group_key, position=position,
        visible_at=visible_at,
    )  # fmt: skip


def first(tx: Transaction, generation: int, group_key: int, limit: int) -> list[Place]:
    rows = tx.all(_FIRST, at_most=limit, generation=generation, group_key=group_key, limit=limit)
    return [Place(*row) for row in rows]


def expire(tx: Transaction, generation: int, group_key: int, before: int, limit: int) -> int:
    """Remove the first messages of a group that were sent by then."""
    return tx.run(_EXPIRE, generation=generation, group_key=group_key, before=before, limit=limit)


def drop(tx: Transaction, generation: int, limit: int) -> int:
    """Remove some rows of a generation; how many messages and groups."""
    tx.run(_DROP_SENT, generation=generation, before=tx.now)
    return tx.run(_DROP, generation=generation, limit=limit) + tx.run(
        _DROP_GROUPS, generation=generation, limit=limit
    )


# Groups.


def add_group(tx: Transaction, generation: int, group_key: int, head: int) -> None:
    """Let a group begin with a message at `head`, unless it has messages already."""
    tx.run(_ADD_GROUP, generation=generation, group_key=group_key, head=head)


def ready_groups(tx: Transaction, generation: int, ready_before: int, limit: int) -> list[Group]:
    """Groups without messages in flight, those with the oldest first message first."""
    return _groups(tx, generation, 0, ready_before, limit)


def returned_groups(tx: Transaction, generation: int, limit: int) -> list[Group]:
    """Groups whose messages have all come back from their flight."""
    return _groups(tx, generation, 1, tx.now, limit)


def _groups(
    tx: Transaction, generation: int, is_blocked: int, ready_before: int, limit: int
) -> list[Group]:
    rows = tx.all(
        _READY, at_most=limit, generation=generation, is_blocked=is_blocked,
        ready_before=ready_before, limit=limit,
    )  # fmt: skip
    return [Group(*row) for row in rows]


def next_ready(tx: Transaction, generation: int, is_blocked: bool, after: int) -> int | None:
    row = tx.one(_NEXT_READY, generation=generation, is_blocked=int(is_blocked), after=after)
    return None if row is None else row[0]


def find_group(tx: Transaction, generation: int, group_key: int) -> Group | None:
    row = tx.one(_FIND_GROUP, generation=generation, group_key=group_key)
    return None if row is None else Group(*row)


def set_group(tx: Transaction, generation: int, group: Group) -> None:
    tx.run(
        _SET_GROUP, generation=generation, group_key=group.key, is_blocked=group.is_blocked,
        ready_at=group.ready_at, head=group.head, in_flight=group.in_flight,
    )  # fmt: skip


def delete_group(tx: Transaction, generation: int, group_key: int) -> None:
    tx.run(_DELETE_GROUP, generation=generation, group_key=group_key)


def count_due(tx: Transaction, generation: int, limit: int) -> int:
    """How many messages have come back since the last receive, from up to `limit` groups."""
    row = tx.one(_COUNT_DUE, generation=generation, limit=limit)
    return int(row[0] or 0) if row is not None else 0


def count_all(
    tx: Transaction, generation: int, alive_since: int, sent_before: int
) -> tuple[int, int, int]:
    """Visible, in flight, delayed; for queues that are known to be small."""
    row = tx.one(
        _COUNT_ALL, generation=generation, alive_since=alive_since, sent_before=sent_before
    )
    assert row is not None
    return row[0] or 0, row[1] or 0, row[2] or 0


# Messages that a delay still hides.


def add_sent(tx: Transaction, generation: int) -> None:
    tx.run(_ADD_SENT, generation=generation, second=tx.now // 1000)


def sent_since(tx: Transaction, generation: int, instant: int) -> int:
    row = tx.one(_SENT_SINCE, generation=generation, since=instant // 1000)
    return int(row[0] or 0) if row is not None else 0


def forget_sent(tx: Transaction, generation: int, instant: int) -> None:
    tx.run(_DROP_SENT, generation=generation, before=instant // 1000)
