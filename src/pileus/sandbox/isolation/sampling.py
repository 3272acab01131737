"""The memory of a process tree where no control group counts it."""

from __future__ import annotations

import os

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def tree_of(pid: int) -> list[int]:
    """A process and all its descendants that are there now."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        try:
            children = _read(f"/proc/{current}/task/{current}/children")
        except OSError:
            continue
        waiting += map(int, children.split())
    return found


def anonymous_bytes(pid: int, limit_bytes: int) -> int:
    """The tree's own memory; exact only above the limit, where pages shared by forks matter."""
    tree = tree_of(pid)
    resident = sum(map(_resident_bytes, tree))
    if resident <= limit_bytes:
        return resident
    return sum(map(_proportional_bytes, tree))


def _resident_bytes(pid: int) -> int:
    try:
        fields = _read(f"/proc/{pid}/statm").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE_BYTES


def _proportional_bytes(pid: int) -> int:
    try:
        lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    return 0
