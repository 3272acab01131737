"""Where groups of version 2 may be made: it wants a group with subgroups to hold no processes."""

from __future__ import annotations

import os
from pathlib import Path

from . import sampling

# Where the processes of a group go that passes its controllers on.
LEAF = "server-of-pileus"
_NEEDED = ("memory", "pids")
_WANTED = ("memory", "pids", "cpu")


def choose(own: Path, root: Path, server: int) -> Path | None:
    """This process's own group if it holds nobody else, else the machine's root group.

    Processes that are not ours (a shell, its terminal) are never moved.
    """
    if own.name == LEAF:
        own = own.parent
    ours = set(sampling.tree_of(server))
    for place in (own, root):
        if not _is_usable(place):
            continue
        # Of a container all processes are there for Pileus, those that started it too.
        accepted = ours | _ancestors(server) if place == root else ours
        if _is_machine_root(place) or _members(place) <= accepted:
            return place
    return None


def delegate(place: Path, parent: Path) -> None:
    """Pass the controllers on, through `place` and the parent of all our groups."""
    if not _is_machine_root(place):
        leaf = place / LEAF
        leaf.mkdir(exist_ok=True)
        for pid in _members(place):
            (leaf / "cgroup.procs").write_text(str(pid))
    for group in (place, parent):
        offered = (group / "cgroup.controllers").read_text().split()
        wanted = " ".join(f"+{each}" for each in _WANTED if each in offered)
        (group / "cgroup.subtree_control").write_text(wanted)


def _is_usable(place: Path) -> bool:
    controllers = place / "cgroup.controllers"
    if not os.access(place, os.W_OK) or not controllers.exists():
        return False
    offered = controllers.read_text().split()
    return all(each in offered for each in _NEEDED)


def _is_machine_root(place: Path) -> bool:
    """The root of all groups has no type, and is free of the rule."""
    return not (place / "cgroup.type").exists()


def _members(place: Path) -> set[int]:
    return {int(pid) for pid in (place / "cgroup.procs").read_text().split()}


def _ancestors(pid: int) -> set[int]:
    found = set()
    while pid > 0:
        found.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found
