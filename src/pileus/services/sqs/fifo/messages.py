"""What FIFO queues do with messages."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha256

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import dead_letters, errors, receipt_handles, rules
from pileus.services.sqs import store as queue_store
from pileus.services.sqs.attributes import VISIBILITY_SECONDS_MAX
from pileus.services.sqs.drafts import Draft
from pileus.services.sqs.extras import extras_of, extras_text
from pileus.services.sqs.fifo import attempts, memory_store, store
from pileus.services.sqs.fifo.groups import settle, settle_returned
from pileus.services.sqs.fifo.store import Group, Row
from pileus.services.sqs.kind import (
    COUNTED_DUE_MAX,
    COUNTED_MESSAGES_MAX,
    IN_FLIGHT_MAX,
    PASSES_MAX,
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
from pileus.services.sqs.store import Queue, State

_EXPIRED_GROUPS_AT_ONCE = 10
_EXPIRED_AT_ONCE = 120
_EXPIRY_PAUSE_MS = 60_000
_DROPPED_AT_ONCE = 100


def deposit(tx: Transaction, queue: Queue, state: State, draft: Draft, position: int) -> Deposited:
    extras = draft.extras
    if not extras.deduplication_id:
        content = sha256(draft.body.encode()).hexdigest()
        extras = msgspec.structs.replace(extras, deduplication_id=content)
    message_id = draft.message_id or tx.kernel.ids.uuid()
    by_group = queue.attributes.deduplication_scope == "messageGroup"
    digest = _digest(extras.group_id if by_group else "", extras.deduplication_id)
    span, since = rules.span_of(tx.now), tx.now - rules.DEDUPLICATION_MS
    if not memory_store.remember(tx, queue.number, span, digest, since, message_id, position):
        message_id, position = memory_store.remembered(tx, queue.number, span, digest, since)
        number = rules.sequence_number(queue.created_at, position)
        return Deposited(message_id, number, False)
    attempts.keep_forgetting(tx, queue, state, span)
    key = _group_key(extras.group_id)
    row = Row(
        position, tx.now, tx.now, 0, draft.first_received_at, message_id, draft.sender, draft.body,
        extras_text(extras),
    )  # fmt: skip
    store.insert(tx, state.generation, key, row)
    store.add_group(tx, state.generation, key, position)
    if queue.attributes.delay_seconds:
        store.add_sent(tx, state.generation)
    return Deposited(message_id, rules.sequence_number(queue.created_at, position), True)


def _digest(scope: str, deduplication_id: str) -> bytes:
    return blake2b(f"{scope}\0{deduplication_id}".encode(), digest_size=16).digest()


def _group_key(group_id: str) -> int:
    return int.from_bytes(blake2b(group_id.encode(), digest_size=8).digest(), "big") >> 1


def take(tx: Transaction, queue: Queue, state: State, wanted: Wanted) -> Taken:
    seconds = wanted.visibility_seconds
    if seconds is None:
        seconds = queue.attributes.visibility_seconds
    until = tx.now + seconds * 1000
    if wanted.attempt_id:
        repeated = attempts.repeat(tx, queue, state, wanted.attempt_id, until)
        if repeated is not None:
            return Taken([_received(queue, row, handle) for row, handle in repeated])
    if state.due_at and state.due_at <= tx.now:
        state = settle_returned(tx, queue, state)
    if state.in_flight >= IN_FLIGHT_MAX:
        # docs: quotas-fifo; the limit ends receiving without an error.
        return Taken([])
    taken = _Take(tx, queue, state, wanted.limit, until).run()
    if wanted.attempt_id and taken.messages:
        handles = [message.receipt_handle for message in taken.messages]
        attempts.remember(tx, queue, state, wanted.attempt_id, handles, until)
    return taken


class _Take:
    """One receive: goes from group to group, oldest first, until it has what may be returned."""

    def __init__(self, tx: Transaction, queue: Queue, state: State, limit: int, until: int) -> None:
        self.tx = tx
        self.queue = queue
        self.state = state
        self.limit = limit
        self.until = until
        self.alive_since = rules.alive_since(queue.attributes, tx.now)
        self.sent_before = _sent_before(queue, tx.now)
        redrive = queue.attributes.redrive
        self.receives_max = redrive.receives_max if redrive is not None else 0
        self.messages: list[Received] = []
        self.removed = 0

    def run(self) -> Taken:
        is_unfinished = True
        for _ in range(PASSES_MAX):
            groups = store.ready_groups(
                self.tx, self.state.generation, self.sent_before, self.limit
            )
            if groups and groups[0].ready_at <= self.alive_since:
                # Without their expired messages these groups may stand further behind.
                self.removed += _expire(self.tx, self.state.generation, self.alive_since)
                continue
            for group in groups:
                self._take_from(group)
                if len(self.messages) == self.limit:
                    break
            if self.messages or not groups:
                is_unfinished = False
                break
        if self.messages or self.removed:
            queue_store.count(
                self.tx, self.queue.arn, messages=-self.removed, in_flight=len(self.messages),
                until=self.until if self.messages else 0,
            )  # fmt: skip
        return Taken(self.messages, is_unfinished=is_unfinished)

    def _take_from(self, group: Group) -> None:
        """As many of the group's first messages as there is room for: AWS fills up from one."""
        tx, generation = self.tx, self.state.generation
        rows = store.take_first(
            tx, generation, group.key, self.limit - len(self.messages), self.until,
            self.sent_before,
        )  # fmt: skip
        returned = 0
        for row in rows:
            match rules.receive(row.receives, row.sent_at, self.receives_max, self.alive_since):
                case Reception.RETURN:
                    returned += self._return(group.key, row)
                case Reception.DEAD_LETTER:
                    if dead_letters.can_move(tx, self.queue):
                        self._remove(group.key, row)
                        dead_letters.move(tx, self.queue, _removed(row, row.receives - 1))
                    else:
                        returned += self._return(group.key, row)
                case Reception.EXPIRE:
                    self._remove(group.key, row)
        if returned:
            blocked = group._replace(is_blocked=1, ready_at=self.until, in_flight=returned)
            store.set_group(tx, generation, blocked)
            return
        settle(tx, generation, group)

    def _return(self, group_key: int, row: Row) -> int:
        handle = receipt_handles.encode(
            ReceiptHandle(
                self.queue.number, self.state.generation, group_key, row.position, row.receives,
                self.tx.now,
            )
        )  # fmt: skip
        self.messages.append(_received(self.queue, row, handle))
        return 1

    def _remove(self, group_key: int, row: Row) -> None:
        store.delete(self.tx, self.state.generation, group_key, row.position)
        self.removed += 1


def _sent_before(queue: Queue, now: int) -> int:
    """Messages sent later are still delayed. docs: a FIFO queue's delay is retroactive."""
    return now - queue.attributes.delay_seconds * 1000


def _received(queue: Queue, row: Row, handle: str) -> Received:
    return Received(
        row.message_id, handle, row.body, row.extras, row.sender, row.sent_at, row.receives,
        row.first_received_at, rules.sequence_number(queue.created_at, row.position),
    )  # fmt: skip


def _removed(row: Row, receives: int) -> Removed:
    return Removed(
        row.message_id, row.body, row.extras, row.sender, row.sent_at,
        receives + extras_of(row.extras).earlier_receives, row.first_received_at,
    )  # fmt: skip


def next_due(tx: Transaction, queue: Queue, state: State) -> int:
    returned_at = store.next_ready(tx, state.generation, True, after=-1)
    delay_ms = queue.attributes.delay_seconds * 1000
    due = [] if returned_at is None else [returned_at]
    if delay_ms:
        sent_at = store.next_ready(tx, state.generation, False, after=tx.now - delay_ms)
        if sent_at is not None:
            due.append(sent_at + delay_ms)
    return min(due, default=0)


def delete(
    tx: Transaction, queue: Queue, state: State, handles: Sequence[tuple[ReceiptHandle, str]]
) -> list[AwsError | None]:
    """A message can be deleted by the handle of its last receive, while it is in flight."""
    alive_since = rules.alive_since(queue.attributes, tx.now)
    outcomes: list[AwsError | None] = []
    touched: dict[int, None] = {}
    removed = 0
    for handle, text in handles:
        place = store.find_place(tx, state.generation, handle.lane, handle.position)
        if place is None or place.sent_at <= alive_since:
            outcomes.append(None)
        elif place.receives != handle.receives or place.visible_at <= tx.now:
            outcomes.append(errors.receipt_handle_expired(text))
        else:
            store.delete(tx, state.generation, handle.lane, handle.position)
            touched[handle.lane] = None
            removed += 1
            outcomes.append(None)
    if removed:
        landed = sum(_settle_key(tx, state.generation, key) for key in touched)
        queue_store.count(tx, queue.arn, messages=-removed, in_flight=landed)
        tx.wake(queue.arn)
    return outcomes


def change_visibility(
    tx: Transaction, queue: Queue, state: State, handle: ReceiptHandle, text: str, seconds: int
) -> None:
    place = store.find_place(tx, state.generation, handle.lane, handle.position)
    if place is None or place.sent_at <= rules.alive_since(queue.attributes, tx.now):
        raise errors.message_not_available(text)
    if place.receives != handle.receives or place.visible_at <= tx.now:
        raise errors.receipt_handle_expired(text)
    if rules.exceeds_visibility(seconds, handle.received_at, tx.now):
        raise errors.visibility_beyond_limit(seconds, VISIBILITY_SECONDS_MAX)
    visible_at = tx.now + seconds * 1000
    store.hide_until(tx, state.generation, handle.lane, handle.position, visible_at)
    landed = _settle_key(tx, state.generation, handle.lane)
    queue_store.count(tx, queue.arn, in_flight=landed, until=visible_at)
    tx.wake(queue.arn)


def _settle_key(tx: Transaction, generation: int, group_key: int) -> int:
    group = store.find_group(tx, generation, group_key)
    assert group is not None, "a group with messages has a row"
    return settle(tx, generation, group)


def counts(tx: Transaction, queue: Queue, state: State) -> Counts:
    sent_before = _sent_before(queue, tx.now)
    if state.messages <= COUNTED_MESSAGES_MAX:
        alive_since = rules.alive_since(queue.attributes, tx.now)
        return Counts(*store.count_all(tx, state.generation, alive_since, sent_before))
    in_flight = state.in_flight - store.count_due(tx, state.generation, COUNTED_DUE_MAX)
    delayed = 0
    if queue.attributes.delay_seconds:
        sent = store.sent_since(tx, state.generation, sent_before)
        delayed = min(sent, state.messages - in_flight)
    return Counts(state.messages - in_flight - delayed, in_flight, delayed)


def expire(tx: Transaction, queue: Queue, state: State) -> int:
    settle_returned(tx, queue, state)
    generation = state.generation
    alive_since = rules.alive_since(queue.attributes, tx.now)
    removed = _expire(tx, generation, alive_since)
    if removed:
        queue_store.count(tx, queue.arn, messages=-removed)
    store.forget_sent(tx, generation, tx.now - VISIBILITY_SECONDS_MAX * 1000)
    oldest = store.next_ready(tx, generation, False, after=-1)
    checks = [] if oldest is None else [rules.expiry_check_at(queue.attributes, oldest)]
    if store.next_ready(tx, generation, True, after=-1) is not None:
        # A blocked group shows how old it is once its messages have come back.
        checks.append(tx.now + _EXPIRY_PAUSE_MS)
    return min(checks, default=0)


def _expire(tx: Transaction, generation: int, alive_since: int) -> int:
    """Remove a page of expired messages from the groups that have been waiting longest."""
    removed = 0
    for group in store.ready_groups(tx, generation, alive_since, _EXPIRED_GROUPS_AT_ONCE):
        room = _EXPIRED_AT_ONCE - removed
        removed += store.expire(tx, generation, group.key, alive_since, room)
        settle(tx, generation, group)
        if removed == _EXPIRED_AT_ONCE:
            break
    return removed


def remove(tx: Transaction, queue: Queue, state: State, limit: int) -> list[Removed]:
    if state.due_at and state.due_at <= tx.now:
        settle_returned(tx, queue, state)
    sent_before = _sent_before(queue, tx.now)
    alive_since = rules.alive_since(queue.attributes, tx.now)
    rows: list[Row] = []
    for group in store.ready_groups(tx, state.generation, sent_before, limit):
        room = limit - len(rows)
        rows += store.remove_first(tx, state.generation, group.key, room, sent_before)
        settle(tx, state.generation, group)
        if len(rows) >= limit:
            break
    if rows:
        queue_store.count(tx, queue.arn, messages=-len(rows))
    return [_removed(row, row.receives) for row in rows if row.sent_at > alive_since]


def drop(tx: Transaction, generation: int) -> bool:
    return store.drop(tx, generation, _DROPPED_AT_ONCE) > 0


FIFO = Kind(
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
