"""Turns a fork or a fresh process into the runtime's: descriptors, variables, program."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Callable
from typing import Any

from ..isolation import linux
from . import python_runtime

# In the runtime: 0 nothing, 1 and 2 its output, 3 a connection to the Runtime API.
_CHANNEL = 4
# What extensions write, where there are extensions.
_EXTENSIONS_OUTPUT = 5
_FREE = 64
# How a shell would have ended.
_NOT_FOUND = 127


def arrange_descriptors(channel: socket.socket, runtime: int, output: int) -> socket.socket:
    """Put the descriptors at their agreed numbers and close all others."""
    wanted = [os.open("/dev/null", os.O_RDONLY), output, output, runtime, channel.detach()]
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD, _FREE) for each in wanted]
    for place, descriptor in enumerate(moved):
        os.dup2(descriptor, place)
    linux.close_from(_CHANNEL + 1)
    return socket.socket(fileno=_CHANNEL)


def keep_extensions_output(received: list[int]) -> None:
    """Put the pipe that came with extensions, if it did, at its agreed number."""
    for descriptor in received:
        if descriptor != _EXTENSIONS_OUTPUT:
            os.dup2(descriptor, _EXTENSIONS_OUTPUT)
            os.close(descriptor)


def execute(program: list[str], environ: dict[str, str]) -> None:
    """Become another program, or tell the host why not."""
    os.set_inheritable(_CHANNEL, False)
    linux.close_from(_CHANNEL + 1)
    number = errno.ENOENT
    for place in _places(program[0], environ):
        try:
            os.execve(place, program, environ)
        except OSError as refused:
            if refused.errno not in (errno.ENOENT, errno.ENOTDIR):
                number = refused.errno or errno.EIO
        except ValueError:
            number = errno.EINVAL
    _give_up(program[0], number)


def _places(program: str, environ: dict[str, str]) -> list[str]:
    """Where a program may be: a bare name is looked for where the variable PATH says."""
    if "/" in program:
        return [program]
    return [f"{each or '.'}/{program}" for each in environ.get("PATH", "").split(":")]


def _give_up(what: str, number: int) -> None:
    message = {"not_started": what, "errno": number}
    socket.socket(fileno=_CHANNEL).send(json.dumps(message).encode())
    os._exit(_NOT_FOUND)


def extension(name: str, request: dict[str, Any]) -> Callable[[], None]:
    """What makes a fork an extension's process."""

    def run() -> None:
        linux.set_dumpable(True)
        begin_session()
        os.chdir("/")
        os.dup2(_EXTENSIONS_OUTPUT, 1)
        os.dup2(_EXTENSIONS_OUTPUT, 2)
        os.close(python_runtime.RUNTIME_CONNECTION)
        execute([f"{request['extensions_directory']}/{name}"], request["extensions_environ"])

    return run


def run(request: dict[str, Any]) -> None:
    """Be the runtime from the beginning."""
    begin_session()
    prepare(request)()


def begin_session() -> None:
    """Of what a shell would have set, what is the same for all."""
    os.setsid()
    os.umask(0o022)


def prepare(request: dict[str, Any]) -> Callable[[], None]:
    """What makes this the runtime and runs customer code: the program asked for, or Python here."""
    try:
        os.chdir(request["directory"])
    except OSError as refused:
        _give_up(request["directory"], refused.errno or errno.EIO)
    environ: dict[str, str] = request["environ"]
    if request["program"]:
        return lambda: _execute_runtime(request, environ)
    os.environ.clear()
    os.environ.update(environ)
    runtime = python_runtime.prepare()
    return lambda: _serve(runtime)


def _execute_runtime(request: dict[str, Any], environ: dict[str, str]) -> None:
    linux.set_dumpable(True)
    if not request["uses_connection"]:
        os.close(python_runtime.RUNTIME_CONNECTION)
    execute(request["program"], environ)


def _serve(runtime: python_runtime.PreparedRuntime) -> None:
    linux.set_dumpable(True)
    linux.close_from(_CHANNEL)
    python_runtime.serve(runtime)
