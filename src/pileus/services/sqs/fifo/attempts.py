"""Receive request attempts: a repeated receive gets what the lost answer held."""

from __future__ import annotations

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.sqs import errors, receipt_handles, rules
from pileus.services.sqs import store as queue_store
from pileus.services.sqs.fifo import memory_store, store
from pileus.services.sqs.fifo.groups import settle
from pileus.services.sqs.fifo.store import Row
from pileus.services.sqs.store import Queue, State

FORGET_TIMER = "sqs:forget"
_FORGOTTEN_AT_ONCE = 200


class Receipts(msgspec.Struct, frozen=True):
    """What an attempt was given, and until when it was hidden."""

    handles: list[str]
    until: int


def remember(
    tx: Transaction, queue: Queue, state: State, attempt_id: str, handles: list[str], until: int
) -> None:
    span = rules.span_of(tx.now)
    receipts = msgspec.json.encode(Receipts(handles, until)).decode()
    memory_store.put_attempt(tx, queue.number, span, attempt_id, tx.now, receipts)
    keep_forgetting(tx, queue, state, span)


def repeat(
    tx: Transaction, queue: Queue, state: State, attempt_id: str, until: int
) -> list[tuple[Row, str]] | None:
    """The messages of an earlier attempt with their handles, hidden anew until `until`.

    None if there was none, or its messages have become visible again by themselves. Raises AWS's
    error if one of them was deleted or had its visibility changed.
    """
    span, since = rules.span_of(tx.now), tx.now - rules.ATTEMPT_MS
    found = memory_store.find_attempt(tx, queue.number, span, attempt_id, since)
    if found is None:
        return None
    first_span, received_at, text = found
    receipts = msgspec.json.decode(text, type=Receipts)
    if receipts.until <= tx.now:
        return None
    rows = []
    keys: dict[int, None] = {}
    for handle_text in receipts.handles:
        handle = receipt_handles.decode(handle_text)
        row = store.find(tx, handle.generation, handle.lane, handle.position)
        if (
            row is None
            or handle.generation != state.generation
            or (row.receives, row.visible_at) != (handle.receives, receipts.until)
        ):
            raise errors.attempt_not_retryable(attempt_id)
        rows.append((row, handle_text))
        keys[handle.lane] = None
        store.hide_until(tx, handle.generation, handle.lane, handle.position, until)
    text = msgspec.json.encode(Receipts(receipts.handles, until)).decode()
    memory_store.put_attempt(tx, queue.number, first_span, attempt_id, received_at, text)
    for key in keys:
        group = store.find_group(tx, state.generation, key)
        assert group is not None, "a group with messages has a row"
        settle(tx, state.generation, group)
    queue_store.count(tx, queue.arn, until=until)
    return rows


def keep_forgetting(tx: Transaction, queue: Queue, state: State, span: int) -> None:
    """See to it that a timer removes what is remembered for five minutes only."""
    if not state.forgets_at:
        at = rules.forget_at(span)
        tx.set_timer(FORGET_TIMER, queue.arn, at)
        queue_store.set_forgets_at(tx, queue.arn, at)


def forget(tx: Transaction, queue: Queue) -> int:
    """Remove a page of what is no longer needed; when to do so again, or 0."""
    span = memory_store.forget(tx, queue.number, rules.span_of(tx.now) - 1, _FORGOTTEN_AT_ONCE)
    return 0 if span is None else rules.forget_at(span)
