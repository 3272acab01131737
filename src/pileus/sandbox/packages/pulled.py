"""Lets a thread read what the event loop's iterators give, a piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Pulled:
    """Made on the loop, read in a thread; holds no more than one piece."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._loop = asyncio.get_running_loop()

    def read(self) -> bytes:
        """The next piece; empty at the end."""
        return asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()

    async def _next(self) -> bytes:
        async for piece in self._pieces:
            if piece:
                return piece
        return b""
