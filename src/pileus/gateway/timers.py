"""What the HTTP server needs of time; `kernel/clock` offers it and tests bring their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """Real time: sockets and their peers do not live by the platform's clock."""

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Timer: ...

    def monotonic_ms(self) -> float: ...

    def real_now(self) -> int:
        """Epoch milliseconds of the wall clock, for the Date header."""
        ...
