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


class StartGate:
    """Whoever comes in must leave; those who wait are served in their order."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)

    async def enter(self) -> None:
        await self._places.acquire()

    def leave(self) -> None:
        self._places.release()

    def leave_later(
        self, is_in_init: Callable[[], bool], cpu_seconds: Callable[[], float | None]
    ) -> None:
        """Leave when INIT is over, or does nothing with the processor."""
        began, seen = real_time.seconds(), cpu_seconds()
        looked, pause = began, _LOOK_SECONDS_MIN

        def look() -> None:
            nonlocal looked, pause, seen
            now = real_time.seconds()
            if is_in_init():
                used = cpu_seconds()
                if used is None or seen is None:
                    is_busy = now - began < _HELD_SECONDS_MAX
                else:
                    is_busy = used - seen > _BUSY_SHARE * (now - looked)
                if is_busy:
                    looked, seen, pause = now, used, min(2 * pause, _LOOK_SECONDS_MAX)
                    real_time.after(pause, look)
                    return
            self.leave()

        real_time.after(pause, look)
