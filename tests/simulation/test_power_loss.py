"""Power fails at any moment: what was not synced is gone, what was acknowledged is not.

The writes that SQLite and the blob store make are kept apart from what they have synced. At seeded
moments an image is taken of what a disk could then hold: all that was synced, and of the rest any
part. Each image must open as a store that holds everything acknowledged before.

PILEUS_SEED=n repeats a run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.database import sqlite_session
from pileus.kernel.database.batches import Batches
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.migrations import migrate
from pileus.kernel.database.sqlite import SqliteSchemaConnection
from pileus.kernel.database.sqlite_session import SqliteWriter, open_connection
from pileus.kernel.database.store import StoreSettings
from support.disk import faulty_disk
from support.stores import TABLES, Tx, sqlite_engine

POINTS = 1000
POINTS_PER_RUN = 40
BATCHES_PER_RUN = 60
SECTOR = 512


def chosen_seed() -> int:
    seed = int(os.environ.get("PILEUS_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"PILEUS_SEED={seed}")
    return seed


# The disk.


class Content:
    """One file: what is surely on the disk, and the writes since."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.pending: list[tuple[int, bytes | None]] = []

    def image(self, chance: random.Random) -> bytes:
        """What could be found after the power failed: any of the writes, torn at sectors."""
        image = bytearray(self.synced)
        if not self.pending:
            return bytes(image)
        fraction = chance.choice((0.0, 0.3, 0.7, 1.0))
        for position, data in self.pending:
            if chance.random() >= fraction:
                continue
            torn = chance.random() < 0.2
            for piece in _pieces(position, data, chance if torn else None):
                _apply(image, *piece)
        return bytes(image)


def _pieces(
    position: int, data: bytes | None, chance: random.Random | None
) -> Iterator[tuple[int, bytes | None]]:
    if data is None or chance is None:
        yield position, data
        return
    for first in range(0, len(data), SECTOR):
        if chance.random() < 0.5:
            yield position + first, data[first : first + SECTOR]


def _apply(image: bytearray, position: int, data: bytes | None) -> None:
    if data is None:
        del image[position:]
    else:
        if len(image) < position:
            image.extend(bytes(position - len(image)))
        image[position : position + len(data)] = data


class Power:
    """Watches a disk, and takes images at seeded moments; `known` tells what must survive."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.contents: dict[str, Content] = {}
        self.known: Any = lambda: None
        self.is_on = True
        self.share = 0.0
        self.images: list[tuple[dict[str, bytes], Any]] = []

    def __call__(self, action: str, path: Path, *details: Any) -> None:
        if self.is_on and self.chance.random() < self.share:
            self.take_image()
        content = self.contents.setdefault(path.name, Content())
        match action, details:
            case "write", (offset, data):
                content.pending.append((offset, bytes(data)))
            case "truncate", (size,):
                content.pending.append((size, None))
            case "sync", ():
                for position, data in content.pending:
                    _apply(content.synced, position, data)
                content.pending.clear()
            case "delete", ():
                del self.contents[path.name]

    def take_image(self) -> None:
        image = {name: content.image(self.chance) for name, content in self.contents.items()}
        self.images.append((image, self.known()))


# What clients do: functions that each write two rows or delete them, in batches of any size.


class Model:
    """The rows as they are after each commit, and which commits were acknowledged as durable."""

    def __init__(self) -> None:
        self.states: list[frozenset[int]] = [frozenset()]
        self.durable = 0

    def ended(self, jobs: list[Job], effects: list[Any]) -> None:
        rows = set(self.states[-1])
        for change, number in effects:
            (rows.add if change == "insert" else rows.discard)(number)
        self.states.append(frozenset(rows))
        if any(job.is_durable for job in jobs):
            self.durable = len(self.states) - 1


class Refused(Exception):
    pass


def insert(tx: Tx, number: int, size: int, is_refused: bool) -> None:
    values = {"part": tx.part, "id": number}
    tx.statements.run(
        "INSERT INTO bodies (part, id, body) VALUES (:part, :id, :body)",
        {"body": number.to_bytes(4, "big") * (size // 4), **values},
    )
    tx.statements.run("INSERT INTO counters (part, name, value) VALUES (:part, :id, 1)", values)
    tx.effects.append(("insert", number))
    if is_refused:
        raise Refused


def delete(tx: Tx, number: int) -> None:
    for table, column in (("bodies", "id"), ("counters", "name")):
        tx.statements.run(
            f"DELETE FROM {table} WHERE part = :part AND {column} = :id",
            {"part": tx.part, "id": number},
        )
    tx.effects.append(("delete", number))


def made_up_batch(chance: random.Random, model: Model, numbers: Iterator[int]) -> list[Job]:
    is_durable = chance.random() < 0.7
    jobs = []
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        rows = model.states[-1]
        if rows and chance.random() < 0.3:
            function, args = delete, (chance.choice(sorted(rows)),)
        else:
            size = chance.choice((8, 100, 2000, 20_000))
            function, args = insert, (next(numbers), size, chance.random() < 0.1)
        jobs.append(Job(function, args, 7, "about", lambda result, error: None, is_durable))
    return jobs


@contextmanager
def open_writer(path: Path, vfs: str) -> Iterator[SqliteWriter]:
    connection = open_connection(path, vfs=vfs, cache_kib=100, is_reader=False)
    facts = [("store_id", "s"), ("created_at", "0"), ("files", "1"), ("file", "0")]
    migrate(SqliteSchemaConnection(connection), [TABLES], facts)
    writer = SqliteWriter(connection, range(4096))
    try:
        yield writer
    finally:
        writer.close()


def run_under_power(seed: int, folder: Path) -> tuple[Power, Model]:
    chance = random.Random(seed)
    power, model = Power(chance), Model()
    power.known = lambda: (model.durable, len(model.states))
    # A batch makes about so many operations.
    power.share = POINTS_PER_RUN / (BATCHES_PER_RUN * 12)
    folder.mkdir()
    settings = StoreSettings([TABLES], Tx, lambda effects: None)
    numbers = iter(range(1, 100_000))
    with faulty_disk(power) as vfs, open_writer(folder / "0.sqlite", vfs) as writer:
        batches = Batches(writer, settings, model.ended, lambda jobs: None)
        for _ in range(BATCHES_PER_RUN):
            batches.run(made_up_batch(chance, model, numbers))
            writer.rest()
        power.is_on = False
    return power, model


# What must be true afterwards.


def rows_after(image: dict[str, bytes], folder: Path) -> tuple[str, frozenset[int], frozenset[int]]:
    """Start a store on the image; check the file, read the rows."""
    store = folder / "store"
    store.mkdir(parents=True)
    for name, content in image.items():
        (store / name).write_bytes(content)

    def look(tx: Tx) -> tuple[str, frozenset[int], frozenset[int]]:
        all_rows = tx.statements.all
        bodies = all_rows("SELECT id, body FROM bodies", at_most=10_000)
        for number, body in bodies:
            assert body == number.to_bytes(4, "big") * (len(body) // 4), f"row {number} is torn"
        counters = all_rows("SELECT name FROM counters", at_most=10_000)
        check = tx.statements.one("PRAGMA integrity_check")
        return (
            check[0],
            frozenset(number for number, _ in bodies),
            frozenset(int(name) for (name,) in counters),
        )

    async def story(opened):
        return await opened.transact(look, about="about")

    return sqlite_engine("sqlite", folder).run(story, is_strict=False)


def failures_of(power: Power, model: Model, folder: Path) -> Iterator[str]:
    for number, (image, (durable, reached)) in enumerate(power.images):
        check, bodies, counters = rows_after(image, folder / f"image-{number}")
        if check != "ok":
            yield f"image {number}: {check}"
        if bodies != counters:
            yield f"image {number}: functions were cut in half: {bodies ^ counters}"
        # The commit under way may be there or not; all that came before is there in its order.
        allowed = model.states[durable : reached + 1]
        if bodies not in allowed:
            yield (
                f"image {number}: lost {model.states[durable] - bodies}, commits {durable} to"
                f" {reached} were possible"
            )


@pytest.fixture
def small_log(monkeypatch):
    """Checkpoints come often."""
    monkeypatch.setattr(sqlite_session, "CHECKPOINT_PAGES", 40)
    monkeypatch.setattr(sqlite_session, "WAL_PAGES_MAX", 80)


def test_nothing_acknowledged_is_lost_with_the_power(tmp_path, small_log):
    seed = chosen_seed()
    points = 0
    for run in range(10_000):
        if points >= POINTS:
            break
        folder = tmp_path / f"run-{run}"
        power, model = run_under_power(seed + run, folder)
        points += len(power.images)
        assert [] == list(failures_of(power, model, folder))
    assert points >= POINTS


def test_the_simulation_notices_a_commit_that_is_not_synced(tmp_path, small_log, monkeypatch):
    begin = SqliteWriter.begin

    def begin_without_sync(self, jobs, *, can_undo):
        lazy = [Job(j.function, j.args, j.part, j.about, j.done, False) for j in jobs]
        begin(self, lazy, can_undo=can_undo)

    monkeypatch.setattr(SqliteWriter, "begin", begin_without_sync)
    power, model = run_under_power(4711, tmp_path / "run")
    assert [] != list(failures_of(power, model, tmp_path / "run"))
