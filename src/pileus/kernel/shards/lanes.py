"""A lane of a shard: records of some keys, handled one batch after the other.

A shard has as many lanes as batches of it may run at once. Decisions only: the reader of the shard
runs what a lane says is next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice

from pileus.kernel.shards import decisions
from pileus.kernel.shards.batches import EVENT_BYTES_MAX, Batch, Reading
from pileus.kernel.shards.decisions import Step
from pileus.kernel.shards.progress import Attempt, LaneProgress, Window
from pileus.kernel.shards.records import Record

# docs: lambda/latest/dg/services-kinesis-windows: "waits for up to 2 minutes"
WINDOW_GRACE_MS = 120_000
# What an event has besides its records.
_AROUND_BYTES = 4_096


class Lane:
    """Only for the event loop's thread."""

    def __init__(self, reading: Reading, shard_id: str, progress: LaneProgress) -> None:
        self._reading = reading
        self._shard_id = shard_id
        # Those of a batch that runs, too.
        self.waiting: deque[Record] = deque()
        self.size_bytes = 0
        self.task: asyncio.Task[None] | None = None
        # How often in a row a batch did not run or failed, and until when nothing is tried.
        self.troubles = 0
        self.resumes_at = 0
        self._gathers_from = 0
        self._done = progress.done
        self._done_number = int(progress.done or 0)
        self.attempts: list[Attempt] = list(progress.attempts)
        self.window: Window | None = progress.window

    def add(self, record: Record, now: int) -> None:
        if record.number <= self._done_number:
            # It was done before a restart.
            return
        if not self.waiting:
            self._gathers_from = now
        self.waiting.append(record)
        self.size_bytes += record.size_bytes

    def next_batch(
        self, now: int, *, has_room: bool, has_more: bool, is_ended: bool
    ) -> Batch | None:
        """What shall run now.

        `has_room`: more may be gathered; `has_more`: not all that is in the shard has been read;
        `is_ended`: all has, and nothing will come.
        """
        if self.task is not None or now < self.resumes_at:
            return None
        if self._is_window_over(now, has_more, is_ended):
            return Batch(self._shard_id, [], window=self.window, is_final=True)
        self._drop_past_attempts()
        if not self.waiting:
            return None
        if self.attempts:
            return self._again(has_room and has_more)
        may_wait = has_room and not is_ended and now < self._gathered_at()
        if may_wait and not self._is_full():
            return None
        return self._batch(self._fitting(self.waiting, self._reading.batch_size), 0)

    def _is_full(self) -> bool:
        """Whether more than one batch waits, or just one."""
        if len(self.waiting) >= self._reading.batch_size:
            return True
        if self.size_bytes + _AROUND_BYTES > EVENT_BYTES_MAX:
            return True
        if not self._reading.tumbling_seconds:
            return False
        return self.waiting[-1].arrived_at >= self._window_of(self.waiting[0]).end

    def _again(self, may_grow: bool) -> Batch | None:
        last = int(self.attempts[0].last)
        if self.waiting[-1].number < last and may_grow:
            return None
        wanted = (record for record in self.waiting if record.number <= last)
        return self._batch(self._fitting(wanted, len(self.waiting)), self.attempts[0].failures)

    def _batch(self, records: list[Record], failures: int) -> Batch:
        window = None
        if self._reading.tumbling_seconds:
            window = self._window_of(records[0])
        return Batch(self._shard_id, records, failures, window)

    def _fitting(self, records: Iterable[Record], count: int) -> list[Record]:
        """The first records, as many as fit into an event and lie in one window."""
        found: list[Record] = []
        size = _AROUND_BYTES
        if self.window is not None:
            size += len(self.window.state.encode())
        ends_at: int | None = None
        for record in islice(records, count):
            size += record.size_bytes
            if found and (
                size > EVENT_BYTES_MAX or (ends_at is not None and record.arrived_at >= ends_at)
            ):
                break
            if not found and self._reading.tumbling_seconds:
                ends_at = self._window_of(record).end
            found.append(record)
        return found

    def _window_of(self, first: Record) -> Window:
        """The tumbling window that is open, or that a record opens."""
        return self.window or decisions.window_of(first.arrived_at, self._reading.tumbling_seconds)

    def _drop_past_attempts(self) -> None:
        """Records that were to be tried again may have expired."""
        while self.attempts and self.waiting:
            if self.waiting[0].number <= int(self.attempts[0].last):
                return
            del self.attempts[0]

    def _is_window_over(self, now: int, has_more: bool, is_ended: bool) -> bool:
        window = self.window
        if window is None:
            return False
        if window.is_early:
            return True
        if self.waiting:
            return self.waiting[0].arrived_at >= window.end
        return is_ended or (not has_more and now >= window.end + WINDOW_GRACE_MS)

    def _gathered_at(self) -> int:
        """When the batching window ends."""
        return self._gathers_from + self._reading.window_seconds * 1000

    def due_at(self, now: int) -> int | None:
        """When time alone makes something run."""
        if self.task is not None:
            return None
        instants = []
        if self.resumes_at > now:
            instants.append(self.resumes_at)
        elif self.waiting and self._reading.window_seconds:
            instants.append(self._gathered_at())
        if self.window is not None and not self.waiting:
            instants.append(max(self.window.end + WINDOW_GRACE_MS, self.resumes_at))
        later = [instant for instant in instants if instant > now]
        return min(later, default=None)

    def after(self, step: Step) -> LaneProgress:
        """The progress once a step is kept."""
        done = self.waiting[step.finished - 1].sequence if step.finished else self._done
        return LaneProgress(done, self._attempts_after(step), step.window)

    def _attempts_after(self, step: Step) -> list[Attempt]:
        others = self.attempts
        if step.finished or step.attempts:
            # What was tried just now gives way to what is left of it.
            last = self._last_of(step)
            others = [each for each in others if int(each.last) > last]
        return [*(step.attempts or []), *others]

    def _last_of(self, step: Step) -> int:
        if step.attempts:
            return int(step.attempts[-1].last)
        return self.waiting[step.finished - 1].number

    def first_after(self, step: Step) -> Record | None:
        """The first record that is left once a step is kept."""
        return self.waiting[step.finished] if step.finished < len(self.waiting) else None

    def take(self, step: Step, now: int) -> None:
        """A step was kept."""
        progress = self.after(step)
        for _ in range(step.finished):
            self.size_bytes -= self.waiting.popleft().size_bytes
        self._done, self._done_number = progress.done, int(progress.done or 0)
        self.attempts, self.window = list(progress.attempts), progress.window
        # The next window begins when a run has ended.
        self._gathers_from = now
        self.troubles = self.troubles + 1 if step.is_paused else 0
        if step.is_paused:
            self.resumes_at = now + decisions.pause_ms(self.troubles)

    def refuse(self, now: int) -> None:
        """A batch did not run."""
        self.troubles += 1
        self.resumes_at = now + decisions.refused_pause_ms(self.troubles)

    @property
    def progress(self) -> LaneProgress:
        return LaneProgress(self._done, self.attempts, self.window)
