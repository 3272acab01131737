"""How many batches of a queue may run at once: more while there is a backlog, fewer in trouble."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

# docs: lambda/latest/dg/services-sqs-scaling
START = 5
GROWTH_PER_MINUTE = 300
MAX = 1250


class BatchEnd(Enum):
    """How a batch ended, as far as scaling is concerned."""

    WELL = auto()
    FAILED = auto()
    THROTTLED = auto()


class Scaling:
    """`allowed` follows the backlog; growth is by real time, so that a frozen clock stops none."""

    def __init__(self, monotonic_ms: Callable[[], float]) -> None:
        self._monotonic_ms = monotonic_ms
        self._grown_ms = monotonic_ms()
        self._allowed = float(START)

    @property
    def allowed(self) -> int:
        return int(self._allowed)

    def note_backlog(self, running: int) -> None:
        """The queue gave all that was asked for while `running` batches run."""
        now_ms = self._monotonic_ms()
        passed_ms, self._grown_ms = now_ms - self._grown_ms, now_ms
        if running >= self.allowed:
            growth = GROWTH_PER_MINUTE * min(passed_ms, 60_000) / 60_000
            self._allowed = min(float(MAX), self._allowed + growth)

    def note_idle(self) -> None:
        """The queue is empty: the next backlog starts from the beginning."""
        self._allowed = min(self._allowed, float(START))
        self._grown_ms = self._monotonic_ms()

    def note_end(self, end: BatchEnd) -> None:
        if end is BatchEnd.THROTTLED:
            self._allowed = max(1.0, self._allowed / 2)
        elif end is BatchEnd.FAILED:
            self._allowed = max(1.0, self._allowed - 1)
        elif self._allowed < START:
            self._allowed = min(float(START), self._allowed + 1)
