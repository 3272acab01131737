"""Shows a function the platform's clock instead of the machine's."""

from __future__ import annotations

import time

# Where an environment finds the page, if there is one.
PAGE = "/var/runtime/.clock"


def install(path: str) -> None:
    pass


def epoch_ms() -> int:
    return int(time.time() * 1000)
