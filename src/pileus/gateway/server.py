"""The HTTP server: listeners, open connections, and the end of both."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from pileus.gateway.connection import Connection
from pileus.gateway.exchange import Exchange, refusal
from pileus.gateway.http_limits import HttpLimits
from pileus.gateway.response_bytes import stamp_of
from pileus.gateway.timers import Timers
from pileus.kernel.request import Request, Response

if TYPE_CHECKING:
    from pileus.gateway.http2_connection import Http2Connection

Reply = Callable[[Response], None]
Handle = Callable[[Request, Reply], None]
WantsStream = Callable[[Request], bool]
# Method, path, headers.
BodyLimit = Callable[[str, str, dict[str, str]], int]
# Takes over a connection whose request asked to upgrade, or declines with None; it gets the bytes
# that came after the request. WebSocket (wsproto) comes in here.
Upgrade = Callable[[Request, asyncio.Transport, bytes], asyncio.Protocol | None]

OpenConnection = Union[Connection, "Http2Connection"]

LISTEN_BACKLOG = 1024
# Descriptors that are left to the store, blobs, sandboxes and outgoing connections.
FILES_RESERVED = 256
FILES_WANTED = 65_536

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listener:
    """One bound socket; closing it ends its connections too."""

    sockets: asyncio.Server
    connections: set[OpenConnection]

    @property
    def port(self) -> int:
        return int(self.sockets.sockets[0].getsockname()[1])

    def close(self) -> None:
        self.sockets.close()
        for connection in list(self.connections):
            connection.transport.abort()


class Server:
    """Gives every request to `handle` on the event loop, with the `reply` to call exactly once.

    `wants_stream` says whose bodies are handed over while they arrive. `body_limit` may allow a
    route more than `limits.body_bytes_max`; it is asked only when that is too little.
    """

    def __init__(
        self,
        handle: Handle,
        timers: Timers,
        new_request_id: Callable[[], str],
        limits: HttpLimits | None = None,
        wants_stream: WantsStream | None = None,
        body_limit: BodyLimit | None = None,
        upgrade: Upgrade | None = None,
    ) -> None:
        self.handle = handle
        self.timers = timers
        self.new_request_id = new_request_id
        self.limits = limits or HttpLimits()
        self.wants_stream = wants_stream
        self.body_limit = body_limit
        self.upgrade = upgrade
        self.is_stopping = False
        self.loop: asyncio.AbstractEventLoop
        self.listeners: list[Listener] = []
        self.connections: set[OpenConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.all_closed: asyncio.Future[None] | None = None
        self.connections_max = self.limits.connections_max
        self.stamp_second = -1
        self.stamp_text = ""

    async def start(self, host: str, port: int) -> Listener:
        """Listen on every address of a host name; port 0 takes a free one."""
        loop = self.loop = asyncio.get_running_loop()
        self.connections_max = min(self.limits.connections_max, raise_files_max() - FILES_RESERVED)
        mine: set[OpenConnection] = set()
        sockets = await loop.create_server(
            lambda: self.connect(mine, ""), host, port, backlog=LISTEN_BACKLOG
        )
        return self.keep(Listener(sockets, mine))

    async def start_on(self, listening: socket.socket, environment_id: str = "") -> Listener:
        """Serve a bound socket; requests from it carry the environment's id."""
        loop = self.loop = asyncio.get_running_loop()
        mine: set[OpenConnection] = set()
        sockets = await loop.create_server(
            lambda: self.connect(mine, environment_id), sock=listening, backlog=LISTEN_BACKLOG
        )
        return self.keep(Listener(sockets, mine))

    def keep(self, listener: Listener) -> Listener:
        self.listeners = [one for one in self.listeners if one.sockets.is_serving()]
        self.listeners.append(listener)
        return listener

    async def stop(self, grace_seconds: float) -> None:
        """Take no new connections, end waiting, let running requests finish, cut what is left."""
        self.is_stopping = True
        for listener in self.listeners:
            listener.sockets.close()
        for connection in list(self.connections):
            connection.stop()
        if self.connections:
            self.all_closed = self.loop.create_future()
            timer = self.timers.call_later(grace_seconds, self.cut)
            await self.all_closed
            timer.cancel()

    def cut(self) -> None:
        for connection in list(self.connections):
            connection.transport.abort()

    # What connections call.

    def connect(self, connections: set[OpenConnection], environment_id: str) -> Connection:
        return Connection(self, environment_id, connections)

    def admit(self, connection: OpenConnection) -> bool:
        is_allowed = len(self.connections) < self.connections_max and not self.is_stopping
        self.connections.add(connection)
        connection.siblings.add(connection)
        return is_allowed

    def readmit(self, connection: OpenConnection) -> None:
        """Count a connection that was admitted already, and changed its protocol."""
        self.connections.add(connection)
        connection.siblings.add(connection)

    def forget(self, connection: OpenConnection) -> None:
        self.connections.discard(connection)
        connection.siblings.discard(connection)
        waiter = self.all_closed
        if waiter is not None and not self.connections and not waiter.done():
            waiter.set_result(None)

    def run(self, exchange: Exchange) -> None:
        request = exchange.request
        assert request is not None, "A refusal is answered without being run."
        try:
            self.handle(request, exchange.reply)
        except Exception:
            request_id = self.new_request_id()
            log.exception("request %s failed: %s %s", request_id, request.method, request.path)
            if not exchange.is_replied:
                exchange.reply(refusal(500, request_id))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.end_task)
        return task

    def end_task(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a streamed response broke off", exc_info=error)

    def stamp(self) -> str:
        second = self.timers.real_now() // 1000
        if second != self.stamp_second:
            self.stamp_second = second
            self.stamp_text = stamp_of(second)
        return self.stamp_text


def raise_files_max() -> int:
    """Let the process open as many files as it needs and may ask for; returns how many."""
    if sys.platform == "win32":
        return FILES_WANTED
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return FILES_WANTED
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    wanted = max(soft, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
