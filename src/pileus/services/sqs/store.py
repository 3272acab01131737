"""Rows of queues: the small row that every send and receive touches, and the settings."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from pileus.kernel.revised import Revised
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import errors
from pileus.services.sqs.attributes import QueueAttributes

_CACHED_MAX = 10_000
# So many positions a batch of transactions takes at once for what it stores in a queue.
_POSITIONS_AT_ONCE = 256


class Queue(msgspec.Struct, frozen=True):
    """A queue's settings, as they were at one revision."""

    arn: str
    number: int
    created_at: int
    modified_at: int
    attributes: QueueAttributes

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


class State(NamedTuple):
    """The row that changes with the messages."""

    revision: int
    generation: int
    position: int
    messages: int
    delayed: int
    in_flight: int
    due_at: int
    expires_at: int
    forgets_at: int
    purged_at: int


class Room:
    """Positions of a queue for messages, from `first` up to `end`, and the queue as it is then."""

    __slots__ = ("counted", "end", "first", "queue", "state")

    def __init__(self, queue: Queue, state: State, first: int, end: int, counted: int) -> None:
        self.queue = queue
        self.state = state
        self.first = first
        self.end = end
        # How many messages the queue's row counts for it already.
        self.counted = counted


_STATE = (
    "revision, generation, position, messages, delayed, in_flight, due_at, expires_at, forgets_at, "
    "purged_at"
)
_FIND = f"SELECT {_STATE} FROM sqs_queues WHERE part = :part AND arn = :arn"
_ADVANCE = f"""
UPDATE sqs_queues SET position = position + :positions, messages = messages + :messages
WHERE part = :part AND arn = :arn RETURNING {_STATE}
"""
# By the generation too: what is stored before a purge must not be counted after it.
_ADD = """
UPDATE sqs_queues SET messages = messages + :messages
WHERE part = :part AND arn = :key AND generation = :generation
"""
_COUNT = """
UPDATE sqs_queues SET messages = messages + :messages, delayed = delayed + :delayed,
  in_flight = in_flight + :in_flight,
  due_at = CASE WHEN :until > 0 AND (due_at = 0 OR due_at > :until) THEN :until ELSE due_at END
WHERE part = :part AND arn = :arn
"""
_COUNT_SWEPT = """
UPDATE sqs_queues SET delayed = delayed - :delayed, in_flight = in_flight - :in_flight,
  due_at = :due_at
WHERE part = :part AND arn = :arn
"""
_SET_EXPIRES = "UPDATE sqs_queues SET expires_at = :at WHERE part = :part AND arn = :arn"
_SET_FORGETS = "UPDATE sqs_queues SET forgets_at = :at WHERE part = :part AND arn = :arn"
_RENEW = """
UPDATE sqs_queues SET generation = :generation, messages = 0, delayed = 0, in_flight = 0,
  due_at = 0, expires_at = 0, purged_at = :now
WHERE part = :part AND arn = :arn
"""
_INSERT = """
INSERT INTO sqs_queues (part, arn, revision, generation, position, messages, delayed, in_flight,
  due_at, expires_at, forgets_at, purged_at)
VALUES (:part, :arn, :revision, :generation, 0, 0, 0, 0, 0, 0, 0, 0)
"""
_DELETE = "DELETE FROM sqs_queues WHERE part = :part AND arn = :arn"
_REVISE = "UPDATE sqs_queues SET revision = :revision WHERE part = :part AND arn = :arn"

_SETTINGS = """
SELECT number, created_at, modified_at, attributes FROM sqs_queue_settings
WHERE part = :part AND arn = :arn
"""
_INSERT_SETTINGS = """
INSERT INTO sqs_queue_settings (part, arn, number, created_at, modified_at, attributes)
VALUES (:part, :arn, :number, :now, :now, :attributes)
"""
_UPDATE_SETTINGS = """
UPDATE sqs_queue_settings SET attributes = :attributes, modified_at = :now
WHERE part = :part AND arn = :arn
"""
_DELETE_SETTINGS = "DELETE FROM sqs_queue_settings WHERE part = :part AND arn = :arn"

_REMEMBER_DELETION = """
INSERT INTO sqs_deleted_queues (part, arn, deleted_at) VALUES (:part, :arn, :now)
ON CONFLICT (part, arn) DO UPDATE SET deleted_at = excluded.deleted_at
"""
_DELETED_SINCE = """
SELECT 1 FROM sqs_deleted_queues WHERE part = :part AND arn = :arn AND deleted_at > :since
"""
_FORGET_DELETION = "DELETE FROM sqs_deleted_queues WHERE part = :part AND arn = :arn"


def _read_settings(tx: Transaction, arn: str) -> Queue:
    row = tx.one(_SETTINGS, arn=arn)
    assert row is not None, f"{arn} has no settings"
    attributes = msgspec.json.decode(row[3], type=QueueAttributes)
    return Queue(arn, row[0], row[1], row[2], attributes)


_settings = Revised(_read_settings, _CACHED_MAX)


def seek(tx: Transaction, arn: str) -> tuple[Queue, State] | None:
    """The queue, or None."""
    row = tx.one(_FIND, arn=arn)
    if row is None:
        return None
    state = State(*row)
    return _settings.of(tx, arn, state.revision), state


def find(tx: Transaction, arn: str) -> tuple[Queue, State]:
    """The queue; raises QueueDoesNotExist."""
    found = seek(tx, arn)
    if found is None:
        raise errors.queue_does_not_exist()
    return found


def make_room(tx: Transaction, arn: str, count: int) -> Room:
    """Take positions for messages, which `conclude` counts then; raises QueueDoesNotExist.

    The first of a batch writes the queue's row, and takes positions for those that follow.
    """
    ahead: Room | None = tx.known.get(arn)
    if ahead is not None and ahead.end - ahead.first >= count:
        room = Room(ahead.queue, ahead.state, ahead.first, ahead.first + count, 0)
        ahead.first += count
        return room
    # A FIFO queue's positions become sequence numbers; it leaves no gaps and shares no counting.
    taken = count if arn.endswith(".fifo") else max(count, _POSITIONS_AT_ONCE)
    row = tx.one(_ADVANCE, arn=arn, positions=taken, messages=count)
    if row is None:
        raise errors.queue_does_not_exist()
    state = State(*row)
    queue = _settings.of(tx, arn, state.revision)
    end = state.position + 1
    first = end - taken
    if taken > count:
        tx.known[arn] = Room(queue, state, first + count, end, 0)
    return Room(queue, state, first, first + count, count)


def conclude(tx: Transaction, room: Room, stored: int) -> None:
    """Count so many messages as stored in the room."""
    missing = stored - room.counted
    if missing and room.counted:
        count(tx, room.queue.arn, messages=missing)
    elif missing:
        tx.add_up(_ADD, room.queue.arn, generation=room.state.generation, messages=missing)


def count(
    tx: Transaction,
    arn: str,
    *,
    messages: int = 0,
    delayed: int = 0,
    in_flight: int = 0,
    until: int = 0,
) -> None:
    """Add to the counts; `until` is when the first of newly hidden messages becomes visible."""
    tx.run(_COUNT, arn=arn, messages=messages, delayed=delayed, in_flight=in_flight, until=until)


def count_swept(tx: Transaction, arn: str, due_at: int, *, delayed: int, in_flight: int) -> None:
    """Count messages that are no longer hidden; the next one becomes visible at `due_at`."""
    tx.run(_COUNT_SWEPT, arn=arn, due_at=due_at, delayed=delayed, in_flight=in_flight)


def set_expires_at(tx: Transaction, arn: str, at: int) -> None:
    tx.known.pop(arn, None)
    tx.run(_SET_EXPIRES, arn=arn, at=at)


def set_forgets_at(tx: Transaction, arn: str, at: int) -> None:
    tx.run(_SET_FORGETS, arn=arn, at=at)


def insert(tx: Transaction, arn: str, attributes: QueueAttributes) -> None:
    queue = Queue(arn, _number(tx), tx.now, tx.now, attributes)
    tx.run(_INSERT, arn=arn, revision=_revision(queue), generation=_number(tx))
    tx.run(_INSERT_SETTINGS, arn=arn, number=queue.number, attributes=_text(attributes))


def update(tx: Transaction, queue: Queue, attributes: QueueAttributes) -> None:
    tx.known.pop(queue.arn, None)
    changed = msgspec.structs.replace(queue, attributes=attributes, modified_at=tx.now)
    tx.run(_REVISE, arn=queue.arn, revision=_revision(changed))
    tx.run(_UPDATE_SETTINGS, arn=queue.arn, attributes=_text(attributes))


def delete(tx: Transaction, arn: str) -> None:
    tx.known.pop(arn, None)
    tx.run(_DELETE, arn=arn)
    tx.run(_DELETE_SETTINGS, arn=arn)


def renew_generation(tx: Transaction, arn: str) -> None:
    """Leave all messages behind: from here on the queue is empty."""
    tx.known.pop(arn, None)
    tx.run(_RENEW, arn=arn, generation=_number(tx))


def remember_deletion(tx: Transaction, arn: str) -> None:
    tx.run(_REMEMBER_DELETION, arn=arn)


def was_deleted_since(tx: Transaction, arn: str, since: int) -> bool:
    return tx.one(_DELETED_SINCE, arn=arn, since=since) is not None


def forget_deletion(tx: Transaction, arn: str) -> None:
    tx.run(_FORGET_DELETION, arn=arn)


def _number(tx: Transaction) -> int:
    """A number that was never used: 47 random bits."""
    return int.from_bytes(tx.kernel.ids.token(6), "big") >> 1


def _revision(queue: Queue) -> int:
    """A number that stands for these settings and no others, in whichever process they are met."""
    digest = blake2b(msgspec.json.encode(queue), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def _text(attributes: QueueAttributes) -> str:
    return msgspec.json.encode(attributes).decode()
