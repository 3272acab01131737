"""The processes of one environment kept apart by namespaces: the host's handles on them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from typing import Any, Protocol

from pileus.sandbox import names, real_time
from pileus.sandbox.environment import Environment
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import sampling
from pileus.sandbox.isolation.cgroups import Group
from pileus.sandbox.isolation.supervise import AGAIN, KILL
from pileus.sandbox.output import OutputReader
from pileus.sandbox.runtime_api import RuntimeConnection
from pileus.sandbox.zygotes import Zygote, refusal

_MESSAGE_BYTES_MAX = 1 << 16
_DATAGRAM_BYTES_MAX = 4096
_DATAGRAMS_AT_ONCE_MAX = 64
_REMOVAL_SECONDS = 0.05
_REMOVALS_MAX = 100
_PEAK_STEP_BYTES = 1 << 20


class Host(Protocol):
    """What a tree asks of the host that it lives in."""

    settings: FleetSettings

    def send_listener(self, environment_id: str, listener: int) -> None: ...

    def watch_memory(self, tree: SandboxTree, is_busy: bool) -> None: ...


class SandboxTree:
    """Channel to process 1, its pidfd, its groups, its listeners and its output."""

    def __init__(self, host: Host, environment: Environment, group: Group | None) -> None:
        self._host = host
        self._environment = environment
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._channel, self._their_channel = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._channel.setblocking(False)
        self._runtime, self._their_runtime = socket.socketpair()
        self._runtime.setblocking(False)
        output, self._their_output = os.pipe()
        environment.tree = self
        environment.output = OutputReader(output, environment.write_lines)
        self._output = output
        self._ready: asyncio.Future[list[int]] = self._loop.create_future()
        self._pid = 0
        self._pidfd = -1
        self._api: socket.socket | None = None
        self._name_server: socket.socket | None = None
        self._transports: set[asyncio.BaseTransport] = set()
        self._is_reading_output = False
        self._limit_bytes = environment.spec.memory_mb << 20
        self._peak_bytes = self._own_peak_bytes = self._sampled_peak_bytes = 0

    async def start(self, zygote: Zygote, request: dict[str, Any]) -> None:
        """Make the processes; returns when they are ready to run customer code."""
        groups = self._group.member_files() if self._group else []
        theirs = [self._their_channel.fileno(), self._their_runtime.fileno(), self._their_output]
        try:
            clone = await zygote.clone(request, [*theirs, *groups])
        finally:
            for descriptor in groups:
                os.close(descriptor)
            self._their_channel.close()
            self._their_runtime.close()
            os.close(self._their_output)
        self._pid, self._pidfd = clone.pid, clone.pidfd
        self._loop.add_reader(self._pidfd, self._ended)
        self._loop.add_reader(self._channel, self._hear)
        api, endpoint, name_server = await self._ready
        environment_id = self._environment.spec.environment_id
        self._host.send_listener(environment_id, endpoint)
        os.close(endpoint)
        self._api = socket.socket(fileno=api)
        self._api.setblocking(False)
        self._loop.add_reader(self._api, self._accept)
        self._name_server = socket.socket(fileno=name_server)
        self._name_server.setblocking(False)
        self._loop.add_reader(self._name_server, self._answer_names)
        self.read_output(True)
        self._environment.begin_init()
        await self._connect(self._runtime)

    async def _connect(self, connection: socket.socket) -> None:
        transport, _ = await self._loop.create_connection(
            lambda: RuntimeConnection(self._environment), sock=connection
        )
        self._transports.add(transport)

    def _accept(self) -> None:
        assert self._api is not None
        try:
            connection, _ = self._api.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._transports = {each for each in self._transports if not each.is_closing()}
        self._loop.create_task(self._connect(connection))

    def _answer_names(self) -> None:
        assert self._name_server is not None
        for _ in range(_DATAGRAMS_AT_ONCE_MAX):
            try:
                query, sender = self._name_server.recvfrom(_DATAGRAM_BYTES_MAX)
                answer = names.answer(query, self._host.settings.endpoint_domains)
                if answer:
                    self._name_server.sendto(answer, sender)
            except OSError:
                return

    def _hear(self) -> None:
        try:
            body, files, _, _ = socket.recv_fds(self._channel, _MESSAGE_BYTES_MAX, 8)
        except BlockingIOError:
            return
        except OSError:
            body, files = b"", []
        if not body:
            self._loop.remove_reader(self._channel)
            self._refuse("process 1", "it has ended")
            return
        message = json.loads(body)
        if "ready" in message:
            self._ready.set_result(list(files))
        elif "refused" in message:
            self._refuse(message["refused"], message["text"])
        elif "exit" in message:
            self._environment.runtime_exited(message["exit"])

    def _refuse(self, step: str, text: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(refusal(step, text))

    def read_output(self, is_wanted: bool) -> None:
        """Pause where the server does not keep up: the pipe fills and the function waits."""
        if is_wanted and not self._is_reading_output and self._pidfd >= 0:
            self._loop.add_reader(self._output, self._read_output)
        elif not is_wanted and self._is_reading_output:
            self._loop.remove_reader(self._output)
        self._is_reading_output = is_wanted

    def _read_output(self) -> None:
        if not self._environment.output.read():
            self.read_output(False)

    # What the environment asks for

    def start_runtime_again(self) -> None:
        self._command(AGAIN)

    def kill_runtime(self) -> None:
        self._command(KILL)

    def _command(self, command: bytes) -> None:
        try:
            self._channel.send(command)
        except OSError:
            self.kill()

    def kill(self) -> None:
        if self._pidfd >= 0:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def init_has_ended(self) -> None:
        if self._group:
            self._group.hold_cpu(self._environment.spec.memory_mb)

    def has_run_out_of_memory(self) -> bool:
        return self._group.has_run_out() if self._group else False

    def memory_peak_bytes(self) -> int:
        if self._group is None:
            self._sampled_peak_bytes = max(self._sampled_peak_bytes, self._sample())
            return self._sampled_peak_bytes
        peak = self._group.peak_bytes()
        if peak > self._peak_bytes + _PEAK_STEP_BYTES:
            self._peak_bytes = peak
            own = peak - self._group.file_bytes()
            self._own_peak_bytes = max(self._own_peak_bytes, own)
        return self._own_peak_bytes

    def _sample(self) -> int:
        return sampling.anonymous_bytes(self._pid, self._limit_bytes)

    def watch_memory(self, is_busy: bool) -> None:
        self._host.watch_memory(self, is_busy)

    def check_memory(self) -> None:
        """Hold the processes' own memory to MemorySize; /tmp has room of its own."""
        if self._group is None:
            self._sampled_peak_bytes = max(self._sampled_peak_bytes, self._sample())
            is_over = self._sampled_peak_bytes > self._limit_bytes
        else:
            is_over = self._group.usage_bytes() > self._limit_bytes and (
                self._group.anonymous_bytes() > self._limit_bytes
            )
        if is_over:
            self._environment.run_out_of_memory()

    # The end

    def _ended(self) -> None:
        """Process 1 is gone; the kernel has ended all others before."""
        self.read_output(False)
        self._refuse("process 1", "it has ended")
        self._environment.tree_ended()
        self.close()

    def close(self) -> None:
        self._loop.remove_reader(self._channel)
        self._channel.close()
        for each in (self._api, self._name_server):
            if each:
                self._loop.remove_reader(each)
                each.close()
        for transport in self._transports:
            transport.close()
        if not self._transports:
            self._runtime.close()
        self.read_output(False)
        self._environment.output.close()
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        self._remove_group(_REMOVALS_MAX)

    def _remove_group(self, tries: int) -> None:
        if self._group and not self._group.close() and tries:
            real_time.after(_REMOVAL_SECONDS, lambda: self._remove_group(tries - 1))
