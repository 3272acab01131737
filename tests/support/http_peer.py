"""A peer of the HTTP server without sockets: a transport in memory and timers moved by hand."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from pileus.gateway.connection import Connection
from pileus.gateway.server import Server
from pileus.kernel.request import Request, Response


class HandTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class HandTimers:
    """Time that moves only in `advance`."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.numbers = count()
        self.timers: list[tuple[float, int, HandTimer]] = []
        self.armed_count = 0

    def call_later(self, seconds: float, callback: Callable[[], None]) -> HandTimer:
        timer = HandTimer(callback)
        self.armed_count += 1
        heapq.heappush(self.timers, (self.now_ms + seconds * 1000, next(self.numbers), timer))
        return timer

    def monotonic_ms(self) -> float:
        return self.now_ms

    def real_now(self) -> int:
        return 1_700_000_000_000 + int(self.now_ms)

    def advance(self, seconds: float) -> None:
        end = self.now_ms + seconds * 1000
        while self.timers and self.timers[0][0] <= end:
            at, _, timer = heapq.heappop(self.timers)
            self.now_ms = max(self.now_ms, at)
            if not timer.is_cancelled:
                timer.callback()
        self.now_ms = end


class MemoryTransport:
    """What the server writes is in `written`; nothing is sent while `is_stuck`."""

    def __init__(self, connection: Connection, peer: Any = ("192.0.2.7", 4000)) -> None:
        self.connection = connection
        self.peer = peer
        self.written = bytearray()
        self.writes = 0
        self.unsent_bytes = 0
        self.is_stuck = False
        self.is_closed = False
        self.is_aborted = False
        self.has_written_eof = False
        self.is_paused = False
        self.protocol: Any = connection

    def get_extra_info(self, name: str) -> Any:
        return self.peer if name == "peername" else None

    def write(self, data: bytes) -> None:
        assert not self.is_closed, "written after close"
        assert not self.has_written_eof, "written after end of file"
        self.written += data
        self.writes += 1
        if self.is_stuck:
            was_low = self.unsent_bytes == 0
            self.unsent_bytes += len(data)
            if was_low:
                self.protocol.pause_writing()

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))

    def unstick(self) -> None:
        self.is_stuck = False
        self.unsent_bytes = 0
        self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_written_eof = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.protocol.connection_lost(None)

    def abort(self) -> None:
        self.is_aborted = True
        self.close()


class Peer:
    """One client connection to the server."""

    def __init__(self, server: Server, environment_id: str = "") -> None:
        if not hasattr(server, "loop"):
            server.loop = asyncio.get_event_loop()
        self.connection = server.connect(set(), environment_id)
        self.transport = MemoryTransport(self.connection)
        self.connection.connection_made(self.transport)  # type: ignore[arg-type]

    def send(self, data: bytes) -> None:
        if not self.transport.is_closed:
            self.transport.protocol.data_received(data)

    def half_close(self) -> None:
        self.connection.eof_received()

    def leave(self) -> None:
        if not self.transport.is_closed:
            self.transport.is_closed = True
            self.transport.protocol.connection_lost(None)

    def received(self) -> bytes:
        """What the server has written since the last look."""
        data = bytes(self.transport.written)
        self.transport.written.clear()
        return data

    @property
    def is_open(self) -> bool:
        return not self.transport.is_closed


class Service:
    """A `handle` that keeps requests until the test answers them, or answers with `answer`."""

    def __init__(self, answer: Callable[[Request], Response] | None = None) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.replies: list[Callable[[Response], None]] = []
        self.on_request: Callable[[], None] | None = None

    def __call__(self, request: Request, reply: Callable[[Response], None]) -> None:
        self.requests.append(request)
        if self.answer is None:
            self.replies.append(reply)
            if self.on_request is not None:
                self.on_request()
        else:
            reply(self.answer(request))


def text(body: str, status: int = 200) -> Response:
    return Response(status, {"content-type": "text/plain"}, body.encode())


def echo(request: Request) -> Response:
    return text(f"{request.method} {request.path}?{request.query} {request.body.decode('latin-1')}")
