"""Turns a fork or a fresh process into the runtime's: descriptors, variables, program."""

from __future__ import annotations

import fcntl
import os
import socket
from typing import Any

from ..isolation import linux
from . import python_runtime

# In the runtime: 0 nothing, 1 and 2 its output, 3 a connection to the Runtime API.
_CHANNEL = 4
_FREE = 64


def arrange_descriptors(channel: socket.socket, runtime: int, output: int) -> socket.socket:
    """Put the descriptors at their agreed numbers and close all others."""
    wanted = [os.open("/dev/null", os.O_RDONLY), output, output, runtime, channel.detach()]
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD, _FREE) for each in wanted]
    for place, descriptor in enumerate(moved):
        os.dup2(descriptor, place)
    linux.close_from(_CHANNEL + 1)
    return socket.socket(fileno=_CHANNEL)


def run(request: dict[str, Any]) -> None:
    """Be the runtime: exec the program asked for, or serve as Python right here."""
    linux.close_from(_CHANNEL)
    linux.set_dumpable(True)
    os.setsid()
    os.umask(0o022)
    os.chdir("/var/task")
    environ: dict[str, str] = request["environ"]
    if request["program"]:
        os.execve(request["program"][0], request["program"], environ)
    os.environ.clear()
    os.environ.update(environ)
    python_runtime.serve()
