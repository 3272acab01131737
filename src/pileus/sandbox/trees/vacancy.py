"""A sandbox that waits for its function: made ahead, so that a cold start need not make it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from pileus.kernel.fleet import StartFailure
from pileus.sandbox import real_time
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import enter
from pileus.sandbox.isolation.cgroups import Group
from pileus.sandbox.isolation.supervise import CONNECT
from pileus.sandbox.trees.tree import Ends, remove_soon
from pileus.sandbox.trees.zygotes import Zygote, refusal

_MESSAGE_BYTES_MAX = 1 << 16
_FILES_MAX = 8
_START_SECONDS_MAX = 20.0


class Occupant(Protocol):
    """Whose environment it becomes, and who hears what process 1 tells."""

    def begun(self) -> None: ...

    def runtime_exited(self, code: int) -> None: ...

    def extension_exited(self, name: str, code: int) -> None: ...

    def not_started(self, path: str, number: int) -> None: ...

    def all_ended(self) -> None: ...


class Vacancy:
    """Process 1 in its namespaces and groups, with listeners, but without a package.

    With a user, it also has its file tree and the process of its runtime: what any function has
    that is neither an image nor shares files with others.
    """

    def __init__(self, zygote: Zygote, group: Group | None, uid: int | None) -> None:
        self.zygote = zygote
        self.group = group
        self._uid = uid
        self.ends = Ends()
        self.pid = 0
        self.listeners: list[int] = []
        # Nothing more is made of it before its function comes.
        self.is_ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._channel, self._their_channel = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._channel.setblocking(False)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._pidfd = -1
        self._is_closed = False
        self._answer: asyncio.Future[list[int]] | None = None
        self._occupant: Occupant | None = None
        self._sockets: deque[asyncio.Future[socket.socket]] = deque()
        self._on_end: Callable[[], None] = self.close

    @property
    def is_for_any(self) -> bool:
        """Whether it has a user, a tree and a runtime's process that any function can use."""
        return self._uid is not None

    @property
    def is_alive(self) -> bool:
        return self._pidfd >= 0

    async def make(self, settings: FleetSettings) -> None:
        """Clone it off the zygote; raises StartFailure."""
        groups = self.group.member_files() if self.group else []
        theirs = [self._their_channel.fileno(), *self.ends.theirs()]
        try:
            wanted = {
                "endpoint_port": settings.endpoint_port,
                "unreachable": settings.unreachable,
                "closed_ports": settings.closed_ports,
                "uid": self._uid,
                "is_for_any": self.is_for_any,
                "has_groups": self.group is not None,
            }
            clone = await self.zygote.clone(wanted, [*theirs, *groups])
        finally:
            for descriptor in groups:
                os.close(descriptor)
            self._their_channel.close()
            self.ends.close_theirs()
        self.pid, self._pidfd = clone.pid, clone.pidfd
        self._loop.add_reader(self._pidfd, self._ended)
        self._loop.add_reader(self._channel, self._hear)
        self.listeners = await self._answered()

    async def rest(self) -> None:
        """Wait until it is as far as it can be made ahead, or has had its time for it."""
        impatience = real_time.after(_START_SECONDS_MAX, self.is_ready.set)
        await self.is_ready.wait()
        impatience.cancel()

    def fill(
        self,
        uid: int | None,
        request: dict[str, Any],
        files: list[int],
        occupant: Occupant,
    ) -> Awaitable[list[int]]:
        """Give it its files and program, and its user where it has none: from now on it is an
        environment. What is returned is to be awaited, and raises StartFailure.
        """
        self._occupant, self._on_end = occupant, occupant.all_ended
        if uid is not None and self.zygote.has_privilege:
            try:
                enter.map_ids(self.pid, uid, uid)
            except OSError as error:
                raise StartFailure(f"The sandbox has ended: {error}.") from None
        answered = self._answered()
        self.command(json.dumps(request).encode(), files)
        return answered

    def _answered(self) -> Awaitable[list[int]]:
        answer = self._answer = self._loop.create_future()
        impatience = real_time.after(_START_SECONDS_MAX, self.kill)
        answer.add_done_callback(lambda _: impatience.cancel())
        return answer

    def _hear(self) -> None:
        try:
            body, files, _, _ = socket.recv_fds(self._channel, _MESSAGE_BYTES_MAX, _FILES_MAX)
        except BlockingIOError:
            return
        except OSError:
            body, files = b"", []
        if not body:
            self._loop.remove_reader(self._channel)
            self._refuse(StartFailure("Process 1 of the sandbox has ended."))
            return
        message = json.loads(body)
        if "refused" in message:
            self._refuse(refusal(message["refused"], message["errno"]))
        elif "ready" in message:
            self.is_ready.set()
        elif "socket" in message:
            self._sockets.popleft().set_result(socket.socket(fileno=files[0]))
        elif self._occupant and "not_started" in message:
            self._occupant.not_started(message["not_started"], message["errno"])
        elif self._occupant and "extension" in message:
            self._occupant.extension_exited(message["extension"], message["exit"])
        elif self._occupant and "exit" in message:
            self._occupant.runtime_exited(message["exit"])
        elif self._answer and not self._answer.done():
            if self._occupant:
                # At once: customer code runs, and may ask for its event before anybody awaits.
                self._occupant.begun()
            self._answer.set_result(list(files))

    def _refuse(self, failure: StartFailure) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(failure)

    def command(self, command: bytes, files: Sequence[int] = ()) -> None:
        try:
            socket.send_fds(self._channel, [command], files)
        except OSError:
            self.kill()

    async def make_socket(self) -> socket.socket:
        """One of the environment's network namespace; process 1 makes it."""
        made: asyncio.Future[socket.socket] = self._loop.create_future()
        if not self.is_alive:
            raise OSError("the environment has ended")
        self._sockets.append(made)
        self.command(CONNECT)
        # The next message of this kind is its answer, wanted or not.
        return await asyncio.shield(made)

    def kill(self) -> None:
        if self._pidfd >= 0:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _ended(self) -> None:
        """Process 1 is gone; the kernel has ended all others before."""
        self._refuse(StartFailure("Process 1 of the sandbox has ended."))
        self.is_ready.set()
        self._on_end()

    def close(self) -> None:
        """Let go of what nobody has taken over; no process is left."""
        if self._is_closed:
            return
        self._is_closed = True
        self.let_go()
        for descriptor in self.listeners:
            os.close(descriptor)
        self.listeners = []
        self.ends.close()
        if self.group:
            remove_soon(self.group)

    def let_go(self) -> None:
        """Close what leads to the processes."""
        while self._sockets:
            self._sockets.popleft().cancel()
        if self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel)
            self._channel.close()
        self._their_channel.close()
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
