"""PostgreSQL sessions: the one that writes a lane's batches and the one that reads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, NoReturn

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from pileus.kernel.database.batches import TransactionLost
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.postgres_connection import (
    SERVING_LOCK,
    PostgresStatements,
    open_connection,
)
from pileus.kernel.database.statements import (
    PartitionBusy,
    StatementFailed,
)
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

WRITE_MILLISECONDS_MAX = 5_000
READ_MILLISECONDS_MAX = 1_000
# How long a batch whose commit was cut off waits to learn what became of it.
OUTCOME_SECONDS_MAX = 30.0
RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)

PASSING = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


class OutcomeUnknown(Exception):
    """A commit was cut off and the server did not come back to say what became of it."""


class PostgresWriter:
    """The session of one lane.

    Each batch leaves its number in the lane's row of `pileus_lanes`, so that a commit whose answer
    was cut off can be asked after on another connection.
    """

    is_local = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._batch = 0
        self._held: set[int] = set()
        self._known: dict[str, Any] = {}
        self._is_first = True
        self._stopped = threading.Event()
        self._open()
        self._lane = self._first("SELECT gen_random_uuid()::text")

    def begin(self, jobs: Sequence[Job], *, can_undo: bool) -> None:
        """Open a transaction that has locked the partitions of all its jobs, in their order.

        A failed statement ends a transaction of PostgreSQL's, so there are always savepoints.
        """
        self._known = {}
        self._held = {job.part for job in jobs}
        for job in jobs:
            self._held.update(job.other_parts)
        wait = "" if any(job.is_durable for job in jobs) else "; SET LOCAL synchronous_commit = off"
        script = f"BEGIN{wait}; {_lock(self._held)}; SAVEPOINT attempt"
        try:
            self._begin(script)
        except psycopg.Error as error:
            self.abandon()
            raise StatementFailed("BEGIN", error) from error
        self._is_first = True

    def attempt(self, started: float) -> PostgresStatements:
        """Open a savepoint and bind statements to it; one round trip ends the one before it too."""
        if not self._is_first:
            try:
                self._control("RELEASE attempt; SAVEPOINT attempt")
            except psycopg.Error as error:
                self._lose(error)
        self._is_first = False
        return PostgresStatements(self._connection, self._cursor, self._held, self._known)

    def keep(self) -> None:
        """Leave the savepoint to the next attempt or the commit."""

    def undo(self, error: BaseException) -> None:
        """Roll back to the attempt's savepoint, which stays for the next."""
        cause = error.cause if isinstance(error, StatementFailed) else None
        if self._connection.closed or isinstance(cause, errors.ReadOnlySqlTransaction):
            self._connection.close()
            raise TransactionLost(str(error)) from error
        self._known.clear()
        try:
            self._control("ROLLBACK TO attempt")
        except psycopg.Error as failure:
            self._lose(failure)

    def commit(self) -> None:
        """Return only when it is known that the transaction is committed."""
        if self._connection.info.transaction_status != TransactionStatus.INTRANS:
            # Outside a transaction COMMIT would be answered as if it had done something.
            self.abandon()
            raise TransactionLost("the transaction ended before its commit")
        self._batch += 1
        try:
            status = self._control(
                f"INSERT INTO pileus_lanes (lane, batch) VALUES ('{self._lane}', {self._batch})"
                " ON CONFLICT (lane) DO UPDATE SET batch = excluded.batch; COMMIT"
            )
        except psycopg.Error as error:
            if not self._connection.closed:
                self._lose(error)
            self._learn_outcome(error)
        else:
            assert status == "COMMIT", f"the server answered {status} to COMMIT"

    def may_pass(self, error: BaseException) -> bool:
        """Say whether two transactions were in each other's way."""
        cause = error.cause if isinstance(error, StatementFailed) else error
        return isinstance(cause, (PartitionBusy, *PASSING))

    def answer(self, error: BaseException) -> BaseException:
        """Turn an engine's error into the one that AWS would answer, where there is one."""
        return answer(error)

    def rest(self) -> None:
        """The server looks after itself."""

    def close(self) -> None:
        """Forget the lane's marker and close."""
        with suppress(psycopg.Error):
            self._control(f"DELETE FROM pileus_lanes WHERE lane = '{self._lane}'")
        self._connection.close()

    def _open(self) -> None:
        self._connection = open_connection(
            self._url, statement_milliseconds_max=WRITE_MILLISECONDS_MAX
        )
        self._cursor = self._connection.cursor(binary=True)
        self._connection.execute("SELECT pg_advisory_lock_shared(%s)", (SERVING_LOCK,))
        self._identity = self._first(
            "SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )

    def _reopen(self) -> None:
        """Connect anew and end the backend of the lost connection, which may still hold locks."""
        lost = self._identity
        self._open()
        self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid || ' ' || backend_start = %s",
            (lost,),
        )

    def _begin(self, script: str) -> None:
        if not self._connection.closed:
            try:
                self._control(script)
                return
            except psycopg.OperationalError:
                # A connection may have been cut while it was idle; nothing has happened on it yet.
                if not self._connection.closed:
                    raise
        self._reopen()
        self._control(script)

    def _control(self, script: str) -> str | None:
        """Run several statements in one round trip; return the last one's status."""
        cursor = self._connection.execute(script, prepare=False)
        while cursor.nextset():
            pass
        return cursor.statusmessage

    def _first(self, sql: str) -> str:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return str(row[0])

    def _lose(self, error: psycopg.Error) -> NoReturn:
        self.abandon()
        raise TransactionLost(str(error)) from StatementFailed("transaction", error)

    def abandon(self) -> None:
        """Take the whole transaction back; leave none open."""
        try:
            if not self._connection.closed:
                self._control("ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    def _learn_outcome(self, error: psycopg.Error) -> None:
        log.warning("a commit was cut off, asking what became of it: %s", error)
        end = perf_counter() + OUTCOME_SECONDS_MAX
        for tries in range(1_000_000):
            try:
                self._reopen()
                # The lost backend holds these until it has committed or given up.
                self._control(f"BEGIN; {_lock(self._held)}")
                found = self._first_batch()
                self._control("COMMIT")
                break
            except psycopg.Error as failure:
                if perf_counter() > end:
                    raise StatementFailed("COMMIT", OutcomeUnknown(str(failure))) from failure
                self._stopped.wait(RECONNECT_SECONDS[min(tries, len(RECONNECT_SECONDS) - 1)])
        if found != self._batch:
            raise TransactionLost(str(error)) from StatementFailed("COMMIT", error)

    def _first_batch(self) -> int | None:
        row = self._connection.execute(
            "SELECT batch FROM pileus_lanes WHERE lane = %s", (self._lane,)
        ).fetchone()
        return row[0] if row else None


class PostgresReader:
    """A session that reads one snapshot at a time; the server ends statements that take long."""

    def __init__(self, url: str) -> None:
        self._connection = open_connection(url, statement_milliseconds_max=READ_MILLISECONDS_MAX)
        self._cursor = self._connection.cursor(binary=True)
        self._known: dict[str, Any] = {}

    def begin(self) -> PostgresStatements:
        """Open a snapshot; it holds all that was committed before."""
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._known = {}
        return PostgresStatements(self._connection, self._cursor, None, self._known)

    def again(self) -> PostgresStatements:
        """The snapshot that is open, for another job."""
        return PostgresStatements(self._connection, self._cursor, None, self._known)

    def end(self) -> None:
        """Let the snapshot go."""
        if not self._connection.closed:
            self._connection.execute("ROLLBACK")

    def answer(self, error: BaseException) -> BaseException:
        """Turn an engine's error into the one that AWS would answer, where there is one."""
        return answer(error)

    def close(self) -> None:
        """Close."""
        self._connection.close()


def _lock(parts: set[int]) -> str:
    numbers = ", ".join(map(str, sorted(parts)))
    return f"SELECT part FROM pileus_partitions WHERE part IN ({numbers}) ORDER BY part FOR UPDATE"


def answer(error: BaseException) -> BaseException:
    """Say full, away, busy and cancelled as AWS's 503; anything else is a defect and stays."""
    cause = error.cause if isinstance(error, StatementFailed) else error
    match cause:
        case errors.DiskFull():
            return service_unavailable("The store's disk is full.")
        case errors.QueryCanceled():
            return service_unavailable("The request took too long and was ended.")
        case PartitionBusy() | errors.OperationalError() | OutcomeUnknown():
            return service_unavailable("The store cannot serve the request now.")
        case _:
            return error
