"""The process that environments are forked from: an interpreter with its libraries loaded."""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from ..isolation import enter, linux, seccomp, supervise
from . import clock, process
from .understudy import Understudy

_REQUEST_BYTES_MAX = 1 << 20
_FILES_MAX = 16
# Beyond these two, the host passes the groups' files.
_CHANNEL, _FIRST_GROUP = 0, 3


def main(descriptor: str) -> None:
    """Load what is to be shared, then fork an environment for each request of the host."""
    requests = socket.socket(fileno=int(descriptor))
    configuration = json.loads(requests.recv(_REQUEST_BYTES_MAX))
    linux.die_with_parent()
    sys.path.insert(0, "/var/runtime")
    clock.install(configuration["clock_page"])
    # What an interpreter takes before it does anything: environments share it, and count it.
    interpreter_bytes = _own_memory_bytes()
    if configuration["preloads"]:
        _preload()
    # Processes 1 of the environments are children: nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    seccomp.program(linux.MACHINE)
    gc.collect()
    gc.freeze()
    hello = {"modules": _loaded_modules(), "interpreter_bytes": interpreter_bytes}
    requests.send(json.dumps(hello).encode())
    while True:
        body, files, _, _ = socket.recv_fds(requests, _REQUEST_BYTES_MAX, _FILES_MAX)
        if not body:
            return
        wanted = {"rehearses": configuration["preloads"]} | json.loads(body)
        _start(wanted, files, requests, configuration["needs_user_namespace"])


def _preload() -> None:
    """Import boto3 and the machinery that a first client would load."""
    import boto3

    boto3.session.Session()


def _own_memory_bytes() -> int:
    with open("/proc/self/statm") as pages:
        fields = pages.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def _loaded_modules() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


def _start(
    request: dict[str, Any], files: list[int], requests: socket.socket, maps_ids: bool
) -> None:
    """Clone into new namespaces, and map the ids where the host has no right to."""
    may_go, go = os.pipe()
    try:
        pid, pidfd = linux.clone(enter.NAMESPACES)
    except linux.IsolationError as refused:
        _answer(requests, {"refused": refused.step, "errno": refused.errno}, [])
    else:
        if pid == 0:
            _become_vacancy(request, files, may_go)
        uid = 0 if maps_ids else request["uid"]
        if uid is not None:
            enter.map_ids(pid, uid, uid)
        os.write(go, b"g")
        _answer(requests, {"pid": pid}, [pidfd])
        os.close(pidfd)
    for descriptor in (may_go, go, *files):
        os.close(descriptor)


def _answer(requests: socket.socket, message: dict[str, Any], files: list[int]) -> None:
    socket.send_fds(requests, [json.dumps(message).encode()], files)


def _become_vacancy(request: dict[str, Any], files: list[int], may_go: int) -> None:
    """Do all that needs no function, then wait for one and become its environment."""
    channel = socket.socket(fileno=files[_CHANNEL])
    try:
        os.read(may_go, 1)
        linux.die_with_parent()
        enter.join_control_groups(files[_FIRST_GROUP:])
        listeners = enter.make_listeners(
            request["endpoint_port"], request["unreachable"], request["closed_ports"]
        )
        supervise.tell(channel, {}, [each.fileno() for each in listeners])
        for listener in listeners:
            listener.close()
        enter.prepare_proc()
        channel = process.arrange_descriptors(channel, files[1], files[2])
        understudy = None
        if request["is_for_any"]:
            understudy = _rehearse(request, channel)
        else:
            supervise.tell(channel, supervise.READY)
        # With extensions comes a pipe for what they write.
        function, extra, _, _ = socket.recv_fds(channel, _REQUEST_BYTES_MAX, 1)
        if not function:
            os._exit(0)
        wanted = json.loads(function)
        process.keep_extensions_output(extra)
        if not request["is_for_any"]:
            enter.become_function_user()
            enter.make_root(wanted["root"])
        enter.complete_root(wanted)
        if understudy and not understudy.tell(function):
            understudy = None
        enter.hold_data(wanted["data_bytes_max"])
        writable = [target for _, target in wanted["mounts"]]
        enter.give_up_powers(request["has_groups"], writable)
        supervise.tell(channel, {})
    except OSError as refused:
        step = getattr(refused, "step", str(refused))
        supervise.tell(channel, {"refused": step, "errno": refused.errno or errno.EIO})
        os._exit(1)
    extensions = {name: process.extension(name, wanted) for name in wanted["extensions"]}
    begin = understudy.begin if understudy else None
    supervise.Supervisor(channel, lambda: process.run(wanted), extensions, begin).serve()


def _rehearse(request: dict[str, Any], channel: socket.socket) -> Understudy:
    """Make what any function has: its user, its tree without the package, and its process."""
    enter.become_function_user()
    enter.make_root()
    # If it dies, that is to be seen, however early.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return Understudy(channel, request["has_groups"], request["rehearses"])
