"""SQLite connections: statements, the session that writes and the one that reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

import apsw

from pileus.kernel.database.batches import CannotUndo, SyncFailed, TransactionLost
from pileus.kernel.database.bindings import in_order
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.statements import (
    NO_VALUES,
    Dialect,
    Row,
    StatementFailed,
    T,
    TooManyRows,
    Values,
)
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

CHECKPOINT_PAGES = 4_000  # 16 MB of log: rare enough to cost little, small enough to reopen fast
WAL_PAGES_MAX = 16_000
WRITE_SECONDS_MAX = 5.0
READ_SECONDS_MAX = 1.0
BUSY_MILLISECONDS = 2_000
# How many steps of SQLite's machine pass between two looks at the time.
PROGRESS_STEPS = 20_000
STATEMENTS_CACHED = 512

SYNC_FAILURES = {apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC}

Execute = Callable[..., apsw.Cursor]


def open_connection(
    path: Path,
    *,
    vfs: str | None,
    cache_kib: int,
    is_reader: bool,
    busy_milliseconds: int = BUSY_MILLISECONDS,
) -> apsw.Connection:
    """Open a file with the settings that every connection of ours has."""
    flags = (
        apsw.SQLITE_OPEN_READONLY
        if is_reader
        else (apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    )
    connection = apsw.Connection(
        str(path), flags=flags, vfs=vfs, statementcachesize=STATEMENTS_CACHED
    )
    connection.set_busy_timeout(busy_milliseconds)
    pragmas = [f"cache_size = -{cache_kib}", "mmap_size = 0", "temp_store = memory"]
    if not is_reader:
        pragmas += [
            "journal_mode = wal",
            "synchronous = full",
            # macOS's fsync does not reach the disk without these; elsewhere they do nothing.
            "fullfsync = on",
            "checkpoint_fullfsync = on",
            "wal_autocheckpoint = 0",
            f"journal_size_limit = {WAL_PAGES_MAX * 4096}",
        ]
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


class SqliteStatements:
    """The verbs on one connection, for one attempt."""

    __slots__ = (
        "_connection", "_execute", "_live", "_parts", "failure", "handed_over", "known", "rows",
    )  # fmt: skip

    dialect: Dialect = "sqlite"

    def __init__(
        self, connection: apsw.Connection, execute: Execute, parts: range, known: dict[str, Any]
    ) -> None:
        self._connection = connection
        self._parts = parts
        self.known = known
        self._execute = self._live = execute
        self.failure: BaseException | None = None
        self.rows = 0
        self.handed_over = 0

    def one(self, sql: str, values: Values = NO_VALUES) -> Row | None:
        """Return the first row, or None."""
        try:
            row = self._execute(sql, in_order(self._connection, sql, values)).fetchone()
        except apsw.Error as error:
            self._fail(sql, error)
        self.rows += 1
        return row

    def all(self, sql: str, values: Values = NO_VALUES, *, at_most: int) -> list[Row]:
        """Return every row; raise TooManyRows where there are more than `at_most`."""
        try:
            found = self._execute(sql, in_order(self._connection, sql, values))
            rows = list(islice(found, at_most + 1))
        except apsw.Error as error:
            self._fail(sql, error)
        self.rows += len(rows)
        if len(rows) > at_most:
            raise TooManyRows(sql, at_most)
        return rows

    def run(self, sql: str, values: Values = NO_VALUES) -> int:
        """Change rows; return how many were changed."""
        try:
            self._execute(sql, in_order(self._connection, sql, values))
        except apsw.Error as error:
            self._fail(sql, error)
        changed = self._connection.changes()
        self.rows += changed
        return changed

    def run_many(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of `rows`."""
        before = self._connection.total_changes()
        try:
            for values in rows:
                self._execute(sql, in_order(self._connection, sql, values))
        except apsw.Error as error:
            self._fail(sql, error)
        self.rows += self._connection.total_changes() - before

    def lock(self, part: int) -> None:
        """Nothing to wait for: a file has one writer."""
        assert part in self._parts, f"partition {part} is in another file"

    def savepoint(self, function: Callable[[], T]) -> T:
        """Call the function; undo its rows if it raises, and let the exception go on."""
        self._mark("SAVEPOINT inner_part")
        try:
            result = function()
            if self.failure is not None:
                raise self.failure
        except BaseException:
            self._undo_part()
            raise
        self._mark("RELEASE inner_part")
        return result

    def close(self) -> None:
        """Make the verbs raise from now on."""
        self._execute = self._live = _refuse

    def stands(self) -> bool:
        """Say whether the transaction is still open."""
        return not self._connection.get_autocommit()

    def _mark(self, sql: str) -> None:
        try:
            self._execute(sql)
        except apsw.Error as error:
            self._fail(sql, error)

    def _undo_part(self) -> None:
        if not self.stands():
            return
        self.failure = None
        self._execute = self._live
        self.known.clear()
        self._mark("ROLLBACK TO inner_part")
        self._mark("RELEASE inner_part")

    def _fail(self, sql: str, error: apsw.Error) -> NoReturn:
        failure = StatementFailed(sql, error)
        if self._live is not _refuse:
            self.failure = failure
            self._execute = self._refuse_after_failure
        raise failure from error

    def _refuse_after_failure(self, sql: str, values: Any = None) -> apsw.Cursor:
        assert self.failure is not None
        raise self.failure


def _refuse(sql: str, values: Any = None) -> apsw.Cursor:
    raise AssertionError(f"a transaction was used after it ended: {sql}")


class SqliteWriter:
    """The session of a file's one writer."""

    is_local = True

    def __init__(self, connection: apsw.Connection, parts: range) -> None:
        self._connection = connection
        self._parts = parts
        self._execute = connection.cursor().execute
        self._syncs = True
        self._can_undo = False
        self._known: dict[str, Any] = {}
        self._changes_before = 0
        self._wal_pages = 0
        self._interrupt_at = 0.0
        connection.set_wal_hook(self._note_wal)
        connection.set_progress_handler(self._is_over, PROGRESS_STEPS)

    def begin(self, jobs: Sequence[Job], *, can_undo: bool) -> None:
        """Open a transaction whose commit is fsynced if any of the jobs asks for it."""
        self._can_undo = can_undo
        self._known = {}
        syncs = any(job.is_durable for job in jobs)
        self._interrupt_at = perf_counter() + WRITE_SECONDS_MAX
        try:
            if syncs is not self._syncs:
                # Pragmas act when they are compiled: a cached one would do nothing.
                level = "full" if syncs else "normal"
                self._execute(f"PRAGMA synchronous = {level}", can_cache=False)
                self._syncs = syncs
            self._execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise StatementFailed("BEGIN IMMEDIATE", error) from error

    def attempt(self, started: float) -> SqliteStatements:
        """Begin an attempt, at a savepoint if it shall be possible to undo its rows."""
        self._interrupt_at = started + WRITE_SECONDS_MAX
        if self._can_undo:
            try:
                self._execute("SAVEPOINT attempt")
            except apsw.Error as error:
                self._lose(error)
        else:
            self._changes_before = self._connection.total_changes()
        return SqliteStatements(self._connection, self._execute, self._parts, self._known)

    def keep(self) -> None:
        """Release the attempt's savepoint, if it has one."""
        if not self._can_undo:
            if self._connection.get_autocommit():
                raise TransactionLost("the transaction ended before its commit")
            return
        try:
            self._execute("RELEASE attempt")
        except apsw.Error as error:
            self._lose(error)

    def undo(self, error: BaseException) -> None:
        """Roll back to the attempt's savepoint; without one, see that there is nothing to undo."""
        if self._connection.get_autocommit():
            raise TransactionLost(str(error)) from error
        if not self._can_undo:
            if self._connection.total_changes() != self._changes_before:
                raise CannotUndo from error
            return
        self._known.clear()
        self._interrupt_at = perf_counter() + WRITE_SECONDS_MAX
        try:
            self._execute("ROLLBACK TO attempt")
            self._execute("RELEASE attempt")
        except apsw.Error as failure:
            self._lose(failure)

    def abandon(self) -> None:
        """Take the whole transaction back."""
        try:
            self._execute("ROLLBACK")
        except apsw.Error as error:
            self._lose(error)

    def commit(self) -> None:
        """Return when the transaction is on the disk, or in its cache where that is enough."""
        self._interrupt_at = perf_counter() + WRITE_SECONDS_MAX
        try:
            self._execute("COMMIT")
        except apsw.Error as error:
            self._lose(error)

    def may_pass(self, error: BaseException) -> bool:
        """One writer is in nobody's way."""
        return False

    def answer(self, error: BaseException) -> BaseException:
        """Turn an engine's error into the one that AWS would answer, where there is one."""
        return answer(error)

    def rest(self) -> None:
        """Move the log into the file when it has grown."""
        if self._wal_pages < CHECKPOINT_PAGES:
            return
        self._interrupt_at = perf_counter() + WRITE_SECONDS_MAX
        # A reader lives a second at most, so waiting for readers is bounded.
        is_long = self._wal_pages >= WAL_PAGES_MAX
        mode = apsw.SQLITE_CHECKPOINT_RESTART if is_long else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            in_log, moved = self._connection.wal_checkpoint(mode=mode)
        except apsw.Error as error:
            _check_sync(error)
            log.warning("a checkpoint failed with %d pages in the log: %s", self._wal_pages, error)
            return
        self._wal_pages = in_log - moved

    def close(self) -> None:
        """Close; the last connection to close moves the log into the file."""
        self._connection.set_progress_handler(None)
        try:
            self._connection.close()
        except apsw.Error as error:
            # All that was acknowledged is in the log, which the next start reads.
            log.warning("the file was closed without moving its log into it: %s", error)

    def _lose(self, error: apsw.Error) -> NoReturn:
        _check_sync(error)
        if not self._connection.get_autocommit():
            self._execute("ROLLBACK")
        if isinstance(error, apsw.FullError):
            # Moving the log into the file lets the next writes use the log from its beginning.
            self._wal_pages = max(self._wal_pages, CHECKPOINT_PAGES)
        raise TransactionLost(str(error)) from StatementFailed("COMMIT", error)

    def _note_wal(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _is_over(self) -> bool:
        return perf_counter() > self._interrupt_at


class SqliteReader:
    """A session that reads one snapshot at a time and ends it in time."""

    def __init__(
        self, connection: apsw.Connection, parts: range, seconds_max: float = READ_SECONDS_MAX
    ) -> None:
        self._connection = connection
        self._parts = parts
        self._seconds_max = seconds_max
        self._cursor_execute = connection.cursor().execute
        self._known: dict[str, Any] = {}
        self._interrupt_at = 0.0
        connection.set_progress_handler(self._is_over, PROGRESS_STEPS)

    def begin(self) -> SqliteStatements:
        """Open a snapshot; it holds all that was committed before."""
        self._interrupt_at = perf_counter() + self._seconds_max
        self._cursor_execute("BEGIN")
        self._known = {}
        return SqliteStatements(self._connection, self._execute, self._parts, self._known)

    def again(self) -> SqliteStatements:
        """The snapshot that is open, for another job."""
        self._interrupt_at = perf_counter() + self._seconds_max
        return SqliteStatements(self._connection, self._execute, self._parts, self._known)

    def end(self) -> None:
        """Let the snapshot go, so that the log can be moved past it."""
        self._interrupt_at = perf_counter() + self._seconds_max
        if not self._connection.get_autocommit():
            self._cursor_execute("ROLLBACK")

    def answer(self, error: BaseException) -> BaseException:
        """Turn an engine's error into the one that AWS would answer, where there is one."""
        return answer(error)

    def close(self) -> None:
        """Close."""
        self._connection.close()

    def _execute(self, sql: str, values: Any = None) -> apsw.Cursor:
        # Many short statements never reach the progress handler.
        if perf_counter() > self._interrupt_at:
            raise apsw.InterruptError("the time for reading is over")
        return self._cursor_execute(sql, values)

    def _is_over(self) -> bool:
        return perf_counter() > self._interrupt_at


def _check_sync(error: apsw.Error) -> None:
    if getattr(error, "extendedresult", 0) in SYNC_FAILURES:
        raise SyncFailed(str(error)) from error


def answer(error: BaseException) -> BaseException:
    """Say full, busy and interrupted as AWS's 503; anything else is a defect and stays as it is."""
    cause = error.cause if isinstance(error, StatementFailed) else error
    match cause:
        case apsw.FullError():
            return service_unavailable("The store's disk is full.")
        case apsw.BusyError():
            return service_unavailable("The store is locked by another program.")
        case apsw.InterruptError():
            return service_unavailable("The request took too long and was ended.")
        case _:
            return error
