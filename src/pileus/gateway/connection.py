"""One client connection: runs its requests in order, writes the answers, bounds both.

One request of a connection runs at a time; those pipelined behind it wait for its answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

from pileus.gateway.deadline import Deadline
from pileus.gateway.exchange import Exchange, refusal
from pileus.gateway.request_head import RefusedError
from pileus.gateway.request_reader import BODY, IDLE, SLICE_BYTES, RequestReader
from pileus.gateway.response_bytes import (
    framing_of,
    has_no_body,
    repeated_lines,
    whole_answer,
    write_head,
)
from pileus.gateway.response_stream import close_pieces, send_stream
from pileus.kernel.request import Response

if TYPE_CHECKING:
    from pileus.gateway.server import OpenConnection, Server

# A larger body is not copied behind its head: that would cost more than another piece does.
COPIED_BYTES_MAX = 64 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# What a client of HTTP/2 begins with.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Connection(asyncio.Protocol):
    __slots__ = (
        "client_address", "deadline", "environment_id", "is_advancing", "is_cut", "is_lingering",
        "is_lost", "is_peer_there", "is_reading", "is_writable", "limits", "reader", "running",
        "server", "siblings", "stream_task", "transport", "unfed", "unsent_bytes", "waiting",
        "writable_waiter",
    )  # fmt: skip

    def __init__(self, server: Server, environment_id: str, siblings: set[OpenConnection]) -> None:
        self.server = server
        self.siblings = siblings
        self.limits = server.limits
        self.environment_id = environment_id
        self.client_address = ""
        self.reader = RequestReader(self)
        self.deadline = Deadline(server.timers, self.time_out)
        self.waiting: deque[Exchange] = deque()
        self.running: Exchange | None = None
        self.unfed: memoryview | None = None
        self.unsent_bytes = 0
        self.stream_task: asyncio.Task[None] | None = None
        self.writable_waiter: asyncio.Future[None] | None = None
        self.is_advancing = self.is_cut = False
        self.is_lingering = self.is_lost = False
        self.is_peer_there = self.is_reading = self.is_writable = True

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.client_address = str(peer[0]) if isinstance(peer, tuple) else ""
        if self.server.admit(self):
            self.deadline.set(self.limits.idle_seconds)
        else:
            self.refuse(503)

    def data_received(self, data: bytes) -> None:
        if self.is_cut or self.reader.is_last:
            return
        if self.unfed is not None:
            self.unfed = memoryview(bytes(self.unfed) + data)
        elif len(data) <= SLICE_BYTES or len(data) <= self.reader.slice_bytes():
            self.feed(data)
        else:
            self.unfed = memoryview(data)
        self.advance()

    def eof_received(self) -> bool:
        """A client that sends no more may have gone: waiting ends, what it asked is answered."""
        self.lose_peer()
        if self.is_lingering:
            self.transport.close()
        else:
            self.advance()
            self.close_when_idle()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        self.deadline.end()
        self.waiting.clear()
        self.unfed = None
        self.server.forget(self)
        self.lose_peer()
        if self.stream_task is not None:
            self.stream_task.cancel()
        # The parser holds its callbacks and they hold the connection.
        self.reader.parser = None

    def pause_writing(self) -> None:
        self.is_writable = False
        self.unsent_bytes = self.transport.get_write_buffer_size()
        self.deadline.set(self.limits.write_seconds)

    def resume_writing(self) -> None:
        self.is_writable = True
        self.reader.is_head_timed = False
        self.deadline.clear()
        if self.writable_waiter is not None and not self.writable_waiter.done():
            self.writable_waiter.set_result(None)
        if not self.is_lost:
            self.advance()

    # Requests in.

    def feed(self, data: bytes | memoryview) -> None:
        try:
            self.reader.feed(data)
        except RefusedError as refused:
            if not self.change_to_http2(data):
                self.refuse(refused.status)

    def change_to_http2(self, data: bytes | memoryview) -> bool:
        """Go on in HTTP/2, if it is that which could not be read, and the client begins with it."""
        reader = self.reader
        is_first = self.running is None and not self.waiting and not reader.pairs
        if bytes(data[: len(PREFACE)]) != PREFACE or not is_first:
            return False
        # Most servers never meet such a client, and are spared the import.
        from pileus.gateway.http2_connection import Http2Connection

        rest, self.unfed = bytes(data) + bytes(self.unfed or b""), None
        self.is_cut = self.is_lost = True
        self.deadline.end()
        reader.parser = None
        self.server.forget(self)
        successor = Http2Connection(self)
        self.transport.set_protocol(successor)
        successor.begin(rest)
        return True

    def refuse(self, status: int) -> None:
        """Answer an unreadable request after those before it, then close."""
        self.is_cut = True
        self.unfed = None
        started = self.reader.cut()
        if started is not None and started.stream is not None:
            # Its operation has the place in the order, and learns that the body is cut.
            started.keeps_alive = False
            started.stream.fail("The request body is not readable.")
        else:
            exchange = Exchange(self, keeps_alive=False, is_http_10=False)
            exchange.refusal = refusal(status, self.server.new_request_id())
            self.waiting.append(exchange)
        self.advance()

    def hand_over(self, rest: bytes) -> bool:
        """Let a request that asks for another protocol have it, if one is there to take it.

        Only a request that stands alone can: the answers of others would mix with the new bytes.
        """
        server = self.server
        if server.upgrade is None or len(self.waiting) != 1 or self.running is not None:
            return False
        request = self.waiting[0].request
        assert request is not None, "A refusal ends reading, so it cannot ask for an upgrade."
        protocol = server.upgrade(request, self.transport, rest)
        if protocol is None:
            return False
        self.waiting.clear()
        self.is_lost = True
        self.deadline.end()
        server.forget(self)
        self.transport.set_protocol(protocol)
        return True

    def want_body(self) -> None:
        """The reader of a streamed body waits for more of it."""
        exchange = self.running
        if exchange is not None and exchange.expects_continue:
            exchange.expects_continue = False
            self.write(CONTINUE)
        if not self.is_reading or self.unfed is not None:
            self.advance()

    def advance(self) -> None:
        """Run what can run, read what there is room for, and set the deadline for the rest."""
        if self.is_advancing:
            return
        self.is_advancing = True
        waiting = self.waiting
        while True:
            while waiting and self.running is None and self.is_writable:
                exchange = self.running = waiting.popleft()
                if exchange.refusal is not None:
                    self.answer(exchange, exchange.refusal)
                else:
                    self.server.run(exchange)
            if self.unfed is None or not self.has_room():
                break
            size = self.reader.slice_bytes()
            piece, self.unfed = self.unfed[:size], self.unfed[size:] or None
            self.feed(piece)
            if self.reader.is_last:
                self.unfed = None
        self.is_advancing = False
        if not self.is_lost and not self.is_lingering:
            self.settle()

    def has_room(self) -> bool:
        if len(self.waiting) >= self.limits.pipelined_max:
            return False
        current = self.reader.current
        return (
            current is None
            or current.stream is None
            or current.stream.buffered_bytes < self.limits.stream_buffer_bytes_max
        )

    def settle(self) -> None:
        reader = self.reader
        wants_reading = self.unfed is None and self.has_room()
        if wants_reading != self.is_reading:
            self.read(wants_reading)
        is_busy = self.running is not None or len(self.waiting) > 0
        if reader.continue_due and not is_busy:
            reader.continue_due = False
            self.write(CONTINUE)
        if not self.is_writable:
            return
        if reader.stage == IDLE or reader.is_last:
            if is_busy:
                self.deadline.clear()
            else:
                self.deadline.set(self.limits.idle_seconds)
        elif reader.stage == BODY:
            if wants_reading:
                self.deadline.set(self.limits.body_seconds)
            else:
                self.deadline.clear()
        elif not reader.is_head_timed:
            reader.is_head_timed = True
            self.deadline.set(self.limits.header_seconds)

    def read(self, wants_reading: bool) -> None:
        self.is_reading = wants_reading
        if not self.is_peer_there:
            return
        if wants_reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    # Answers out.

    def write(self, data: bytes) -> None:
        if not self.is_lost:
            self.transport.write(data)

    def answer(self, exchange: Exchange, response: Response) -> None:
        body = response.body
        if self.is_lost:
            if not isinstance(body, bytes):
                self.server.spawn(close_pieces(body))
            return
        assert exchange is self.running, "Answers leave in the order of their requests."
        stream = exchange.stream
        if self.server.is_stopping or (stream is not None and not stream.is_ended):
            exchange.keeps_alive = False
        if isinstance(body, bytes):
            if response.rest and not exchange.is_head:
                self.answer_at_length(exchange, response)
                return
            head, sent = whole_answer(response, exchange, body, self.server.stamp())
            if len(sent) < COPIED_BYTES_MAX:
                self.transport.write(head + sent)
            else:
                self.transport.writelines((head, sent))
            self.finish(exchange.keeps_alive)
        else:
            self.answer_in_pieces(exchange, response, body)

    def answer_at_length(self, exchange: Exchange, response: Response) -> None:
        """A body of several pieces, which are not put together: that would copy them."""
        stamp = self.server.stamp() + repeated_lines(response.repeated_headers)
        lines = framing_of(response, exchange).lines
        head = write_head(response.status, response.headers, stamp, lines)
        self.transport.writelines((head, cast(bytes, response.body), *response.rest))
        self.finish(exchange.keeps_alive)

    def answer_in_pieces(
        self, exchange: Exchange, response: Response, pieces: AsyncIterator[bytes]
    ) -> None:
        framing = framing_of(response, exchange)
        stamp = self.server.stamp() + repeated_lines(response.repeated_headers)
        self.transport.write(write_head(response.status, response.headers, stamp, framing.lines))
        if exchange.is_head or has_no_body(response.status):
            self.server.spawn(close_pieces(pieces))
            self.finish(exchange.keeps_alive)
        else:
            sending = send_stream(self, exchange, pieces, framing.is_chunked, framing.length)
            self.stream_task = self.server.spawn(sending)

    async def wait_writable(self) -> None:
        self.writable_waiter = self.server.loop.create_future()
        await self.writable_waiter

    def end_stream(self, exchange: Exchange, is_whole: bool) -> None:
        self.stream_task = None
        if self.is_lost:
            return
        if is_whole:
            self.finish(exchange.keeps_alive)
        else:
            self.transport.abort()

    def finish(self, keeps_alive: bool) -> None:
        self.running = None
        if not keeps_alive:
            self.close()
            return
        self.advance()
        if not self.is_peer_there:
            self.close_when_idle()

    # Ends.

    def lose_peer(self) -> None:
        if not self.is_peer_there:
            return
        self.is_peer_there = False
        started = self.reader.current
        if started is not None and started.stream is not None:
            started.stream.fail("The client closed the connection.")
        if self.running is not None:
            self.running.tell_lost()

    def close(self) -> None:
        """Close after what is written has left; a client still sending may read it first."""
        was_whole = self.reader.stage == IDLE and self.unfed is None and not self.is_cut
        self.is_cut = True
        self.waiting.clear()
        self.unfed = None
        if was_whole or not self.is_peer_there:
            self.transport.close()
            return
        self.is_lingering = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if not self.is_reading:
            self.read(True)
        self.deadline.set(self.limits.linger_seconds)

    def stop(self) -> None:
        """The server stops: what runs may finish, what waits has waited enough."""
        if self.running is not None:
            self.running.end_waiting()
        self.close_when_idle()

    def close_when_idle(self) -> None:
        if self.running is None and not self.waiting and not self.is_lost:
            self.transport.close()

    def time_out(self) -> None:
        if self.is_lingering:
            self.transport.abort()
        elif not self.is_writable:
            unsent_bytes = self.transport.get_write_buffer_size()
            if unsent_bytes >= self.unsent_bytes:
                self.transport.abort()
            else:
                self.unsent_bytes = unsent_bytes
                self.deadline.set(self.limits.write_seconds)
        elif self.reader.stage != IDLE and not self.is_cut:
            self.refuse(408)
        else:
            self.close_when_idle()
