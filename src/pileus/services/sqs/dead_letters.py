"""Moves between queues: to a dead-letter queue and back, each handed over durably."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import store
from pileus.services.sqs.attributes import RETENTION_SECONDS_MAX
from pileus.services.sqs.drafts import NEVER, Draft
from pileus.services.sqs.extras import Extras, extras_of
from pileus.services.sqs.kind import Removed
from pileus.services.sqs.store import Queue

# The attribute of a delivery that is a message on its way from one queue to another.
MOVED = "sqs:moved"
_ATTEMPTS_MAX = 1_000_000


def can_move(tx: Transaction, queue: Queue) -> bool:
    """Whether the dead-letter queue is there, as far as this transaction can see.

    AWS leaves a message in its queue where there is none.
    """
    redrive = queue.attributes.redrive
    if redrive is None:
        return False
    return is_there(tx, redrive.dead_letter_arn)


def is_there(tx: Transaction, arn: str) -> bool:
    """Whether a queue exists; taken to be so where it lies in another database."""
    tables = tx.kernel.store
    if not tables.is_together(tx.part, tables.partition(arn)):
        return True
    return store.seek(tx.within(arn), arn) is not None


def move(tx: Transaction, queue: Queue, message: Removed) -> None:
    """Hand a message to its dead-letter queue. It keeps its id and what it has been through."""
    redrive = queue.attributes.redrive
    assert redrive is not None
    extras = msgspec.structs.replace(
        extras_of(message.extras),
        dead_letter_source=queue.arn,
        earlier_receives=message.receives,
    )
    if queue.attributes.is_fifo:
        # docs: sqs-configure-dead-letter-queue-redrive; so that two messages that shared a
        # deduplication id both find room in the dead-letter queue.
        extras = msgspec.structs.replace(extras, deduplication_id=message.message_id)
    _hand_over(tx, queue.arn, redrive.dead_letter_arn, message, extras, message.message_id)


def move_back(tx: Transaction, source_arn: str, destination: str, message: Removed) -> None:
    """Hand a message of a dead-letter queue to another queue, as a new message.

    docs: sqs-configure-dead-letter-queue-redrive; it gets a new id and enqueue time.
    """
    extras = msgspec.structs.replace(
        extras_of(message.extras), dead_letter_source="", earlier_receives=0
    )
    fresh = message._replace(sent_at=0, first_received_at=NEVER)
    _hand_over(tx, source_arn, destination, fresh, extras, "")


def _hand_over(
    tx: Transaction, because: str, to: str, message: Removed, extras: Extras, message_id: str
) -> None:
    moved = {
        "message_id": message_id,
        "sender": message.sender,
        "sent_at": message.sent_at,
        "first_received_at": message.first_received_at,
        "extras": msgspec.to_builtins(extras),
    }
    # What nobody takes comes back to where it was.
    policy = RetryPolicy(
        attempts_max=_ATTEMPTS_MAX, age_max_seconds=RETENTION_SECONDS_MAX, dead_letter_arn=because
    )
    tx.deliver(
        to=to, payload=message.body, because=because, attributes={MOVED: moved},
        policy=policy,
    )  # fmt: skip


def draft_of(body: str, moved: dict[str, Any], is_fifo: bool) -> Draft:
    """The message that another queue has handed over."""
    draft = Draft(body, msgspec.convert(moved["extras"], Extras), moved["sender"])
    draft.message_id = moved["message_id"]
    # docs: setting-up-dead-letter-queue-retention; a FIFO queue starts the time anew.
    draft.sent_at = 0 if is_fifo else moved["sent_at"]
    draft.first_received_at = moved["first_received_at"]
    draft.delay_seconds = 0
    return draft
