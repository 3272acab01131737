"""The load generator: a process of its own with one loop over plain sockets, and prepared requests.

`python -m bench.load` reads a job as a line of JSON, prepares it, writes `ready`, waits for a line,
runs, and writes the outcome as a line of JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

# Given a connection's number and its last answer (None at first), the next request; None ends it.
Next = Callable[[int, bytes | None], bytes | None]

_ANSWER_BYTES_MAX = 1 << 20
_WAIT_SECONDS = 30.0


@dataclass
class Outcome:
    """What came of one run."""

    requests: int = 0
    failures: int = 0
    seconds: float = 0.0
    first_failure: str = ""
    latencies_ms: list[float] = field(default_factory=list)


class _Connection:
    __slots__ = ("buffer", "number", "sent_at", "socket")

    def __init__(self, number: int) -> None:
        self.number = number
        self.buffer = b""
        self.sent_at = 0.0
        self.socket: socket.socket

    def open(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=_WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.buffer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)


def run(
    address: tuple[str, int], connections: int, next_request: Next, *, seconds_max: float
) -> Outcome:
    """Keep one request under way on each connection until there is none left or time is up."""
    outcome = Outcome()
    poll = select.epoll()
    open_connections: dict[int, _Connection] = {}
    started = time.perf_counter()
    ends = started + seconds_max

    def begin(connection: _Connection, request: bytes) -> None:
        connection.open(address)
        open_connections[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
        connection.send(request)

    def close(connection: _Connection) -> None:
        number = connection.socket.fileno()
        poll.unregister(number)
        del open_connections[number]
        connection.socket.close()

    for number in range(connections):
        request = next_request(number, None)
        if request is not None:
            begin(_Connection(number), request)
    while open_connections:
        ready = poll.poll(_WAIT_SECONDS)
        if not ready:
            outcome.failures += len(open_connections)
            outcome.first_failure = outcome.first_failure or "no answer"
            break
        for number, _ in ready:
            connection = open_connections[number]
            data = connection.socket.recv(_ANSWER_BYTES_MAX)
            connection.buffer = connection.buffer + data if connection.buffer else data
            answer = whole_answer(connection.buffer, is_ended=not data)
            if answer is None:
                continue
            status, body, is_closing = answer
            now = time.perf_counter()
            outcome.requests += 1
            outcome.latencies_ms.append((now - connection.sent_at) * 1000)
            if status != 200:
                outcome.failures += 1
                outcome.first_failure = outcome.first_failure or f"{status} {body[:300]!r}"
            request = next_request(connection.number, body) if now < ends else None
            if request is None:
                close(connection)
            elif is_closing:
                close(connection)
                begin(connection, request)
            else:
                connection.send(request)
    outcome.seconds = time.perf_counter() - started
    poll.close()
    return outcome


def whole_answer(data: bytes, *, is_ended: bool) -> tuple[int, bytes, bool] | None:
    """Status, body and whether the server closes; None while more is to come."""
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return (0, b"connection closed", True) if is_ended else None
    head = data[:head_end].lower()
    status = int(head[9:12])
    body = data[head_end + 4 :]
    is_closing = is_ended or b"connection: close" in head or head.startswith(b"http/1.0")
    start = head.find(b"content-length:")
    if start >= 0:
        length = int(head[start + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length and not is_ended:
            return None
    elif b"transfer-encoding: chunked" in head:
        if not body.endswith(b"0\r\n\r\n") and not is_ended:
            return None
        body = _joined_chunks(body)
    elif not is_ended:
        return None
    return status, body, is_closing


def _joined_chunks(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


def main() -> None:
    from bench.jobs import prepare

    job: dict[str, Any] = json.loads(sys.stdin.readline())
    next_request = prepare(job)
    print("ready", flush=True)
    sys.stdin.readline()
    outcome = run(
        (job["host"], job["port"]), job["connections"], next_request,
        seconds_max=job["seconds_max"],
    )  # fmt: skip
    print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
