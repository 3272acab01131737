"""What standard queues do with messages."""

from __future__ import annotations

from collections.abc import Sequence

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import dead_letters, errors, receipt_handles, rules
from pileus.services.sqs import store as queue_store
from pileus.services.sqs.attributes import VISIBILITY_SECONDS_MAX
from pileus.services.sqs.drafts import Draft
from pileus.services.sqs.extras import extras_of, extras_text
from pileus.services.sqs.kind import (
    COUNTED_DUE_MAX,
    COUNTED_MESSAGES_MAX,
    EXPIRED_PER_PASS,
    IN_FLIGHT_MAX,
    PASSES_MAX,
    SWEPT_AT_ONCE,
    Counts,
    Deposited,
    Kind,
    Received,
    Removed,
    Taken,
    Wanted,
)
from pileus.services.sqs.receipt_handles import ReceiptHandle
from pileus.services.sqs.rules import Reception
from pileus.services.sqs.standard import store
from pileus.services.sqs.standard.store import DELAYED, IN_FLIGHT, VISIBLE, Row
from pileus.services.sqs.store import Queue, State

_DROPPED_AT_ONCE = 100


def deposit(tx: Transaction, queue: Queue, state: State, draft: Draft, position: int) -> Deposited:
    now = tx.now
    delay = draft.delay_seconds
    if delay is None:
        delay = queue.attributes.delay_seconds
    message_id = draft.message_id or tx.kernel.ids.uuid()
    visible_at = now + delay * 1000
    store.insert(
        tx, state.generation, sent_at=draft.sent_at or now, position=position,
        visibility=DELAYED if delay else VISIBLE, visible_at=visible_at,
        first_received_at=draft.first_received_at, message_id=message_id, sender=draft.sender,
        body=draft.body, extras=extras_text(draft.extras),
    )  # fmt: skip
    if delay:
        queue_store.count(tx, queue.arn, delayed=1, until=visible_at)
    return Deposited(message_id, "", True)


def take(tx: Transaction, queue: Queue, state: State, wanted: Wanted) -> Taken:
    attributes = queue.attributes
    if state.due_at and state.due_at <= tx.now:
        state = _sweep(tx, queue, state)
    if state.in_flight >= IN_FLIGHT_MAX:
        return Taken([], is_over_limit=True)
    seconds = wanted.visibility_seconds
    if seconds is None:
        seconds = attributes.visibility_seconds
    return _Take(tx, queue, state, wanted.limit, tx.now + seconds * 1000).run()


class _Take:
    """One receive: takes pages of visible messages until it has what may be returned."""

    def __init__(self, tx: Transaction, queue: Queue, state: State, limit: int, until: int) -> None:
        self.tx = tx
        self.queue = queue
        self.state = state
        self.limit = limit
        self.until = until
        self.alive_since = rules.alive_since(queue.attributes, tx.now)
        redrive = queue.attributes.redrive
        self.receives_max = redrive.receives_max if redrive is not None else 0
        self.messages: list[Received] = []
        # Changes of the queue's counts, written once at the end.
        self.counted_messages = 0
        self.counted_in_flight = 0
        self.counted_delayed = 0

    def run(self) -> Taken:
        is_unfinished = True
        for _ in range(PASSES_MAX):
            missing = self.limit - len(self.messages)
            rows = store.take_visible(
                self.tx, self.state.generation, missing, self.until, self.alive_since
            )
            self.counted_in_flight += len(rows)
            self._sort_out(rows)
            if len(rows) < missing or len(self.messages) == self.limit:
                is_unfinished = False
                break
        if self.counted_in_flight or self.counted_messages or self.counted_delayed:
            queue_store.count(
                self.tx, self.queue.arn, messages=self.counted_messages,
                delayed=self.counted_delayed, in_flight=self.counted_in_flight, until=self.until,
            )  # fmt: skip
        return Taken(self.messages, is_unfinished=is_unfinished and not self.messages)

    def _sort_out(self, rows: list[Row]) -> None:
        has_expired = False
        for row in rows:
            match rules.receive(row.receives, row.sent_at, self.receives_max, self.alive_since):
                case Reception.RETURN:
                    self.messages.append(_received(self.queue, self.state, row, self.tx.now))
                case Reception.DEAD_LETTER:
                    self._dead_letter(row)
                case Reception.EXPIRE:
                    has_expired = True
        if has_expired:
            counts = _expire(self.tx, self.state, self.alive_since)
            self.counted_messages -= sum(counts)
            self.counted_in_flight -= counts.in_flight
            self.counted_delayed -= counts.delayed

    def _dead_letter(self, row: Row) -> None:
        if not dead_letters.can_move(self.tx, self.queue):
            self.messages.append(_received(self.queue, self.state, row, self.tx.now))
            return
        store.delete(self.tx, self.state.generation, row.sent_at, row.position)
        self.counted_messages -= 1
        self.counted_in_flight -= 1
        dead_letters.move(self.tx, self.queue, _removed(row, receives=row.receives - 1))


def _received(queue: Queue, state: State, row: Row, now: int) -> Received:
    handle = receipt_handles.encode(
        ReceiptHandle(queue.number, state.generation, row.sent_at, row.position, row.receives, now)
    )
    return Received(
        row.message_id, handle, row.body, row.extras, row.sender, row.sent_at, row.receives,
        row.first_received_at, "",
    )  # fmt: skip


def _removed(row: Row, receives: int) -> Removed:
    return Removed(
        row.message_id, row.body, row.extras, row.sender, row.sent_at,
        receives + extras_of(row.extras).earlier_receives, row.first_received_at,
    )  # fmt: skip


def _sweep(tx: Transaction, queue: Queue, state: State) -> State:
    """Make the messages visible whose timeout or delay is over."""
    delayed = in_flight = 0
    if state.delayed:
        delayed = store.sweep(tx, state.generation, DELAYED, SWEPT_AT_ONCE)
    if state.in_flight:
        in_flight = store.sweep(tx, state.generation, IN_FLIGHT, SWEPT_AT_ONCE)
    state = state._replace(delayed=state.delayed - delayed, in_flight=state.in_flight - in_flight)
    state = state._replace(due_at=next_due(tx, queue, state))
    queue_store.count_swept(tx, queue.arn, state.due_at, delayed=delayed, in_flight=in_flight)
    return state


def next_due(tx: Transaction, queue: Queue, state: State) -> int:
    due = [
        store.next_due(tx, state.generation, visibility)
        for visibility, messages in ((DELAYED, state.delayed), (IN_FLIGHT, state.in_flight))
        if messages
    ]
    return min(filter(None, due), default=0)


def delete(
    tx: Transaction, queue: Queue, state: State, handles: Sequence[tuple[ReceiptHandle, str]]
) -> list[AwsError | None]:
    """Any handle of a message deletes it: AWS takes old ones too where the queue is standard."""
    deleted = [store.delete(tx, state.generation, h.lane, h.position) for h, _ in handles]
    removed = len(deleted) - deleted.count(None)
    if removed:
        queue_store.count(tx, queue.arn, messages=-removed, in_flight=-deleted.count(IN_FLIGHT))
    return [None] * len(handles)


def change_visibility(
    tx: Transaction, queue: Queue, state: State, handle: ReceiptHandle, text: str, seconds: int
) -> None:
    row = store.find(tx, state.generation, handle.lane, handle.position)
    if row is None or row.sent_at <= rules.alive_since(queue.attributes, tx.now):
        raise errors.message_not_available(text)
    if row.visibility != IN_FLIGHT or row.visible_at <= tx.now:
        # The message is visible again; AWS answers success and changes nothing.
        return
    if rules.exceeds_visibility(seconds, handle.received_at, tx.now):
        raise errors.visibility_beyond_limit(seconds, VISIBILITY_SECONDS_MAX)
    visible_at = tx.now + seconds * 1000
    store.hide_until(tx, state.generation, row.sent_at, row.position, visible_at)
    if seconds:
        queue_store.count(tx, queue.arn, until=visible_at)
    else:
        queue_store.count(tx, queue.arn, in_flight=-1)
    # Even a later instant matters: whoever waits knows only the former one.
    tx.wake(queue.arn)


def counts(tx: Transaction, queue: Queue, state: State) -> Counts:
    if state.messages <= COUNTED_MESSAGES_MAX:
        alive_since = rules.alive_since(queue.attributes, tx.now)
        return Counts(*store.count_all(tx, state.generation, alive_since))
    due_delayed, due_in_flight = (
        store.count_due(tx, state.generation, visibility, COUNTED_DUE_MAX)
        for visibility in (DELAYED, IN_FLIGHT)
    )
    in_flight = state.in_flight - due_in_flight
    delayed = state.delayed - due_delayed
    return Counts(state.messages - in_flight - delayed, in_flight, delayed)


def expire(tx: Transaction, queue: Queue, state: State) -> int:
    alive_since = rules.alive_since(queue.attributes, tx.now)
    removed = _expire(tx, state, alive_since)
    if sum(removed):
        queue_store.count(
            tx, queue.arn, messages=-sum(removed), delayed=-removed.delayed,
            in_flight=-removed.in_flight,
        )  # fmt: skip
    oldest = store.oldest(tx, state.generation)
    return 0 if oldest is None else rules.expiry_check_at(queue.attributes, oldest)


def _expire(tx: Transaction, state: State, alive_since: int) -> Counts:
    """Remove a page of expired messages; how many of which kind."""
    rows = store.expire(tx, state.generation, alive_since, EXPIRED_PER_PASS)
    return Counts(rows.count(VISIBLE), rows.count(IN_FLIGHT), rows.count(DELAYED))


def remove(tx: Transaction, queue: Queue, state: State, limit: int) -> list[Removed]:
    if state.due_at and state.due_at <= tx.now:
        _sweep(tx, queue, state)
    alive_since = rules.alive_since(queue.attributes, tx.now)
    rows = store.remove_visible(tx, state.generation, limit, alive_since)
    if rows:
        queue_store.count(tx, queue.arn, messages=-len(rows))
    return [_removed(row, row.receives) for row in rows if row.sent_at > alive_since]


def drop(tx: Transaction, generation: int) -> bool:
    return store.drop(tx, generation, _DROPPED_AT_ONCE) == _DROPPED_AT_ONCE


STANDARD = Kind(
    deposit=deposit,
    take=take,
    next_due=next_due,
    delete=delete,
    change_visibility=change_visibility,
    counts=counts,
    expire=expire,
    remove=remove,
    drop=drop,
)
