"""A streamed answer on its way from a runtime to the server, no faster than it is read there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pileus.sandbox.frames import Begun, Invoke, Message, Piece

# docs: gettingstarted-limits, 200 MB for streamed responses
STREAM_BYTES_MAX = 209_715_200
# How much may be under way to the reader before the runtime is not listened to any more.
WINDOW_BYTES = 262_144


class Source(Protocol):
    """The connection that an answer comes over."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Upload:
    """One answer. Its runtime is not listened to while too much of it has not been taken."""

    def __init__(
        self, invoke: Invoke, content_type: str, source: Source, send: Callable[[Message], None]
    ) -> None:
        self.source = source
        self._environment_id = invoke.environment_id
        self._request_id = invoke.request_id
        self._send = send
        self._untaken_bytes = 0
        self._sent_bytes = 0
        send(Begun(self._environment_id, self._request_id, content_type))

    def take(self, data: bytes) -> bool:
        """Pass on what came; False where the answer is longer than it may be."""
        room = STREAM_BYTES_MAX - self._sent_bytes
        data, is_whole = data[:room], len(data) <= room
        self._sent_bytes += len(data)
        self._untaken_bytes += len(data)
        self._send(Piece(self._environment_id, self._request_id, data))
        if self._untaken_bytes > WINDOW_BYTES:
            self.source.pause()
        return is_whole

    def taken(self, request_id: str, count: int) -> None:
        if request_id == self._request_id:
            self._untaken_bytes -= count
            if self._untaken_bytes <= WINDOW_BYTES:
                self.source.resume()

    def close(self) -> None:
        """The invocation is over: the connection serves whatever comes next."""
        self.source.resume()
