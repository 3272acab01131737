"""What a server and its children cost, read from /proc."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Proportional and resident set size, in megabytes (2**20)."""

    pss: float
    rss: float


def tree(pid: int) -> list[int]:
    """The process and all its descendants that live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = []
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, ())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of the whole tree so far, waited-for children included."""
    total = 0
    for one in tree(pid):
        fields = _stat(one)
        if fields:
            total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def memory(pids: Iterable[int]) -> Memory:
    pss = rss = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
        pss += sizes.get("Pss", 0)
        rss += sizes.get("Rss", 0)
    return Memory(pss / 1024, rss / 1024)


def stop_running(pid: int) -> None:
    """Halt a tree, so that it does not disturb what is measured."""
    _signal(pid, signal.SIGSTOP)


def go_on(pid: int) -> None:
    _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    for one in tree(pid):
        try:
            os.kill(one, number)
        except ProcessLookupError:
            continue


def _stat(pid: int) -> list[str]:
    """The fields after the command's name: state, parent ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
