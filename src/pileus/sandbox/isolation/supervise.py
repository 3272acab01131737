"""Process 1 of a sandbox: starts runtime and extensions, reaps, tells the host how each ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

from . import linux

# Commands of the host. With extensions, `RUN` starts the runtime after them; `TERMINATE` and
# `END` are signals to the runtime alone; `CONNECT` asks for a socket of this namespace.
AGAIN, KILL, RUN, TERMINATE, END, CONNECT = (
    b"again",
    b"kill",
    b"run",
    b"terminate",
    b"end",
    b"connect",
)
# Told by a sandbox of which nothing more can be made before its function comes.
READY = {"ready": 1}
_COMMAND_BYTES_MAX = 16
_WAKES_MAX = 4096


class Supervisor:
    """Keeps one runtime process and may start another after it; ends with the host's socket."""

    def __init__(
        self,
        channel: socket.socket,
        run: Callable[[], None],
        extensions: Mapping[str, Callable[[], None]],
        begin: Callable[[], int] | None = None,
    ) -> None:
        self._channel = channel
        self._run = run
        # Lets a process that waits be the first runtime.
        self._begin = begin
        self._extensions = extensions
        self._runtime = 0
        self._running: dict[int, str] = {}  # the extensions' processes
        # All were killed, and the host hears when the last is gone.
        self._is_killing = False

    def serve(self) -> None:
        """Obey the host until it lets go of the channel."""
        # A signal between the look for signals and the wait would leave the wait undisturbed: what
        # wakes it is a byte in a pipe, which stays.
        woken, wake = os.pipe2(os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        linux.set_dumpable(False)
        self._start()
        self._reap()
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if woken in ready:
                os.read(woken, _WAKES_MAX)
                self._reap()
            if self._channel.fileno() not in ready:
                continue
            command = self._channel.recv(_COMMAND_BYTES_MAX)
            if not command:
                os._exit(0)
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        if command == KILL:
            self._is_killing = bool(self._extensions)
            _kill_all()
            self._tell_if_all_are_gone()
        elif command == AGAIN and self._runtime == 0:
            self._start()
        elif command == RUN and self._runtime == 0:
            self._start_runtime()
        elif command == TERMINATE and self._runtime:
            os.kill(self._runtime, signal.SIGTERM)
        elif command == END and self._runtime:
            os.kill(self._runtime, signal.SIGKILL)
        elif command == CONNECT:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
                tell(self._channel, {"socket": 1}, [made.fileno()])

    def _start(self) -> None:
        for name, run in self._extensions.items():
            self._running[fork(run)] = name
        if not self._extensions:
            self._start_runtime()

    def _start_runtime(self) -> None:
        begin, self._begin = self._begin, None
        self._runtime = begin() if begin else fork(self._run)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self._ended(pid, os.waitstatus_to_exitcode(status))
        self._tell_if_all_are_gone()

    def _ended(self, pid: int, code: int) -> None:
        if pid in self._running:
            name = self._running.pop(pid)
            if not self._is_killing:
                tell(self._channel, {"extension": name, "exit": code})
        elif pid == self._runtime:
            self._runtime = 0
            if not self._extensions:
                _kill_all()
            if not self._is_killing:
                tell(self._channel, {"exit": code})

    def _tell_if_all_are_gone(self) -> None:
        if self._is_killing and not self._runtime and not self._running:
            self._is_killing = False
            tell(self._channel, {"exit": -signal.SIGKILL})


def fork(run: Callable[[], None]) -> int:
    """A process that does this, and ends."""
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        run()
        os._exit(0)
    return pid


def _kill_all() -> None:
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass


def tell(channel: socket.socket, message: dict[str, Any], files: list[int] | None = None) -> None:
    """Send one message to the host; a host that is gone ends this process."""
    try:
        socket.send_fds(channel, [json.dumps(message).encode()], files or [])
    except OSError:
        os._exit(1)
