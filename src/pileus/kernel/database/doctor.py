"""Looks a store over and says what is wrong with it and what to do; changes nothing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import apsw

from pileus.kernel.database.migrations import FORMAT_VERSION, Schema
from pileus.kernel.database.place import MOUNTS, Lock, file_system, is_network
from pileus.kernel.database.snapshot import find_blob, has_table, store_files
from pileus.kernel.database.statements import Row
from pileus.kernel.database.store import StoreRefused

FREE_BYTES_LOW = 1024**3
FREE_BYTES_VERY_LOW = 100 * 1024**2
LOG_BYTES_MAX = 256 * 1024**2
PROBLEMS_SHOWN = 10

BLOBS = "SELECT digest, size_bytes, file FROM kernel_blobs WHERE file IS NOT NULL"
DYING = "SELECT key FROM kernel_timers WHERE kind = 'kernel:blob'"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` is empty where nothing needs to be done."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


def examine(
    data: Path, schemas: Sequence[Schema], *, reads_contents: bool = False
) -> list[Finding]:
    """Look at an embedded store, in use or not; `reads_contents` hashes every blob too."""
    if not data.is_dir():
        return [Finding(Level.ERROR, "directory", f"{data} does not exist.", "Start Pileus once.")]
    files = store_files(data)
    findings = [_user(data), _place(data), space_found(data)]
    if not files:
        return [*findings, Finding(Level.WARNING, "store", "There is no store yet.")]
    for path in files:
        findings += _file(path, schemas)
    named: set[str] = set()
    for path in files:
        findings += _contents(data, path, named, reads_contents=reads_contents)
    return [*findings, strays_found(data, named), *leftovers_found(data)]


def _user(data: Path) -> Finding:
    lock = Lock(data / "lock")
    try:
        lock.take()
    except StoreRefused as refused:
        return Finding(Level.OK, "lock", str(refused).split(". ")[0] + ".")
    lock.release()
    return Finding(Level.OK, "lock", "No Pileus is using the directory.")


def _place(data: Path) -> Finding:
    if not MOUNTS.exists():
        return Finding(Level.OK, "file system", "The file system's type is not known here.")
    kind = file_system(data, MOUNTS.read_text())
    if is_network(kind):
        return Finding(
            Level.ERROR,
            "file system",
            f"{data} is on a network file system ({kind}), where SQLite can lose data.",
            "Move it to a local disk, or use PostgreSQL.",
        )
    return Finding(Level.OK, "file system", f"{data} is on {kind}.")


def space_found(data: Path) -> Finding:
    """Look at the room on the disk."""
    free = shutil.disk_usage(data).free
    text = f"{free // 1024**2} MB are free."
    if free < FREE_BYTES_LOW:
        level = Level.ERROR if free < FREE_BYTES_VERY_LOW else Level.WARNING
        return Finding(level, "disk", text, "Make room: a full disk refuses all writes.")
    return Finding(Level.OK, "disk", text)


def _file(path: Path, schemas: Sequence[Schema]) -> Iterator[Finding]:
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(10_000)
        problems = connection.execute(f"PRAGMA integrity_check({PROBLEMS_SHOWN})").fetchall()
        versions = dict(connection.execute("SELECT name, version FROM pileus_schema"))
        facts = dict(connection.execute("SELECT name, value FROM pileus_store"))
        connection.close()
    except apsw.Error as error:
        yield Finding(Level.ERROR, path.name, f"It cannot be read: {error}.", "Restore a snapshot.")
        return
    if problems == [("ok",)]:
        yield Finding(Level.OK, path.name, "Its structure is whole.")
    else:
        words = "; ".join(str(problem) for (problem,) in problems)
        yield Finding(Level.ERROR, path.name, f"It is damaged: {words}", "Restore a snapshot.")
    yield from versions_found(path.name, versions, facts, schemas)
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        yield Finding(
            Level.WARNING,
            path.name,
            f"Its log has grown to {log.stat().st_size // 1024**2} MB.",
            "Some program keeps an old reading open; end it.",
        )


def versions_found(
    subject: str, found: dict[str, int], facts: dict[str, str], schemas: Sequence[Schema]
) -> Iterator[Finding]:
    """Compare the versions of tables with those that this code knows."""
    newer = [
        f"{schema.name} {found[schema.name]} (known: {schema.version})"
        for schema in schemas
        if found.get(schema.name, 0) > schema.version
    ]
    if int(facts.get("format_version", 0)) > FORMAT_VERSION:
        newer.append(f"format {facts['format_version']} (known: {FORMAT_VERSION})")
    older = [schema.name for schema in schemas if 0 < found.get(schema.name, 0) < schema.version]
    if newer:
        text = f"A newer Pileus wrote it: {', '.join(newer)}."
        yield Finding(Level.ERROR, subject, text, "Start the newer Pileus.")
    elif older:
        yield Finding(Level.OK, subject, f"The next start migrates {', '.join(older)}.")
    else:
        yield Finding(Level.OK, subject, "Its tables are of this version.")


def _contents(
    data: Path, path: Path, named: set[str], *, reads_contents: bool
) -> Iterator[Finding]:
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        if has_table(connection, "kernel_blobs"):
            rows = connection.execute(BLOBS)
            yield blobs_found(data, path.name, rows, named, reads_contents=reads_contents)
            named.update(key for (key,) in connection.execute(DYING))
        connection.close()
    except apsw.Error:
        return  # Said already.


def blobs_found(
    data: Path, subject: str, rows: Iterable[Row], named: set[str], *, reads_contents: bool
) -> Finding:
    """Compare rows that name blobs with the files; add the names to `named`."""
    problems = []
    count = 0
    for digest, size, file in rows:
        count += 1
        named.add(file)
        if problem := _content_problem(data, digest, size, file, reads_contents):
            problems.append(f"{file} {problem}")
    if problems:
        shown = "; ".join(problems[:PROBLEMS_SHOWN])
        text = f"{len(problems)} of {count} contents are lost: {shown}"
        return Finding(Level.ERROR, "blobs", text, "Restore a snapshot.")
    return Finding(Level.OK, "blobs", f"{count} contents of {subject} are there.")


def _content_problem(data: Path, digest: str, size: int, file: str, reads: bool) -> str:
    found = find_blob(data, file)
    if found is None:
        return "is missing"
    if found.stat().st_size != size:
        return f"has {found.stat().st_size} bytes instead of {size}"
    if reads:
        with found.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != digest:
                return "is another content"
    return ""


def leftovers_found(data: Path) -> Iterator[Finding]:
    """Look for what interrupted snapshots left."""
    for folder in sorted(data.glob("snapshot-*")):
        yield Finding(
            Level.WARNING,
            "snapshot",
            f"{folder} is left from a snapshot, unless one is being taken.",
            "It may be deleted.",
        )


def strays_found(data: Path, named: set[str]) -> Finding:
    """Look for files that no row names."""
    strays = [
        path for path in (data / "blobs").glob("??/*") if path.parent.name + path.name not in named
    ]
    if not strays:
        return Finding(Level.OK, "blobs", "No file is without a row that names it.")
    size = sum(path.stat().st_size for path in strays)
    text = f"{len(strays)} files ({size // 1024} KB) are named by no row, such as {strays[0]}."
    return Finding(Level.WARNING, "blobs", text, "They may be deleted while Pileus is stopped.")
