"""One writing connection and its thread: runs waiting functions together and commits once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from time import perf_counter, thread_time
from typing import Any, Protocol

from pileus.kernel.database.statements import (
    PartitionBusy,
    StatementFailed,
    Statements,
    TooMuchWork,
)
from pileus.kernel.database.store import BeforeCommit, Job, StoreSettings
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

BATCH_JOBS_MAX = 256
BATCH_SECONDS = 0.005
FUNCTION_ROWS_MAX = 1_000
FUNCTION_SECONDS_MAX = 0.05
TRIES_MAX = 10
LIMITS = (FUNCTION_ROWS_MAX, FUNCTION_SECONDS_MAX * 1000)
QUEUE_FULL = "Too many requests are waiting for the store."


class TransactionLost(Exception):
    """The open transaction, or its commit, came to nothing: no member of it has happened."""


class SyncFailed(Exception):
    """The disk refused an fsync: what is on it is no longer known."""


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

    def begin(self, jobs: Sequence[Job]) -> None:
        """Open a transaction; StatementFailed where that cannot be done at all."""
        ...

    def attempt(self, started: float) -> LaneStatements:
        """Open a savepoint and bind statements to it."""
        ...

    def keep(self) -> None:
        """Release the attempt's savepoint."""
        ...

    def undo(self, error: BaseException) -> None:
        """Roll back to the attempt's savepoint and release it."""
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


class Lane:
    """Takes jobs from the event loop and answers them there; thread hops are paid per batch."""

    def __init__(
        self, name: str, open_session: Callable[[], Session], settings: StoreSettings
    ) -> None:
        self._open_session = open_session
        self._settings = settings
        self._waiting: deque[Job] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_asleep = False
        self._refusal: str | None = "The store has not been started."
        self._is_stopping = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._started_at = self._cpu_started_at = 0.0
        self._session: Session
        self._loop: asyncio.AbstractEventLoop
        self._opened: asyncio.Future[None]
        self._closed: asyncio.Future[None]

    async def start(self) -> None:
        """Open the connection; what opening raises is raised here."""
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.create_future()
        self._closed = self._loop.create_future()
        self._thread.start()
        await self._opened
        self._refusal = None

    async def stop(self) -> None:
        """Refuse new jobs, finish those that wait, close the connection."""
        self._refusal = "The store is stopping."
        self._is_stopping = True
        self._bell.put(None)
        await self._closed

    def submit(self, job: Job) -> None:
        """Take a job; raises AwsError 503 where the queue is full or the store does not serve."""
        if self._refusal is not None or len(self._waiting) >= self._settings.waiting_max:
            raise service_unavailable(self._refusal or QUEUE_FULL)
        self._waiting.append(job)
        if self._is_asleep:
            self._is_asleep = False
            # Rung after the turn: requests that came together go into one batch.
            self._loop.call_soon(self._bell.put, None)

    def _serve(self) -> None:
        try:
            self._session = self._open_session()
        except BaseException as error:
            self._post(settle, self._opened, error)
            return
        self._post(settle, self._opened, None)
        try:
            self._serve_batches()
        except SyncFailed as failure:
            self._end(f"fsync failed: {failure}")
        except BaseException as error:
            log.exception("the lane %s failed", self._thread.name)
            self._end(f"the store's writer failed: {error!r}")
        finally:
            self._session.close()
            self._post(settle, self._closed, None)

    def _end(self, reason: str) -> None:
        self._refusal = "The store has failed."
        self._settings.die(reason)
        # Only where `die` returns (tests): nothing is known of the batch, but these never ran.
        while self._waiting:
            self._refuse(self._waiting.popleft(), service_unavailable(self._refusal))

    def _serve_batches(self) -> None:
        waiting = self._waiting
        while True:
            while waiting:
                count = min(len(waiting), BATCH_JOBS_MAX)
                self._run_batch([waiting.popleft() for _ in range(count)])
                self._session.rest()
            if self._is_stopping:
                return
            # Asleep first, then look again: the other order loses a job submitted in between.
            self._is_asleep = True
            if not waiting:
                self._bell.get()
            self._is_asleep = False

    def _run_batch(self, jobs: list[Job]) -> None:
        effects: list[Any] = []
        deferred: list[Job] = []
        try:
            count = self._run_together(jobs, effects, deferred)
        except StatementFailed as failure:
            for job in jobs:
                self._refuse(job, failure)
            return
        except TransactionLost as lost:
            if len(jobs) == 1:
                self._refuse(jobs[0], lost.__cause__ or lost)
                return
            log.warning("a batch of %d was lost, its members run singly: %s", len(jobs), lost)
            for job in jobs:
                self._run_batch([job])
            return
        if count < len(jobs):
            self._waiting.extendleft(reversed(jobs[count:]))
            del jobs[count:]
        if deferred:
            self._waiting.extendleft(deferred)
            jobs = [job for job in jobs if job not in deferred]
        self._post(self._answer, iter(jobs), effects)

    def _run_together(self, jobs: list[Job], effects: list[Any], deferred: list[Job]) -> int:
        """Run as many of the jobs as fit the time in one transaction; return how many."""
        session = self._session
        session.begin(jobs)
        self._cpu_started_at = thread_time()
        self._started_at = perf_counter()
        end = self._started_at + BATCH_SECONDS
        count = 0
        for job in jobs:
            if not self._run_one(session, job, effects):
                deferred.append(job)
            count += 1
            if self._started_at > end:
                break
        if self._settings.before_commit is not None:
            self._ride_along(session, self._settings.before_commit, jobs[0].part, effects)
        session.commit()
        return count

    def _run_one(self, session: Session, job: Job, effects: list[Any]) -> bool:
        """Run an attempt; say whether the job has ended, well or badly, or must be run again."""
        started = self._started_at
        statements = session.attempt(started)
        try:
            tx = self._settings.make_transaction(statements, job.part, job.about)
            result = job.function(tx, *job.args)
            if statements.failure is not None:
                raise statements.failure
            self._started_at = now = perf_counter()
            if now - started > FUNCTION_SECONDS_MAX or statements.rows > FUNCTION_ROWS_MAX:
                self._judge(job, statements.rows, now - started)
        except BaseException as error:
            self._started_at = perf_counter()
            cause = statements.failure or error
            session.undo(cause)
            if isinstance(cause, PartitionBusy):
                job.other_parts += (cause.part,)
            if session.may_pass(cause) and job.tries < TRIES_MAX:
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

    def _ride_along(
        self, session: Session, before_commit: BeforeCommit, part: int, effects: list[Any]
    ) -> None:
        statements = session.attempt(self._started_at)
        try:
            made = before_commit(statements, part)
            if statements.failure is not None:
                raise statements.failure
        except BaseException as error:
            # Counts are not worth a customer's transaction.
            log.exception("the rows that ride along with a batch were left out")
            session.undo(statements.failure or error)
        else:
            session.keep()
            effects.extend(made)
        finally:
            statements.close()

    def _judge(self, job: Job, rows: int, seconds: float) -> None:
        words = f"{job.name} touched {rows} rows and took {seconds * 1000:.0f} ms"
        log.warning("%s; a transaction may touch %d and take %.0f ms", words, *LIMITS)
        # A thread that waits its turn is not a function that does too much.
        is_slow = (
            seconds > FUNCTION_SECONDS_MAX
            and self._session.is_local
            and thread_time() - self._cpu_started_at > FUNCTION_SECONDS_MAX
        )
        if self._settings.is_strict and (is_slow or rows > FUNCTION_ROWS_MAX):
            raise TooMuchWork(words)

    def _refuse(self, job: Job, error: BaseException) -> None:
        job.result, job.error = None, self._session.answer(error)
        self._post(self._answer, iter((job,)), [])

    def _answer(self, jobs: Iterator[Job], effects: list[Any]) -> None:
        try:
            if effects:
                self._settings.on_commit(effects)
            for job in jobs:
                job.done(job.result, job.error)
        finally:
            # One that raises must not leave the others unanswered.
            if rest := list(jobs):
                self._loop.call_soon(self._answer, iter(rest), [])

    def _post(self, function: Callable[..., None], *args: Any) -> None:
        post(self._loop, function, *args)


def post(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any) -> None:
    """Call on the loop's thread; a loop that is closed has nobody left to tell."""
    try:
        loop.call_soon_threadsafe(function, *args)
    except RuntimeError:
        log.warning("the event loop closed before the store was stopped")


def settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    """Set a future whose waiter may have been cancelled."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
