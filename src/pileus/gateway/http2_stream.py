"""One request of an HTTP/2 connection, and its answer, side by side with others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.exceptions import H2Error

from pileus.gateway.body_stream import BodyStream
from pileus.gateway.exchange import Exchange, refusal
from pileus.gateway.request_head import METHODS, RefusedError, headers_of, size_of, target_of
from pileus.gateway.response_bytes import given_length, has_no_body, header_lines
from pileus.gateway.response_stream import close_pieces
from pileus.kernel.request import CutShort, Request, Response

if TYPE_CHECKING:
    from pileus.gateway.http2_connection import Http2Connection


class Http2Stream:
    __slots__ = (
        "body_bytes", "body_bytes_max", "connection", "exchange", "is_body_whole", "is_peer_there",
        "parts", "server", "stream_id", "task", "untold_bytes", "waiter",
    )  # fmt: skip

    def __init__(self, connection: Http2Connection, stream_id: int) -> None:
        self.connection = connection
        self.server = connection.server
        self.stream_id = stream_id
        self.exchange = Exchange(self, keeps_alive=True, is_http_10=False)
        self.is_peer_there = True
        self.is_body_whole = False
        self.parts: list[bytes] = []
        self.body_bytes = 0
        self.body_bytes_max: int | None = None
        # Received, and not yet given back to the client's window.
        self.untold_bytes = 0
        self.waiter: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def waits_for_client(self) -> bool:
        """Whether more must come from it: its body, for which there is room, or room for ours."""
        if self.waiter is not None:
            return True
        if self.is_body_whole or self.exchange.is_replied:
            return False
        return self.untold_bytes < self.connection.limits.stream_buffer_bytes_max // 2

    # The request.

    def start(self, pairs: list[tuple[bytes, bytes]], is_whole: bool) -> None:
        self.is_body_whole = is_whole
        try:
            request = self.request_of(pairs)
            self.exchange.request = request
            if is_whole:
                self.server.run(self.exchange)
            else:
                self.expect_body(request)
        except RefusedError as refused:
            self.refuse(refused.status)

    def request_of(self, pairs: list[tuple[bytes, bytes]]) -> Request:
        limits = self.connection.limits
        if len(pairs) > limits.headers_max or size_of(pairs) > limits.headers_bytes_max:
            raise RefusedError(431)
        own = {name: value for name, value in pairs if name.startswith(b":")}
        headers = headers_of([pair for pair in pairs if not pair[0].startswith(b":")])
        authority = own.get(b":authority")
        if authority is not None:
            headers["host"] = authority.decode("latin-1")
        url = own.get(b":path", b"")
        if len(url) > limits.url_bytes_max:
            raise RefusedError(414)
        method = METHODS.get(own.get(b":method", b""))
        if method is None:
            raise RefusedError(405)
        if "host" not in headers or url[:1] not in (b"/", b"*"):
            raise RefusedError(400)
        path, query = target_of(url, headers)
        self.exchange.is_head = method == "HEAD"
        return Request(
            method, path, query, headers, b"", None, self.connection.client_address,
            self.connection.environment_id, self.exchange.is_connected, self.exchange.when_lost,
        )  # fmt: skip

    def expect_body(self, request: Request) -> None:
        server = self.server
        if "expect" in request.headers:
            self.say_continue(request.headers["expect"])
        if server.wants_stream is not None and server.wants_stream(request):
            stream = BodyStream(server.loop, self.want_body)
            request.stream = self.exchange.stream = stream
            server.run(self.exchange)
            return
        limit = self.connection.limits.body_bytes_max
        text = request.headers.get("content-length", "0")
        length = int(text) if text.isascii() and text.isdigit() else limit + 1
        if server.body_limit is not None:
            limit = max(limit, server.body_limit(request.method, request.path, request.headers))
        if length > limit:
            raise RefusedError(413)
        self.body_bytes_max = limit

    def say_continue(self, expectation: str) -> None:
        if expectation.lower() != "100-continue":
            raise RefusedError(417)
        self.connection.h2.send_headers(self.stream_id, [(":status", "100")])

    def take_body(self, piece: bytes, size: int) -> None:
        """Keep a piece; `size` is what it took from the window, with its padding."""
        exchange = self.exchange
        if exchange.is_replied:
            # Nobody reads on: the client is asked to stop once its answer has left.
            self.connection.acknowledge(self.stream_id, size)
            return
        if exchange.stream is not None:
            self.untold_bytes += size
            exchange.stream.put(piece)
            return
        self.connection.acknowledge(self.stream_id, size)
        self.body_bytes += len(piece)
        if self.body_bytes_max is not None and self.body_bytes > self.body_bytes_max:
            self.refuse(413)
        else:
            self.parts.append(piece)

    def want_body(self) -> None:
        """The reader of a streamed body has taken what there was: the client may send more."""
        stream = self.exchange.stream
        assert stream is not None
        size = self.untold_bytes - stream.buffered_bytes
        if size > 0 and self.is_peer_there:
            self.untold_bytes -= size
            self.connection.acknowledge(self.stream_id, size)
            self.connection.flush()
            self.connection.settle()

    def end_body(self) -> None:
        if self.is_body_whole:
            return
        self.is_body_whole = True
        exchange = self.exchange
        if exchange.stream is not None:
            exchange.stream.end()
        elif not exchange.is_replied and exchange.request is not None:
            exchange.request.body = b"".join(self.parts)
            self.parts.clear()
            self.server.run(exchange)

    def refuse(self, status: int) -> None:
        self.parts.clear()
        if not self.exchange.is_replied:
            self.exchange.reply(refusal(status, self.server.new_request_id()))

    # The answer.

    def answer(self, exchange: Exchange, response: Response) -> None:
        response = response.in_one_piece()
        body = response.body
        if not self.is_peer_there:
            if not isinstance(body, bytes):
                self.server.spawn(close_pieces(body))
            return
        length = given_length(response)
        if isinstance(body, bytes) and not (exchange.is_head and length):
            length = len(body)
        has_body = not exchange.is_head and not has_no_body(response.status)
        lines = header_lines(response, self.server.stamp())
        if length is not None and not has_no_body(response.status):
            lines.append((b"content-length", str(length).encode()))
        try:
            self.connection.h2.send_headers(self.stream_id, lines, end_stream=not has_body)
            if has_body and isinstance(body, bytes) and len(body) <= self.room():
                self.connection.h2.send_data(self.stream_id, body, end_stream=True)
                has_body = False
        except H2Error:
            # The client has reset the stream, which is told behind what is being handled now.
            self.reset(ErrorCodes.INTERNAL_ERROR)
            has_body = False
        if has_body:
            pieces = _one(body) if isinstance(body, bytes) else body
            self.task = self.server.spawn(self.send(pieces, length))
        else:
            if not isinstance(body, bytes):
                self.server.spawn(close_pieces(body))
            self.finish()
        self.connection.flush()

    def room(self) -> int:
        """How much may be sent now, in one frame."""
        if not self.connection.is_writable:
            return 0
        h2 = self.connection.h2
        return min(h2.local_flow_control_window(self.stream_id), h2.max_outbound_frame_size)

    async def send(self, pieces: AsyncIterator[bytes], length: int | None) -> None:
        """Send no faster than the client's windows grow; what ends early resets the stream."""
        sent_bytes = 0
        is_whole = False
        try:
            async for piece in pieces:
                sent_bytes += len(piece)
                if length is not None and sent_bytes > length:
                    break
                await self.send_piece(piece)
            is_whole = length is None or sent_bytes == length
        except (CutShort, H2Error):
            pass
        finally:
            await close_pieces(pieces)
            self.task = None
            self.end_answer(is_whole)

    async def send_piece(self, piece: bytes) -> None:
        connection = self.connection
        view = memoryview(piece)
        while view:
            room = self.room()
            if room <= 0:
                await self.wait()
                continue
            connection.h2.send_data(self.stream_id, bytes(view[:room]))
            view = view[room:]
            connection.flush()

    async def wait(self) -> None:
        """Until the client has made room."""
        self.waiter = self.server.loop.create_future()
        self.connection.settle()
        try:
            await self.waiter
        finally:
            self.waiter = None
            self.connection.settle()

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def end_answer(self, is_whole: bool) -> None:
        if not self.is_peer_there:
            return
        try:
            if is_whole:
                self.connection.h2.end_stream(self.stream_id)
            else:
                self.reset(ErrorCodes.INTERNAL_ERROR)
        except H2Error:
            self.is_peer_there = False
        self.finish()

    def finish(self) -> None:
        """The answer has left; a client that still sends its body is asked to stop."""
        if not self.is_body_whole and self.is_peer_there:
            self.reset(ErrorCodes.NO_ERROR)
        if self.exchange.stream is not None:
            self.exchange.stream.fail("The request was answered before its body had come.")
        self.connection.end(self)

    def reset(self, code: ErrorCodes) -> None:
        self.is_peer_there = False
        # One that is closed already needs no reset.
        with suppress(H2Error):
            self.connection.h2.reset_stream(self.stream_id, code)

    def lose(self) -> None:
        """The client has gone, or takes no answer."""
        if not self.is_peer_there:
            return
        self.is_peer_there = False
        if not self.exchange.is_replied:
            self.exchange.tell_lost()
        elif self.exchange.stream is not None:
            self.exchange.stream.fail("The client closed the connection.")
        if self.task is not None:
            self.task.cancel()


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body
