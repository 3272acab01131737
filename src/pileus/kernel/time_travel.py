"""Freezes, advances and resumes the platform's clock, and keeps where it stands in the store.

An advance steps to each instant at which something falls due, in order, and moves on only while
the platform's own work is idle. Clients' long polls and pollers' waits do not count as work.
Instants at which only rows change, and nobody waits for them, are passed many at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from pileus.kernel import clock_rows

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

STEPS_MAX = 10_000_000
# The instants between two stores of the clock while it advances; a crash repeats at most these.
_STEPS_PER_SAVE = 64


class Progress(NamedTuple):
    """How far an advance has come. Instants in epoch milliseconds."""

    target: int
    now: int
    steps: int
    is_done: bool
    # What it waits for, as far as it waits.
    running: list[str]


class Advance:
    """One advance under way; `finished` is done when its target is reached."""

    def __init__(self, target: int, work: frozenset[int]) -> None:
        self.target = target
        # What ran when it was asked for: who asks inside an invocation must not wait for it.
        self.apart_from = work
        self.steps = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class TimeTravel:
    """One advance at a time; others queue behind it."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._turn = asyncio.Lock()
        self.current: Advance | None = None

    async def restore(self) -> None:
        """Take up the stored clock at start."""
        part = self._kernel.store.partition(clock_rows.ABOUT)
        found = await self._kernel.store_read(clock_rows.load, part=part)
        if found is not None:
            self._kernel.clock.restore(*found)
        await self.save()

    async def save(self) -> None:
        clock = self._kernel.clock
        part = self._kernel.store.partition(clock_rows.ABOUT)
        await self._kernel.store_step(clock_rows.save, clock, clock.now(), part=part)

    async def freeze(self) -> None:
        self._kernel.clock.freeze()
        await self.save()

    async def resume(self) -> None:
        async with self._turn:
            self._kernel.clock.resume()
            await self.save()

    def begin(self, milliseconds: int, *, is_from_inside: bool) -> Advance:
        """Set an advance going; await its `finished`, or look at `progress`."""
        work = self._kernel.work.snapshot() if is_from_inside else frozenset()
        start = self.current.target if self.current is not None else self._kernel.clock.now()
        advance = Advance(start + milliseconds, work)
        self._kernel.tasks.start("advance", self._run(advance))
        return advance

    def progress(self, advance: Advance) -> Progress:
        now = self._kernel.clock.now()
        is_done = advance.finished.done()
        running = [] if is_done else self._kernel.work.names(advance.apart_from)
        return Progress(advance.target, now, advance.steps, is_done, running)

    async def _run(self, advance: Advance) -> None:
        clock = self._kernel.clock
        async with self._turn:
            self.current = advance
            was_frozen = clock.is_frozen
            clock.freeze()
            try:
                await self._step_to_target(advance)
            finally:
                self.current = None
                if not was_frozen:
                    clock.resume()
                await self.save()
                if not advance.finished.done():
                    advance.finished.set_result(None)

    async def _step_to_target(self, advance: Advance) -> None:
        clock = self._kernel.clock
        await self._quiet(advance)
        while advance.steps < STEPS_MAX:
            # What falls due, in the store or in somebody's wait, is an alarm of the clock.
            following = clock.next_alarm()
            if following is None or following > advance.target:
                break
            passed = await self._kernel.due.run_ahead(advance.target)
            advance.steps += passed or 1
            if not passed:
                clock.move_to(max(following, clock.now()))
                if advance.steps % _STEPS_PER_SAVE == 0:
                    await self.save()
            await self._quiet(advance)
        clock.move_to(advance.target)
        await self.save()
        await self._quiet(advance)

    async def _quiet(self, advance: Advance) -> None:
        """Wait until nothing runs and nothing that was woken has more to begin."""
        clock, work = self._kernel.clock, self._kernel.work
        while True:
            before = work.done_count
            await clock.settle()
            if work.is_idle(advance.apart_from) and work.done_count == before:
                return
            await work.idle(advance.apart_from)
