"""Copies of a whole store, taken while it is in use, and put back where none is.

The rows are copied as of one moment; then the files that they name. A file that was removed in
between shows in the copy, which is then begun again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import apsw

import pileus
from pileus.kernel.database.archive import (
    ARCHIVE_FORMAT,
    Manifest,
    SnapshotRefused,
    add_file,
    read_manifest,
    sync_tree,
    unpack,
    writing,
)
from pileus.kernel.database.place import Lock

BUSY_MILLISECONDS = 10_000
TRIES_MAX = 5
PAGES_AT_ONCE = 4_096
NAMED_FILES = "SELECT file FROM kernel_blobs WHERE file IS NOT NULL"


class FileGone(Exception):
    """A blob was removed between the copy of the rows and that of the files."""


def store_files(data: Path) -> list[Path]:
    """The SQLite files of a data directory, in their order."""
    found = (data / "store").glob("*.sqlite")
    return sorted(found, key=lambda path: int(path.stem))


def blob_place(data: Path, file: str) -> Path:
    """Where a blob's file belongs."""
    return data / "blobs" / file[:2] / file[2:]


def find_blob(data: Path, file: str) -> Path | None:
    """Where a blob's file is: not yet moved to its place, or there."""
    # In this order: it may be moved while we look.
    for path in (data / "blobs" / "staging" / file, blob_place(data, file)):
        if path.exists():
            return path
    return None


def take_snapshot(data: Path, target: Path) -> Manifest:
    """Copy an embedded store, in use or not, into one file."""
    files = store_files(data)
    if not files:
        raise SnapshotRefused(f"There is no store in {data}.")
    for _ in range(TRIES_MAX):
        with working_folder(data) as folder, suppress(FileGone):
            copy_rows(files, folder / "store")
            named = sorted(set(_named_files(folder / "store")))
            link_blobs(data, named, folder)
            manifest = _describe(folder / "store", len(named))
            with writing(target, manifest) as archive:
                for path in store_files(folder):
                    add_file(archive, path, f"store/{path.name}")
                for file in named:
                    add_file(archive, blob_place(folder, file), f"blobs/{file[:2]}/{file[2:]}")
            return manifest
    raise SnapshotRefused("Files disappeared while they were copied; try again.")


def restore_snapshot(source: Path, data: Path, *, is_forced: bool = False) -> Manifest:
    """Make the data directory what the snapshot holds; `is_forced` replaces what is there."""
    manifest = read_manifest(source)
    if manifest.engine != "sqlite":
        raise SnapshotRefused(f"{source} is a snapshot of a PostgreSQL store.")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = Lock(data / "lock")
    lock.take()
    try:
        replace_data(source, data, ("store", "blobs"), is_forced=is_forced)
    finally:
        lock.release()
    return manifest


def replace_data(source: Path, data: Path, names: Iterable[str], *, is_forced: bool) -> None:
    """Unpack beside what is there, and take its place when all is on the disk."""
    occupied = [name for name in names if (data / name).exists() and any((data / name).iterdir())]
    if occupied and not is_forced:
        raise SnapshotRefused(f"{data} holds a store already; restore replaces it only by force.")
    with working_folder(data) as folder:
        unpack(source, folder)
        sync_tree(folder)
        for name in names:
            if (data / name).exists():
                (data / name).rename(folder / f"old-{name}")
            if (folder / name).exists():
                (folder / name).rename(data / name)
        sync_tree(data)


@contextmanager
def working_folder(data: Path) -> Iterator[Path]:
    """A folder on the same file system, gone afterwards."""
    folder = data / f"snapshot-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link_blobs(data: Path, files: Iterable[str], folder: Path) -> None:
    """Give the files second names, so that they stay while they are copied."""
    for file in files:
        found = find_blob(data, file)
        place = blob_place(folder, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if found is None:
                raise FileNotFoundError(file)
            place.hardlink_to(found)
        except FileNotFoundError as error:
            # Between the look and the link it may have been moved to its place.
            if not blob_place(data, file).exists():
                raise FileGone(file) from error
            place.hardlink_to(blob_place(data, file))


def copy_rows(files: list[Path], folder: Path) -> None:
    """Copy the files as of one moment, at which no writer was in any of them."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        sources = [stack.enter_context(_opened(path)) for path in files]
        with ExitStack() as held:
            # Nobody writes while all are held, so their moments are the same.
            for path in files:
                writer = held.enter_context(_opened(path))
                writer.execute("BEGIN IMMEDIATE")
                held.callback(writer.execute, "ROLLBACK")
            for source in sources:
                source.execute("BEGIN")
                source.execute("SELECT COUNT(*) FROM sqlite_schema").fetchall()
        for source, path in zip(sources, files, strict=True):
            _copy(source, folder / path.name)


def _copy(source: apsw.Connection, path: Path) -> None:
    target = apsw.Connection(str(path))
    try:
        with target.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES_AT_ONCE)
        # A copy is one file, without a log beside it.
        target.execute("PRAGMA journal_mode = delete").fetchall()
    finally:
        target.close()


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    try:
        yield connection
    finally:
        connection.close()


def _named_files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.sqlite")):
        with _opened(path) as connection:
            if has_table(connection, "kernel_blobs"):
                for (file,) in connection.execute(NAMED_FILES):
                    yield file


def has_table(connection: apsw.Connection, name: str) -> bool:
    """Say whether a store has a table; one that was never started has none."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,)).fetchall()
    return bool(found)


def _describe(folder: Path, blobs: int) -> Manifest:
    with _opened(folder / "0.sqlite") as connection:
        facts = dict(connection.execute("SELECT name, value FROM pileus_store"))
        schemas = dict(connection.execute("SELECT name, version FROM pileus_schema"))
    return Manifest(ARCHIVE_FORMAT, "sqlite", pileus.__version__, facts, schemas, blobs)
