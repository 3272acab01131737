"""ReceiveMessage: the one operation that waits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import md5
from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.sqs import errors, message_attributes, store, throttles
from pileus.services.sqs.attributes import VISIBILITY_SECONDS_MAX, WAIT_SECONDS_MAX
from pileus.services.sqs.extras import extras_of
from pileus.services.sqs.kind import Received, Taken, Wanted
from pileus.services.sqs.kinds import kind_of

if TYPE_CHECKING:
    from pileus.kernel.call import Call

MESSAGES_MAX = 10
# Steps of one receive through a backlog of expired or exhausted messages before it gives up.
_STEPS_MAX = 100
_ATTEMPT_ID = re.compile(r"[!-~]{1,128}")
_SYSTEM_ATTRIBUTES = {
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
}
# AttributeNames takes these too, for history's sake, and they select nothing.
_QUEUE_ATTRIBUTES = {
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
}


class Found(NamedTuple):
    """What one look into the queue has brought."""

    taken: Taken
    wait_seconds: int  # the queue's own
    next_due: int  # when a hidden message becomes visible; 0 if none will


async def receive_message(
    call: Call,
    *,
    queue_url: str,
    attribute_names: list[str] | None = None,
    message_system_attribute_names: list[str] | None = None,
    message_attribute_names: list[str] | None = None,
    max_number_of_messages: int | None = None,
    visibility_timeout: int | None = None,
    wait_time_seconds: int | None = None,
    receive_request_attempt_id: str | None = None,
) -> dict[str, Any]:
    names = _system_attribute_names(attribute_names, message_system_attribute_names)
    limit = 1 if max_number_of_messages is None else max_number_of_messages
    _check(limit, visibility_timeout, wait_time_seconds, receive_request_attempt_id)
    wanted = Wanted(limit, visibility_timeout, receive_request_attempt_id or "")
    messages: list[Received] = []
    if not wait_time_seconds:
        found = await _look(call, wanted)
        messages = found.taken.messages
        if wait_time_seconds is None and not messages:
            wait_time_seconds = found.wait_seconds
        if found.taken.is_over_limit and not wait_time_seconds:
            # docs: quotas-queues; long polls end empty instead.
            raise errors.too_many_in_flight()
    if not messages and wait_time_seconds:
        messages = await _wait(call, wanted, wait_time_seconds)
    if not messages:
        return {}
    attributes = message_attribute_names or []
    return {"Messages": [_message(received, names, attributes) for received in messages]}


async def _wait(call: Call, wanted: Wanted, seconds: int) -> list[Received]:
    clock = call.kernel.clock
    deadline = call.now + seconds * 1000
    real_deadline_ms = clock.monotonic_ms() + seconds * 1000
    # Subscribe first: a send between looking and waiting would be missed.
    async with call.watching(call.about) as changed:
        while call.is_connected():
            found = await _look(call, wanted)
            real_seconds = (real_deadline_ms - clock.monotonic_ms()) / 1000
            if found.taken.messages or real_seconds <= 0 or call.now >= deadline:
                return found.taken.messages
            until = min(deadline, found.next_due or deadline)
            await changed(until=until, real_seconds=real_seconds)
    return []


async def _look(call: Call, wanted: Wanted) -> Found:
    for _ in range(_STEPS_MAX):
        found: Found = await call.transaction(look, wanted, about=call.about)
        if not found.taken.is_unfinished:
            break
    return found


def look(tx: Transaction, wanted: Wanted) -> Found:
    """Step: take messages, or learn when it is worth looking again."""
    throttles.check(tx, tx.about, "ReceiveMessage")
    queue, state = store.find(tx, tx.about)
    if wanted.attempt_id and not queue.attributes.is_fifo:
        raise errors.not_for_queue_type("ReceiveRequestAttemptId", wanted.attempt_id)
    kind = kind_of(queue)
    taken = kind.take(tx, queue, state, wanted)
    next_due = 0
    if not taken.messages and not taken.is_unfinished and (state.due_at or state.messages):
        next_due = kind.next_due(tx, queue, state)
    return Found(taken, queue.attributes.wait_seconds, next_due)


def _check(
    limit: int,
    visibility_timeout: int | None,
    wait_time_seconds: int | None,
    attempt_id: str | None,
) -> None:
    if not 1 <= limit <= MESSAGES_MAX:
        raise errors.invalid_value(
            "MaxNumberOfMessages", limit, f"Must be between 1 and {MESSAGES_MAX}, if provided."
        )
    if wait_time_seconds is not None and not 0 <= wait_time_seconds <= WAIT_SECONDS_MAX:
        raise errors.invalid_value(
            "WaitTimeSeconds",
            wait_time_seconds,
            f"Must be >= 0 and <= {WAIT_SECONDS_MAX}, if provided.",
        )
    if visibility_timeout is not None and not 0 <= visibility_timeout <= VISIBILITY_SECONDS_MAX:
        raise errors.invalid_value(
            "VisibilityTimeout",
            visibility_timeout,
            f"Must be >= 0 and <= {VISIBILITY_SECONDS_MAX}, if provided.",
        )
    if attempt_id is not None and not _ATTEMPT_ID.fullmatch(attempt_id):
        raise errors.invalid_value(
            "ReceiveRequestAttemptId",
            attempt_id,
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. "
            "1 to 128 in length.",
        )


def _system_attribute_names(
    attribute_names: Sequence[str] | None, system_names: Sequence[str] | None
) -> set[str]:
    names = {*(attribute_names or ()), *(system_names or ())}
    for name in names:
        if name not in _SYSTEM_ATTRIBUTES and name not in _QUEUE_ATTRIBUTES:
            raise errors.unknown_attribute(name)
    return _SYSTEM_ATTRIBUTES if "All" in names else names


def _message(received: Received, names: set[str], attribute_names: list[str]) -> dict[str, Any]:
    body = received.body
    message: dict[str, Any] = {
        "MessageId": received.message_id,
        "ReceiptHandle": received.receipt_handle,
        "MD5OfBody": md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Body": body,
    }
    if not names and not attribute_names:
        return message
    extras = extras_of(received.extras)
    if names:
        values = {
            "SenderId": received.sender,
            "SentTimestamp": str(received.sent_at),
            "ApproximateReceiveCount": str(received.receives + extras.earlier_receives),
            "ApproximateFirstReceiveTimestamp": str(received.first_received_at),
            "SequenceNumber": received.sequence_number,
            "MessageDeduplicationId": extras.deduplication_id,
            "MessageGroupId": extras.group_id,
            "AWSTraceHeader": extras.trace_header,
            "DeadLetterQueueSourceArn": extras.dead_letter_source,
        }
        present = {name: value for name, value in values.items() if value and name in names}
        if present:
            message["Attributes"] = present
    if attribute_names and extras.attributes:
        chosen = message_attributes.selected(extras.attributes, attribute_names)
        if chosen:
            message["MD5OfMessageAttributes"] = message_attributes.md5_of(chosen)
            message["MessageAttributes"] = {name: a.print() for name, a in chosen.items()}
    return message
