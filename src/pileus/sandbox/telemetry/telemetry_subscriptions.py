"""One subscription to telemetry: what was asked for, and how its batches reach the subscriber."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pileus.sandbox import real_time

Connect = Callable[[int], Awaitable[socket.socket]]

_TYPES = ("platform", "function", "extension")
_HOSTS = ("sandbox.localdomain", "sandbox")
_RESERVED_PORT = 9001
# docs: telemetry-api, "Configuring memory usage and buffering": least, most, usual.
_LIMITS = {
    "timeoutMs": (25, 30_000, 1_000),
    "maxBytes": (262_144, 1_048_576, 262_144),
    "maxItems": (1_000, 10_000, 10_000),
}
_SCHEMAS = {
    "telemetry": ("2022-07-01", "2022-12-13", "2025-01-29"),
    "logs": ("2020-08-15", "2021-03-18"),
}
_ATTEMPT_SECONDS_MAX = 5.0
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
# What waits while a batch is on its way.
_BUFFERS_MAX = 2
_ANSWER_BYTES_MAX = 4096
_FALLEN_BEHIND = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."


class Wanted(NamedTuple):
    """A valid subscription."""

    api: str  # "telemetry" or "logs"
    schema_version: str
    types: tuple[str, ...]
    protocol: str
    method: str
    port: int
    path: str
    timeout_ms: int
    bytes_max: int
    items_max: int


def parse(api: str, body: bytes) -> Wanted | str:
    """A subscription, or AWS's list of what is wrong with it."""
    try:
        asked = json.loads(body)
    except ValueError:
        return "The request is not valid JSON"
    if not isinstance(asked, dict):
        return "The request is not a JSON object"
    faults: list[str] = []
    destination, types = asked.get("destination"), asked.get("types")
    schema = asked.get("schemaVersion", _SCHEMAS[api][0])
    if schema not in _SCHEMAS[api]:
        faults.append(f"schemaVersion {schema} is not supported")
    if not isinstance(destination, dict):
        destination = {}
    protocol = str(destination.get("protocol", ""))
    port, path = _address(destination, protocol, faults)
    if not isinstance(types, list) or not types:
        faults.append("types should not be empty")
        types = []
    types = list(dict.fromkeys(map(str, types)))
    faults += [f"{each} is no type of events" for each in types if each not in _TYPES]
    limits = _buffering(asked.get("buffering"), faults)
    if faults:
        return "; ".join(faults)
    method = str(destination.get("method", "POST")).upper()
    return Wanted(
        api, str(schema), tuple(types), protocol, "PUT" if method == "PUT" else "POST", port, path,
        *limits,
    )  # fmt: skip


def _address(destination: dict[str, Any], protocol: str, faults: list[str]) -> tuple[int, str]:
    if protocol == "TCP" and isinstance(destination.get("port"), int):
        port, path = destination["port"], ""
    else:
        try:
            url = urlsplit(str(destination.get("URI", "")))
            port, path = url.port or 0, (url.path or "/")
        except ValueError:
            faults.append("URI is not valid")
            return 0, ""
        if protocol not in ("HTTP", "TCP"):
            faults.append("protocol should be HTTP or TCP")
        elif url.hostname not in _HOSTS or (protocol == "HTTP" and url.scheme != "http"):
            faults.append(f"URI should lead to {_HOSTS[0]}")
        path = "".join(each for each in path if each.isprintable() and each != " ")
    if not port:
        faults.append("URI port is not provided")
    elif port == _RESERVED_PORT or not 0 < port < 1 << 16:
        faults.append(f"port {port} is reserved")
    return port, path


def _buffering(asked: Any, faults: list[str]) -> list[int]:
    found = []
    wanted = asked if isinstance(asked, dict) else {}
    for name, (least, most, usual) in _LIMITS.items():
        value = wanted.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            faults.append(f"{name} should be between {least} and {most}")
            value = usual
        found.append(value)
    return found


class Subscription:
    """Gathers events and sends them in batches, one after the other."""

    def __init__(self, wanted: Wanted, connect: Connect) -> None:
        self.wanted = wanted
        self._connect = connect
        self._events: list[bytes] = []
        self._bytes = 0
        self._dropped = self._dropped_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._stream: socket.socket | None = None
        self._is_closed = False

    def add(self, event: bytes) -> None:
        if self._is_closed:
            return
        if self._bytes + len(event) > _BUFFERS_MAX * self.wanted.bytes_max:
            self._dropped += 1
            self._dropped_bytes += len(event)
            return
        self._events.append(event)
        self._bytes += len(event)
        is_full = len(self._events) >= self.wanted.items_max or self._bytes >= self.wanted.bytes_max
        if is_full:
            self.flush()
        elif self._timer is None:
            self._timer = real_time.after(self.wanted.timeout_ms / 1000, self.flush)

    def flush(self) -> None:
        """Send what there is, or do so when the batch that is on its way has arrived."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._events and self._sending is None and not self._is_closed:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._events and not self._is_closed:
                batch, self._events, self._bytes = self._take_dropped(self._events), [], 0
                if not await self._deliver(batch):
                    self._dropped += len(batch)
                    self._dropped_bytes += sum(map(len, batch))
        finally:
            self._sending = None

    def _take_dropped(self, batch: list[bytes]) -> list[bytes]:
        if not self._dropped:
            return batch
        record = {
            "reason": _FALLEN_BEHIND,
            "droppedRecords": self._dropped,
            "droppedBytes": self._dropped_bytes,
        }
        self._dropped = self._dropped_bytes = 0
        at = json.loads(batch[0])["time"]
        notice = {"time": at, "type": "platform.logsDropped", "record": record}
        return [json.dumps(notice).encode(), *batch]

    async def _deliver(self, batch: list[bytes]) -> bool:
        for pause in _PAUSES_SECONDS:
            attempt = asyncio.get_running_loop().create_task(self._attempt(batch))
            impatience = real_time.after(_ATTEMPT_SECONDS_MAX, _canceller(attempt))
            await asyncio.wait([attempt])
            impatience.cancel()
            if not attempt.cancelled() and attempt.exception() is None and attempt.result():
                return True
            if self._is_closed:
                break
            await _pause(pause)
        return False

    async def _attempt(self, batch: list[bytes]) -> bool:
        try:
            if self.wanted.protocol == "TCP":
                return await self._send_lines(batch)
            return await self._post(b"[" + b",".join(batch) + b"]")
        except OSError:
            self._stream = None
            return False

    async def _send_lines(self, batch: list[bytes]) -> bool:
        if self._stream is None:
            self._stream = await self._connect(self.wanted.port)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._stream, b"\n".join(batch) + b"\n")
        return True

    async def _post(self, body: bytes) -> bool:
        loop = asyncio.get_running_loop()
        with await self._connect(self.wanted.port) as connection:
            head = (
                f"{self.wanted.method} {self.wanted.path} HTTP/1.1\r\n"
                f"Host: {_HOSTS[0]}:{self.wanted.port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            await loop.sock_sendall(connection, head.encode("utf-8", "replace") + body)
            answer = await loop.sock_recv(connection, _ANSWER_BYTES_MAX)
        return answer.split(b" ", 2)[1:2] == [b"200"] or answer[9:10] == b"2"

    def close(self) -> None:
        self._is_closed = True
        if self._timer:
            self._timer.cancel()
        if self._sending:
            self._sending.cancel()
        if self._stream:
            self._stream.close()
            self._stream = None


def _canceller(task: asyncio.Task[bool]) -> Callable[[], None]:
    def cancel() -> None:
        task.cancel()

    return cancel


async def _pause(seconds: float) -> None:
    over = asyncio.Event()
    real_time.after(seconds, over.set)
    await over.wait()
