"""The platform's clock, which the user holds; the one place that touches real time and timers.

`now` never goes backwards. It runs beside real time at an offset, or stands still where it was
frozen. Everything that waits does so until an instant of this clock, for a real duration, or for
whichever ends earlier.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

# The loop's timers take a limited span; longer waits are re-armed.
_REAL_WAIT_MAX_SECONDS = 3600.0
# Iterations of the event loop after which a woken task has had time to begin its next step.
_SETTLE_TURNS = 12


class Cancellable(Protocol):
    def cancel(self) -> None: ...


class RealTime:
    """The machine's clocks and the loop's timers; replaced by a stand-in in simulations."""

    def epoch_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> float:
        return time.monotonic() * 1000

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Cancellable:
        return asyncio.get_running_loop().call_later(seconds, callback, *args)


class _Alarm:
    __slots__ = ("_clock", "at", "callback", "is_cancelled")

    def __init__(self, clock: Clock, at: int, callback: Callable[[], None]) -> None:
        self._clock = clock
        self.at = at
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        if not self.is_cancelled:
            self.is_cancelled = True
            self._clock.note_cancelled()


class Clock:
    """Instants are epoch milliseconds."""

    def __init__(self, real: RealTime | None = None) -> None:
        self.real = real or RealTime()
        self._offset_ms = 0
        self._frozen_at: int | None = None
        self._high_water = 0
        self._anchor()
        self._alarms: list[tuple[int, int, _Alarm]] = []
        self._numbers = count()
        self._cancelled_count = 0
        self._armed: Cancellable | None = None
        self._on_change: list[Callable[[], None]] = []

    def _anchor(self) -> None:
        self._anchor_mono = self.real.monotonic_ms()
        self._anchor_epoch = max(self.real.epoch_ms() + self._offset_ms, self._high_water)

    # Reading.

    def now(self) -> int:
        if self._frozen_at is not None:
            return self._frozen_at
        elapsed = self.real.monotonic_ms() - self._anchor_mono
        return self._anchor_epoch + int(elapsed)

    def real_now(self) -> int:
        """Epoch milliseconds of the machine's own clock: freshness of signatures, `Date`."""
        return self.real.epoch_ms()

    def monotonic_ms(self) -> float:
        """For durations of real work; never shifted."""
        return self.real.monotonic_ms()

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    @property
    def offset_ms(self) -> int:
        """How far the platform's clock is ahead of the machine's."""
        return self.now() - self.real.epoch_ms()

    # Moving. Only `kernel/time_travel.py` calls these, after the new state is stored.

    def restore(self, offset_ms: int, frozen_at: int | None, high_water: int) -> None:
        """Take up where an earlier process left off."""
        self._offset_ms = offset_ms
        self._high_water = high_water
        self._frozen_at = None if frozen_at is None else max(frozen_at, high_water)
        self._anchor()
        self._changed()

    def freeze(self) -> None:
        self._frozen_at = self.now()
        self._changed()

    def resume(self) -> None:
        """Run on from where it stands, with a new offset to real time."""
        now = self.now()
        self._frozen_at = None
        self._offset_ms = now - self.real.epoch_ms()
        self._high_water = now
        self._anchor()
        self._changed()

    def move_to(self, instant: int) -> None:
        """Set a frozen clock to a later instant and ring what falls due."""
        assert self._frozen_at is not None, "only a frozen clock moves in steps"
        self._frozen_at = max(self._frozen_at, instant)
        self._changed()

    def carry_to(self, instant: int) -> None:
        """Set a frozen clock to a later instant, from any thread; `move_to` must follow."""
        assert self._frozen_at is not None, "only a frozen clock is carried"
        self._frozen_at = max(self._frozen_at, instant)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Be told after each freeze, resume or move."""
        self._on_change.append(callback)

    def _changed(self) -> None:
        for callback in self._on_change:
            callback()
        self._ring()

    # Waiting.

    def at(self, instant: int, callback: Callable[[], None]) -> Cancellable:
        """Call back when the platform's clock reaches the instant."""
        alarm = _Alarm(self, instant, callback)
        heapq.heappush(self._alarms, (instant, next(self._numbers), alarm))
        if self._alarms[0][2] is alarm:
            self._arm()
        return alarm

    def next_alarm(self) -> int | None:
        """The earliest instant that somebody waits for."""
        while self._alarms and self._alarms[0][2].is_cancelled:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    @property
    def alarms_held(self) -> int:
        return len(self._alarms)

    def note_cancelled(self) -> None:
        """Throw cancelled alarms away when they are the greater part of those held."""
        self._cancelled_count += 1
        if self._cancelled_count > 32 + len(self._alarms) // 2:
            self._alarms = [entry for entry in self._alarms if not entry[2].is_cancelled]
            heapq.heapify(self._alarms)
            self._cancelled_count = 0

    def _ring(self) -> None:
        now = self.now()
        while (first := self.next_alarm()) is not None and first <= now:
            alarm = heapq.heappop(self._alarms)[2]
            alarm.is_cancelled = True
            alarm.callback()
        self._arm()

    def _arm(self) -> None:
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None
        first = self.next_alarm()
        if first is None:
            return
        seconds = max(0.0, (first - self.now()) / 1000)
        if seconds and self._frozen_at is not None:
            return
        self._armed = self.real.call_later(min(seconds, _REAL_WAIT_MAX_SECONDS), self._ring)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        """Call back after a real duration, whatever the platform's clock does."""
        return self.real.call_later(seconds, callback)

    async def wait(
        self,
        future: asyncio.Future[Any],
        *,
        until: int | None = None,
        real_seconds: float | None = None,
    ) -> bool:
        """Wait for the future, which is left alone; False at the earlier of the deadlines."""
        if future.done():
            return True
        if until is not None and until <= self.now():
            return False
        ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def end(is_ready: bool) -> None:
            if not ended.done():
                ended.set_result(is_ready)

        alarms: list[Cancellable] = []
        if until is not None:
            alarms.append(self.at(until, lambda: end(False)))
        if real_seconds is not None:
            alarms.append(self.real.call_later(real_seconds, end, False))
        notice = lambda _: end(True)  # noqa: E731
        future.add_done_callback(notice)
        try:
            return await ended
        finally:
            future.remove_done_callback(notice)
            for alarm in alarms:
                alarm.cancel()

    async def limit(
        self, work: Awaitable[T], *, until: int | None = None, real_seconds: float | None = None
    ) -> T:
        """The result of the work; TimeoutError (and the work cancelled) at the earlier deadline."""
        task = asyncio.ensure_future(work)
        try:
            if not await self.wait(task, until=until, real_seconds=real_seconds):
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                task.cancel()

    async def sleep_until(self, instant: int) -> None:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self.wait(never, until=instant)

    async def settle(self) -> None:
        """Give tasks that were just woken the turns that they need to begin their next step."""
        for _ in range(_SETTLE_TURNS):
            await asyncio.sleep(0)
