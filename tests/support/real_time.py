"""A stand-in for the machine's clocks: time passes when the test says so."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from pileus.kernel.clock import RealTime

START_MS = 1_700_000_000_000


class _Call:
    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.callback = callback
        self.args = args
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeRealTime(RealTime):
    """Both the wall clock and the monotonic one; `pass_seconds` rings what falls due on the way."""

    def __init__(self) -> None:
        self.epoch = START_MS
        self.monotonic = 5_000.0
        self._calls: list[tuple[float, int, _Call]] = []
        self._numbers = count()

    def epoch_ms(self) -> int:
        return self.epoch

    def monotonic_ms(self) -> float:
        return self.monotonic

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> _Call:
        call = _Call(callback, args)
        heapq.heappush(self._calls, (self.monotonic + seconds * 1000, next(self._numbers), call))
        return call

    def pass_seconds(self, seconds: float) -> None:
        end = self.monotonic + seconds * 1000
        while self._calls and self._calls[0][0] <= end:
            at, _, call = heapq.heappop(self._calls)
            self._move(max(at, self.monotonic))
            if not call.is_cancelled:
                call.callback(*call.args)
        self._move(end)

    def _move(self, monotonic: float) -> None:
        self.epoch += round(monotonic - self.monotonic)
        self.monotonic = monotonic
