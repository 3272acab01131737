"""A request's body that is handed over while it arrives, with a bounded buffer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

JOINED_BYTES_MAX = 65_536


class ClientLostError(ConnectionError):
    """The client went away, or broke off, before its body was complete."""


class BodyStream:
    """An asynchronous iterator over the pieces of one body.

    `on_wanted` is called when a reader finds the buffer empty or has emptied it enough: the
    connection then reads on (and says 100 Continue where the client waits for it).
    """

    __slots__ = (
        "buffered_bytes", "failure", "is_ended", "loop", "on_wanted", "pieces", "waiter",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, on_wanted: Callable[[], None]) -> None:
        self.loop = loop
        self.on_wanted = on_wanted
        self.pieces: deque[bytes] = deque()
        self.buffered_bytes = 0
        self.is_ended = False
        self.failure: ClientLostError | None = None
        self.waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> BodyStream:
        return self

    async def __anext__(self) -> bytes:
        while not self.pieces:
            if self.failure is not None:
                raise self.failure
            if self.is_ended:
                raise StopAsyncIteration
            assert self.waiter is None, "A body stream has one reader."
            self.waiter = self.loop.create_future()
            self.on_wanted()
            try:
                await self.waiter
            finally:
                self.waiter = None
        piece = self.pieces.popleft()
        if self.pieces and len(piece) < JOINED_BYTES_MAX:
            # All that is there at once: a step of the reader for each piece would cost more. For
            # large pieces, copying would.
            piece = b"".join((piece, *self.pieces))
            self.pieces.clear()
        self.buffered_bytes -= len(piece)
        if not self.is_ended:
            self.on_wanted()
        return piece

    def put(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.buffered_bytes += len(piece)
        self.wake()

    def end(self) -> None:
        self.is_ended = True
        self.wake()

    def fail(self, reason: str) -> None:
        """End before the end; pieces that had arrived are dropped, since the whole is lost."""
        if self.is_ended or self.failure is not None:
            return
        self.failure = ClientLostError(reason)
        self.pieces.clear()
        self.buffered_bytes = 0
        self.wake()

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
