"""Runs functions together in one transaction, each under a savepoint; knows no thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import Any, NamedTuple, Protocol

from pileus.kernel.database.jobs import Job
from pileus.kernel.database.statements import (
    PartitionBusy,
    StatementFailed,
    Statements,
    TooMuchWork,
)
from pileus.kernel.database.store import StoreSettings

log = logging.getLogger(__name__)

BATCH_JOBS_MAX = 256
BATCH_SECONDS = 0.005
FUNCTION_ROWS_MAX = 1_000
FUNCTION_SECONDS_MAX = 0.05
# A fan-out may do more: this much for each delivery that it hands over, of at most so many.
HANDED_OVER_MAX = 1_000
HANDED_OVER_ROWS_MAX = 8
HANDED_OVER_SECONDS_MAX = 0.000_5
TRIES_MAX = 10
# A collection of garbage, or a processor that another took, makes a function look slow: not thrice.
SLOW_TRIES_MAX = 3


class TransactionLost(Exception):
    """The open transaction, or its commit, came to nothing: no member of it has happened."""


class CannotUndo(Exception):
    """An attempt wrote and failed, and there is no savepoint to return to."""


class SyncFailed(Exception):
    """The disk refused an fsync: what is on it is no longer known."""


class Addition(NamedTuple):
    """An effect that adds amounts to counters of a row, which `sql` finds by `:part` and `:key`.

    All that a batch adds to a row is written by one statement, before the commit. Where counting
    begins anew meanwhile, `:generation` tells which counting is meant.
    """

    sql: str
    part: int
    key: str
    amounts: dict[str, int]
    generation: int = 0


class LaneStatements(Statements, Protocol):
    """Statements as a lane holds them: it sees a failure that the function swallowed."""

    failure: BaseException | None

    def close(self) -> None:
        """Make the verbs raise from now on."""
        ...


class Session(Protocol):
    """One connection that writes; all its methods run on the lane's thread.

    Whatever finds the transaction gone raises TransactionLost from the cause; no transaction is
    open then and another may begin.
    """

    # Whether a function's time is this thread's own work, or mostly waiting for a server.
    is_local: bool

    def begin(self, jobs: Sequence[Job], *, can_undo: bool) -> None:
        """Open a transaction; StatementFailed where that cannot be done at all.

        A session whose savepoints cost time may do without them where `can_undo` is false.
        """
        ...

    def attempt(self, started: float) -> LaneStatements:
        """Begin an attempt and bind statements to it."""
        ...

    def keep(self) -> None:
        """Let the attempt's rows stand."""
        ...

    def undo(self, error: BaseException) -> None:
        """Take the attempt's rows back; CannotUndo where there are some and no savepoint."""
        ...

    def abandon(self) -> None:
        """Take the whole transaction back."""
        ...

    def commit(self) -> None:
        """Return only when it is known that the transaction has happened."""
        ...

    def may_pass(self, error: BaseException) -> bool:
        """Say whether another attempt may do better: two transactions were in each other's way."""
        ...

    def answer(self, error: BaseException) -> BaseException:
        """Turn an engine's error into the one that AWS would answer, where there is one."""
        ...

    def rest(self) -> None:
        """Do what may be done between batches."""
        ...

    def close(self) -> None: ...


class Batches:
    """Commits jobs in batches over one session, and says which have ended and which must wait.

    `ended(jobs, effects)` is called after each commit with what it made final; `put_back(jobs)`
    with jobs that have not been run, or must be run again, and come first in the next batch;
    `functions_ran()` when nothing of a batch is left to do but its commit.
    """

    def __init__(
        self,
        session: Session,
        settings: StoreSettings,
        ended: Callable[[list[Job], list[Any]], None],
        put_back: Callable[[list[Job]], None],
        functions_ran: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._ended = ended
        self._put_back = put_back
        self._functions_ran = functions_ran
        self._started_at = self._cpu_started_at = 0.0

    def run(self, jobs: list[Job]) -> None:
        """Run the jobs together; singly, where that loses the transaction."""
        effects: list[Any] = []
        deferred: list[Job] = []
        try:
            count = self._run_some(jobs, effects, deferred)
        except StatementFailed as failure:
            self._refuse(jobs, failure)
            return
        except TransactionLost as lost:
            if len(jobs) == 1 and jobs[0].was_lost:
                self._refuse(jobs, lost.__cause__ or lost)
                return
            log.warning("a batch of %d was lost, its members run singly: %s", len(jobs), lost)
            for job in jobs:
                job.was_lost = True
                self.run([job])
            return
        if deferred or count < len(jobs):
            self._put_back(deferred + jobs[count:])
            jobs = [job for job in jobs[:count] if job not in deferred]
        self._ended(jobs, effects)

    def _refuse(self, jobs: list[Job], error: BaseException) -> None:
        answer = self._session.answer(error)
        for job in jobs:
            job.result, job.error = None, answer
        self._ended(jobs, [])

    def _run_some(self, jobs: list[Job], effects: list[Any], deferred: list[Job]) -> int:
        """Run as many of the jobs as fit the time in one transaction; return how many.

        Few fail after they have written, so savepoints are made only once one has.
        """
        try:
            return self._run_together(jobs, effects, deferred, can_undo=False)
        except CannotUndo:
            self._session.abandon()
            effects.clear()
            deferred.clear()
            return self._run_together(jobs, effects, deferred, can_undo=True)

    def _run_together(
        self, jobs: list[Job], effects: list[Any], deferred: list[Job], *, can_undo: bool
    ) -> int:
        session = self._session
        session.begin(jobs, can_undo=can_undo)
        self._started_at = perf_counter()
        end = self._started_at + BATCH_SECONDS
        count = 0
        for job in jobs:
            if not self._run_one(session, job, effects):
                deferred.append(job)
            count += 1
            if self._started_at > end:
                break
        _add_up(session, effects)
        self._functions_ran()
        session.commit()
        return count

    def _run_one(self, session: Session, job: Job, effects: list[Any]) -> bool:
        """Run an attempt; say whether the job has ended, well or badly, or must be run again."""
        started = self._started_at
        if self._settings.is_strict:
            self._cpu_started_at = thread_time()
        statements = session.attempt(started)
        try:
            tx = self._settings.make_transaction(statements, job.part, job.about)
            result = job.function(tx, *job.args)
            if statements.failure is not None:
                raise statements.failure
            self._started_at = now = perf_counter()
            if now - started > FUNCTION_SECONDS_MAX or statements.rows > FUNCTION_ROWS_MAX:
                self._judge(job, statements, now - started)
        except BaseException as error:
            self._started_at = perf_counter()
            cause = statements.failure or error
            session.undo(cause)
            if isinstance(cause, PartitionBusy):
                job.other_parts += (cause.part,)
            if job.tries < self._tries_max(cause):
                job.tries += 1
                return False
            job.result, job.error = None, session.answer(error)
        else:
            session.keep()
            job.result, job.error = result, None
            effects.extend(tx.effects)
        finally:
            statements.close()
        return True

    def _tries_max(self, cause: BaseException) -> int:
        if isinstance(cause, TooMuchWork):
            return SLOW_TRIES_MAX
        return TRIES_MAX if self._session.may_pass(cause) else 0

    def _judge(self, job: Job, statements: Statements, seconds: float) -> None:
        handed_over = min(statements.handed_over, HANDED_OVER_MAX)
        rows, rows_max = statements.rows, FUNCTION_ROWS_MAX + handed_over * HANDED_OVER_ROWS_MAX
        seconds_max = FUNCTION_SECONDS_MAX + handed_over * HANDED_OVER_SECONDS_MAX
        if rows <= rows_max and seconds <= seconds_max:
            return
        words = f"{job.name} touched {rows} rows and took {seconds * 1000:.0f} ms"
        limits = f"a transaction may touch {rows_max} and take {seconds_max * 1000:.0f} ms"
        log.warning("%s; %s", words, limits)
        if not self._settings.is_strict:
            return
        # A thread that waits its turn is not a function that does too much.
        is_slow = (
            seconds > seconds_max
            and self._session.is_local
            and thread_time() - self._cpu_started_at > seconds_max
        )
        if is_slow or rows > rows_max:
            raise TooMuchWork(words)


def _add_up(session: Session, effects: list[Any]) -> None:
    """Write what the effects add, and take that out of them."""
    sums: dict[tuple[str, int, str, int], dict[str, int]] = {}
    others: list[Any] = []
    for effect in effects:
        if type(effect) is not Addition:
            others.append(effect)
            continue
        row = effect.sql, effect.part, effect.key, effect.generation
        sum_ = sums.setdefault(row, {})
        for name, amount in effect.amounts.items():
            sum_[name] = sum_.get(name, 0) + amount
    if not sums:
        return
    effects[:] = others
    statements = session.attempt(perf_counter())
    try:
        for (sql, part, key, generation), amounts in sums.items():
            values = {"part": part, "key": key, "generation": generation, **amounts}
            statements.run(sql, values)
        session.keep()
    except StatementFailed as failure:
        session.abandon()
        raise TransactionLost(str(failure)) from failure
    finally:
        statements.close()
