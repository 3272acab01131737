"""Runs timer rows when they fall due, in the order (due, partition, kind, key).

Sleeps until the next due row; a commit that sets an earlier one says so. Rows of `async` timers are
claimed by this process while they run and released at the next start if it dies.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel.database.jobs import Job
from pileus.kernel.due_instants import Due, Passage, Passed, Stored, fire
from pileus.kernel.errors import AwsError

if TYPE_CHECKING:
    from pileus.kernel.clock import Cancellable
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.service import Timer
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

ABOUT = "pileus:timers"
PAGE = 200
_RETRY_MS = 1_000
_RETRY_MAX_MS = 60_000

_DUE = """
SELECT at, part, kind, key, about, payload FROM kernel_timers
WHERE owner = '' AND at <= :now AND part >= :first AND part <= :last
ORDER BY at, part, kind, key LIMIT :limit
"""
_NEXT = """
SELECT at FROM kernel_timers
WHERE owner = '' AND at > :now AND part >= :first AND part <= :last
ORDER BY at LIMIT 1
"""
_CLAIM = """
UPDATE kernel_timers SET owner = :owner
WHERE part = :part AND kind = :kind AND key = :key AND at = :at AND owner = ''
"""
_END_CLAIM = """
DELETE FROM kernel_timers WHERE part = :part AND kind = :kind AND key = :key AND owner = :owner
"""
_POSTPONE = """
UPDATE kernel_timers SET owner = '', at = :at
WHERE part = :part AND kind = :kind AND key = :key AND owner = :owner
"""
_STALE = """
SELECT part, kind, key FROM kernel_timers
WHERE owner > '' AND part >= :first AND part <= :last LIMIT :limit
"""
_RELEASE = """
UPDATE kernel_timers SET owner = '' WHERE part = :part AND kind = :kind AND key = :key
"""


class Page(NamedTuple):
    """What is due in a set of partitions, and when the first of the others will be."""

    rows: list[tuple[Any, ...]]
    following: int | None


class Timers:
    """The engine; `kinds` are the timers that services declare."""

    def __init__(self, kernel: Kernel, kinds: Mapping[str, Timer]) -> None:
        self._kernel = kernel
        self._kinds = kinds
        self._owner = ""
        self._alarm: Cancellable | None = None
        self._alarm_at: int | None = None
        self._is_running = False
        self._is_stale = False
        # The earliest instant that was noted while rows were run.
        self._noted_at: int | None = None
        # An instant that cannot be passed together with others: something fails there.
        self._stumbled_at: int | None = None
        self._failures: dict[tuple[int, str, str], int] = {}

    async def start(self) -> None:
        """Release what an earlier process had claimed, then look for the first due row."""
        self._owner = self._kernel.ids.hexadecimal(16)
        for parts in self._kernel.store.partition_sets():
            while await self._kernel.store_step(_release_stale, parts, part=parts.start):
                pass
        self.look()

    def note(self, at: int) -> None:
        """A row that falls due at `at` was committed."""
        if self._is_running:
            if at <= self._kernel.clock.now():
                self._is_stale = True
            else:
                self._noted_at = _earliest(self._noted_at, at)
        elif self._alarm_at is None or at < self._alarm_at:
            self._set_alarm(at)

    def look(self) -> None:
        """Read which rows are due and run them, unless that is already going on."""
        self._clear_alarm()
        if self._is_running:
            self._is_stale = True
            return
        self._is_running = True
        self._kernel.tasks.start("timers", self._run_due())

    def _set_alarm(self, at: int) -> None:
        self._clear_alarm()
        self._alarm_at = at
        self._alarm = self._kernel.clock.at(at, self.look)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._alarm_at = None

    async def _run_due(self) -> None:
        following: int | None = None
        has_failed = True
        try:
            with self._kernel.work.running("what is due"):
                is_more = True
                while is_more:
                    # What is committed from here on is noted, or else read by the next page.
                    self._is_stale, self._noted_at, following = False, None, None
                    is_full = False
                    for parts in self._kernel.store.partition_sets():
                        page = await self._run_page(parts)
                        is_full = is_full or len(page.rows) == PAGE
                        following = _earliest(following, page.following)
                    is_more = is_full or self._is_stale
            has_failed = False
        finally:
            self._is_running = False
            if has_failed:
                # The store refuses for now (full, busy): no row must wait for another to be set.
                self._kernel.clock.call_later(_RETRY_MS / 1000, self.look)
        following = _earliest(following, self._noted_at)
        if self._is_stale:
            self.look()
        elif following is not None:
            self._set_alarm(following)

    async def run_ahead(self, until: int) -> int:
        """Run what falls due up to an instant, as if the frozen clock had stopped at each.

        The number of instants that the clock has passed; 0 where it must stop at the next one.
        """
        alarm_at, sets = self._alarm_at, self._kernel.store.partition_sets()
        # Only rows of one database can be taken in their order by one transaction.
        if self._is_running or alarm_at is None or len(sets) > 1:
            return 0
        self._clear_alarm()
        until = self._passable(until)
        if alarm_at > until:
            self._set_alarm(alarm_at)
            return 0
        self._is_running, self._is_stale, self._noted_at = True, False, None
        passage = Passage(self._kernel, self._kinds, sets[0], until)
        passed = Passed(0, alarm_at)

        async def run() -> None:
            nonlocal passed
            part = self._kernel.store.partition(ABOUT)
            passed = await self._kernel.store_step(passage.run, part=part, is_durable=True)

        error = await self._kernel.supervised(run())
        self._is_running = False
        if error is not None:
            # It is said and tried again when the row is run by itself.
            self._stumbled_at = passage.at
        clock = self._kernel.clock
        clock.move_to(clock.now())
        following = _earliest(passed.following, self._noted_at)
        if self._is_stale or (following is not None and following <= clock.now()):
            self.look()
        elif following is not None:
            self._set_alarm(following)
        return passed.instants

    def _passable(self, until: int) -> int:
        """The last instant before anything else than a row falls due."""
        other = self._kernel.clock.next_alarm()
        if other is not None:
            until = min(until, other - 1)
        if self._stumbled_at is not None:
            if self._stumbled_at > self._kernel.clock.now():
                return min(until, self._stumbled_at - 1)
            self._stumbled_at = None
        return until

    async def next_due(self) -> int | None:
        """When the earliest unclaimed row falls due."""
        earliest: int | None = None
        for parts in self._kernel.store.partition_sets():
            page: Page = await self._kernel.store_read(_read_page, parts, part=parts.start)
            at = page.rows[0][0] if page.rows else page.following
            earliest = _earliest(earliest, at)
        return earliest

    async def _run_page(self, parts: range) -> Page:
        page: Page = await self._kernel.store_read(_read_page, parts, part=parts.start)
        waiting = []
        for row in page.rows:
            due = Due(*row)
            kind = self._kinds.get(due.kind)
            if kind is None:
                log.error("no service knows timer %s; its row stays", due.kind)
                continue
            waiting.append(self._submit(due, kind))
        for future in waiting:
            await future
        # Rows that nobody knows stay, and are no reason to read the page again.
        return page if waiting else page._replace(rows=[])

    def _submit(self, due: Due, kind: Timer) -> asyncio.Future[None]:
        """Run a `def` in its transaction; claim the row of an `async def`, and begin it."""
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits = inspect.iscoroutinefunction(kind.run)

        def done(result: Any, error: BaseException | None) -> None:
            if error is not None:
                self._failed(due, error)
            elif waits and result is True:
                self._kernel.tasks.start(f"timer {due.kind}", self._run_async(due, kind))
            if not finished.done():
                finished.set_result(None)

        step, args = (_claim, (due, self._owner)) if waits else (fire, (self._kernel, due, kind))
        job = Job(step, args, due.part, due.about, done, is_durable=not waits)
        self._kernel.store.submit(job)
        return finished

    async def _run_async(self, due: Due, kind: Timer) -> None:
        stored = msgspec.json.decode(due.payload, type=Stored)
        call = self._kernel.call_for(stored.context, stored.context.service, due.kind, due.about)

        async def run() -> None:
            await kind.run(call, due.key, stored.payload)
            await self._kernel.store_step(_end_claim, due, self._owner, part=due.part)

        with self._kernel.work.running(f"{due.kind} of {due.about}"):
            error = await self._kernel.supervised(run())
        if error is None:
            self._failures.pop((due.part, due.kind, due.key), None)
        else:
            self._failed(due, error)

    def _failed(self, due: Due, error: BaseException) -> None:
        """A timer that raised is a programmer's error: said once, tried again after a pause."""
        key = (due.part, due.kind, due.key)
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        log.error(
            "timer %s failed for %s (%d times)", due.kind, due.about, failures, exc_info=error
        )
        pause_ms = min(_RETRY_MS * 2 ** min(failures - 1, 16), _RETRY_MAX_MS)
        self._postpone_soon(due, pause_ms)

    def _postpone_soon(self, due: Due, pause_ms: int) -> None:
        self._kernel.tasks.start("timer retry", self._postpone(due, pause_ms))

    async def _postpone(self, due: Due, pause_ms: int) -> None:
        at = self._kernel.clock.now() + pause_ms
        try:
            await self._kernel.store_step(_postpone, due, self._owner, at, part=due.part)
        except AwsError:
            # The store refuses for now; a row that stays claimed would wait for a restart.
            self._kernel.clock.call_later(
                _RETRY_MS / 1000, lambda: self._postpone_soon(due, pause_ms)
            )
        else:
            self.note(at)


def _read_page(tx: Transaction, parts: range) -> Page:
    first, last = parts.start, parts.stop - 1
    rows = tx.all(_DUE, at_most=PAGE, first=first, last=last, limit=PAGE)
    row = tx.one(_NEXT, first=first, last=last)
    return Page(rows, None if row is None else row[0])


def _earliest(first: int | None, second: int | None) -> int | None:
    return min((at for at in (first, second) if at is not None), default=None)


def _claim(tx: Transaction, due: Due, owner: str) -> bool:
    return tx.run(_CLAIM, kind=due.kind, key=due.key, at=due.at, owner=owner) > 0


def _end_claim(tx: Transaction, due: Due, owner: str) -> None:
    tx.run(_END_CLAIM, kind=due.kind, key=due.key, owner=owner)


def _postpone(tx: Transaction, due: Due, owner: str, at: int) -> None:
    if tx.run(_POSTPONE, kind=due.kind, key=due.key, owner=owner, at=at) == 0:
        tx.run(_POSTPONE, kind=due.kind, key=due.key, owner="", at=at)


def _release_stale(tx: Transaction, parts: range) -> bool:
    rows = tx.all(_STALE, at_most=PAGE, first=parts.start, last=parts.stop - 1, limit=PAGE)
    for part, kind, key in rows:
        tx.statements.run(_RELEASE, {"part": part, "kind": kind, "key": key})
    return len(rows) == PAGE
