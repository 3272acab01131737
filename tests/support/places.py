"""Stores with rows and blobs in them, and how each kind is copied and put back."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pileus.kernel import kernel as kernel_module
from pileus.kernel.database.migrations import read_schema
from pileus.kernel.database.snapshot import restore_snapshot, take_snapshot
from support.stores import TABLES, Engine, Tx, add, postgres_engine, sqlite_engine

ABOUT = "arn:aws:s3:::photos"
SCHEMAS = [TABLES, read_schema("kernel", Path(kernel_module.__file__).with_name("schema.sql"))]
CONTENT = b"content" * 10_000


class Place:
    """A store of one kind, its blobs, and how it is copied and put back."""

    def __init__(self, engine: Engine, data: Path, take, restore) -> None:
        self.engine = engine
        self.data = data
        self.take = take
        self.restore = restore

    def run(self, story):
        return self.engine.run(story, schemas=SCHEMAS)


def sqlite_place(data: Path, files: int) -> Place:
    return Place(
        sqlite_engine("sqlite", data, files=files),
        data,
        lambda target: take_snapshot(data, target),
        lambda source, **options: restore_snapshot(source, data, **options),
    )


def postgres_place(data: Path, url: str) -> Place:
    from pileus.kernel.database.postgres_dump import (
        restore_postgres_snapshot,
        take_postgres_snapshot,
    )

    return Place(
        postgres_engine(url),
        data,
        lambda target: take_postgres_snapshot(url, data, target),
        lambda source, **options: restore_postgres_snapshot(source, url, data, **options),
    )


def write_blob(data: Path, content: bytes = CONTENT, part: int = 1, number: str = "0a") -> str:
    file = f"{hashlib.sha256(content).hexdigest()}-{part}-{number}"
    path = data / "blobs" / file[:2] / file[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return file


def name_blob(tx: Tx, file: str, size: int) -> None:
    tx.statements.run(
        "INSERT INTO kernel_blobs (part, digest, size_bytes, uses, file, body)"
        " VALUES (:part, :digest, :size, 1, :file, NULL)",
        {"part": tx.part, "digest": file.split("-")[0], "size": size, "file": file},
    )


def fill(place: Place, value: int = 3) -> str:
    """Rows of many kinds and a blob; return the blob's file."""
    file = write_blob(place.data)

    def odd_rows(tx: Tx):
        for number, body in enumerate((b"", b"\\N\t\n\0\xff", None, bytes(range(256)))):
            tx.statements.run(
                "INSERT INTO bodies (part, id, body) VALUES (:part, :id, :body)",
                {"part": tx.part, "id": number, "body": body},
            )
        add(tx, "tab\tnewline\nback\\slash größe", 1)

    async def story(store):
        for number in range(20):
            await store.transact(add, "sent", value, about=f"queue-{number}")
        await store.transact(odd_rows, about=ABOUT)
        await store.transact(name_blob, file, len(CONTENT), about=ABOUT)

    place.run(story)
    return file
