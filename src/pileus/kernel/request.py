"""One HTTP request and its answer, as the gateway, the protocols and endpoints see them."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import AsyncIterator, Callable, Sequence


def _always() -> bool:
    return True


def _never(callback: Callable[[], None]) -> None:
    """Tell of no loss: the caller cannot go away."""


class Request:
    """A request as it came over the wire, undecoded.

    `path` and `query` are percent-encoded as received; header names are lower case and repeated
    headers are joined by commas. A body is either whole (`body`) or, where the operation streams
    it, still coming (`stream`), never both.
    """

    __slots__ = (
        "body", "client_address", "environment_id", "headers", "is_connected", "method", "path",
        "query", "stream", "when_lost",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes = b"",
        stream: AsyncIterator[bytes] | None = None,
        client_address: str = "",
        environment_id: str = "",
        is_connected: Callable[[], bool] = _always,
        when_lost: Callable[[Callable[[], None]], None] = _never,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.stream = stream
        self.client_address = client_address
        # The sandbox whose private listener took the connection; empty for clients of the host.
        self.environment_id = environment_id
        self.is_connected = is_connected
        # Registers a call for the moment when the client goes away before it is answered.
        self.when_lost = when_lost

    def changed(self, *, method: str = "", headers: dict[str, str] | None = None) -> Request:
        """The request as if it had been another one."""
        return Request(
            method or self.method, self.path, self.query,
            self.headers if headers is None else headers, self.body, self.stream,
            self.client_address, self.environment_id, self.is_connected, self.when_lost,
        )  # fmt: skip


class CutShort(Exception):
    """A body ends before its end, because what made it has failed: the client is to see that."""


class Response:
    """An answer; a body that is an iterator is streamed with chunked encoding.

    `headers` has each name once; those that occur several times, such as Set-Cookie, are in
    `repeated_headers`.
    """

    __slots__ = ("body", "headers", "repeated_headers", "rest", "status")

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes | AsyncIterator[bytes] = b"",
        repeated_headers: Sequence[tuple[str, str]] = (),
        rest: Sequence[bytes] = (),
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.repeated_headers = repeated_headers
        # More of a body that is bytes: pieces that are large, and sent without being copied.
        self.rest = rest

    def in_one_piece(self) -> Response:
        """The same, for whoever looks at the body only."""
        if not self.rest:
            return self
        assert isinstance(self.body, bytes), "A stream has no rest."
        body = b"".join([self.body, *self.rest])
        return Response(self.status, self.headers, body, self.repeated_headers)


def host_id(request_id: str) -> str:
    """S3's second request id: as long as AWS's, and the first one in base64 for who has a log."""
    return b2a_base64((request_id * 2)[:48].encode(), newline=False).decode("ascii")
