"""Schemas and their versions: makes tables, brings older stores up to date, refuses newer ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pileus.kernel.database.statements import Row, StatementFailed

FORMAT_VERSION = 1

# Read before anything else, so these two never change their columns.
STORE_TABLES = """
CREATE TABLE IF NOT EXISTS pileus_schema (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pileus_store (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
"""

Step = Callable[[], None]

MIGRATION_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one service at their newest, and the steps that lead there from older ones.

    A migration is (version, sql); version 1 is what the first release created, so migrations begin
    at 2 and a new store starts at the newest version without running any.
    """

    name: str
    sql: str
    migrations: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        versions = [version for version, _ in self.migrations]
        assert versions == list(range(2, len(versions) + 2)), (
            f"migrations of {self.name} must be numbered 2, 3, ...: {versions}"
        )

    @property
    def version(self) -> int:
        """The version that this code reads and writes."""
        return len(self.migrations) + 1


class NewerStore(Exception):
    """The store was written by newer code than this."""


class SchemaFailed(Exception):
    """A schema or migration is not valid SQL, or does not fit the data."""


def read_schema(name: str, path: Path) -> Schema:
    """Read `schema.sql` and the `migrations/0002_why.sql` files beside it."""
    migrations = []
    for file in sorted((path.parent / "migrations").glob("*.sql")):
        match = MIGRATION_FILE.fullmatch(file.name)
        if match is None:
            raise SchemaFailed(f"{file} must be named like 0002_why.sql")
        migrations.append((int(match[1]), file.read_text()))
    return Schema(name, path.read_text(), tuple(migrations))


class SchemaConnection(Protocol):
    """The little that migrating needs of an engine."""

    def rows(self, sql: str, *values: str | int) -> list[Row]: ...

    def script(self, sql: str) -> None:
        """Run several statements of the common dialect; StatementFailed where one is refused."""
        ...

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...


def migrate(
    connection: SchemaConnection,
    schemas: Iterable[Schema],
    facts: Sequence[tuple[str, str]] = (),
) -> None:
    """Bring every schema to its version, one transaction for each; `facts` describe a new store.

    Nothing is changed in a store that holds anything newer than this code.
    """
    _in_transaction(connection, lambda: _make_store_tables(connection, facts))
    found: dict[str, int] = dict(connection.rows("SELECT name, version FROM pileus_schema"))
    wanted = {schema.name: schema for schema in schemas}
    for name, version in sorted(found.items()):
        if name in wanted and version > wanted[name].version:
            raise NewerStore(
                f"This store holds version {version} of the {name} tables, and this Pileus knows "
                f"only up to version {wanted[name].version}. Start a newer Pileus, or restore a "
                "snapshot that was made by this one."
            )
    for schema in wanted.values():
        for version, sql in _steps(schema, found.get(schema.name)):
            _in_transaction(connection, _step(connection, schema.name, version, sql))


def store_facts(connection: SchemaConnection) -> dict[str, str]:
    """Read what was recorded when the store was made."""
    return dict(connection.rows("SELECT name, value FROM pileus_store"))


def _make_store_tables(connection: SchemaConnection, facts: Sequence[tuple[str, str]]) -> None:
    connection.script(STORE_TABLES)
    known = store_facts(connection)
    if not known:
        for name, value in (("format_version", str(FORMAT_VERSION)), *facts):
            connection.rows(
                "INSERT INTO pileus_store (name, value) VALUES (?, ?) RETURNING name", name, value
            )
    elif int(known["format_version"]) > FORMAT_VERSION:
        raise NewerStore(
            f"This store has format {known['format_version']}, and this Pileus knows only up to "
            f"format {FORMAT_VERSION}. Start a newer Pileus."
        )


def _steps(schema: Schema, version: int | None) -> list[tuple[int, str]]:
    if version is None:
        return [(schema.version, schema.sql)]
    return [(number, sql) for number, sql in schema.migrations if number > version]


def _step(connection: SchemaConnection, name: str, version: int, sql: str) -> Step:
    def run() -> None:
        try:
            connection.script(sql)
        except StatementFailed as failure:
            raise SchemaFailed(
                f"version {version} of the {name} tables cannot be made: {failure}"
            ) from failure
        connection.rows(
            "INSERT INTO pileus_schema (name, version) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET version = excluded.version RETURNING name",
            name,
            version,
        )

    return run


def _in_transaction(connection: SchemaConnection, run: Step) -> None:
    connection.begin()
    try:
        run()
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
