"""The Runtime API of one environment: a small HTTP/1.1 server that knows five requests."""

from __future__ import annotations

import asyncio
import re
from typing import Protocol, cast

import httptools

RESPONSE_BYTES_MAX = 6_291_556  # docs: gettingstarted-limits, 6 MB for synchronous invocations
_HEADER_BYTES_MAX = 1 << 16
_INVOCATION_PATH = re.compile(
    rb"/2018-06-01/runtime/invocation/([A-Za-z0-9-]{1,64})/(response|error)"
)
_NEXT_PATH = b"/2018-06-01/runtime/invocation/next"
# Our own runtimes say with it that they will not ask again.
_LAST = b"Pileus-Last"
_INIT_ERROR_PATH = b"/2018-06-01/runtime/init/error"

_STATUS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
           413: "Request Entity Too Large"}  # fmt: skip


class Runtime(Protocol):
    """What an environment does with the requests."""

    def wait_for_invocation(self, connection: RuntimeConnection) -> None: ...

    def is_current(self, request_id: str) -> bool: ...

    def take_response(self, request_id: str, body: bytes) -> bool: ...

    def take_error(self, request_id: str, body: bytes) -> bool: ...

    def take_oversized_response(self, request_id: str, size_bytes: int) -> None: ...

    def take_farewell(self) -> None: ...

    def take_init_error(self, body: bytes) -> bool: ...

    def lose_connection(self, connection: RuntimeConnection) -> None: ...


class RuntimeConnection(asyncio.Protocol):
    """One connection from inside; requests may be pipelined and are answered in order."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._transport: asyncio.Transport | None = None
        self.restart()

    def restart(self) -> None:
        """Another process takes over the connection: what the last one left unsaid is void."""
        self._parser = httptools.HttpRequestParser(self)
        self._answers: list[bytes] = []
        self._is_waiting = False
        self._head_bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._is_kept = self._is_last = False
        self._body: list[bytes] = []
        self._body_bytes = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._runtime.lose_connection(self)

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._abort()
            return
        if self._head_bytes - self._body_bytes > _HEADER_BYTES_MAX:
            self._abort()
        elif not self._is_waiting:
            # A runtime that already waits reads the answer together with its next invocation.
            self._flush()

    def _abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _flush(self) -> None:
        if self._answers and self._transport:
            self._transport.write(b"".join(self._answers))
        self._answers.clear()

    def pause_writing(self) -> None:
        """Who does not read its answers may not ask on."""
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport:
            self._transport.resume_reading()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == _LAST:
            self._is_last = True
        elif name.lower() == b"expect" and value.lower() == b"100-continue" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_headers_complete(self) -> None:
        match = _INVOCATION_PATH.fullmatch(self._url)
        self._is_kept = self._url == _INIT_ERROR_PATH or (
            match is not None and self._runtime.is_current(match[1].decode())
        )

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._is_kept and self._body_bytes <= RESPONSE_BYTES_MAX:
            self._body.append(body)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        url, method, size = self._url, self._parser.get_method(), self._body_bytes
        if self._is_last:
            self._runtime.take_farewell()
        self._begin()
        self._head_bytes = 0
        if url == _NEXT_PATH and method == b"GET":
            self._is_waiting = True
            self._runtime.wait_for_invocation(self)
        elif method == b"POST" and (match := _INVOCATION_PATH.fullmatch(url)):
            self._take_result(match[1].decode(), match[2], body, size)
        elif method == b"POST" and url == _INIT_ERROR_PATH:
            if self._runtime.take_init_error(body):
                self._answer(202, b'{"status":"OK"}')
            else:
                self._refuse(403, "InvalidStateTransition", "Transition from Ready to InitError")
        else:
            self._refuse(404, "NotFound", "No such resource")

    def _take_result(self, request_id: str, kind: bytes, body: bytes, size: int) -> None:
        if size > RESPONSE_BYTES_MAX:
            self._runtime.take_oversized_response(request_id, size)
            message = f"Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
            self._refuse(413, "RequestEntityTooLarge", message)
            return
        take = self._runtime.take_response if kind == b"response" else self._runtime.take_error
        if take(request_id, body):
            self._answer(202, b'{"status":"OK"}')
        else:
            self._refuse(400, "InvalidRequestID", "Invalid request ID")

    def send_invocation(self, head: str, payload: bytes) -> None:
        """Answer the waiting `next` request."""
        self._is_waiting = False
        self._answers.append(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}"
            f"Content-Length: {len(payload)}\r\n\r\n".encode("utf-8", "replace")
        )
        self._answers.append(payload)
        self._flush()

    def _refuse(self, status: int, error_type: str, message: str) -> None:
        self._answer(
            status, f'{{"errorMessage":"{message}","errorType":"{error_type}"}}\n'.encode()
        )

    def _answer(self, status: int, body: bytes) -> None:
        self._answers.append(
            f"HTTP/1.1 {status} {_STATUS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
