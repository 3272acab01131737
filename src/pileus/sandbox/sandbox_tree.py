"""A tree kept apart by namespaces: an environment that has moved into a vacant sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Any

from pileus.kernel.fleet import Network
from pileus.sandbox import names, outside
from pileus.sandbox.environment import Environment
from pileus.sandbox.isolation.supervise import AGAIN, KILL
from pileus.sandbox.name_server import NameServer
from pileus.sandbox.tree import Host, Tree
from pileus.sandbox.vacancy import Vacancy


class SandboxTree(Tree):
    """Killing process 1 ends all; names are answered by the host."""

    def __init__(self, host: Host, environment: Environment, vacancy: Vacancy) -> None:
        super().__init__(host, environment, vacancy.group, vacancy.ends)
        self.pid = vacancy.pid
        self._vacancy = vacancy
        self._name_server: NameServer | None = None
        self._way_out: subprocess.Popen[bytes] | None = None

    async def start(self, uid: int, request: dict[str, Any]) -> None:
        """Move in; returns when customer code begins to run."""
        spec = self.environment.spec
        if request["program"] is None:
            self.shared_bytes = self._vacancy.zygote.interpreter_bytes
        api, endpoint, name_server = self._vacancy.listeners
        self._vacancy.listeners = []
        self.host.send_listener(spec.environment_id, endpoint)
        os.close(endpoint)
        self._name_server = NameServer(name_server, self.host.settings.endpoint_domains)
        await self.serve(socket.socket(fileno=api))
        environment = self.environment
        await self._vacancy.fill(
            uid, request, environment.runtime_exited, environment.runtime_not_started, self._ended
        )
        self.environment.begin_init()
        resolver = names.upstream()
        if spec.network is Network.PUBLIC and outside.program() and resolver:
            self._name_server.ask_also(resolver, self._has_way_out)

    def _has_way_out(self) -> bool:
        """Asked when a name of the outside is: the way is made then, since most never go out."""
        if self._way_out is None:
            self._way_out = outside.connect(self.pid)
        return outside.is_connected(self.pid)

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

    def _ended(self) -> None:
        self.environment.tree_ended()
        self.close()

    def close(self) -> None:
        self._vacancy.let_go()
        if self._name_server:
            self._name_server.close()
        if self._way_out:
            self._way_out.kill()
            self._way_out.wait()
        super().close()
