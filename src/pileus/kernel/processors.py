"""Keeps the threads that answer requests on one processor, and everything else off that rule.

The event loop and the store's threads take turns at the interpreter, so a second processor cannot
make them faster. It makes them slower: each turn wakes a sleeping processor, and what one thread
has just written lies in the other's cache. On one processor a request takes a sixth to a third
less time.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_SYSTEM = Path("/sys/devices/system/cpu")
# What the process might use before it settled, and what it uses since; None where it has not.
_all: frozenset[int] | None = None
_own: frozenset[int] = frozenset()


def settle() -> None:
    """Keep this thread, and those that it starts from now on, on one processor."""
    global _all, _own
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = frozenset(os.sched_getaffinity(0))
    if len(allowed) > 1:
        _own = frozenset({choose(allowed, _SYSTEM, os.getpid())})
        os.sched_setaffinity(0, _own)
        _all = allowed


def roam(pid: int = 0) -> None:
    """Let this thread, or a child that has just been started, use every processor again."""
    if _all is not None:
        _allow(pid, _all)


def keep_off(pid: int) -> None:
    """Let a child use every processor but this thread's, which it would take from it each time."""
    if _all is not None:
        _allow(pid, _all - _own)


def _allow(pid: int, processors: frozenset[int]) -> None:
    try:
        os.sched_setaffinity(pid, processors)
    except OSError as error:
        # A child that has ended already, or processors that were taken away meanwhile.
        log.debug("process %d stays on one processor: %s", pid, error)


def are_several() -> bool:
    """Whether work that another process does takes no time from this one."""
    if _all is not None:
        return True
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1


def choose(allowed: frozenset[int], system: Path, number: int) -> int:
    """One of the fastest; the number spreads several servers over them."""
    speeds = {processor: _speed(system / f"cpu{processor}") for processor in allowed}
    fastest = sorted(p for p, speed in speeds.items() if speed == max(speeds.values()))
    return fastest[number % len(fastest)]


def _speed(folder: Path) -> int:
    """What the system says of a processor's speed; 0 where it says nothing."""
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        try:
            return int((folder / name).read_text())
        except (OSError, ValueError):
            continue
    return 0
