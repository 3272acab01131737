"""Putting messages into a queue, whoever brings them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import trace_headers
from pileus.kernel.call import Context
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import dead_letters, drafts, rules, store
from pileus.services.sqs.drafts import Draft
from pileus.services.sqs.kind import Deposited
from pileus.services.sqs.kinds import kind_of
from pileus.services.sqs.store import Queue, State

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery
    from pileus.kernel.fan_outs import Arrival

EXPIRE_TIMER = "sqs:expire"


def deposit(tx: Transaction, arn: str, draft: Draft) -> Deposited:
    """Store one message; raises AWS's errors, and has then left the queue as it was."""
    room = store.make_room(tx, arn, 1)
    queue, state = room.queue, room.state
    try:
        draft.check_for(queue.attributes)
    except AwsError:
        store.conclude(tx, room, 0)
        raise
    deposited = kind_of(queue).deposit(tx, queue, state, draft, room.first)
    store.conclude(tx, room, 1 if deposited.is_new else 0)
    if deposited.is_new:
        keep_expiry(tx, queue, state, draft.sent_at or tx.now)
        tx.wake(arn)
    return deposited


def deposit_all(tx: Transaction, arn: str, drafts: Sequence[Draft]) -> list[Deposited | AwsError]:
    """Store messages in their order; raises AWS's error where there is no such queue."""
    room = store.make_room(tx, arn, len(drafts))
    queue, state = room.queue, room.state
    kind = kind_of(queue)
    results: list[Deposited | AwsError] = []
    stored = 0
    oldest_at = tx.now
    for position, draft in enumerate(drafts, room.first):
        try:
            draft.check_for(queue.attributes)
        except AwsError as error:
            results.append(error)
            continue
        deposited = kind.deposit(tx, queue, state, draft, position)
        results.append(deposited)
        if deposited.is_new:
            stored += 1
            oldest_at = min(oldest_at, draft.sent_at or tx.now)
    store.conclude(tx, room, stored)
    if stored:
        keep_expiry(tx, queue, state, oldest_at)
        tx.wake(arn)
    return results


def keep_expiry(tx: Transaction, queue: Queue, state: State, sent_at: int) -> None:
    """See to it that a timer removes the queue's messages when they expire."""
    at = rules.expiry_check_at(queue.attributes, sent_at)
    if not state.expires_at or at < state.expires_at:
        tx.set_timer(EXPIRE_TIMER, queue.arn, at)
        store.set_expires_at(tx, queue.arn, at)


def sender_id(context: Context) -> str:
    """What AWS calls SenderId: the account, or the user's or role session's name within it."""
    _, separator, name = context.principal_arn.partition("/")
    return name.replace("/", ":") if separator else context.account


def accept(call: Call, delivery: Delivery) -> None:
    """Take what another service (or another queue) hands over; see docs/services/sqs.md."""
    deposit(call.tx, delivery.to, _draft_of(call, delivery))


def accept_all(call: Call, arrivals: Sequence[Arrival]) -> list[AwsError | None]:
    """As `accept`, for many messages."""
    refusals: list[AwsError | None] = []
    for arrival in arrivals:
        delivery = arrival.delivery
        try:
            deposit(arrival.tx, delivery.to, _draft_of(call, delivery))
        except AwsError as refusal:
            refusals.append(refusal)
        else:
            refusals.append(None)
    return refusals


def _draft_of(call: Call, delivery: Delivery) -> Draft:
    attributes = delivery.attributes
    moved = attributes.get(dead_letters.MOVED)
    if moved is not None:
        is_fifo = delivery.to.endswith(".fifo")
        return dead_letters.draft_of(delivery.payload, moved, is_fifo)
    draft = _new_draft(call, delivery.payload, attributes)
    draft.message_id = delivery.id
    return draft


def _new_draft(call: Call, payload: str, attributes: dict[str, Any]) -> Draft:
    sender = attributes.get("SenderId") or sender_id(call.context)
    if not attributes:
        return drafts.draft(sender, payload)
    message_attributes = dict(attributes.get("MessageAttributes") or {})
    # Added by the kernel where a delivery was given up and goes to its dead-letter queue.
    for name in ("ERROR_MESSAGE", "TARGET_ARN"):
        if attributes.get(name):
            message_attributes[name] = {"DataType": "String", "StringValue": attributes[name]}
    trace_header = attributes.get("AWSTraceHeader")
    return drafts.draft(
        sender,
        payload,
        attributes=message_attributes,
        system_attributes=(_trace_attribute(trace_header) if trace_header else None),
        deduplication_id=attributes.get("MessageDeduplicationId"),
        group_id=attributes.get("MessageGroupId"),
    )


def trace_of(context: Context) -> dict[str, Any] | None:
    """The system attribute by which a message stays in the trace of who sends it."""
    header = context.trace_id
    return _trace_attribute(header) if header and trace_headers.parse(header).root else None


def _trace_attribute(header: str) -> dict[str, Any]:
    return {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
