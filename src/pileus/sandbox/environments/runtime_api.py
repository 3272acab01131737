"""The APIs inside an environment: a small HTTP/1.1 server; here are the Runtime API's requests."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from typing import Protocol, cast

import httptools

from pileus.sandbox.environments import documents, extensions_api
from pileus.sandbox.environments.extensions import Refusal

RESPONSE_BYTES_MAX = 6_291_556  # docs: gettingstarted-limits, 6 MB for synchronous invocations
_HEADER_BYTES_MAX = 1 << 16
# Many small pieces of a body are joined, since each would cost more than it holds.
_PIECES_MAX = 64
_INVOCATION_PATH = re.compile(
    rb"/2018-06-01/runtime/invocation/([A-Za-z0-9-]{1,64})/(response|error)"
)
_NEXT_PATH = b"/2018-06-01/runtime/invocation/next"
_INIT_ERROR_PATH = b"/2018-06-01/runtime/init/error"
# docs: snapstart-runtime-hooks; the paths are those of AWS's own clients of the Runtime API.
_RESTORE_NEXT_PATH = b"/2018-06-01/runtime/restore/next"
_RESTORE_ERROR_PATH = b"/2018-06-01/runtime/restore/error"
_ERROR_PATHS = (_INIT_ERROR_PATH, _RESTORE_ERROR_PATH)
# Our own runtimes say with it that they will not ask again.
_LAST = b"pileus-last"

# docs: runtimes-custom, "Implementing response streaming in a custom runtime"
_MODE = b"lambda-runtime-function-response-mode"
_ERROR_TYPE = b"lambda-runtime-function-error-type"
_ERROR_BODY = b"lambda-runtime-function-error-body"
_READ_HEADERS = (
    frozenset({_MODE, _ERROR_TYPE, _ERROR_BODY, b"content-type"}) | extensions_api.HEADERS
)
_DEFAULT_TYPE = b"application/octet-stream"

_ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
    b'Content-Length: 15\r\n\r\n{"status":"OK"}'
)
_STATUS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
           413: "Request Entity Too Large"}  # fmt: skip


class Runtime(extensions_api.Extended, Protocol):
    """What an environment does with the requests."""

    def wait_for_invocation(self, connection: RuntimeConnection) -> None: ...

    def is_current(self, request_id: str) -> bool: ...

    def take_response(self, request_id: str, body: bytes) -> bool: ...

    def take_error(self, request_id: str, body: bytes) -> bool: ...

    def take_oversized_response(self, request_id: str, size_bytes: int) -> None: ...

    def begin_stream(
        self, request_id: str, content_type: str, connection: RuntimeConnection
    ) -> bool:
        """Whether whoever waits for the answer takes it while it comes."""
        ...

    def take_piece(self, data: bytes) -> None: ...

    def end_stream(self, request_id: str, error: bytes | None) -> bool: ...

    def take_farewell(self) -> None: ...

    def take_init_error(self, body: bytes) -> bool: ...

    def wait_for_restore(self, connection: RuntimeConnection) -> bool:
        """Whether the environment is one that is restored."""
        ...

    def take_restore_error(self, body: bytes) -> bool: ...

    def lose_connection(self, connection: RuntimeConnection) -> None: ...


class RuntimeConnection(asyncio.Protocol):
    """One connection from inside; requests may be pipelined and are answered in order."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._transport: asyncio.Transport | None = None
        self._is_held = self._is_unread = False
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
        # The path, where it is that of an invocation's result.
        self._result: re.Match[bytes] | None = None
        self._is_kept = self._is_last = self._is_streamed = False
        self._headers: dict[bytes, bytes] = {}
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
        body_bytes = self._body_bytes
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._abort()
            return
        self._forward()
        if self._body_bytes > body_bytes:
            # The frames of chunks are not held; trailers are bounded as headers are.
            self._head_bytes = 0
        if self._head_bytes > _HEADER_BYTES_MAX:
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
        self._is_unread = True
        self._read_if_wanted()

    def resume_writing(self) -> None:
        self._is_unread = False
        self._read_if_wanted()

    def pause(self) -> None:
        """Whoever reads the streamed answer is behind: the function waits."""
        self._is_held = True
        self._read_if_wanted()

    def resume(self) -> None:
        self._is_held = False
        self._read_if_wanted()

    def _read_if_wanted(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_held or self._is_unread:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers come here too."""
        name = name.lower()
        if name in _READ_HEADERS:
            self._headers[name] = value
        elif name == _LAST:
            self._is_last = True
        elif name == b"expect" and value.lower() == b"100-continue" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_headers_complete(self) -> None:
        url = self._url
        match = self._result = None if url == _NEXT_PATH else _INVOCATION_PATH.fullmatch(url)
        if match is None:
            self._is_kept = url in _ERROR_PATHS or extensions_api.is_route(url)
            return
        request_id = match[1].decode()
        self._is_kept = self._runtime.is_current(request_id)
        headers = self._headers
        if match[2] == b"response" and headers.get(_MODE, b"").lower() == b"streaming":
            content_type = headers.get(b"content-type", _DEFAULT_TYPE).decode("latin-1")
            self._is_streamed = self._is_kept and self._runtime.begin_stream(
                request_id, content_type, self
            )

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._is_streamed or (self._is_kept and self._body_bytes <= RESPONSE_BYTES_MAX):
            self._body.append(body)

    def _forward(self) -> None:
        """Hand on what has come of a streamed answer."""
        if self._is_streamed and self._body:
            self._runtime.take_piece(b"".join(self._body))
            self._body.clear()
        elif len(self._body) > _PIECES_MAX:
            self._body = [b"".join(self._body)]

    def on_message_complete(self) -> None:
        self._forward()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        url, method, size = self._url, self._parser.get_method(), self._body_bytes
        is_streamed, error = self._is_streamed, _error_in(self._headers)
        headers, match = self._headers, self._result
        if self._is_last:
            self._runtime.take_farewell()
        self._begin()
        self._head_bytes = 0
        if url == _NEXT_PATH and method == b"GET":
            self._is_waiting = True
            self._runtime.wait_for_invocation(self)
        elif match and method == b"POST":
            request_id = match[1].decode()
            if is_streamed:
                self._end_stream(request_id, error)
            else:
                kind = b"error" if error else match[2]
                self._take_result(request_id, kind, error or body, size)
        elif method == b"POST" and url == _INIT_ERROR_PATH:
            if self._runtime.take_init_error(body):
                self._answer(202, b'{"status":"OK"}')
            else:
                self._refuse(403, "InvalidStateTransition", "Transition from Ready to InitError")
        elif url == _RESTORE_NEXT_PATH and method == b"GET":
            self._is_waiting = True
            if not self._runtime.wait_for_restore(self):
                self.send_restore()
        elif method == b"POST" and url == _RESTORE_ERROR_PATH:
            if self._runtime.take_restore_error(body):
                self._answer(202, b'{"status":"OK"}')
            else:
                self._refuse(403, "InvalidStateTransition", "Transition to RestoreError")
        else:
            self._answer_extension(extensions_api.Request(method, url, headers, body))

    def _answer_extension(self, request: extensions_api.Request) -> None:
        # The event may come while it is asked for.
        self._is_waiting = True
        try:
            answer = extensions_api.answer(self._runtime, request, self)
        except Refusal as refusal:
            self._is_waiting = False
            self._refuse(refusal.status, refusal.error_type, refusal.message)
            return
        if answer:
            self._is_waiting = False
            self._answer(answer.status, answer.body, answer.head)

    def send_event(self, identifier: str, body: bytes) -> None:
        """Answer the waiting `next` request of an extension."""
        self._is_waiting = False
        self._answer(200, body, f"Lambda-Extension-Event-Identifier: {identifier}\r\n")
        self._flush()

    def _take_result(self, request_id: str, kind: bytes, body: bytes, size: int) -> None:
        if size > RESPONSE_BYTES_MAX:
            self._runtime.take_oversized_response(request_id, size)
            message = f"Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
            self._refuse(413, "RequestEntityTooLarge", message)
            return
        take = self._runtime.take_response if kind == b"response" else self._runtime.take_error
        if take(request_id, body):
            self._answers.append(_ACCEPTED)
        else:
            self._refuse(400, "InvalidRequestID", "Invalid request ID")

    def _end_stream(self, request_id: str, error: bytes | None) -> None:
        if self._runtime.end_stream(request_id, error):
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

    def send_restore(self) -> None:
        """Answer the waiting `restore/next` request: life goes on from here."""
        self._is_waiting = False
        self._answer(200, b"")
        self._flush()

    def _refuse(self, status: int, error_type: str, message: str) -> None:
        self._answer(
            status, f'{{"errorMessage":"{message}","errorType":"{error_type}"}}\n'.encode()
        )

    def _answer(self, status: int, body: bytes, head: str = "") -> None:
        self._answers.append(
            f"HTTP/1.1 {status} {_STATUS[status]}\r\nContent-Type: application/json\r\n{head}"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )


def _error_in(headers: dict[bytes, bytes]) -> bytes | None:
    """The error document in the trailers of a streamed answer; it is in base64."""
    kind = headers.get(_ERROR_TYPE)
    if kind is None or _MODE not in headers:
        return None
    try:
        document = base64.b64decode(headers.get(_ERROR_BODY, b""), validate=True)
    except binascii.Error:
        document = b""
    return document or documents.failed(kind.decode("latin-1"))
