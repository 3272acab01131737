"""A tree kept apart by namespaces: the host's handles on process 1 and on what it has made."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from typing import Any

from pileus.kernel.fleet import Network, StartFailure
from pileus.sandbox import names, outside, real_time
from pileus.sandbox.environment import Environment
from pileus.sandbox.isolation.cgroups import Group
from pileus.sandbox.isolation.supervise import AGAIN, KILL
from pileus.sandbox.name_server import NameServer
from pileus.sandbox.tree import Host, Tree
from pileus.sandbox.zygotes import Zygote, refusal

_MESSAGE_BYTES_MAX = 1 << 16
_START_SECONDS_MAX = 20.0


class SandboxTree(Tree):
    """Channel to process 1, its pidfd, the name server; killing process 1 ends all."""

    def __init__(self, host: Host, environment: Environment, group: Group | None) -> None:
        super().__init__(host, environment, group)
        self._channel, self._their_channel = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._channel.setblocking(False)
        self._ready: asyncio.Future[list[int]] = self.loop.create_future()
        self._pidfd = -1
        self._name_server: NameServer | None = None
        self._way_out: subprocess.Popen[bytes] | None = None

    async def start(self, zygote: Zygote, request: dict[str, Any]) -> None:
        """Make the processes; returns when they are ready to run customer code."""
        groups = self.group.member_files() if self.group else []
        theirs = [self._their_channel.fileno(), self.their_runtime.fileno(), self.their_output]
        try:
            clone = await zygote.clone(request, [*theirs, *groups])
        finally:
            for descriptor in groups:
                os.close(descriptor)
            self._their_channel.close()
            self.close_their_ends()
        self.pid, self._pidfd = clone.pid, clone.pidfd
        self.loop.add_reader(self._pidfd, self._ended)
        self.loop.add_reader(self._channel, self._hear)
        impatience = real_time.after(_START_SECONDS_MAX, self.kill)
        try:
            api, endpoint, name_server = await self._ready
        finally:
            impatience.cancel()
        self.host.send_listener(self.environment.spec.environment_id, endpoint)
        os.close(endpoint)
        self._name_server = NameServer(name_server, self.host.settings.endpoint_domains)
        self.environment.begin_init()
        await self.serve(socket.socket(fileno=api))
        resolver = names.upstream()
        if self.environment.spec.network is Network.PUBLIC and outside.program() and resolver:
            self._name_server.ask_also(resolver, self._has_way_out)

    def _has_way_out(self) -> bool:
        """Asked when a name of the outside is: the way is made then, since most never go out."""
        if self._way_out is None:
            self._way_out = outside.connect(self.pid)
        return outside.is_connected(self.pid)

    def _hear(self) -> None:
        try:
            body, files, _, _ = socket.recv_fds(self._channel, _MESSAGE_BYTES_MAX, 8)
        except BlockingIOError:
            return
        except OSError:
            body, files = b"", []
        if not body:
            self.loop.remove_reader(self._channel)
            self._refuse(StartFailure("Process 1 of the sandbox has ended."))
            return
        message = json.loads(body)
        if "ready" in message:
            self._ready.set_result(list(files))
        elif "refused" in message:
            self._refuse(refusal(message["refused"], message["errno"]))
        elif "exit" in message:
            self.environment.runtime_exited(message["exit"])

    def _refuse(self, failure: StartFailure) -> None:
        if not self._ready.done():
            self._ready.set_exception(failure)

    def start_again(self) -> None:
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

    def _ended(self) -> None:
        """Process 1 is gone; the kernel has ended all others before."""
        self._refuse(StartFailure("Process 1 of the sandbox has ended."))
        self.environment.tree_ended()
        self.close()

    def close(self) -> None:
        self.loop.remove_reader(self._channel)
        self._channel.close()
        self._their_channel.close()
        if self._name_server:
            self._name_server.close()
        if self._way_out:
            self._way_out.kill()
            self._way_out.wait()
        if self._pidfd >= 0:
            self.loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        super().close()
