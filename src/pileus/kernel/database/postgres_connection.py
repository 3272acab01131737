"""A PostgreSQL connection as ours are set up, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import psycopg
from psycopg import postgres
from psycopg.abc import AdaptContext
from psycopg.adapt import Loader
from psycopg.pq import Format, TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper

from pileus.kernel.database.postgres_dialect import statement
from pileus.kernel.database.statements import (
    NO_VALUES,
    Dialect,
    PartitionBusy,
    Row,
    StatementFailed,
    T,
    TooManyRows,
    Values,
)

STATEMENTS_PREPARED = 500
# Held in common by all that serve a store, alone by whoever replaces it.
SERVING_LOCK = 0x70696C657574

Connection = psycopg.Connection[Row]


class _WholeNumber(Int8BinaryDumper):
    """Every int and bool is a BIGINT, so that each statement has one plan."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class _Truth(Loader):
    """A comparison is 0 or 1, as in SQLite."""

    format = Format.BINARY

    def load(self, data: Any) -> int:
        return int(bytes(data) != b"\0")


class _Sum(Loader):
    """Sums of BIGINT come as NUMERIC; whole ones are ints, as in SQLite."""

    format = Format.BINARY

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        loader = postgres.adapters.get_loader(oid, Format.BINARY)
        assert loader is not None
        self._decimal = loader(oid, context)

    def load(self, data: Any) -> int | float:
        value = self._decimal.load(data)
        return int(value) if value == value.to_integral_value() else float(value)


def open_connection(url: str, *, statement_milliseconds_max: int) -> Connection:
    """Open a connection with the settings that every connection of ours has."""
    connection: Connection = psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=0,
        application_name="pileus",
        connect_timeout=5,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=20_000,
    )
    connection.prepared_max = STATEMENTS_PREPARED
    for kind in (int, bool):
        connection.adapters.register_dumper(kind, _WholeNumber)
    connection.adapters.register_loader("bool", _Truth)
    connection.adapters.register_loader("numeric", _Sum)
    connection.execute(f"SET statement_timeout = {statement_milliseconds_max}")
    connection.execute("SET client_encoding = 'UTF8'")
    row = connection.execute("SHOW synchronous_commit").fetchone()
    if row == ("off",):
        # What is acknowledged is on the disk, whatever the server does for others.
        connection.execute("SET synchronous_commit = on")
    return connection


class PostgresStatements:
    """The verbs on one connection, for one attempt."""

    __slots__ = (
        "_connection", "_cursor", "_held", "_is_closed", "failure", "handed_over", "known", "rows",
    )  # fmt: skip

    dialect: Dialect = "postgres"

    def __init__(
        self,
        connection: Connection,
        cursor: psycopg.Cursor[Row],
        held: set[int] | None,
        known: dict[str, Any],
    ) -> None:
        self._connection = connection
        self.known = known
        self._cursor = cursor
        self._held = held
        self._is_closed = False
        self.failure: BaseException | None = None
        self.rows = 0
        self.handed_over = 0

    def one(self, sql: str, values: Values = NO_VALUES) -> Row | None:
        """Return the first row, or None."""
        row = self._execute(sql, values).fetchone()
        self.rows += 1
        return row

    def all(self, sql: str, values: Values = NO_VALUES, *, at_most: int) -> list[Row]:
        """Return every row; raise TooManyRows where there are more than `at_most`."""
        rows = self._execute(sql, values).fetchall()
        self.rows += len(rows)
        if len(rows) > at_most:
            raise TooManyRows(sql, at_most)
        return rows

    def run(self, sql: str, values: Values = NO_VALUES) -> int:
        """Change rows; return how many were changed."""
        changed = self._execute(sql, values).rowcount
        self.rows += changed
        return changed

    def run_many(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of `rows`, without waiting in between."""
        self._check()
        if not rows:
            return
        try:
            self._cursor.executemany(statement(sql), rows)
        except psycopg.Error as error:
            self._fail(sql, error)
        self.rows += max(self._cursor.rowcount, 0)

    def lock(self, part: int) -> None:
        """Lock another partition's row if it is free; else the attempt waits its turn.

        Waiting here could deadlock: batches lock in the order of the partitions, before they begin.
        """
        if self._held is None or part in self._held:
            return
        row = self.one(
            "SELECT part FROM pileus_partitions WHERE part = :part FOR UPDATE SKIP LOCKED",
            {"part": part},
        )
        if row is None:
            self.failure = PartitionBusy(part)
            raise self.failure
        self._held.add(part)

    def savepoint(self, function: Callable[[], T]) -> T:
        """Call the function; undo its rows if it raises, and let the exception go on."""
        self._execute("SAVEPOINT inner_part", {})
        try:
            result = function()
            if self.failure is not None:
                raise self.failure
        except BaseException:
            self._undo_part()
            raise
        self._execute("RELEASE inner_part", {})
        return result

    def close(self) -> None:
        """Make the verbs raise from now on."""
        self._is_closed = True

    def stands(self) -> bool:
        """Say whether the transaction is still open."""
        return self._connection.info.transaction_status in (
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        )

    def _undo_part(self) -> None:
        # A busy partition ends the whole attempt, whoever catches it on its way.
        if not self.stands() or isinstance(self.failure, PartitionBusy):
            return
        self.failure = None
        self.known.clear()
        self._execute("ROLLBACK TO inner_part", {})
        self._execute("RELEASE inner_part", {})

    def _check(self) -> None:
        assert not self._is_closed, "a transaction was used after it ended"
        if self.failure is not None:
            raise self.failure

    def _execute(self, sql: str, values: Values) -> psycopg.Cursor[Row]:
        self._check()
        try:
            return self._cursor.execute(statement(sql), values)
        except psycopg.Error as error:
            self._fail(sql, error)

    def _fail(self, sql: str, error: psycopg.Error) -> NoReturn:
        self.failure = StatementFailed(sql, error)
        raise self.failure from error
