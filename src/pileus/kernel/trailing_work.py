"""Work in threads on the pieces of a content, in their order, behind who brings them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

# So many pieces may wait in memory: work that the disk holds up now and then falls behind, and
# catches up.
BEHIND_MAX = 4


class TrailingWork:
    """Hashing and writing leave the interpreter, so several of these go on at once.

    The threads are those that all share, and each piece asks for one anew: uploads take turns.
    """

    def __init__(self, work: Callable[[Sequence[bytes]], None]) -> None:
        self._work = work
        self._given: deque[asyncio.Task[None]] = deque()

    async def give(self, pieces: Sequence[bytes]) -> None:
        """Have the pieces worked on; raises what the work on earlier ones has raised."""
        while len(self._given) >= BEHIND_MAX:
            await self._first()
        before = self._given[-1] if self._given else None
        self._given.append(asyncio.ensure_future(self._do(before, pieces)))

    async def _do(self, before: asyncio.Task[None] | None, pieces: Sequence[bytes]) -> None:
        if before is not None:
            await before
        await asyncio.to_thread(self._work, pieces)

    async def finished(self) -> None:
        """Return when all is done; raises what it has raised."""
        while self._given:
            await self._first()

    async def rest(self) -> None:
        """Return when nothing is worked on, whatever has come of it."""
        if self._given:
            await asyncio.wait(self._given)
        for done in self._given:
            if not done.cancelled():
                done.exception()
        self._given.clear()

    async def _first(self) -> None:
        # Cancelling who waits must not hide a thread that is still at work.
        await asyncio.shield(self._given[0])
        self._given.popleft()
