"""Turns at the interpreter: the event loop waits while a thread of the store runs functions.

Two threads that both run Python take the interpreter from each other at every statement, at twice
the cost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Turn:
    """Given by the loop, ended by whichever thread comes to wait or has nothing left to do."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._lock = threading.Lock()

    def give(self, wake: Callable[[], None]) -> None:
        """Wake a thread and wait for the end of its turn, for so long at most."""
        self._lock.acquire(blocking=False)
        wake()
        self._lock.acquire(timeout=self._seconds_max)

    def end(self) -> None:
        """Let the loop go on; harmless where it does not wait."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:
                # Another thread has ended it between the look and the release.
                return
