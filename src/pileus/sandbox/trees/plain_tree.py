"""A tree without namespaces, for machines that refuse them: limits where possible, no secrets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket

from pileus.sandbox.bootstrap.plain import SETTINGS
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.isolation import sampling
from pileus.sandbox.isolation.cgroups import Group
from pileus.sandbox.trees.tree import Ends, Host, Tree

_BACKLOG = 16


class PlainTree(Tree):
    """A process group of this machine, as the user that Pileus runs as."""

    def __init__(self, host: Host, environment: ExtendedEnvironment, group: Group | None) -> None:
        super().__init__(host, environment, group, Ends())
        self._command: list[str] = []
        self._environ: dict[str, str] = {}
        self._process: asyncio.SubprocessTransport | None = None
        self._is_ending = False

    def listen(self) -> socket.socket:
        """The Runtime API's listener: on the machine's own loopback, there is no other."""
        return socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)

    async def start(self, command: list[str], environ: dict[str, str], api: socket.socket) -> None:
        self._command, self._environ = command, environ
        await self._spawn()
        self.environment.begin_init()
        await self.serve(api)

    async def _spawn(self) -> None:
        groups = self.group.member_files() if self.group else []
        passed = [self.ends.their_runtime.fileno(), *groups]
        settings = json.loads(self._environ[SETTINGS]) | {"runtime": passed[0], "groups": groups}
        try:
            self._process, _ = await self.loop.subprocess_exec(
                lambda: _Ending(self),
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self.ends.their_output,
                stderr=self.ends.their_output,
                pass_fds=passed,
                env=self._environ | {SETTINGS: json.dumps(settings)},
            )
        finally:
            for descriptor in groups:
                os.close(descriptor)
        self.pid = self._process.get_pid() or 0

    async def socket_inside(self) -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def start_runtime(self) -> None:
        """External extensions, which would be started before it, need a sandbox."""

    def terminate_runtime(self) -> None:
        if self._process:
            self._process.terminate()

    def end_runtime(self) -> None:
        if self._process:
            self._process.kill()

    def start_again(self) -> None:
        self.loop.create_task(self._spawn())

    def kill_runtime(self) -> None:
        """End the process group, and whoever has left it but is known."""
        if self._process is None:
            return
        known = self.group.members() if self.group else sampling.tree_of(self.pid)
        for kill, number in ((os.killpg, self.pid), *((os.kill, each) for each in known)):
            try:
                kill(number, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass

    def kill(self) -> None:
        self._is_ending = True
        if self._process is None:
            self.loop.call_soon(self._end)
        else:
            self.kill_runtime()

    def runtime_ended(self) -> None:
        """The runtime's process has ended; its children end with it."""
        assert self._process is not None
        code = self._process.get_returncode()
        self.kill_runtime()
        self._process = None
        self.environment.runtime_exited(code if code is not None else -signal.SIGKILL)
        if self._is_ending:
            self._end()

    def _end(self) -> None:
        if not self._is_closed:
            self.environment.tree_ended()
            self.close()


class _Ending(asyncio.SubprocessProtocol):
    """Hears of a process's end."""

    def __init__(self, tree: PlainTree) -> None:
        self._tree = tree

    def process_exited(self) -> None:
        self._tree.runtime_ended()
