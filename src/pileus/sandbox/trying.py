"""Runs the probe, which makes one whole sandbox in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import launch, remedies
from pileus.sandbox.runtimes import interpreters
from pileus.sandbox.trees.zygotes import SOURCE, START, configuration
from pileus.sandbox.uids import FIRST_UID

_PROBE = "isolation/probe.py"
_ANSWER_BYTES_MAX = 1 << 16
_SECONDS_MAX = 20.0


def try_sandbox(settings: FleetSettings) -> str:
    """Empty where a sandbox can be made, else a paragraph on what was refused."""
    if sys.platform != "linux":
        return f"Sandboxes need Linux, and this is {sys.platform}. {remedies.PROCESS_MODE}"
    wanted = configuration(interpreters.pythons()[0], settings)
    wanted["uid"] = 0 if wanted["needs_user_namespace"] else FIRST_UID
    wanted["endpoint_port"] = settings.endpoint_port
    wanted["unreachable"] = settings.unreachable
    wanted["closed_ports"] = settings.closed_ports
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(_SECONDS_MAX)
        ours.send(json.dumps(wanted).encode())
        process = subprocess.Popen(
            [sys.executable, *launch.OPTIONS, str(SOURCE / START), _PROBE, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        with process:
            try:
                answer = json.loads(ours.recv(_ANSWER_BYTES_MAX) or b"null")
            except TimeoutError:
                process.kill()
                answer = None
    if answer is None:
        return f"The sandbox could not be made: its probe ended. {remedies.PROCESS_MODE}"
    if "refused" in answer:
        return remedies.explain(answer["refused"], answer["errno"])
    return ""
