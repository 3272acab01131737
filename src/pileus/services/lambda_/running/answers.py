"""The answer of an invocation under way: whole at its end, or in pieces while it comes."""

from __future__ import annotations

from pileus.kernel.call import Call
from pileus.kernel.response_streams import ResponseStream
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import platform_of

# A whole answer is read in pieces, too.
PIECE_BYTES = 262_144


class Answer:
    """Read by one client. The invocation goes on to its end if the client goes away."""

    def __init__(self, call: Call, function: Function, invocation: Invocation) -> None:
        self._stream = stream = ResponseStream()
        running = platform_of(call).run(call, function, invocation._replace(sink=stream))
        self._running = call.kernel.tasks.start("streamed invocation", running)
        self._running.add_done_callback(lambda _: stream.end())
        self._is_streamed = False
        self._read_bytes = 0
        if call.when_lost is not None:
            call.when_lost(stream.discard)

    async def begin(self) -> str | None:
        """Wait for the first of the answer: its content type, or None for one that is whole.

        Raises what kept the event from running.
        """
        self._is_streamed = await self._stream.has_begun()
        if not self._is_streamed:
            self._running.result()
        return self._stream.content_type

    async def read(self) -> bytes:
        """The next piece; empty at the end. A function's error is no part of a piece."""
        if self._is_streamed:
            return await self._stream.next()
        if self.outcome.function_error:
            return b""
        payload = self.outcome.payload
        piece = payload[self._read_bytes : self._read_bytes + PIECE_BYTES]
        self._read_bytes += len(piece)
        return piece

    @property
    def outcome(self) -> Outcome:
        """How the invocation ended; only after the last piece."""
        outcome: Outcome = self._running.result()
        return outcome

    def discard(self) -> None:
        """Nobody reads on."""
        self._stream.discard()

    def __del__(self) -> None:
        # A client may be lost between the answer and its first byte: whoever was to read it is
        # then dropped without being called.
        self._stream.discard()
