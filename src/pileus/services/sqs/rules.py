"""Decisions about messages: pure functions of values and `now`."""

from __future__ import annotations

import enum

from pileus.services.sqs.attributes import VISIBILITY_SECONDS_MAX, QueueAttributes

# docs: FIFO exactly-once processing; using-messagededuplicationid-property
DEDUPLICATION_MS = 300_000
# docs: API_ReceiveMessage, ReceiveRequestAttemptId
ATTEMPT_MS = 300_000
PURGE_PAUSE_MS = 60_000
DELETED_NAME_MS = 60_000
# Sequence numbers have 20 digits. They begin with the queue's creation, so that they also grow
# when a queue is made again under its old name; 2^19 of them fit into each millisecond.
_FIRST_SEQUENCE_NUMBER = 18_000_000_000_000_000_000
_SEQUENCE_NUMBER_BITS = 19
_SECOND_MS = 1_000


class Reception(enum.Enum):
    """What becomes of a message that a receive has come upon."""

    RETURN = enum.auto()
    DEAD_LETTER = enum.auto()
    EXPIRE = enum.auto()


def receive(receives: int, sent_at: int, receives_max: int, alive_since: int) -> Reception:
    """`receives` includes this receive; `receives_max` 0 stands for no dead-letter queue."""
    if sent_at <= alive_since:
        return Reception.EXPIRE
    # AWS dead-letters on the receive after maxReceiveCount: consumers see a message that often.
    if receives_max and receives > receives_max:
        return Reception.DEAD_LETTER
    return Reception.RETURN


def alive_since(attributes: QueueAttributes, now: int) -> int:
    """Messages sent at or before this instant have expired."""
    return now - attributes.retention_seconds * _SECOND_MS


def expiry_check_at(attributes: QueueAttributes, oldest_sent_at: int) -> int:
    """When to remove expired messages: at whole seconds, so that one run serves many messages."""
    due = oldest_sent_at + attributes.retention_seconds * _SECOND_MS
    return -(-due // _SECOND_MS) * _SECOND_MS


def exceeds_visibility(seconds: int, received_at: int, now: int) -> bool:
    """Whether a new timeout ends more than twelve hours after the receive."""
    return now + seconds * _SECOND_MS > received_at + VISIBILITY_SECONDS_MAX * _SECOND_MS


def sequence_number(queue_created_at: int, position: int) -> str:
    return str(_FIRST_SEQUENCE_NUMBER + (queue_created_at << _SEQUENCE_NUMBER_BITS) + position)


def span_of(now: int) -> int:
    """The number of the five-minute span in which deduplication ids are kept together."""
    return now // DEDUPLICATION_MS


def forget_at(span: int) -> int:
    """When nothing of a span is needed any more."""
    return (span + 2) * DEDUPLICATION_MS
