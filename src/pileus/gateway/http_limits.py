"""Bounds that the HTTP server holds every client to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Sizes, counts and patience; every queue and buffer of the server is bounded by one of them.

    `body_bytes_max` is what any request may send; a `body_limit` given to the server can allow
    single routes more. Streamed bodies have no limit, only a bounded buffer.
    """

    url_bytes_max: int = 16_384
    headers_max: int = 128
    headers_bytes_max: int = 65_536
    body_bytes_max: int = 16 * 1024 * 1024
    header_seconds: float = 20.0  # from a request's first byte to the end of its headers
    body_seconds: float = 60.0  # without a byte of an expected body
    idle_seconds: float = 60.0  # between requests
    write_seconds: float = 60.0  # with a client that does not read its answer
    linger_seconds: float = 2.0  # for a client to read why its unread request was refused
    pipelined_max: int = 8
    stream_buffer_bytes_max: int = 262_144
    connections_max: int = 16_384
