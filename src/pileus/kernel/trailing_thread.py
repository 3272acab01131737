"""A thread that works on the pieces of a content in their order, behind who brings them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pileus.kernel import processors

# So many pieces may wait in memory: a thread that the disk holds up now and then falls behind,
# and catches up.
BEHIND_MAX = 4


class TrailingThread:
    """Hashing and writing leave the interpreter, so several of these work at once."""

    def __init__(self, work: Callable[[Sequence[bytes]], None]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, initializer=processors.roam)
        self._given: deque[asyncio.Future[None]] = deque()

    async def give(self, pieces: Sequence[bytes]) -> None:
        """Have the pieces worked on; raises what the work on earlier ones has raised."""
        while len(self._given) >= BEHIND_MAX:
            await self._first()
        loop = asyncio.get_running_loop()
        self._given.append(loop.run_in_executor(self._thread, self._work, pieces))

    async def finished(self) -> None:
        """Return when all is done; raises what it has raised."""
        while self._given:
            await self._first()

    async def rest(self) -> None:
        """Return when nothing is worked on, whatever has come of it; nothing can be given then."""
        if self._given:
            await asyncio.wait(self._given)
        for done in self._given:
            if not done.cancelled():
                done.exception()
        self._given.clear()
        self._thread.shutdown(wait=False)

    async def _first(self) -> None:
        # Cancelling who waits must not hide a thread that is still at work.
        await asyncio.shield(self._given[0])
        self._given.popleft()
