"""The way out of a private network: user-mode networking, where a program for it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

from pileus.sandbox.isolation import linux

_PROGRAMS = ("pasta", "slirp4netns")


@cache
def program() -> str | None:
    """The program's path; pasta is the lighter one."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def describe() -> str:
    found = program()
    if found is None:
        return "private; no way outside, since neither pasta nor slirp4netns is installed"
    return f"private; public functions reach the outside through {found}"


def connect(pid: int) -> subprocess.Popen[bytes] | None:
    """Give the network namespace of a process a way out; None where there is none."""
    found = program()
    if found is None:
        return None
    # The program gives up the right to look into /proc before it looks, so files are opened here.
    namespaces = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")]
    try:
        return subprocess.Popen(
            command(found, *(f"/proc/self/fd/{each}" for each in namespaces)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=namespaces,
            preexec_fn=linux.die_with_parent,
        )
    finally:
        for descriptor in namespaces:
            os.close(descriptor)


def is_connected(pid: int) -> bool:
    """Whether the process's network namespace has a default route by now."""
    try:
        with open(f"/proc/{pid}/net/route") as routes:
            return any(line.split()[1:2] == ["00000000"] for line in routes)
    except OSError:
        return False


def command(path: str, user_namespace: str, network_namespace: str) -> list[str]:
    """No port of the machine leads in, and its loopback is not reachable from inside."""
    if path.endswith("pasta"):
        same_user = ["--runas", str(os.geteuid())] if os.geteuid() == 0 else []
        ports = ["-t", "none", "-u", "none", "-T", "none", "-U", "none"]
        return [
            path, "--foreground", "--quiet", "--config-net", "--no-map-gw", *ports, *same_user,
            "--userns", user_namespace, "--netns", network_namespace,
        ]  # fmt: skip
    return [
        path, "--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path",
        f"--userns-path={user_namespace}", network_namespace, "tap0",
    ]  # fmt: skip
