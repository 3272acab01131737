"""A function's answer while it comes: written by a fleet, read by one client, bounded by credit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

# Credit is given back in portions: each costs a message to the host of the environment.
_PORTION_BYTES = 65_536


class ResponseStream:
    """The writing end (`kernel.fleet.Sink`), and what the reader needs to wait.

    The writer keeps to its credit, so that little waits here. Only for the event loop's thread.
    """

    def __init__(self) -> None:
        # None until the function begins to answer; it may end without.
        self.content_type: str | None = None
        self._on_taken: Callable[[int], None] = lambda count: None
        self._pieces: deque[bytes] = deque()
        self._taken_bytes = 0
        self._is_ended = self._is_discarded = False
        self._waiter: asyncio.Future[None] | None = None

    def begin(self, content_type: str, on_taken: Callable[[int], None]) -> None:
        self.content_type = content_type
        self._on_taken = on_taken
        self._wake()

    def put(self, piece: bytes) -> None:
        if self._is_discarded:
            self._take(len(piece))
        else:
            self._pieces.append(piece)
            self._wake()

    def end(self) -> None:
        """Nothing more will come; what came can still be read."""
        self._is_ended = True
        self._wake()

    def discard(self) -> None:
        """Nobody reads on. The function is not told: it runs to its end.

        docs: configuration-response-streaming, a broken connection of the client stops nothing.
        """
        if self._is_discarded:
            return
        self._is_discarded = True
        while self._pieces:
            self._take(len(self._pieces.popleft()))
        self._wake()

    async def has_begun(self) -> bool:
        """Wait until the function answers or has ended; False where it ended without streaming."""
        while self.content_type is None and not self._is_ended:
            await self._wait()
        return self.content_type is not None

    async def next(self) -> bytes:
        """The next piece; empty at the end."""
        while not self._pieces:
            if self._is_ended or self._is_discarded:
                return b""
            await self._wait()
        piece = self._pieces.popleft()
        self._take(len(piece))
        return piece

    def _take(self, count: int) -> None:
        self._taken_bytes += count
        if self._taken_bytes >= _PORTION_BYTES:
            self._on_taken(self._taken_bytes)
            self._taken_bytes = 0

    async def _wait(self) -> None:
        assert self._waiter is None, "a response stream has one reader"
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
