"""Real time and its timers for the sandbox host, which ends trees at real deadlines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


def seconds() -> float:
    """A clock that only measures: it never goes back and means no date."""
    return time.monotonic()


def epoch_ms() -> int:
    return time.time_ns() // 1_000_000


def after(delay_seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(delay_seconds, call)
