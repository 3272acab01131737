"""One HTTP request and its answer, as the gateway, the protocols and endpoints see them."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec


def _always() -> bool:
    return True


def _never(callback: Callable[[], None]) -> None:
    """Tell of no loss: the caller cannot go away."""


class Request(msgspec.Struct):
    """A request as it came over the wire, undecoded.

    `path` and `query` are percent-encoded as received; header names are lower case and repeated
    headers are joined by commas. A body is either whole (`body`) or, where the operation streams
    it, still coming (`stream`), never both.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    client_address: str = ""
    # The sandbox whose private listener took the connection; empty for clients of the host.
    environment_id: str = ""
    is_connected: Callable[[], bool] = _always
    # Registers a call for the moment when the client goes away before it is answered.
    when_lost: Callable[[Callable[[], None]], None] = _never


class CutShort(Exception):
    """A body ends before its end, because what made it has failed: the client is to see that."""


class Response(msgspec.Struct):
    """An answer; a body that is an iterator is streamed with chunked encoding.

    `headers` has each name once; those that occur several times, such as Set-Cookie, are in
    `repeated_headers`.
    """

    status: int
    headers: dict[str, str]
    body: bytes | AsyncIterator[bytes] = b""
    repeated_headers: Sequence[tuple[str, str]] = ()


def host_id(request_id: str) -> str:
    """S3's second request id: as long as AWS's, and the first one in base64 for who has a log."""
    return b2a_base64((request_id * 2)[:48].encode(), newline=False).decode("ascii")
