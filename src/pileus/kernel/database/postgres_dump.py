"""Copies of a PostgreSQL store: its tables as text, with all that is needed to make them again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

import pileus
from pileus.kernel.database.archive import (
    ARCHIVE_FORMAT,
    Manifest,
    SnapshotRefused,
    Table,
    add_file,
    read_manifest,
    writing,
)
from pileus.kernel.database.place import Lock
from pileus.kernel.database.postgres_connection import SERVING_LOCK
from pileus.kernel.database.snapshot import (
    NAMED_FILES,
    TRIES_MAX,
    FileGone,
    blob_place,
    link_blobs,
    replace_data,
    working_folder,
)

COPY_BYTES = 1024 * 1024
LOCK_MILLISECONDS = 1_000
# They belong to running servers and are made by each start.
LANE_TABLES = ("pileus_partitions", "pileus_lanes")

Connection = psycopg.Connection[tuple[Any, ...]]

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> ALL(%s)
ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), o.collname
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation o ON o.oid = a.attcollation AND o.collname = 'C'
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'c', 'f') ORDER BY contype DESC, conname
"""
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = %s::regclass
  AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""


def take_postgres_snapshot(url: str, data: Path, target: Path) -> Manifest:
    """Copy a PostgreSQL store, in use or not, and the blobs of `data`, into one file."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    for _ in range(TRIES_MAX):
        with (
            psycopg.connect(url, autocommit=True) as connection,
            working_folder(data) as folder,
            suppress(FileGone),
        ):
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            names = _table_names(connection)
            if "pileus_store" not in names:
                raise SnapshotRefused("There is no store in this database.")
            tables = tuple(_describe(connection, name) for name in names)
            files = _named_files(connection, names)
            link_blobs(data, files, folder)
            for table in tables:
                _copy_out(connection, table, folder / f"{table.name}.copy")
            manifest = Manifest(
                ARCHIVE_FORMAT,
                "postgres",
                pileus.__version__,
                _pairs(connection, "SELECT name, value FROM pileus_store"),
                _pairs(connection, "SELECT name, version FROM pileus_schema"),
                len(files),
                tables,
            )
            with writing(target, manifest) as archive:
                for table in tables:
                    path = folder / f"{table.name}.copy"
                    add_file(archive, path, f"tables/{table.name}.copy")
                for file in files:
                    add_file(archive, blob_place(folder, file), f"blobs/{file[:2]}/{file[2:]}")
            return manifest
    raise SnapshotRefused("Files disappeared while they were copied; try again.")


def restore_postgres_snapshot(
    source: Path, url: str, data: Path, *, is_forced: bool = False
) -> Manifest:
    """Make the database, and the blobs of `data`, what the snapshot holds."""
    manifest = read_manifest(source)
    if manifest.engine != "postgres":
        raise SnapshotRefused(f"{source} is a snapshot of an embedded store.")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = Lock(data / "lock")
    lock.take()
    try:
        with psycopg.connect(url) as connection:
            _refuse_servers(connection)
            _make_empty(connection, is_forced=is_forced)
            replace_data(source, data, ("blobs", "tables"), is_forced=is_forced)
            for table in manifest.tables:
                _copy_in(connection, table, data / "tables" / f"{table.name}.copy")
    finally:
        for path in (data / "tables").glob("*.copy"):
            path.unlink()
        with suppress(FileNotFoundError):
            (data / "tables").rmdir()
        lock.release()
    return manifest


def _table_names(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES, (list(LANE_TABLES),))]


def _describe(connection: Connection, name: str) -> Table:
    quoted = sql.Identifier(name).as_string(connection)
    lines, columns = [], []
    for column, kind, is_required, default, collation in connection.execute(_COLUMNS, (quoted,)):
        columns.append(column)
        line = f"{sql.Identifier(column).as_string(connection)} {kind}"
        line += ' COLLATE "C"' if collation else ""
        line += f" DEFAULT {default}" if default else ""
        lines.append(line + (" NOT NULL" if is_required else ""))
    finish = [
        f"ALTER TABLE {quoted} ADD CONSTRAINT"
        f" {sql.Identifier(constraint).as_string(connection)} {text}"
        for constraint, text in connection.execute(_CONSTRAINTS, (quoted,))
    ]
    finish += [_unqualified(text) for (text,) in connection.execute(_INDEXES, (quoted,))]
    create = f"CREATE TABLE {quoted} ({', '.join(lines)})"
    return Table(name, tuple(columns), create, tuple(finish))


def _unqualified(index: str) -> str:
    """Leave out the schema, so that the copy may go to another one."""
    head, _, tail = index.partition(" ON ")
    return f"{head} ON {tail.partition('.')[2]}" if "." in tail.split(" ")[0] else index


def _named_files(connection: Connection, names: Sequence[str]) -> list[str]:
    if "kernel_blobs" not in names:
        return []
    return [file for (file,) in connection.execute(NAMED_FILES)]


def _pairs(connection: Connection, query: str) -> dict[str, Any]:
    return dict(connection.execute(query.encode()).fetchall())


def _copy(table: Table, direction: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL("COPY {} ({}) {}").format(
        sql.Identifier(table.name),
        columns,
        sql.SQL(direction),
    )


def _copy_out(connection: Connection, table: Table, path: Path) -> None:
    with path.open("wb") as file, connection.cursor().copy(_copy(table, "TO STDOUT")) as copy:
        for piece in copy:
            file.write(piece)


def _copy_in(connection: Connection, table: Table, path: Path) -> None:
    connection.execute(table.create.encode())
    with path.open("rb") as file, connection.cursor().copy(_copy(table, "FROM STDIN")) as copy:
        while piece := file.read(COPY_BYTES):
            copy.write(piece)
    for statement in table.finish:
        connection.execute(statement.encode())


def _refuse_servers(connection: Connection) -> None:
    # The backends of one that has just stopped need a moment to go.
    connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (SERVING_LOCK,))
    except psycopg.errors.LockNotAvailable as error:
        raise SnapshotRefused("A Pileus is using this database. Stop it first.") from error


def _make_empty(connection: Connection, *, is_forced: bool) -> None:
    names = _table_names(connection)
    if names and not is_forced:
        raise SnapshotRefused("The database holds tables already; restore replaces only by force.")
    for name in (*names, *LANE_TABLES):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(name)))
