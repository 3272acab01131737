"""Starts a zygote: makes its mount namespace and file tree, then becomes its interpreter."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from . import linux, root_tree

_CAP_SYS_ADMIN = 1 << 21
ZYGOTE = "bootstrap/zygote.py"
# Isolated from the user's Python settings, without packages of the machine.
OPTIONS = ("-I", "-S", "-B", "-X", "utf8")
CONFIGURATION_BYTES_MAX = 1 << 16


def has_privilege() -> bool:
    """Whether this process may make namespaces and map ids without a user namespace around it."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    maps = Path("/proc/self/uid_map").read_text().split()
    return bool(effective & _CAP_SYS_ADMIN) and maps == ["0", "0", "4294967295"]


def main(descriptor: str) -> None:
    """Exec the zygote, or say which step was refused."""
    requests = socket.socket(fileno=int(descriptor))
    # The zygote reads the same message.
    configuration = json.loads(requests.recv(CONFIGURATION_BYTES_MAX, socket.MSG_PEEK))
    try:
        make_tree(configuration)
    except OSError as refused:
        step = getattr(refused, "step", str(refused))
        message = {"refused": step, "errno": refused.errno or errno.EIO}
        requests.send(json.dumps(message).encode())
        sys.exit(1)
    requests.set_inheritable(True)
    program = configuration["program"]
    linux.die_with_parent()
    os.execve(
        program,
        [program, *OPTIONS, f"/{root_tree.BOOTSTRAP}", ZYGOTE, descriptor],
        configuration["environ"],
    )


def make_tree(configuration: dict[str, Any]) -> None:
    """Move into namespaces of its own with the file tree that environments are made from."""
    uid, gid = os.geteuid(), os.getegid()
    if configuration["needs_user_namespace"]:
        linux.unshare(linux.CLONE_NEWUSER, "user namespace")
        with linux.step("user id map"):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    linux.unshare(linux.CLONE_NEWNS, "mount namespace")
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    root = Path(configuration["root"])
    with linux.step("file tree"):
        _fill(root, configuration)
    linux.mount("/proc", str(root / "proc"), None, linux.MS_BIND | linux.MS_REC)
    linux.pivot_root(str(root))
    linux.leave_old_root()


def _fill(root: Path, configuration: dict[str, Any]) -> None:
    linux.mount("tmpfs", str(root), "tmpfs", 0, "mode=755,size=16m")
    # The zygote sees the same tree as its environments, and beside it what it makes them from.
    for tree in (root, root / "base"):
        tree.mkdir(exist_ok=True)
        root_tree.build(tree, configuration["binds"], configuration["masked"])
    # The loader never looks again into a directory that was missing when it first looked.
    for name in ("var/task/lib", "opt/lib", "var/runtime/lib"):
        (root / name).mkdir()
    for name, source in configuration["zygote_binds"].items():
        root_tree.bind(source, root / name)
    shared = root / root_tree.FILE_SYSTEMS
    shared.mkdir()
    root_tree.protect(root)
    if configuration["file_systems"]:
        root_tree.bind_shared(configuration["file_systems"], shared)
