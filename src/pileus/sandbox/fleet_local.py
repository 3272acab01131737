"""The fleet of one machine: starts a sandbox host beside the server and speaks with it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from pileus.kernel.fleet import (
    EnvironmentSpec,
    ImageLayer,
    Installed,
    OnOutput,
    StartFailure,
)
from pileus.sandbox.frames import (
    Begun,
    Configure,
    Ended,
    FleetSettings,
    FrameReader,
    Initialized,
    Message,
    Output,
    Piece,
    Prepare,
    Result,
    Start,
    Started,
    StartFailed,
    ToServer,
    encode,
)
from pileus.sandbox.local_environment import LocalEnvironment
from pileus.sandbox.packages import shared_directories
from pileus.sandbox.packages.unpacked_packages import UnpackedPackages
from pileus.sandbox.runtimes import runtimes

OnListener = Callable[[str, socket.socket], None]
OnListenerGone = Callable[[str], None]
_ENVIRONMENT_ID_BYTES_MAX = 256


class _HostGone(StartFailure):
    """The host ended before it answered."""


class _HostConnection(asyncio.Protocol):
    """One running host process and the environments in it."""

    def __init__(self, fleet: LocalFleet) -> None:
        self._fleet = fleet
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(ToServer)
        self._transport: asyncio.Transport | None = None
        self.environments: dict[str, LocalEnvironment] = {}
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def spawn(self) -> socket.socket:
        """Start the process; our end of its socket."""
        ours, theirs = socket.socketpair()
        self._listeners, their_listeners = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listeners.setblocking(False)
        descriptors = (theirs.fileno(), their_listeners.fileno())
        source = str(Path(__file__).parents[2])
        search_path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pileus.sandbox.host", *map(str, descriptors)],
            stdin=subprocess.DEVNULL,
            pass_fds=descriptors,
            env={**os.environ, "PYTHONPATH": search_path},
        )
        self._fleet.on_host(self._process.pid)
        theirs.close()
        their_listeners.close()
        self._loop.add_reader(self._listeners, self._receive_listener)
        return ours

    @property
    def pid(self) -> int:
        return self._process.pid

    async def connect(self, ours: socket.socket) -> None:
        await self._loop.create_connection(lambda: self, sock=ours)
        self.send(Configure(self._fleet.settings))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._loop.remove_reader(self._listeners)
        self._listeners.close()
        # The host lets go of the socket only by ending, so this does not wait.
        self._process.kill()
        self._process.wait()
        for environment in list(self.environments.values()):
            self._end(environment)
        self.ended.set_result(None)

    def send(self, message: Message) -> None:
        if self._transport:
            self._transport.write(encode(message))

    def data_received(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            environment = self.environments.get(message.environment_id)
            if environment:
                self._take(message, environment)

    def _take(self, message: Any, environment: LocalEnvironment) -> None:
        if isinstance(message, Begun | Piece):
            environment.stream(message)
        elif isinstance(message, Result):
            environment.finish(message.request_id, message.result)
        elif isinstance(message, Output):
            environment.on_output(message.lines)
        elif isinstance(message, Initialized):
            environment.initialized(message.prepared)
        elif isinstance(message, Started):
            if not environment.started.done():
                environment.started.set_result(None)
        elif isinstance(message, StartFailed):
            del self.environments[message.environment_id]
            if not environment.started.done():
                environment.started.set_exception(StartFailure(message.message))
        elif isinstance(message, Ended):
            self._end(environment)

    def _end(self, environment: LocalEnvironment) -> None:
        self.environments.pop(environment.environment_id, None)
        if not environment.started.done():
            environment.started.set_exception(_HostGone("The sandbox host has ended."))
        environment.end()
        self._fleet.environment_ended(environment)

    def _receive_listener(self) -> None:
        try:
            name, files, _, _ = socket.recv_fds(self._listeners, _ENVIRONMENT_ID_BYTES_MAX, 1)
        except OSError:
            return
        if files:
            listener = socket.socket(fileno=files[0])
            listener.setblocking(False)
            self._fleet.on_listener(name.decode(), listener)

    def close(self) -> None:
        if self._transport:
            self._transport.close()


class LocalFleet:
    """Environments on this machine; the host starts with the first one."""

    def __init__(
        self,
        settings: FleetSettings,
        on_listener: OnListener,
        on_listener_gone: OnListenerGone = lambda environment_id: None,
        on_host: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self.settings = settings
        self.on_listener = on_listener
        self.on_listener_gone = on_listener_gone
        # Called with the host's process, as soon as there is one.
        self.on_host = on_host
        self._host: _HostConnection | None = None
        self._host_starts = asyncio.Lock()
        self._unpacked = UnpackedPackages(settings, self._paths_in_use)

    async def start(
        self, spec: EnvironmentSpec, on_output: OnOutput, on_exit: Callable[[], None]
    ) -> LocalEnvironment:
        host = await self._running_host()
        try:
            return await self._start_in(host, spec, on_output, on_exit)
        except _HostGone:
            # It died before this was asked, and nobody had noticed.
            host = await self._running_host()
            return await self._start_in(host, spec, on_output, on_exit)

    @property
    def host_pid(self) -> int | None:
        """The process that runs the environments, while there is one."""
        return self._host.pid if self._host and not self._host.ended.done() else None

    async def prepare(self, runtime: str) -> None:
        """Functions of this runtime will be started: have their interpreter ready by then."""
        host = await self._running_host()
        host.send(Prepare(runtime))

    async def _start_in(
        self,
        host: _HostConnection,
        spec: EnvironmentSpec,
        on_output: OnOutput,
        on_exit: Callable[[], None],
    ) -> LocalEnvironment:
        environment = LocalEnvironment(host, spec, on_output, on_exit)
        host.environments[spec.environment_id] = environment
        host.send(Start(spec))
        try:
            await environment.started
        except asyncio.CancelledError:
            environment.abandon()
            raise
        return environment

    async def _running_host(self) -> _HostConnection:
        async with self._host_starts:
            if self._host is None or self._host.ended.done():
                host = _HostConnection(self)
                await host.connect(host.spawn())
                self._host = host
            return self._host

    def installed(self, digest: str) -> Installed | None:
        return self._unpacked.installed(digest)

    async def install(self, digest: str, package: bytes) -> Installed:
        return await self._unpacked.install(digest, package)

    def packages(self) -> list[str]:
        return self._unpacked.digests()

    async def remove(self, digest: str) -> None:
        await self._unpacked.remove(digest)

    async def remove_file_system(self, file_system: str) -> None:
        await asyncio.to_thread(
            shared_directories.remove, self.settings.file_systems_directory, file_system
        )

    def _paths_in_use(self) -> Iterator[str]:
        """The packages and layers of all environments."""
        for environment in self._host.environments.values() if self._host else ():
            yield from environment.paths

    def environment_ended(self, environment: LocalEnvironment) -> None:
        self.on_listener_gone(environment.environment_id)
        self._unpacked.let_go(environment.paths)

    async def install_image(self, digest: str, layers: Sequence[ImageLayer]) -> Installed:
        return await self._unpacked.install_image(digest, layers)

    def runtimes(self) -> dict[str, str]:
        return runtimes.names()

    def describe(self) -> dict[str, str]:
        from pileus.sandbox import survey  # As below.

        return survey.describe(self.settings)

    async def probe(self) -> str:
        """Make one sandbox; empty where it works, else what was refused and what to do."""
        if self.settings.isolation == "process":
            return ""
        # The sandbox's own parts, which the server does not need in order to begin.
        from pileus.sandbox import trying

        return await asyncio.to_thread(trying.try_sandbox, self.settings)

    async def close(self) -> None:
        """End the host and every environment."""
        if self._host:
            for environment in self._host.environments.values():
                environment.is_stopping = True
            self._host.close()
            await self._host.ended
