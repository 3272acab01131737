"""Turns one connection's bytes into requests, within the limits.

The parser's callbacks only collect; the connection runs what they collected after the parser has
returned, so no operation ever runs inside the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools

from pileus.gateway.body_stream import BodyStream
from pileus.gateway.exchange import Exchange
from pileus.gateway.request_head import METHODS, RefusedError, check, headers_of, size_of, target_of
from pileus.kernel.request import Request

if TYPE_CHECKING:
    from pileus.gateway.connection import Connection

IDLE, HEAD, BODY = range(3)

# The parser eats at most this much before the pipeline's depth is looked at again.
SLICE_BYTES = 16_384
# Chunk headers and extensions may cost as much as the body they frame, and this much more.
CHUNK_OVERHEAD_BYTES = 65_536
# Separators and line ends of one header, the longest request line apart from its URL.
LINE_OVERHEAD_BYTES = 32


class RequestReader:
    __slots__ = (
        "body_bytes", "body_bytes_max", "connection", "continue_due", "current", "fed_bytes",
        "headers_max", "is_head_timed", "is_last", "limits", "pairs", "parser", "parts",
        "raw_bytes", "server", "stage", "streamed_bytes", "url",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.server = connection.server
        self.limits = connection.server.limits
        # The deadline of the request whose headers are being read has been set.
        self.is_head_timed = False
        self.headers_max = self.limits.headers_max
        self.fed_bytes = 0
        self.url = b""
        self.pairs: list[tuple[bytes, bytes]] = []
        self.stage = IDLE
        self.current: Exchange | None = None
        self.parts: list[bytes] = []
        self.raw_bytes = 0
        self.body_bytes = 0
        self.body_bytes_max: int | None = None
        # How long the body is that is handed over as it comes, where that is known.
        self.streamed_bytes = 0
        # A client waits for 100 Continue before it sends the body.
        self.continue_due = False
        # The client has said that no request follows the one that was read last.
        self.is_last = False
        self.parser: Any = httptools.HttpRequestParser(self)

    def slice_bytes(self) -> int:
        """How much may be fed at once: the rest of a body that is handed over as it comes."""
        current = self.current
        if current is None or current.stream is None:
            return SLICE_BYTES
        return max(SLICE_BYTES, self.streamed_bytes - self.body_bytes)

    def feed(self, data: bytes | memoryview) -> None:
        """Read; raises RefusedError, after which nothing more can be read."""
        self.fed_bytes = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.change_protocol(bytes(data[upgrade.args[0] :]))
        except httptools.HttpParserError as error:
            if self.is_last:
                return
            cause = error.__context__
            raise (cause if isinstance(cause, RefusedError) else RefusedError(400)) from None
        if self.stage != IDLE:
            self.bound_raw_bytes(len(data))

    def bound_raw_bytes(self, count: int) -> None:
        """Bound what the parser holds or skips and therefore does not report."""
        self.raw_bytes += count
        if self.stage == BODY:
            if self.raw_bytes > 2 * self.body_bytes + CHUNK_OVERHEAD_BYTES + SLICE_BYTES:
                raise RefusedError(400)
            return
        limits = self.limits
        lines_bytes = (limits.headers_max + 1) * LINE_OVERHEAD_BYTES
        raw_bytes_max = limits.url_bytes_max + limits.headers_bytes_max + lines_bytes
        if self.raw_bytes > raw_bytes_max + SLICE_BYTES:
            raise RefusedError(431)

    def change_protocol(self, rest: bytes) -> None:
        """Offer the connection to another protocol; else go on with HTTP/1.1 as if not asked."""
        if self.connection.hand_over(rest):
            return
        self.parser = httptools.HttpRequestParser(self)
        if rest and not self.is_last:
            self.feed(rest)

    def cut(self) -> Exchange | None:
        """Give up the message being read; returns its exchange if that has started already."""
        current, self.current = self.current, None
        self.parts.clear()
        self.continue_due = False
        self.is_last = True
        return current if current is not None and current.stream is not None else None

    # What the parser calls.

    def on_message_begin(self) -> None:
        self.stage = HEAD
        self.is_head_timed = False
        self.raw_bytes = 0
        self.url = b""
        self.pairs = []

    def on_url(self, piece: bytes) -> None:
        self.url = self.url + piece if self.url else piece
        if len(self.url) > self.limits.url_bytes_max:
            raise RefusedError(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect; trailers are counted on and dropped: merged in they could forge headers."""
        pairs = self.pairs
        pairs.append((name, value))
        if len(pairs) > self.headers_max:
            raise RefusedError(431)

    def on_headers_complete(self) -> None:
        limit = self.limits.headers_bytes_max
        if self.raw_bytes + self.fed_bytes > limit and size_of(self.pairs) > limit:
            raise RefusedError(431)
        headers = headers_of(self.pairs)
        parser = self.parser
        version = parser.get_http_version()
        is_http_10 = version == "1.0"
        method = METHODS.get(parser.get_method())
        if not is_http_10 and version != "1.1":
            raise RefusedError(400)
        if method is None:
            raise RefusedError(405)
        check(headers, is_http_10)
        path, query = target_of(self.url, headers)
        connection = self.connection
        exchange = Exchange(connection, parser.should_keep_alive(), is_http_10)
        exchange.is_head = method == "HEAD"
        exchange.request = Request(
            method, path, query, headers, b"", None, connection.client_address,
            connection.environment_id, exchange.is_connected, exchange.when_lost,
        )  # fmt: skip
        self.current = exchange
        self.stage = BODY
        if "content-length" in headers or "transfer-encoding" in headers:
            self.expect_body(exchange, exchange.request)

    def expect_body(self, exchange: Exchange, request: Request) -> None:
        """Decide how much of the body may come, and whether it is handed over as it comes."""
        server = self.server
        self.body_bytes = self.raw_bytes = 0
        exchange.expects_continue = "expect" in request.headers and not exchange.is_http_10
        if server.wants_stream is not None and server.wants_stream(request):
            self.body_bytes_max = None
            self.streamed_bytes = int(request.headers.get("content-length", "0"))
            stream = BodyStream(server.loop, self.connection.want_body)
            request.stream = exchange.stream = stream
            self.connection.waiting.append(exchange)
            return
        limit = self.limits.body_bytes_max
        length = int(request.headers.get("content-length", "0"))
        if server.body_limit is not None and (
            length > limit or "transfer-encoding" in request.headers
        ):
            limit = max(limit, server.body_limit(request.method, request.path, request.headers))
        if length > limit:
            raise RefusedError(413)
        self.body_bytes_max = limit
        self.continue_due = exchange.expects_continue and length != 0

    def on_body(self, piece: bytes) -> None:
        exchange = self.current
        assert exchange is not None, "The parser gives a body only after its headers."
        self.body_bytes += len(piece)
        if self.body_bytes_max is not None and self.body_bytes > self.body_bytes_max:
            raise RefusedError(413)
        self.continue_due = exchange.expects_continue = False
        if exchange.stream is not None:
            exchange.stream.put(piece)
        else:
            self.parts.append(piece)

    def on_message_complete(self) -> None:
        exchange = self.current
        assert exchange is not None and exchange.request is not None
        if exchange.stream is not None:
            exchange.stream.end()
        else:
            parts = self.parts
            if parts:
                exchange.request.body = parts[0] if len(parts) == 1 else b"".join(parts)
                parts.clear()
            self.connection.waiting.append(exchange)
        self.continue_due = False
        self.current = None
        self.stage = IDLE
        if not exchange.keeps_alive:
            self.is_last = True
