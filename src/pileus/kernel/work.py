"""How much of the platform's own work is running: the clock moves only while there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice

NAMES_MAX = 20


class Work:
    """Counts transactions, invocations and deliveries. Waiting (polls, timers) does not count.

    Only for the event loop's thread.
    """

    def __init__(self) -> None:
        self._numbers = count()
        # What each is, for who asks why the clock does not move.
        self._running: dict[int, str] = {}
        self._idle_waiters: list[tuple[frozenset[int], asyncio.Future[None]]] = []
        self.done_count = 0

    def begin(self, name: str) -> int:
        number = next(self._numbers)
        self._running[number] = name
        return number

    def end(self, number: int) -> None:
        self._running.pop(number, None)
        self.done_count += 1
        if self._idle_waiters:
            self._tell_waiters()

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """The length of a `with` counts as work."""
        number = self.begin(name)
        try:
            yield
        finally:
            self.end(number)

    def snapshot(self) -> frozenset[int]:
        """The work that runs now, to be left out of account by one who is part of it."""
        return frozenset(self._running)

    def is_idle(self, apart_from: frozenset[int] = frozenset()) -> bool:
        return self._running.keys() <= apart_from

    def count(self, apart_from: frozenset[int] = frozenset()) -> int:
        return len(self._running.keys() - apart_from)

    def names(self, apart_from: frozenset[int] = frozenset()) -> list[str]:
        """What runs, the oldest first, so many at most as a person would read."""
        running = (name for number, name in self._running.items() if number not in apart_from)
        return list(islice(running, NAMES_MAX))

    def idle(self, apart_from: frozenset[int] = frozenset()) -> asyncio.Future[None]:
        """A future that is done when nothing (apart from these) runs."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_idle(apart_from):
            future.set_result(None)
        else:
            self._idle_waiters.append((apart_from, future))
        return future

    def _tell_waiters(self) -> None:
        remaining = []
        for apart_from, future in self._idle_waiters:
            if future.done():
                continue
            if self._running.keys() <= apart_from:
                future.set_result(None)
            else:
                remaining.append((apart_from, future))
        self._idle_waiters = remaining
