"""Waiting for a cause with a deadline: topics that transactions wake after their commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pileus.kernel.clock import Clock


class Watch:
    """A subscription: `await changed(until=...)` says whether something woke it in time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_woken = False
        self._waiter: asyncio.Future[None] | None = None

    def wake(self) -> None:
        self._is_woken = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def __call__(
        self, *, until: int | None = None, real_seconds: float | None = None
    ) -> bool:
        """Wait for a wake since the last call; False at the earlier of the two deadlines.

        `until` is an instant of the platform's clock (epoch milliseconds), `real_seconds` a
        duration that a frozen clock cannot stretch.
        """
        if not self._is_woken:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._clock.wait(self._waiter, until=until, real_seconds=real_seconds)
            finally:
                self._waiter = None
        woken, self._is_woken = self._is_woken, False
        return woken


class Callback:
    """A subscription that calls a function at once, where a waiter would come too late: caches."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.wake = run


class Waiting:
    """Who watches which topic. A topic is usually a resource's ARN."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watches: dict[str, dict[Watch | Callback, None]] = {}

    @asynccontextmanager
    async def watching(
        self, *topics: str, when_lost: Callable[[Callable[[], None]], None] | None = None
    ) -> AsyncIterator[Watch]:
        """Subscribe before reading: a wake between read and wait is then not lost.

        `when_lost` registers the wake that comes when the client goes away.
        """
        watch = Watch(self._clock)
        if when_lost is not None:
            when_lost(watch.wake)
        for topic in topics:
            self._watches.setdefault(topic, {})[watch] = None
        try:
            yield watch
        finally:
            for topic in topics:
                watches = self._watches[topic]
                del watches[watch]
                if not watches:
                    del self._watches[topic]

    def call_on(self, topic: str, run: Callable[[], None]) -> Callable[[], None]:
        """Call `run` at each wake, before anybody is answered; returns what ends that."""
        callback = Callback(run)
        self._watches.setdefault(topic, {})[callback] = None

        def end() -> None:
            watches = self._watches.get(topic, {})
            watches.pop(callback, None)
            if not watches:
                self._watches.pop(topic, None)

        return end

    def wake(self, topic: str) -> None:
        # Most topics have no watch, and each commit wakes some.
        watches = self._watches.get(topic)
        if watches is not None:
            for watch in tuple(watches):
                watch.wake()

    def count(self, topic: str) -> int:
        return len(self._watches.get(topic, ()))
