"""Reads one shard from where its progress stands to its end, and runs what its lanes have ready.

Memory is bounded: reading stops while more waits than `_BUFFER_BYTES`. Nothing is asked on an
interval; a put wakes the stream's topic.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING

from pileus.kernel.errors import AwsError
from pileus.kernel.shards import decisions, sources
from pileus.kernel.shards.batches import (
    Batch,
    Consumer,
    Ended,
    GivenUp,
    NotRun,
    Outcome,
    Reading,
)
from pileus.kernel.shards.decisions import Step
from pileus.kernel.shards.lanes import Lane
from pileus.kernel.shards.progress import LaneProgress, ShardProgress
from pileus.kernel.shards.sources import Place, Shard, Source

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.waiting import Watch

log = logging.getLogger(__name__)

_BUFFER_BYTES = 12 * 1024 * 1024
_EXPIRED = "ExpiredIteratorException"
_GONE = "ResourceNotFoundException"
_TOO_FAST = ("ProvisionedThroughputExceededException", "LimitExceededException")
_TOO_FAST_PAUSE_MS = 1_000


class ShardReader:
    """One shard and one consumer, while the consumer's settings hold."""

    def __init__(
        self,
        call: Call,
        source: Source,
        reading: Reading,
        consumer: Consumer,
        shard: Shard,
        progress: ShardProgress,
        batches: set[asyncio.Task[None]],
    ) -> None:
        self._call = call
        self._clock = call.kernel.clock
        self._source = source
        self._reading = reading
        self._consumer = consumer
        self._shard_id = shard_id = shard.id
        self._began = shard.began
        # Batches end though their reader does not: whoever reads next waits for these.
        self._batches = batches
        self._place = _place(progress, reading, shard_id)
        self._read = progress.read
        kept = progress.lanes if len(progress.lanes) == reading.lanes else []
        empty = LaneProgress()
        self._lanes = [
            Lane(reading, shard_id, kept[number] if kept else empty)
            for number in range(reading.lanes)
        ]
        self._iterator = ""
        self._is_at_end = False
        self._is_caught_up = False
        # Whether records that were not taken have been read since the progress was kept.
        self._is_behind = False
        self._signal: asyncio.Future[None] | None = None
        self._keeping = asyncio.Lock()
        self._reads_from = 0

    async def run(self) -> None:
        """To the end of the shard. Raises AwsError where it cannot go on."""
        waiting, topic = self._call.kernel.waiting, self._consumer.retry_topic
        end_listening = waiting.call_on(topic, self._resume_all) if topic else None
        try:
            async with self._call.watching(*self._source.topics(self._shard_id)) as changed:
                await self._read_on(changed)
        finally:
            if end_listening is not None:
                end_listening()

    async def _read_on(self, changed: Watch) -> None:
        while True:
            self._raise_failures()
            self._begin_batches()
            if self._may_read():
                await self._read_page()
            elif self._is_done():
                await self._keep_end()
                return
            elif self._is_behind and not self._is_busy():
                await self._keep_read()
            else:
                await self._wait(changed)

    def _is_busy(self) -> bool:
        return any(lane.task is not None for lane in self._lanes)

    def _is_done(self) -> bool:
        return self._is_at_end and not any(
            lane.waiting or lane.window or lane.task for lane in self._lanes
        )

    # Reading.

    def _has_room(self) -> bool:
        return self._room() > 0 and sum(lane.size_bytes for lane in self._lanes) < _BUFFER_BYTES

    def _room(self) -> int:
        waiting = sum(len(lane.waiting) for lane in self._lanes)
        return 2 * self._reading.batch_size * len(self._lanes) - waiting

    def _may_read(self) -> bool:
        return (
            not self._is_at_end
            and not self._is_caught_up
            and self._has_room()
            and self._clock.now() >= self._reads_from
        )

    async def _read_page(self) -> None:
        try:
            if not self._iterator:
                self._iterator = await self._source.iterator(self._shard_id, self._place)
            count = min(self._room(), self._reading.batch_size * len(self._lanes))
            page, self._iterator = await self._source.read(self._shard_id, self._iterator, count)
        except AwsError as refusal:
            self._not_read(refusal)
            return
        self._is_at_end = page.is_at_end
        self._is_caught_up = not page.records
        if not page.records:
            return
        now = self._clock.now()
        for record in page.records:
            if self._consumer.takes(record):
                self._lane_of(record.key).add(record, now)
        self._read = page.records[-1].sequence
        self._place = sources.after(self._read)
        self._is_behind = True

    def _not_read(self, refusal: AwsError) -> None:
        if refusal.code == _EXPIRED:
            self._iterator = ""
        elif refusal.code == _GONE:
            # The shard has expired, or its stream is gone, which is noticed at the next look.
            self._is_at_end = True
        elif refusal.code in _TOO_FAST:
            self._reads_from = self._clock.now() + _TOO_FAST_PAUSE_MS
        else:
            raise refusal

    def _lane_of(self, key: bytes) -> Lane:
        return self._lanes[zlib.crc32(key) % len(self._lanes)]

    # Running.

    def _begin_batches(self) -> None:
        now = self._clock.now()
        has_more = not self._is_at_end and not self._is_caught_up
        has_room = self._has_room()
        for lane in self._lanes:
            batch = lane.next_batch(
                now, has_room=has_room, has_more=has_more, is_ended=self._is_at_end
            )
            if batch is not None:
                run = self._run(lane, batch)
                lane.task = self._call.kernel.tasks.start("batch of a shard", run)
                self._batches.add(lane.task)
                lane.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._rouse()

    def _rouse(self) -> None:
        if self._signal is not None and not self._signal.done():
            self._signal.set_result(None)

    def _raise_failures(self) -> None:
        for lane in self._lanes:
            if lane.task is not None and lane.task.done():
                task, lane.task = lane.task, None
                task.result()

    async def _run(self, lane: Lane, batch: Batch) -> None:
        """A batch is work that the clock waits for."""
        with self._call.kernel.work.running(f"batch of {self._shard_id} for {self._call.about}"):
            now = self._clock.now()
            expired = decisions.too_old(batch.records, self._age_max_ms(), now)
            if expired:
                step = decisions.expire(batch, expired)
                await self._conclude(lane, batch, Outcome(), step, None)
                return
            outcome = await self._consumer.run(batch)
            if isinstance(outcome, NotRun):
                await self._refuse(lane, batch, outcome)
                return
            step = decisions.after(batch, outcome, self._reading)
            is_well = outcome.failed_at is None
            if step.is_paused and (lost := await self._lost(batch)) > step.finished:
                # What the stream does not keep any longer is not tried again.
                step = decisions.expire(batch, lost)
            await self._conclude(lane, batch, outcome, step, is_well)

    def _age_max_ms(self) -> int | None:
        seconds = self._reading.age_max_seconds
        return None if seconds < 0 else seconds * 1000

    async def _lost(self, batch: Batch) -> int:
        """How many of the first records their stream has let go."""
        try:
            kept_ms = await self._source.retention_ms()
        except AwsError as refusal:
            return len(batch.records) if refusal.code == _GONE else 0
        return decisions.too_old(batch.records, kept_ms, self._clock.now())

    async def _refuse(self, lane: Lane, batch: Batch, refusal: NotRun) -> None:
        if lost := await self._lost(batch):
            await self._conclude(lane, batch, Outcome(), decisions.expire(batch, lost), False)
            return
        lane.refuse(self._clock.now())
        if refusal.freed is not None:
            refusal.freed.add_done_callback(lambda _: self._resume(lane))

    def _resume_all(self) -> None:
        for lane in self._lanes:
            lane.resumes_at = lane.troubles = 0
        self._rouse()

    def _resume(self, lane: Lane) -> None:
        lane.resumes_at = 0
        self._rouse()

    async def _conclude(
        self, lane: Lane, batch: Batch, outcome: Outcome, step: Step, is_well: bool | None
    ) -> None:
        """Keep the outcome with the progress, and only then go on."""
        given_up = None
        if step.given_up:
            gone = list(batch.records)[step.finished - step.given_up : step.finished]
            attempts = batch.failures + (1 if outcome.details else 0)
            given_up = GivenUp(self._shard_id, gone, step.condition, attempts, outcome.details)
        async with self._keeping:
            progress = self._progress(lane, step)
            self._is_behind = False
            await self._consumer.keep(self._shard_id, progress, Ended(is_well, given_up))
            lane.take(step, self._clock.now())

    # Progress.

    def _progress(self, lane: Lane | None = None, step: Step | None = None) -> ShardProgress:
        """The progress, as it is once the step of a lane is kept."""
        firsts = []
        lanes = []
        for each in self._lanes:
            if each is lane and step is not None:
                firsts.append(each.first_after(step))
                lanes.append(each.after(step))
            else:
                firsts.append(each.waiting[0] if each.waiting else None)
                lanes.append(each.progress)
        waiting = [record for record in firsts if record is not None]
        first = min(waiting, key=lambda record: record.number).sequence if waiting else ""
        return ShardProgress(self._read, first, lanes, began=self._began)

    async def _keep_read(self) -> None:
        """Records that nobody takes are passed."""
        async with self._keeping:
            self._is_behind = False
            await self._consumer.keep(self._shard_id, self._progress(), Ended())

    async def _keep_end(self) -> None:
        ended = ShardProgress(self._read, is_ended=True, began=self._began)
        await self._consumer.keep(self._shard_id, ended, Ended())

    # Waiting.

    async def _wait(self, changed: Watch) -> None:
        """Until a batch ends, time makes one ready, or the stream changes."""
        now = self._clock.now()
        instants = [lane.due_at(now) for lane in self._lanes]
        if self._reads_from > now:
            instants.append(self._reads_from)
        until = min((instant for instant in instants if instant is not None), default=None)
        self._signal = asyncio.get_running_loop().create_future()
        if not self._is_caught_up:
            try:
                await self._clock.wait(self._signal, until=until)
            finally:
                self._signal = None
            return
        watching = asyncio.ensure_future(changed(until=until))
        try:
            await asyncio.wait((watching, self._signal), return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and watching.result():
                self._is_caught_up = False
        finally:
            self._signal = None
            watching.cancel()


def _place(progress: ShardProgress, reading: Reading, shard_id: str) -> Place:
    if progress.first:
        return sources.at(progress.first)
    if progress.read:
        return sources.after(progress.read)
    return sources.first_place(reading.start, shard_id)
