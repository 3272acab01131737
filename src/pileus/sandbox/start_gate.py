"""Lets few environments start at a time: hundreds together would all be late, and some too late.

Each start makes namespaces, mounts and processes, for which the kernel has locks that all share,
and then runs the function's own INIT. One that only waits in its INIT makes room for the next.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from pileus.sandbox import real_time

_EACH_PROCESSOR = 2
_AT_ONCE_MIN = 4
_LOOK_SECONDS_MIN, _LOOK_SECONDS_MAX = 0.004, 0.064
# Of a processor: whoever takes less is waiting for something else.
_BUSY_SHARE = 0.1
# Where nobody counts the processor's time.
_HELD_SECONDS_MAX = 0.25


def at_once() -> int:
    return max(_AT_ONCE_MIN, _EACH_PROCESSOR * (os.cpu_count() or 1))


class _Starter:
    """One that is in its INIT, and how much of the processor it had taken when it was seen last."""

    def __init__(self, cpu_seconds: Callable[[], float | None]) -> None:
        self._cpu_seconds = cpu_seconds
        self._began = self._looked = real_time.seconds()
        self._seen = cpu_seconds()

    def is_busy(self) -> bool:
        """Whether it has used the processor since the last look."""
        now = real_time.seconds()
        if now - self._looked < _LOOK_SECONDS_MIN / 2:
            return True  # It has just come; nobody can tell yet.
        used = self._cpu_seconds()
        if used is None or self._seen is None:
            return now - self._began < _HELD_SECONDS_MAX
        is_busy = used - self._seen > _BUSY_SHARE * (now - self._looked)
        self._looked, self._seen = now, used
        return is_busy


class StartGate:
    """Whoever comes in must leave; those who wait are served in their order."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._in_init: set[_Starter] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._pause = _LOOK_SECONDS_MIN

    async def enter(self) -> None:
        await self._places.acquire()

    def leave(self) -> None:
        self._places.release()

    def leave_later(self, cpu_seconds: Callable[[], float | None]) -> Callable[[], None]:
        """Leave when what is returned is called, because INIT is over, or before that when it
        does nothing with the processor.
        """
        starter = _Starter(cpu_seconds)
        self._in_init.add(starter)
        if self._timer is None or self._pause > _LOOK_SECONDS_MIN:
            self._look_in(_LOOK_SECONDS_MIN)
        return lambda: self._leave_once(starter)

    def _leave_once(self, starter: _Starter) -> None:
        if starter in self._in_init:
            self._in_init.remove(starter)
            self.leave()
        if not self._in_init:
            self._disarm()

    def _look_in(self, seconds: float) -> None:
        self._disarm()
        self._pause = seconds
        self._timer = real_time.after(seconds, self._look)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        for starter in [each for each in self._in_init if not each.is_busy()]:
            self._leave_once(starter)
        if self._in_init:
            self._look_in(min(2 * self._pause, _LOOK_SECONDS_MAX))
