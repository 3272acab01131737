"""DeleteMessage, ChangeMessageVisibility and their batches: what a receiver does with a handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import batches, errors, receipt_handles, store, throttles
from pileus.services.sqs.attributes import VISIBILITY_SECONDS_MAX
from pileus.services.sqs.kinds import kind_of
from pileus.services.sqs.receipt_handles import ReceiptHandle
from pileus.services.sqs.store import Queue, State

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def delete_message(call: Call, *, queue_url: str, receipt_handle: str) -> None:
    throttles.check(call.tx, call.about, "DeleteMessage")
    queue, state = store.find(call.tx, call.about)
    [error] = _delete_all(call.tx, queue, state, [receipt_handle])
    if error is not None:
        raise error


def delete_message_batch(
    call: Call, *, queue_url: str, entries: list[dict[str, Any]]
) -> dict[str, Any]:
    batches.check(entries, "DeleteMessageBatchRequestEntry", "ReceiptHandle")
    throttles.check(call.tx, call.about, "DeleteMessage")
    queue, state = store.find(call.tx, call.about)
    texts = [entry["ReceiptHandle"] for entry in entries]
    outcomes = _delete_all(call.tx, queue, state, texts)
    return batches.answer(
        (entry["Id"], error or {}) for entry, error in zip(entries, outcomes, strict=True)
    )


def _delete_all(
    tx: Transaction, queue: Queue, state: State, texts: list[str]
) -> list[AwsError | None]:
    outcomes: list[AwsError | None] = []
    present: list[tuple[ReceiptHandle, str]] = []
    places: list[int] = []
    for text in texts:
        handle = _handle(queue, text)
        if isinstance(handle, AwsError):
            outcomes.append(handle)
            continue
        if handle.generation == state.generation:
            present.append((handle, text))
            places.append(len(outcomes))
        # A message that a purge took away counts as deleted.
        outcomes.append(None)
    deleted = kind_of(queue).delete(tx, queue, state, present)
    for place, outcome in zip(places, deleted, strict=True):
        outcomes[place] = outcome
    return outcomes


def change_message_visibility(
    call: Call, *, queue_url: str, receipt_handle: str, visibility_timeout: int
) -> None:
    throttles.check(call.tx, call.about, "ChangeMessageVisibility")
    queue, state = store.find(call.tx, call.about)
    error = _change(call.tx, queue, state, receipt_handle, visibility_timeout)
    if error is not None:
        raise error


def change_message_visibility_batch(
    call: Call, *, queue_url: str, entries: list[dict[str, Any]]
) -> dict[str, Any]:
    batches.check(entries, "ChangeMessageVisibilityBatchRequestEntry", "ReceiptHandle")
    throttles.check(call.tx, call.about, "ChangeMessageVisibility")
    outcomes: list[tuple[str, dict[str, Any] | AwsError]] = []
    for entry in entries:
        # Read again for each entry: one entry's change is what the next one finds.
        queue, state = store.find(call.tx, call.about)
        seconds = entry.get("VisibilityTimeout")
        error = (
            errors.missing_parameter("VisibilityTimeout")
            if seconds is None
            else _change(call.tx, queue, state, entry["ReceiptHandle"], seconds)
        )
        outcomes.append((entry["Id"], error or {}))
    return batches.answer(outcomes)


def _change(
    tx: Transaction, queue: Queue, state: State, text: str, seconds: int
) -> AwsError | None:
    if not 0 <= seconds <= VISIBILITY_SECONDS_MAX:
        return errors.invalid_value(
            "VisibilityTimeout",
            seconds,
            f"Must be >= 0 and <= {VISIBILITY_SECONDS_MAX}, if provided.",
        )
    handle = _handle(queue, text)
    if isinstance(handle, AwsError):
        return handle
    if handle.generation != state.generation:
        return errors.message_not_available(text)
    try:
        kind_of(queue).change_visibility(tx, queue, state, handle, text, seconds)
    except AwsError as error:
        return error
    return None


def _handle(queue: Queue, text: str) -> ReceiptHandle | AwsError:
    try:
        handle = receipt_handles.decode(text)
    except AwsError as error:
        return error
    if handle.queue != queue.number:
        return errors.receipt_handle_of_another_queue(text)
    return handle
