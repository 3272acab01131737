"""The steps by which a fresh clone of a zygote becomes a sandbox; runs in the clone itself."""

from __future__ import annotations

import os
import resource
import signal
import socket
from typing import Any

from . import landlock, linux, seccomp

# AWS's ids of the user that functions run as.
FUNCTION_UID, FUNCTION_GID = 993, 990
RUNTIME_API_PORT = 9001
_DNS_PORT = 53
_BACKLOG = 128
_OPEN_FILES_MAX = 1024  # docs: gettingstarted-limits, file descriptors
_PROCESSES_MAX = 1024  # docs: gettingstarted-limits, execution processes/threads
_LIMITS = {
    resource.RLIMIT_NOFILE: _OPEN_FILES_MAX,
    resource.RLIMIT_NPROC: _PROCESSES_MAX,
    resource.RLIMIT_CORE: 0,
}
_SHARED_MEMORY_MB_MAX = 64

NAMESPACES = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
)


def map_ids(pid: int, uid: int, gid: int) -> None:
    """Say which user of the outer namespace a clone's function user is; only the parent may."""
    for kind, inside, outside in (
        ("gid_map", FUNCTION_GID, gid),
        ("uid_map", FUNCTION_UID, uid),
    ):
        with linux.step(kind), open(f"/proc/{pid}/{kind}", "wb", buffering=0) as file:
            file.write(f"{inside} {outside} 1".encode())


def become_function_user() -> None:
    """Take the ids that the zygote has mapped; capabilities inside the namespace remain."""
    try:
        os.setgroups([])
    except PermissionError:
        # Without privilege the kernel forbids it, and the groups are those of the user.
        pass
    with linux.step("user id"):
        os.setresgid(FUNCTION_GID, FUNCTION_GID, FUNCTION_GID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
    linux.set_hostname("169.254.0.1")
    linux.die_with_parent()


def join_control_groups(descriptors: list[int]) -> None:
    """Move into the groups whose `cgroup.procs` the host has opened, and hide their names."""
    with linux.step("control groups"):
        for descriptor in descriptors:
            os.write(descriptor, b"0")
            os.close(descriptor)
    linux.unshare(linux.CLONE_NEWCGROUP, "cgroup namespace")


def make_listeners(endpoint_port: int) -> list[socket.socket]:
    """Runtime API, Pileus endpoint and name server, made in this network namespace."""
    with linux.step("network namespace"):
        linux.bring_loopback_up()
        listeners = [_listener(port) for port in (RUNTIME_API_PORT, endpoint_port)]
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind(("127.0.0.1", _DNS_PORT))
        return [*listeners, names]


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    return listener


def make_root(request: dict[str, Any]) -> None:
    """Complete the prepared tree with what belongs to this environment, and move into it."""
    base = "/base"
    if request.get("root"):
        _take_image(request["root"], base)
    else:
        linux.mount(base, base, None, linux.MS_BIND | linux.MS_REC)
    for source, target in request["binds"]:
        linux.mount(source, base + target, None, linux.MS_BIND)
    hardened = linux.MS_NOSUID | linux.MS_NODEV
    memory = f"size={request['ephemeral_mb']}m,nr_inodes=1m,mode=1777"
    linux.mount("tmpfs", f"{base}/tmp", "tmpfs", hardened, memory)
    shared = f"size={_SHARED_MEMORY_MB_MAX}m,nr_inodes=64k,mode=1777"
    linux.mount("tmpfs", f"{base}/dev/shm", "tmpfs", hardened | linux.MS_NOEXEC, shared)
    linux.mount("proc", f"{base}/proc", "proc", hardened | linux.MS_NOEXEC)
    linux.pivot_root(base)


def _take_image(root: str, base: str) -> None:
    """Have an image's tree, which is read-only, in the place of ours; devices and names are ours.

    The places that are covered were made when it was unpacked, and none of them is a link.
    """
    linux.mount(root, base, None, linux.MS_BIND)
    linux.mount("/dev", f"{base}/dev", None, linux.MS_BIND | linux.MS_REC)
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        linux.mount(name, base + name, None, linux.MS_BIND)


def give_up_powers(data_bytes_max: int) -> None:
    """Set limits, drop capabilities and go under Landlock and seccomp, never to come back."""
    with linux.step("limits"):
        for kind, limit in _LIMITS.items():
            _limit(kind, limit)
        if data_bytes_max:
            _limit(resource.RLIMIT_DATA, data_bytes_max)
    linux.drop_capabilities()
    linux.forbid_new_privileges()
    landlock.apply()
    seccomp.apply(has_groups=not data_bytes_max)
    # A change of capabilities clears the signal on the parent's death.
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _limit(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (wanted, wanted))
