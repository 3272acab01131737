"""What the two kinds of queues have in common: what can be done with messages, and the values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.sqs.drafts import Draft
from pileus.services.sqs.receipt_handles import ReceiptHandle
from pileus.services.sqs.store import Queue, State

# docs: quotas-queues, quotas-fifo; messages received and not yet deleted
IN_FLIGHT_MAX = 120_000
# One transaction works through so many pages of messages that it may not answer with.
PASSES_MAX = 4
EXPIRED_PER_PASS = 150
SWEPT_AT_ONCE = 200
# Up to so many messages a queue is counted message by message, above it by its counters.
COUNTED_MESSAGES_MAX = 1_000
COUNTED_DUE_MAX = 10_000


class Deposited(NamedTuple):
    message_id: str
    sequence_number: str  # empty in standard queues
    is_new: bool  # False: a duplicate, which was not stored


class Wanted(NamedTuple):
    """A receive as a transaction sees it."""

    limit: int
    visibility_seconds: int | None  # None: the queue's
    attempt_id: str  # empty: none


class Received(NamedTuple):
    """One message as its receiver gets it."""

    message_id: str
    receipt_handle: str
    body: str
    extras: str
    sender: str
    sent_at: int
    receives: int
    first_received_at: int
    sequence_number: str


class Taken(NamedTuple):
    messages: list[Received]
    # The transaction's share of work ended before it was known whether there are messages.
    is_unfinished: bool = False
    is_over_limit: bool = False


class Counts(NamedTuple):
    visible: int
    in_flight: int
    delayed: int


class Removed(NamedTuple):
    """A message that was taken out of its queue, to be put into another."""

    message_id: str
    body: str
    extras: str
    sender: str
    sent_at: int
    receives: int
    first_received_at: int


@dataclass(frozen=True)
class Kind:
    """One of the two kinds of queues. All functions run in a transaction about the queue."""

    # Store a message at a position that `store.make_room` has taken; duplicates are not stored.
    deposit: Callable[[Transaction, Queue, State, Draft, int], Deposited]
    take: Callable[[Transaction, Queue, State, Wanted], Taken]
    # When the next message becomes visible, as far as is known; 0 if none will by itself.
    next_due: Callable[[Transaction, Queue, State], int]
    # One error or None for each handle (with its text).
    delete: Callable[
        [Transaction, Queue, State, Sequence[tuple[ReceiptHandle, str]]], list[AwsError | None]
    ]
    # Raises AwsError; the number is the new visibility timeout in seconds.
    change_visibility: Callable[[Transaction, Queue, State, ReceiptHandle, str, int], None]
    counts: Callable[[Transaction, Queue, State], Counts]
    # Remove a page of expired messages; when to look again, or 0 if the queue is empty.
    expire: Callable[[Transaction, Queue, State], int]
    # Take up to so many visible messages out of the queue.
    remove: Callable[[Transaction, Queue, State, int], list[Removed]]
    # Remove a page of an abandoned generation; whether there may be more.
    drop: Callable[[Transaction, int], bool]
