"""The process that runs environments for a server: one socket to it, one loop, no threads."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import sys
from typing import Any, cast

import uvloop

from pileus.kernel.fleet import StartFailure
from pileus.sandbox import real_time, start_gate
from pileus.sandbox.bootstrap import clock_page
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.environments.phases import Phase
from pileus.sandbox.environments.snap_start_environment import SnapStartEnvironment
from pileus.sandbox.frames import (
    Configure,
    Expire,
    FleetSettings,
    FrameReader,
    Invoke,
    Message,
    Prepare,
    Start,
    Started,
    StartFailed,
    Stop,
    Taken,
    ToHost,
    encode,
)
from pileus.sandbox.isolation import linux
from pileus.sandbox.start_gate import StartGate
from pileus.sandbox.starting import Starter
from pileus.sandbox.trees.tree import Tree

_MEMORY_CHECK_SECONDS = 0.02
_PAUSES_PER_CHECK = 4
_END_SECONDS_MAX = 5.0


class Host(asyncio.Protocol):
    """Takes the server's messages; answers with what environments do."""

    settings: FleetSettings

    def __init__(self, listeners: socket.socket) -> None:
        self._listeners = listeners
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(ToHost)
        self._transport: asyncio.Transport | None = None
        self._environments: dict[str, ExtendedEnvironment] = {}
        self._trees: dict[str, Tree] = {}
        # Whether each is still wanted when it has started.
        self._starting: dict[str, bool] = {}
        self._busy: set[Tree] = set()
        self._is_checking_memory = False
        self._starter: Starter | None = None
        self._clock: memoryview | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = StartGate(start_gate.at_once())
        self._all_gone: asyncio.Future[None] | None = None
        self.ended: asyncio.Future[None] = self._loop.create_future()

    # The server's socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.ended.done():
            self.ended.set_result(None)

    def pause_writing(self) -> None:
        for tree in self._trees.values():
            tree.read_output(False)

    def resume_writing(self) -> None:
        for tree in self._trees.values():
            tree.read_output(True)

    def data_received(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            self._obey(message)

    def send(self, message: Message) -> None:
        if self._transport:
            self._transport.write(encode(message))

    def send_listener(self, environment_id: str, listener: int) -> None:
        try:
            socket.send_fds(self._listeners, [environment_id.encode()], [listener])
        except OSError:
            pass  # The server is ending, and this host with it.

    def _obey(self, message: Any) -> None:
        if isinstance(message, Invoke):
            environment = self._environments.get(message.environment_id)
            if environment:
                environment.invoke(message)
        elif isinstance(message, Taken):
            environment = self._environments.get(message.environment_id)
            if environment:
                environment.pieces_taken(message.request_id, message.count)
        elif isinstance(message, Start):
            self._starting[message.spec.environment_id] = True
            task = self._loop.create_task(self._start(message))
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._start_ended(message, done))
        elif isinstance(message, Expire):
            environment = self._environments.get(message.environment_id)
            if environment:
                environment.expire()
        elif isinstance(message, Stop):
            environment = self._environments.get(message.environment_id)
            if environment:
                environment.stop()
            elif message.environment_id in self._starting:
                self._starting[message.environment_id] = False
        elif isinstance(message, Prepare) and self._starter:
            self._starter.prepare(message.runtime)
        elif isinstance(message, Configure):
            self.settings = message.settings
            self._starter = Starter(message.settings)
            self._clock = clock_page.open_page(message.settings.clock_page)

    # Environments

    def _start_ended(self, message: Start, task: asyncio.Task[None]) -> None:
        """A fault of our own must not leave the server waiting."""
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault:
            logging.error("start of an environment failed", exc_info=fault)
            self.send(StartFailed(message.spec.environment_id, f"The host failed: {fault!r}"))

    async def _start(self, message: Start) -> None:
        spec = message.spec
        assert self._starter is not None
        seconds_max = self.settings.init_seconds_max
        kind = SnapStartEnvironment if spec.is_snap_started else ExtendedEnvironment
        environment = kind(spec, seconds_max, self.send, self._now_ms, self._forget)
        await self._gate.enter()
        tree: Tree | None = None
        try:
            tree = await self._starter.start(self, environment)
        except (StartFailure, OSError) as failure:
            self.send(StartFailed(spec.environment_id, str(failure)))
            return
        finally:
            is_wanted = self._starting.pop(spec.environment_id)
            if tree is None:
                self._gate.leave()
            elif environment.phase is Phase.INIT:
                environment.on_init_over = self._gate.leave_later(tree.cpu_seconds)
            else:
                self._gate.leave()
        if environment.phase is Phase.ENDED:
            self.send(StartFailed(spec.environment_id, "The environment ended at once."))
            return
        environment.is_announced = True
        self._environments[spec.environment_id] = environment
        self._trees[spec.environment_id] = tree
        self.send(Started(spec.environment_id))
        if not is_wanted or self.ended.done():
            environment.stop()

    def _forget(self, environment_id: str) -> None:
        self._environments.pop(environment_id, None)
        tree = self._trees.pop(environment_id, None)
        if tree:
            self._busy.discard(tree)
        if self._all_gone and not self._trees:
            # The tree removes its groups in this turn of the loop.
            self._loop.call_soon(self._give_up)

    def _now_ms(self) -> int:
        """The platform's clock, as functions see it."""
        real_ms = real_time.epoch_ms()
        word = self._clock[clock_page.CLOCK_WORD] if self._clock else 0
        return clock_page.shifted_ns(word, real_ms * 1_000_000) // 1_000_000 if word else real_ms

    # Memory

    def watch_memory(self, tree: Tree, is_busy: bool) -> None:
        """Look at the memory of trees that work; idle ones are not looked at."""
        if not is_busy:
            self._busy.discard(tree)
            return
        self._busy.add(tree)
        if not self._is_checking_memory:
            self._is_checking_memory = True
            real_time.after(_MEMORY_CHECK_SECONDS, self._check_memory)

    def _check_memory(self) -> None:
        began = real_time.seconds()
        for tree in tuple(self._busy):
            tree.check_memory()
        self._is_checking_memory = bool(self._busy)
        if self._busy:
            # A tree of a thousand processes takes its time to sample, and must not take all of it.
            taken = real_time.seconds() - began
            pause = max(_MEMORY_CHECK_SECONDS, taken * _PAUSES_PER_CHECK)
            real_time.after(pause, self._check_memory)

    async def close(self) -> None:
        """End all trees and leave nothing of them behind."""
        for environment in list(self._environments.values()):
            environment.stop()
        if self._trees:
            self._all_gone = self._loop.create_future()
            real_time.after(_END_SECONDS_MAX, self._give_up)
            await self._all_gone
        if self._starter:
            self._starter.close()

    def _give_up(self) -> None:
        if self._all_gone and not self._all_gone.done():
            self._all_gone.set_result(None)


async def _serve(control: socket.socket, listeners: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    host = Host(listeners)
    await loop.create_connection(lambda: host, sock=control)
    await host.ended
    await host.close()


def main() -> None:
    control, listeners = (socket.socket(fileno=int(each)) for each in sys.argv[1:3])
    for end in (control, listeners):
        end.setblocking(False)
        end.set_inheritable(False)
    if sys.platform == "linux":
        linux.die_with_parent()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve(control, listeners))
    # Whatever is left ends with its pipe.
    os._exit(0)


if __name__ == "__main__":
    main()
