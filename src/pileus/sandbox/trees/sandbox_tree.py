"""A tree kept apart by namespaces: an environment that has moved into a vacant sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Any

from pileus.kernel.fleet import LogLine, Network
from pileus.sandbox.environments import extensions
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.environments.output import OutputReader
from pileus.sandbox.frames import Output
from pileus.sandbox.isolation.supervise import AGAIN, END, KILL, RUN, TERMINATE
from pileus.sandbox.networks import names, outside
from pileus.sandbox.networks.name_server import NameServer
from pileus.sandbox.networks.segment_receiver import SegmentReceiver
from pileus.sandbox.trees.tree import Host, Tree
from pileus.sandbox.trees.vacancy import Vacancy


class SandboxTree(Tree):
    """Killing process 1 ends all; names are answered by the host."""

    def __init__(self, host: Host, environment: ExtendedEnvironment, vacancy: Vacancy) -> None:
        super().__init__(host, environment, vacancy.group, vacancy.ends)
        self.pid = vacancy.pid
        self._vacancy = vacancy
        self._name_server: NameServer | None = None
        self._segments: SegmentReceiver | None = None
        self._way_out: subprocess.Popen[bytes] | None = None
        self._extensions_output: OutputReader | None = None

    async def start(self, uid: int | None, request: dict[str, Any]) -> None:
        """Move in, as this user where the sandbox has none yet; returns when customer code runs."""
        spec = self.environment.spec
        if request["program"] is None:
            self.shared_bytes = self._vacancy.zygote.interpreter_bytes
        self.environment.extensions.expected = request["extensions"]
        output = self._open_extensions_output() if request["extensions"] else []
        try:
            runs = self._vacancy.fill(uid, request, output, self)
        finally:
            for descriptor in output:
                os.close(descriptor)
        # While process 1 moves in.
        api, endpoint, name_server, daemon = self._vacancy.listeners
        self._vacancy.listeners = []
        self.host.send_listener(spec.environment_id, endpoint)
        os.close(endpoint)
        self._name_server = NameServer(name_server, self.host.settings.endpoint_domains)
        self._segments = SegmentReceiver(daemon, self._hand_segments_on)
        await self.serve(socket.socket(fileno=api))
        await runs
        resolver = names.upstream()
        if spec.network is Network.PUBLIC and outside.program() and resolver:
            self._name_server.ask_also(resolver, self._has_way_out)

    def _has_way_out(self) -> bool:
        """Asked when a name of the outside is: the way is made then, since most never go out."""
        if self._way_out is None:
            self._way_out = outside.connect(self.pid)
        return outside.is_connected(self.pid)

    def _hand_segments_on(self, segments: list[str]) -> None:
        lines = [LogLine(0, text, is_segment=True) for text in segments]
        self.host.send(Output(self.environment.spec.environment_id, lines))

    def watch_memory(self, is_busy: bool) -> None:
        super().watch_memory(is_busy)
        if self._segments and not is_busy and self.environment.is_sampled:
            # An event has ended: what it has sent of its trace goes before its result.
            self._segments.drain()

    # What process 1 tells

    def begun(self) -> None:
        self.environment.begin_init()

    def runtime_exited(self, code: int) -> None:
        self.environment.runtime_exited(code)

    def extension_exited(self, name: str, code: int) -> None:
        self.environment.extension_exited(name, code)

    def not_started(self, path: str, number: int) -> None:
        if path.startswith(f"{extensions.DIRECTORY}/"):
            self.environment.extension_not_started(path, number)
        else:
            self.environment.runtime_not_started(path, number)

    def all_ended(self) -> None:
        self.environment.tree_ended()
        self.close()

    def _open_extensions_output(self) -> list[int]:
        ours, theirs = os.pipe()
        output = OutputReader(ours, self.environment.write_extension_lines)
        self._extensions_output = self.environment.extensions_output = output
        self.loop.add_reader(ours, self._read_extensions_output, ours)
        return [theirs]

    def _read_extensions_output(self, descriptor: int) -> None:
        output = self._extensions_output
        if output and (not output.read() or output.is_dropping):
            self.loop.remove_reader(descriptor)

    # What it is told

    async def socket_inside(self) -> socket.socket:
        return await self._vacancy.make_socket()

    def start_runtime(self) -> None:
        self._vacancy.command(RUN)

    def terminate_runtime(self) -> None:
        self._vacancy.command(TERMINATE)

    def end_runtime(self) -> None:
        self._vacancy.command(END)

    def start_again(self) -> None:
        self._vacancy.command(AGAIN)

    def kill_runtime(self) -> None:
        self._vacancy.command(KILL)

    def kill(self) -> None:
        if self.group and self._vacancy.is_alive:
            try:
                self.group.free_cpu()
            except FileNotFoundError:
                pass  # The tree has ended by itself, and its groups with it.
        self._vacancy.kill()

    def close(self) -> None:
        self._vacancy.let_go()
        if self._name_server:
            self._name_server.close()
        if self._segments:
            self._segments.close()
        if self._way_out:
            self._way_out.kill()
            self._way_out.wait()
        if self._extensions_output and not self._is_closed:
            self.loop.remove_reader(self._extensions_output.descriptor)
            self._extensions_output.close()
        super().close()
