"""The memory of a process tree where no control group counts it."""

from __future__ import annotations


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


def own_bytes(pid: int, limit_bytes: int) -> int:
    """The tree's own memory; exact only above the limit, where pages shared by forks matter.

    Memory shared between processes counts, and so does a file of /tmp that is mapped.
    """
    tree = tree_of(pid)
    resident = sum(_field_bytes(each, "status", ("RssAnon:", "RssShmem:")) for each in tree)
    if resident <= limit_bytes:
        return resident
    return sum(_field_bytes(each, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) for each in tree)


def _field_bytes(pid: int, file: str, names: tuple[str, ...]) -> int:
    try:
        lines = _read(f"/proc/{pid}/{file}").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
