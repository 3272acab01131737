"""Looks a PostgreSQL store over, as `doctor` does an embedded one; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from pileus.kernel.database.doctor import (
    BLOBS,
    DYING,
    Finding,
    Level,
    blobs_found,
    leftovers_found,
    space_found,
    strays_found,
    versions_found,
)
from pileus.kernel.database.migrations import Schema

VERSION_MIN = 150_000
SUBJECT = "postgresql"

# What a server must do so that acknowledged means on the disk.
DURABLE = {
    "fsync": "Without it a crash of the machine loses or damages the store.",
    "full_page_writes": "Without it a crash of the machine can damage pages.",
}

Connection = psycopg.Connection[tuple[Any, ...]]


def examine_postgres(
    url: str, data: Path, schemas: Sequence[Schema], *, reads_contents: bool = False
) -> list[Finding]:
    """Look at a PostgreSQL store, in use or not, and at the blobs of `data`."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return list(_examine(connection, data, schemas, reads_contents))
    except psycopg.OperationalError as error:
        words = " ".join(str(error).split())
        return [Finding(Level.ERROR, SUBJECT, f"It cannot be reached: {words}", "Start it.")]


def _examine(
    connection: Connection, data: Path, schemas: Sequence[Schema], reads_contents: bool
) -> Iterator[Finding]:
    version = connection.info.server_version
    if version < VERSION_MIN:
        text = f"Its version is {version // 10_000}."
        yield Finding(Level.ERROR, SUBJECT, text, "Pileus needs 15 or newer.")
    else:
        yield Finding(Level.OK, SUBJECT, f"Version {version // 10_000} answers.")
    yield from _settings(connection)
    if not _has_table(connection, "pileus_store"):
        yield Finding(Level.WARNING, "store", "There is no store yet.")
        return
    found: dict[str, int] = dict(
        connection.execute("SELECT name, version FROM pileus_schema").fetchall()
    )
    facts: dict[str, str] = dict(
        connection.execute("SELECT name, value FROM pileus_store").fetchall()
    )
    yield from versions_found(SUBJECT, found, facts, schemas)
    if data.is_dir():
        yield space_found(data)
        yield from _blobs(connection, data, reads_contents)
        yield from leftovers_found(data)


def _settings(connection: Connection) -> Iterator[Finding]:
    for name, why in DURABLE.items():
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if row == ("on",):
            yield Finding(Level.OK, SUBJECT, f"{name} is on.")
        else:
            yield Finding(Level.ERROR, SUBJECT, f"{name} is off. {why}", "Switch it on.")


def _blobs(connection: Connection, data: Path, reads_contents: bool) -> Iterator[Finding]:
    if not _has_table(connection, "kernel_blobs"):
        return
    named: set[str] = set()
    rows = connection.execute(BLOBS)
    yield blobs_found(data, SUBJECT, rows, named, reads_contents=reads_contents)
    named.update(key for (key,) in connection.execute(DYING))
    yield strays_found(data, named)


def _has_table(connection: Connection, name: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,)
