"""One HTTP request and its answer, as the gateway, the protocols and endpoints see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
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
    is_connected: Callable[[], bool] = field(default=lambda: True)
    # Registers a call for the moment when the client goes away before it is answered.
    when_lost: Callable[[Callable[[], None]], None] = field(default=lambda callback: None)


@dataclass(slots=True)
class Response:
    """An answer; a body that is an iterator is streamed with chunked encoding."""

    status: int
    headers: dict[str, str]
    body: bytes | AsyncIterator[bytes] = b""
