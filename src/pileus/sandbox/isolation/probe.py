"""Makes a whole sandbox once, with every step that a function's has, and says what was refused."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from typing import Any

from . import enter, launch, linux


def main(descriptor: str) -> None:
    """Answer on the socket: an empty object, or the refused step and its error number."""
    answers = socket.socket(fileno=int(descriptor))
    configuration = json.loads(answers.recv(launch.CONFIGURATION_BYTES_MAX))
    try:
        launch.make_tree(configuration)
        _try_environment(configuration, answers)
    except OSError as refused:
        _refuse(answers, refused)


def _refuse(answers: socket.socket, refused: OSError) -> None:
    step = getattr(refused, "step", str(refused))
    message = {"refused": step, "errno": refused.errno or errno.EIO}
    answers.send(json.dumps(message).encode())
    sys.exit(1)


def _try_environment(configuration: dict[str, Any], answers: socket.socket) -> None:
    may_go, go = os.pipe()
    pid, pidfd = linux.clone(enter.NAMESPACES)
    if pid == 0:
        os.read(may_go, 1)
        try:
            _enter(configuration)
        except OSError as refused:
            _refuse(answers, refused)
        answers.send(b"{}")
        os._exit(0)
    try:
        enter.map_ids(pid, configuration["uid"], configuration["uid"])
        os.write(go, b"g")
    finally:
        os.close(go)
        os.waitpid(pid, 0)
        os.close(pidfd)


def _enter(configuration: dict[str, Any]) -> None:
    enter.become_function_user()
    enter.join_control_groups([])
    for listener in enter.make_listeners(
        configuration["endpoint_port"], configuration["unreachable"], configuration["closed_ports"]
    ):
        listener.close()
    enter.prepare_proc()
    enter.make_root()
    enter.complete_root({"binds": [], "ephemeral_mb": 1, "mounts": []})
    enter.give_up_powers(has_groups=True, writable=[])
