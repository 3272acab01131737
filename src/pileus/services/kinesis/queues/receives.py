"""ReceiveQueueRecords and ReceiveDeadLetterQueueRecords: the operations that wait."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors, expiry, pages, states
from pileus.services.kinesis import store as stream_store
from pileus.services.kinesis.pages import Page
from pileus.services.kinesis.queues import queues, receipts, store
from pileus.services.kinesis.queues.store import Delivery, Queue
from pileus.services.kinesis.store import Stream

# docs: API_ReceiveQueueRecords
RECORDS_MAX = 10
WAIT_SECONDS = 9
_BYTES_MAX = 10 * 1024 * 1024
# What one step looks at.
_DUE_AT_ONCE = 50
_SHARDS_AT_ONCE = 100


class Wanted(NamedTuple):
    limit: int
    # None for the queue's own.
    visibility_seconds: int | None
    is_dead: bool


class Found(NamedTuple):
    """What one look into a queue has brought."""

    records: list[dict[str, Any]]
    # Whether looking again would bring more.
    is_unfinished: bool
    # When one that is hidden becomes visible; 0 if none will.
    next_due: int


async def receive_queue_records(
    call: Call,
    *,
    queue_arn: str,
    limit: int = RECORDS_MAX,
    wait_time_seconds: int = WAIT_SECONDS,
    visibility_timeout_seconds: int | None = None,
) -> dict[str, Any]:
    wanted = Wanted(limit, visibility_timeout_seconds, False)
    return await _receive(call, queue_arn, wanted, wait_time_seconds)


async def receive_dead_letter_queue_records(
    call: Call,
    *,
    queue_arn: str,
    limit: int = RECORDS_MAX,
    wait_time_seconds: int = WAIT_SECONDS,
    visibility_timeout_seconds: int | None = None,
) -> dict[str, Any]:
    wanted = Wanted(limit, visibility_timeout_seconds, True)
    return await _receive(call, queue_arn, wanted, wait_time_seconds)


async def _receive(call: Call, arn: str, wanted: Wanted, wait_seconds: int) -> dict[str, Any]:
    clock = call.kernel.clock
    deadline = call.now + wait_seconds * 1000
    real_deadline_ms = clock.monotonic_ms() + wait_seconds * 1000
    # Subscribe first: a put between looking and waiting would be missed.
    async with call.watching(call.about, arn) as changed:
        while call.is_connected():
            found: Found = await call.transaction(look, arn, wanted, about=call.about)
            real_seconds = (real_deadline_ms - clock.monotonic_ms()) / 1000
            if found.records or real_seconds <= 0 or call.now >= deadline:
                return {"QueueRecords": found.records}
            if not found.is_unfinished:
                until = min(deadline, found.next_due or deadline)
                await changed(until=until, real_seconds=real_seconds)
    return {"QueueRecords": []}


def look(tx: Transaction, arn: str, wanted: Wanted) -> Found:
    """Step: take records, or learn when it is worth looking again."""
    stream = stream_store.find(tx, tx.about)
    queue = queues.find(tx, arn)
    if queue.status in (states.CREATING, states.DELETING):
        raise errors.queue_not_found(arn)
    take = _Take(tx, stream, queue, wanted)
    is_unfinished = take.dead_letters() if wanted.is_dead else take.again() or take.new()
    return Found(take.records, is_unfinished and not take.records, take.next_due())


class _Take:
    """One look: takes what may be taken, until it has what was asked for."""

    def __init__(self, tx: Transaction, stream: Stream, queue: Queue, wanted: Wanted) -> None:
        self.records: list[dict[str, Any]] = []
        self._tx = tx
        self._stream = stream
        self._queue = queue
        self._wanted = wanted
        self._size_bytes = 0
        seconds = wanted.visibility_seconds
        self._visible_at = tx.now + 1000 * (
            queue.visibility_seconds if seconds is None else seconds
        )

    @property
    def _missing(self) -> int:
        return self._wanted.limit - len(self.records) if self._size_bytes < _BYTES_MAX else 0

    def again(self) -> bool:
        """What was received before and not acknowledged; True if there may be more of it."""
        tx, queue = self._tx, self._queue
        due = store.due(tx, queue, False, _DUE_AT_ONCE)
        for each in due:
            if queue.receives_max and each.receives >= queue.receives_max:
                store.put(tx, queue, [each._replace(is_dead=1)])
                # Whoever waits for dead letters has one.
                tx.wake(queue.arn)
            elif self._missing:
                self._take_again(each)
        return len(due) == _DUE_AT_ONCE

    def dead_letters(self) -> bool:
        """Dead letters, those too that have just become so; True if there may be more."""
        tx, queue = self._tx, self._queue
        fresh = store.exhausted(tx, queue, _DUE_AT_ONCE) if queue.receives_max else []
        store.put(tx, queue, [each._replace(is_dead=1) for each in fresh])
        due = store.due(tx, queue, True, _DUE_AT_ONCE)
        for each in due:
            if self._missing:
                self._take_again(each)
        return len(due) == _DUE_AT_ONCE

    def _take_again(self, old: Delivery) -> None:
        tx, stream = self._tx, self._stream
        shard = stream_store.shard_map(tx, stream).get(old.shard)
        page = None
        if shard is not None and old.at > stream.oldest_kept(tx.now):
            page = pages.read(tx, stream, shard, old.position, 1, _BYTES_MAX)
        if page is None or page.next_position != old.position + 1:
            # It has left the stream.
            store.forget(tx, self._queue.queue_id, [old.position])
            return
        self._add(
            page,
            [
                old._replace(
                    visible_at=self._visible_at, receives=old.receives + 1,
                    deliveries=old.deliveries + 1,
                )
            ],
        )  # fmt: skip

    def new(self) -> bool:
        """What has not been delivered before; True if there may be more."""
        tx, stream, queue = self._tx, self._stream, self._queue
        if queue.drained_to == stream.next_position or not self._missing:
            return False
        visible = expiry.visible(stream_store.shard_map(tx, stream), stream, tx.now)
        before = queue.positions()
        positions = {each.number: before.get(each.number, 0) for each in visible}
        waiting = [each for each in visible if positions[each.number] < stream.next_position]
        # The shard that is furthest behind comes first, so that none is passed over for long.
        waiting.sort(key=lambda each: positions[each.number])
        for shard in waiting[:_SHARDS_AT_ONCE]:
            if not self._missing:
                break
            bytes_max = _BYTES_MAX - self._size_bytes
            page = pages.read(
                tx, stream, shard, positions[shard.number], self._missing, bytes_max
            )  # fmt: skip
            self._add(page, self._first_deliveries(page, shard.number))
            # What is still to come has a later position, whatever its shard.
            positions[shard.number] = page.next_position if page.runs else stream.next_position
        is_drained = all(each >= stream.next_position for each in positions.values())
        store.set_positions(tx, queue, positions, stream.next_position if is_drained else 0)
        return not is_drained

    def _first_deliveries(self, page: Page, shard: int) -> list[Delivery]:
        now = self._tx.now
        return [
            Delivery(position, shard, run.at, 0, self._visible_at, 1, 1, now)
            for run in page.runs
            for position in run.columns()[0]
        ]

    def _add(self, page: Page, deliveries: list[Delivery]) -> None:
        """The records of a page, with what is kept of their delivery."""
        if not deliveries:
            return
        queue = self._queue
        store.put(self._tx, queue, deliveries)
        self._size_bytes += page.size_bytes
        taken = iter(deliveries)
        for run in page.runs:
            _, keys, datas = run.columns()
            for key, data in zip(keys, datas, strict=True):
                each = next(taken)
                record = {
                    "ReceiptHandle": receipts.handle(queue, each),
                    "RecordId": f"{queue.stream_id:012x}{each.position:016x}",
                    "Data": data,
                    "ApproximateArrivalTimestamp": each.at,
                    "FirstReceiveTimestamp": each.first_received_at,
                    "ReceiveCount": each.receives,
                }
                if key:
                    record["PartitionKey"] = key
                self.records.append(record)

    def next_due(self) -> int:
        if self.records:
            return 0
        tx, queue = self._tx, self._queue
        # What is hidden now may be a dead letter once it is not.
        kinds = (False, True) if self._wanted.is_dead else (False,)
        instants = [store.next_due(tx, queue, is_dead) for is_dead in kinds]
        return min((at for at in instants if at), default=0)
