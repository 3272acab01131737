"""Shows a function the platform's clock instead of the machine's."""

from __future__ import annotations

import time


def install(path: str) -> None:
    pass


def epoch_ms() -> int:
    return int(time.time() * 1000)
