"""Process 1 of a sandbox: starts the runtime, reaps orphans, tells the host how it ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Any

from . import linux

AGAIN, KILL = b"again", b"kill"
_WAKES_MAX = 4096


class Supervisor:
    """Keeps one runtime process and may start another after it; ends with the host's socket."""

    def __init__(self, channel: socket.socket, run: Callable[[], None]) -> None:
        self._channel = channel
        self._run = run
        self._runtime = 0

    def serve(self) -> None:
        """Obey the host until it lets go of the channel."""
        # A signal between the look for signals and the wait would leave the wait undisturbed: what
        # wakes it is a byte in a pipe, which stays.
        woken, wake = os.pipe2(os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        linux.set_dumpable(False)
        self._start()
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
            command = self._channel.recv(16)
            if not command:
                os._exit(0)
            if command == KILL:
                _kill_all()
            elif command == AGAIN and self._runtime == 0:
                self._start()

    def _start(self) -> None:
        self._runtime = os.fork()
        if self._runtime == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._run()
            os._exit(0)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._runtime:
                self._runtime = 0
                _kill_all()
                tell(self._channel, {"exit": os.waitstatus_to_exitcode(status)})


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
