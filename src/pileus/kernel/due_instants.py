"""Runs what falls due at many instants in one transaction, where nothing must happen in between.

While the clock advances, each timer that falls due sees the instant of its own row as now. If what
it did wakes nobody and sets nothing going, the clock may pass on to the next instant at once, and
one commit holds them all. The first that asks for more is the last: the event loop then has its
turn, and what is left is found due again.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel import clock_rows
from pileus.kernel.call import Context
from pileus.kernel.database.batches import Addition
from pileus.kernel.metrics import Stated, last_of_minute
from pileus.kernel.transaction import AfterCommit, Wake
from pileus.kernel.work_rows import TimerSet

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.service import Timer
    from pileus.kernel.transaction import Transaction

# One transaction takes on no other row beyond these.
MILLISECONDS_MAX = 10.0
ROWS_MAX = 500
_PAGE = 64
_HARMLESS = (Addition, TimerSet, Stated, AfterCommit)

_DUE = """
SELECT at, part, kind, key, about, payload FROM kernel_timers
WHERE owner = '' AND at <= :until AND part >= :first AND part <= :last
ORDER BY at, part, kind, key LIMIT :limit
"""
_FOLLOWING = """
SELECT at FROM kernel_timers
WHERE owner = '' AND part >= :first AND part <= :last ORDER BY at LIMIT 1
"""
_TAKE = """
DELETE FROM kernel_timers
WHERE part = :part AND kind = :kind AND key = :key AND at = :at AND owner = ''
"""


class Due(NamedTuple):
    """A timer's row."""

    at: int
    part: int
    kind: str
    key: str
    about: str
    payload: str


class Stored(msgspec.Struct):
    """What a timer's row holds as its payload."""

    context: Context
    payload: dict[str, Any]


class Passed(NamedTuple):
    """How many instants were passed, and when the first row falls due of those that are left."""

    instants: int
    following: int | None


def fire(tx: Transaction, kernel: Kernel, due: Due, kind: Timer) -> bool:
    """Take the row and run its function, in one transaction."""
    if tx.run(_TAKE, kind=due.kind, key=due.key, at=due.at) == 0:
        return False
    stored = msgspec.json.decode(due.payload, type=Stored)
    call = kernel.call_for(stored.context, stored.context.service, due.kind, due.about)
    call.tx = tx
    tx.call = call
    kind.run(call, due.key, stored.payload)
    return True


class Passage:
    """One such transaction; `at` is the instant that it has come to, also where it fails."""

    def __init__(
        self, kernel: Kernel, kinds: Mapping[str, Timer], parts: range, until: int
    ) -> None:
        self._kernel = kernel
        self._kinds = kinds
        self._range = {"first": parts.start, "last": parts.stop - 1}
        self._until = until
        self.at = 0

    def run(self, tx: Transaction) -> Passed:
        self.at, instants, ends = tx.now, 0, self._kernel.clock.monotonic_ms() + MILLISECONDS_MAX
        while rows := tx.all(_DUE, at_most=_PAGE, until=self._until, limit=_PAGE, **self._range):
            set_at: int | None = None
            for row in rows:
                due = Due(*row)
                kind = self._kinds.get(due.kind)
                if kind is None or inspect.iscoroutinefunction(kind.run):
                    return self._ended(tx, instants)
                if due.at > self._until or self._is_over(tx, ends):
                    return self._ended(tx, instants)
                instants += due.at > self.at
                self.at = max(self.at, due.at)
                known = len(tx.effects)
                self._fire(tx, due, kind)
                new = tx.effects[known:]
                if self._needs_the_loop(new):
                    return self._ended(tx, instants)
                if any(type(effect) is Stated for effect in new):
                    # It is noted at the minute that the clock then shows.
                    self._until = min(self._until, last_of_minute(self.at))
                set_at = _earliest(new, set_at)
                if set_at is not None and set_at <= rows[-1][0]:
                    break
            else:
                if len(rows) < _PAGE and (set_at is None or set_at > self._until):
                    break
        return self._ended(tx, instants)

    def _fire(self, tx: Transaction, due: Due, kind: Timer) -> None:
        fire(tx.within_part(due.part, due.about, self.at), self._kernel, due, kind)

    def _is_over(self, tx: Transaction, ends: float) -> bool:
        return tx.statements.rows > ROWS_MAX or self._kernel.clock.monotonic_ms() > ends

    def _needs_the_loop(self, effects: list[Any]) -> bool:
        """Whether somebody has to see what was done before the clock may go on."""
        watchers = self._kernel.waiting.count
        return any(
            watchers(effect.topic) if type(effect) is Wake else type(effect) not in _HARMLESS
            for effect in effects
        )

    def _ended(self, tx: Transaction, instants: int) -> Passed:
        """Store where the clock stands now, in the same commit, and move it there."""
        # Whatever was set is among the rows, of which the first is told.
        tx.effects[:] = [effect for effect in tx.effects if type(effect) is not TimerSet]
        row = tx.one(_FOLLOWING, **self._range)
        if instants:
            clock_rows.save(tx.within(clock_rows.ABOUT), self._kernel.clock, self.at)
            # Last, since an attempt that ends before is run again. Transactions of others that
            # follow in this batch see the clock where it is now.
            self._kernel.clock.carry_to(self.at)
        return Passed(instants, None if row is None else row[0])


def _earliest(effects: list[Any], known: int | None) -> int | None:
    instants = [effect.at for effect in effects if type(effect) is TimerSet]
    return min(instants if known is None else [*instants, known], default=None)
