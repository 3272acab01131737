"""Calls that Pileus makes to HTTP endpoints of users: bounded, by both clocks, and nowhere else.

Redirects are not followed. The address that was judged is the one that is connected to, so a name
that changes its mind in between gains nothing.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httptools

from pileus.kernel.egress_addresses import Rules

if TYPE_CHECKING:
    from pileus.kernel.clock import Clock

# Calls to one origin at a time, and to all of them: some dead origins leave room for others.
ORIGIN_CALLS_MAX = 8
CALLS_MAX = 1_024
ANSWER_BYTES_MAX = 256 * 1024
_HEAD_BYTES_MAX = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_SAFE_IN_TARGET = "/?:@!$&'()*+,;=-._~%"
_PORTS = {"http": 80, "https": 443}


class EgressFailed(Exception):
    """No answer came; `is_final` where none can come, however often it is tried."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    # At most ANSWER_BYTES_MAX of it.
    body: bytes


class _Place:
    """The calls to one origin: how many may go on, and who still needs the counter."""

    __slots__ = ("turns", "users")

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(ORIGIN_CALLS_MAX)
        self.users = 0


class Egress:
    """One for each running Pileus, shared by all services."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules
        self._all = asyncio.Semaphore(CALLS_MAX)
        self._places: dict[str, _Place] = {}
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def place(self, url: str) -> AsyncIterator[None]:
        """Wait for the turn to call the URL's origin; read what to send only then."""
        origin = "//".join(_split(url)[:2])
        place = self._places.setdefault(origin, _Place())
        place.users += 1
        try:
            async with place.turns, self._all:
                yield
        finally:
            place.users -= 1
            if not place.users:
                self._places.pop(origin, None)

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        real_seconds: float,
        until: int | None = None,
    ) -> Answer:
        """Call once and wait for the answer until the earlier deadline; raises EgressFailed."""
        parts = _split(url)
        try:
            call = self._call(method, parts, headers, body)
            return await self._clock.limit(call, until=until, real_seconds=real_seconds)
        except TimeoutError as error:
            raise EgressFailed("Timed out waiting for the endpoint to answer") from error
        except (OSError, EOFError, httptools.HttpParserError) as error:
            raise EgressFailed(f"{type(error).__name__}: {error}") from error

    async def _call(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        host = parts.hostname or ""
        is_secure = parts.scheme == "https"
        port = parts.port or _PORTS[parts.scheme]
        address = await self._address(host, port)
        reader, writer = await asyncio.open_connection(
            address, port, ssl=self._context() if is_secure else None,
            server_hostname=host if is_secure else None,
        )  # fmt: skip
        try:
            writer.write(_head(method, parts, headers, len(body)) + body)
            await writer.drain()
            return await _read(reader)
        finally:
            writer.close()

    async def _address(self, host: str, port: int) -> str:
        """The first address of the host that may be called."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=1)
        for *_, place in found:
            address = str(place[0])
            if self._rules.allow(host, ip_address(address.partition("%")[0])):
                return address
        raise EgressFailed(f"The address of {host} may not be called", is_final=True)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise EgressFailed(f"Not a URL that can be called: {url[:200]}", is_final=True)
    return parts


def _head(method: str, parts: SplitResult, headers: Mapping[str, str], size: int) -> bytes:
    target = quote(parts.path or "/", safe=_SAFE_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=_SAFE_IN_TARGET)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    if parts.port is not None and parts.port != _PORTS[parts.scheme]:
        host = f"{host}:{parts.port}"
    lines = {"Host": host, "Connection": "close", "Content-Length": str(size)}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        lines["Authorization"] = f"Basic {base64.b64encode(secret).decode()}"
    lines |= headers
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    if text.count("\r") != len(lines) or text.count("\n") != len(lines):
        raise EgressFailed("A header has a line break", is_final=True)
    return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode("latin-1", "replace")


class _Reading:
    """What the parser tells of an answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_complete = False
        self.has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, chunk: bytes) -> None:
        self.body += chunk[: ANSWER_BYTES_MAX - len(self.body)]

    def on_message_complete(self) -> None:
        self.is_complete = True


async def _read(reader: asyncio.StreamReader) -> Answer:
    reading = _Reading()
    parser = httptools.HttpResponseParser(reading)
    received = 0
    while not reading.is_complete and len(reading.body) < ANSWER_BYTES_MAX:
        chunk = await reader.read(_CHUNK_BYTES)
        if not chunk:
            # A body without a length ends with the connection.
            if reading.has_head and "content-length" not in reading.headers:
                break
            raise EOFError("the endpoint closed the connection before its answer was complete")
        received += len(chunk)
        parser.feed_data(chunk)
        if not reading.has_head and received > _HEAD_BYTES_MAX:
            raise EOFError("the head of the answer is too long")
    return Answer(parser.get_status_code(), reading.headers, bytes(reading.body))
