"""One request on a connection and the single answer that it gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pileus.gateway.body_stream import BodyStream
from pileus.kernel.request import Request, Response

if TYPE_CHECKING:
    from pileus.gateway.connection import Connection
    from pileus.gateway.http2_stream import Http2Stream

CODES = {
    400: ("BadRequest", "The request could not be read as HTTP."),
    405: ("MethodNotAllowed", "The specified method is not allowed."),
    408: ("RequestTimeout", "The request did not arrive within the time allowed."),
    413: ("RequestEntityTooLarge", "The request body is larger than is allowed."),
    414: ("RequestUriTooLong", "The request URL is longer than is allowed."),
    417: ("ExpectationFailed", "The only expectation that can be met is 100-continue."),
    431: ("RequestHeaderSectionTooLarge", "The request headers are larger than is allowed."),
    500: (
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
    ),
    503: ("ServiceUnavailable", "Too many connections are open."),
}


def refusal(status: int, request_id: str) -> Response:
    """The answer of the server itself, given before a service can be known."""
    code, message = CODES[status]
    text = f'{{"__type":"{code}","message":"{message}"}}'
    headers = {"content-type": "application/json", "x-amzn-requestid": request_id}
    return Response(status, headers, text.encode())


class Exchange:
    """Holds a request's place in its connection's order until `reply` is called."""

    __slots__ = (
        "connection", "expects_continue", "is_head", "is_http_10", "is_replied", "keeps_alive",
        "lost_callbacks", "refusal", "request", "stream",
    )  # fmt: skip

    def __init__(
        self, connection: Connection | Http2Stream, keeps_alive: bool, is_http_10: bool
    ) -> None:
        self.connection = connection
        self.request: Request | None = None
        self.keeps_alive = keeps_alive
        self.is_http_10 = is_http_10
        self.is_head = False
        self.is_replied = False
        self.expects_continue = False
        self.stream: BodyStream | None = None
        self.refusal: Response | None = None
        self.lost_callbacks: list[Callable[[], None]] | None = None

    def reply(self, response: Response) -> None:
        """Answer; once, from the event loop, at any time. A lost client's answer is dropped."""
        assert not self.is_replied, "A request has one answer."
        self.is_replied = True
        self.lost_callbacks = None
        self.connection.answer(self, response)

    def is_connected(self) -> bool:
        """Whether it is worth waiting for something to answer with."""
        connection = self.connection
        return connection.is_peer_there and not connection.server.is_stopping

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Call once if the client goes away before the answer; at once if it is away already."""
        if not self.is_connected():
            callback()
        elif self.lost_callbacks is None:
            self.lost_callbacks = [callback]
        else:
            self.lost_callbacks.append(callback)

    def tell_lost(self) -> None:
        if self.stream is not None:
            self.stream.fail("The client closed the connection.")
        self.end_waiting()

    def end_waiting(self) -> None:
        callbacks, self.lost_callbacks = self.lost_callbacks, None
        for callback in callbacks or ():
            callback()
