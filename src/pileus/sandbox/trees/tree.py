"""The processes of one environment, whichever way they are kept apart: output, memory, requests."""

from __future__ import annotations

import asyncio
import os
import socket
from abc import ABC, abstractmethod
from typing import Protocol

from pileus.sandbox import real_time
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.environments.output import OutputReader
from pileus.sandbox.environments.runtime_api import RuntimeConnection
from pileus.sandbox.frames import FleetSettings, Message
from pileus.sandbox.isolation import sampling
from pileus.sandbox.isolation.cgroups import Group

_REMOVAL_SECONDS = 0.05
_REMOVALS_MAX = 100
_PEAK_STEP_BYTES = 1 << 20
_CONNECTIONS_MAX = 64
_PAUSE_SECONDS = 0.005


class Host(Protocol):
    """What a tree asks of the host that it lives in."""

    settings: FleetSettings

    def send(self, message: Message) -> None: ...

    def send_listener(self, environment_id: str, listener: int) -> None: ...

    def watch_memory(self, tree: Tree, is_busy: bool) -> None: ...


class Ends:
    """The pipe of an environment's output and its connection to the Runtime API, both ends."""

    def __init__(self) -> None:
        self.output, self.their_output = os.pipe()
        self.runtime, self.their_runtime = socket.socketpair()

    def theirs(self) -> list[int]:
        return [self.their_runtime.fileno(), self.their_output]

    def close_theirs(self) -> None:
        """The environment has its own copies."""
        if self.their_output >= 0:
            os.close(self.their_output)
            self.their_output = -1
        self.their_runtime.close()

    def close(self) -> None:
        self.close_theirs()
        self.runtime.close()
        os.close(self.output)


class Tree(ABC):
    """What the host holds of an environment: its output, its groups, its way to the Runtime API."""

    def __init__(
        self, host: Host, environment: ExtendedEnvironment, group: Group | None, ends: Ends
    ) -> None:
        self.host = host
        self.environment = environment
        self.group = group
        self.loop = asyncio.get_running_loop()
        self.pid = 0
        self.ends = ends
        self._api: socket.socket | None = None
        self._transports: set[asyncio.BaseTransport] = set()
        self._connections: list[RuntimeConnection] = []
        self._is_reading_output = self._is_closed = False
        self._limit_bytes = environment.spec.memory_mb << 20
        # Memory of the zygote's that a function would have itself without it.
        self.shared_bytes = 0
        self._peak_bytes = self._own_peak_bytes = self._sampled_peak_bytes = 0
        self._cpu_seconds = 0.0
        environment.tree = self
        environment.output = OutputReader(ends.output, environment.write_function_lines)

    def start_runtime_again(self) -> None:
        """Another try at INIT, with the same files and connections."""
        for connection in self._connections:
            connection.restart()
        self.start_again()

    @abstractmethod
    def start_again(self) -> None: ...

    @abstractmethod
    def start_runtime(self) -> None: ...

    @abstractmethod
    def terminate_runtime(self) -> None: ...

    @abstractmethod
    def end_runtime(self) -> None: ...

    @abstractmethod
    def kill_runtime(self) -> None: ...

    @abstractmethod
    def kill(self) -> None: ...

    @abstractmethod
    async def socket_inside(self) -> socket.socket:
        """One that reaches the environment's own loopback."""

    async def connect_inside(self, port: int) -> socket.socket:
        found = await self.socket_inside()
        found.setblocking(False)
        try:
            await self.loop.sock_connect(found, ("127.0.0.1", port))
        except BaseException:
            found.close()
            raise
        return found

    # Requests

    async def serve(self, api: socket.socket) -> None:
        """Answer the Runtime API on its listener and on the connection that was passed on."""
        self._api = api
        api.setblocking(False)
        self.loop.add_reader(api, self._accept)
        self.read_output(True)
        await self.connect(self.ends.runtime)

    async def connect(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        transport, protocol = await self.loop.create_connection(
            lambda: RuntimeConnection(self.environment), sock=connection
        )
        self._transports.add(transport)
        self._connections.append(protocol)

    def _accept(self) -> None:
        assert self._api is not None
        try:
            connection, _ = self._api.accept()
        except OSError:
            return
        self._transports = {each for each in self._transports if not each.is_closing()}
        self._connections = [each for each in self._connections if each.is_open]
        if len(self._transports) >= _CONNECTIONS_MAX:
            connection.close()
            return
        self.loop.create_task(self.connect(connection))

    # Output

    def read_output(self, is_wanted: bool) -> None:
        """Pause where the server does not keep up: the pipe fills and the function waits."""
        if is_wanted and not self._is_reading_output and not self._is_closed:
            self.loop.add_reader(self.ends.output, self._read_output)
        elif not is_wanted and self._is_reading_output:
            self.loop.remove_reader(self.ends.output)
        self._is_reading_output = is_wanted and not self._is_closed

    def _read_output(self) -> None:
        output = self.environment.output
        if not output.read():
            self.read_output(False)
        elif output.is_dropping:
            # Who writes without end waits, and not the other environments.
            self.read_output(False)
            real_time.after(_PAUSE_SECONDS, lambda: self.read_output(True))

    # Limits

    def init_has_ended(self) -> None:
        if self.group:
            self.group.hold_cpu(self.environment.spec.memory_mb)

    def has_run_out_of_memory(self) -> bool:
        return self.group.has_run_out() if self.group else False

    def memory_peak_bytes(self) -> int:
        if self.group is None:
            self._sampled_peak_bytes = max(self._sampled_peak_bytes, self._sample())
            return self._sampled_peak_bytes
        peak = self.group.peak_bytes()
        if peak > self._peak_bytes + _PEAK_STEP_BYTES:
            self._peak_bytes = peak
            own = peak - self.group.file_bytes()
            self._own_peak_bytes = max(self._own_peak_bytes, own)
        return self._own_peak_bytes + self.shared_bytes

    def cpu_ms(self) -> float | None:
        """What the processes have taken since this was asked last; None where nobody counts it."""
        seconds = self.cpu_seconds()
        if seconds is None:
            return None
        taken, self._cpu_seconds = seconds - self._cpu_seconds, seconds
        return taken * 1000

    def cpu_seconds(self) -> float | None:
        """What the processes have taken so far; None where nobody counts it."""
        return self.group.cpu_seconds() if self.group and not self._is_closed else None

    def _sample(self) -> int:
        return sampling.own_bytes(self.pid, self._limit_bytes) if self.pid else 0

    def watch_memory(self, is_busy: bool) -> None:
        self.host.watch_memory(self, is_busy)

    def check_memory(self) -> None:
        """Hold the processes' own memory to MemorySize; /tmp has room of its own."""
        if self.group is None:
            self._sampled_peak_bytes = max(self._sampled_peak_bytes, self._sample())
            is_over = self._sampled_peak_bytes > self._limit_bytes
        else:
            limit = self._limit_bytes - self.shared_bytes
            is_over = self.group.usage_bytes() > limit and self.group.anonymous_bytes() > limit
        if is_over:
            self.environment.run_out_of_memory()

    # The end

    def close(self) -> None:
        """Let go of everything; no process is left. What is closed stays closed."""
        if self._is_closed:
            return
        self._is_closed = True
        self.read_output(False)
        self.ends.close_theirs()
        if self._api:
            self.loop.remove_reader(self._api)
            self._api.close()
        for transport in self._transports:
            transport.close()
        if not self._transports:
            self.ends.runtime.close()
        self.environment.output.close()
        if self.group:
            remove_soon(self.group)


def remove_soon(group: Group, tries: int = _REMOVALS_MAX) -> None:
    """Remove a group as soon as the kernel has let go of its last process."""
    if not group.close() and tries:
        real_time.after(_REMOVAL_SECONDS, lambda: remove_soon(group, tries - 1))
