"""One moment by which a peer must have done something, kept with as few timers as possible."""

from __future__ import annotations

from collections.abc import Callable

from pileus.gateway.timers import Timer, Timers

NEVER = float("inf")


class Deadline:
    """Moving or clearing it costs no timer: a timer that fires too early is armed again."""

    __slots__ = ("due", "on_due", "timer", "timer_due", "timers")

    def __init__(self, timers: Timers, on_due: Callable[[], None]) -> None:
        self.timers = timers
        self.on_due = on_due
        self.due = NEVER
        self.timer: Timer | None = None
        self.timer_due = NEVER

    def set(self, seconds: float) -> None:
        self.due = self.timers.monotonic_ms() + seconds * 1000
        if self.due < self.timer_due:
            if self.timer is not None:
                self.timer.cancel()
            self.arm(seconds)

    def clear(self) -> None:
        self.due = NEVER

    def end(self) -> None:
        """No call comes after this."""
        self.due = NEVER
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.timer_due = NEVER

    def arm(self, seconds: float) -> None:
        self.timer_due = self.due
        self.timer = self.timers.call_later(seconds, self.ring)

    def ring(self) -> None:
        self.timer = None
        self.timer_due = NEVER
        if self.due == NEVER:
            return
        left_ms = self.due - self.timers.monotonic_ms()
        if left_ms > 0:
            self.arm(left_ms / 1000)
        else:
            self.due = NEVER
            self.on_due()
