"""The rows of queues, and of what they have delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors
from pileus.services.kinesis.store import Stream

# docs: API_CreateQueue; queues and registered consumers share the limit of 50.
QUEUES_MAX = 50
REMOVED_AT_ONCE = 150

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, int]).decode


class Queue(NamedTuple):
    stream_id: int
    queue_id: int
    arn: str
    name: str
    created_at: int
    status: str
    start_type: str
    start_at: int
    visibility_seconds: int
    receives_max: int
    cursors: bytes
    drained_to: int

    def positions(self) -> dict[int, int]:
        """From where each shard is still to be delivered; shards that are not there are new."""
        return _decode(self.cursors)


def pack_positions(positions: Mapping[int, int]) -> bytes:
    return _encode(positions)


_FIELDS = ", ".join(Queue._fields)
_QUEUES = f"""
SELECT {_FIELDS} FROM kinesis_queues WHERE part = :part AND stream_id = :stream_id
ORDER BY queue_id LIMIT :limit
"""
_QUEUE = f"""
SELECT {_FIELDS} FROM kinesis_queues
WHERE part = :part AND stream_id = :stream_id AND queue_id = :queue_id
"""
_ADD = f"""
INSERT INTO kinesis_queues (part, {_FIELDS})
VALUES (:part, {", ".join(":" + field for field in Queue._fields)})
"""
_SET_STATUS = """
UPDATE kinesis_queues SET status = :status
WHERE part = :part AND stream_id = :stream_id AND queue_id = :queue_id
"""
_SET_ATTRIBUTES = """
UPDATE kinesis_queues
SET visibility_seconds = :visibility_seconds, receives_max = :receives_max
WHERE part = :part AND stream_id = :stream_id AND queue_id = :queue_id
"""
_SET_CURSORS = """
UPDATE kinesis_queues SET cursors = :cursors, drained_to = :drained_to
WHERE part = :part AND stream_id = :stream_id AND queue_id = :queue_id
"""
_REMOVE = """
DELETE FROM kinesis_queues
WHERE part = :part AND stream_id = :stream_id AND queue_id = :queue_id
"""


def listed(tx: Transaction, stream: Stream) -> list[Queue]:
    rows = tx.all(_QUEUES, at_most=QUEUES_MAX, stream_id=stream.stream_id, limit=QUEUES_MAX)
    return [Queue(*row) for row in rows]


def seek(tx: Transaction, stream: Stream, queue_id: int, arn: str) -> Queue | None:
    row = tx.one(_QUEUE, stream_id=stream.stream_id, queue_id=queue_id)
    return None if row is None or Queue(*row).arn != arn else Queue(*row)


def find(tx: Transaction, stream: Stream, queue_id: int, arn: str) -> Queue:
    """Raises ResourceNotFoundException."""
    found = seek(tx, stream, queue_id, arn)
    if found is None:
        raise errors.queue_not_found(arn)
    return found


def add(tx: Transaction, queue: Queue) -> None:
    tx.run(_ADD, **queue._asdict())


def set_status(tx: Transaction, queue: Queue, status: str) -> None:
    tx.run(_SET_STATUS, stream_id=queue.stream_id, queue_id=queue.queue_id, status=status)


def set_attributes(
    tx: Transaction, queue: Queue, visibility_seconds: int, receives_max: int
) -> None:
    tx.run(
        _SET_ATTRIBUTES, stream_id=queue.stream_id, queue_id=queue.queue_id,
        visibility_seconds=visibility_seconds, receives_max=receives_max,
    )  # fmt: skip


def set_positions(
    tx: Transaction, queue: Queue, positions: Mapping[int, int], drained_to: int
) -> None:
    tx.run(
        _SET_CURSORS, stream_id=queue.stream_id, queue_id=queue.queue_id,
        cursors=pack_positions(positions), drained_to=drained_to,
    )  # fmt: skip


def remove(tx: Transaction, queue: Queue) -> None:
    """Remove a queue; what it has delivered is left to a timer."""
    tx.run(_REMOVE, stream_id=queue.stream_id, queue_id=queue.queue_id)


# What has been delivered.


class Delivery(NamedTuple):
    position: int
    shard: int
    at: int
    is_dead: int
    visible_at: int
    receives: int
    deliveries: int
    first_received_at: int


_COLUMNS = ", ".join(Delivery._fields)
_DELIVERY = f"""
SELECT {_COLUMNS} FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id AND position = :position
"""
_DUE = f"""
SELECT {_COLUMNS} FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id AND is_dead = :is_dead AND visible_at <= :now
ORDER BY visible_at, position LIMIT :limit
"""
_EXHAUSTED = f"""
SELECT {_COLUMNS} FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id AND is_dead = 0 AND visible_at <= :now
  AND receives >= :receives_max
ORDER BY visible_at, position LIMIT :limit
"""
_NEXT_DUE = """
SELECT visible_at FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id AND is_dead = :is_dead AND visible_at > :now
ORDER BY visible_at LIMIT 1
"""
_PUT = f"""
INSERT INTO kinesis_deliveries (part, queue_id, {_COLUMNS})
VALUES (:part, :queue_id, {", ".join(":" + field for field in Delivery._fields)})
ON CONFLICT (part, queue_id, position) DO UPDATE SET
  is_dead = excluded.is_dead, visible_at = excluded.visible_at, receives = excluded.receives,
  deliveries = excluded.deliveries
"""
_OLDEST = """
SELECT position, at FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id ORDER BY position LIMIT :limit
"""
_FORGET = """
DELETE FROM kinesis_deliveries
WHERE part = :part AND queue_id = :queue_id AND position = :position
"""


def delivery(tx: Transaction, queue: Queue, position: int) -> Delivery | None:
    row = tx.one(_DELIVERY, queue_id=queue.queue_id, position=position)
    return None if row is None else Delivery(*row)


def due(tx: Transaction, queue: Queue, is_dead: bool, limit: int) -> list[Delivery]:
    """What has become visible, the longest first."""
    rows = tx.all(_DUE, at_most=limit, queue_id=queue.queue_id, is_dead=int(is_dead), limit=limit)
    return [Delivery(*row) for row in rows]


def exhausted(tx: Transaction, queue: Queue, limit: int) -> list[Delivery]:
    """What has been received so often that it is a dead letter by now."""
    rows = tx.all(
        _EXHAUSTED, at_most=limit, queue_id=queue.queue_id, receives_max=queue.receives_max,
        limit=limit,
    )  # fmt: skip
    return [Delivery(*row) for row in rows]


def next_due(tx: Transaction, queue: Queue, is_dead: bool) -> int:
    """When the next one becomes visible; 0 if none will."""
    row = tx.one(_NEXT_DUE, queue_id=queue.queue_id, is_dead=int(is_dead))
    return 0 if row is None else row[0]


def put(tx: Transaction, queue: Queue, deliveries: Sequence[Delivery]) -> None:
    tx.run_many(_PUT, [{"queue_id": queue.queue_id, **each._asdict()} for each in deliveries])


def forget(tx: Transaction, queue_id: int, positions: Sequence[int]) -> None:
    tx.run_many(_FORGET, [{"queue_id": queue_id, "position": each} for each in positions])


def forget_any(tx: Transaction, queue_id: int) -> bool:
    """Remove a page of a deleted queue's rows; says whether there may be more."""
    return _forget_oldest(tx, queue_id, None)


def forget_expired(tx: Transaction, stream: Stream) -> bool:
    """Remove a page of what has left the stream; says whether there may be more."""
    before = stream.oldest_kept(tx.now)
    return any(_forget_oldest(tx, each.queue_id, before) for each in listed(tx, stream))


def _forget_oldest(tx: Transaction, queue_id: int, before: int | None) -> bool:
    limit = REMOVED_AT_ONCE
    rows = tx.all(_OLDEST, at_most=limit, queue_id=queue_id, limit=limit)
    old = [position for position, at in rows if before is None or at <= before]
    forget(tx, queue_id, old)
    return len(old) == limit
