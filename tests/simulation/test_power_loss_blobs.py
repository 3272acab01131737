"""Power fails at any moment while large contents come and go: what a row names is there.

The file system of this simulation keeps nothing that was not synced, neither contents nor names, or
any part of it. At each operation an image may be taken; a blob store that starts on it must find
every content that a row names, and leave no file that no row names.

PILEUS_SEED=n repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest

from pileus.kernel import blobs, growing_blob
from pileus.kernel.blobs import Blobs, Found
from pileus.kernel.database.jobs import partition
from pileus.kernel.errors import AwsError

POINTS = 1000
STEPS_PER_RUN = 30
ABOUT = ("arn:aws:s3:::photos", "arn:aws:s3:::songs")
FOLDER = Path("/data/blobs")

TABLE = """
CREATE TABLE kernel_blobs (
    part INTEGER, digest TEXT, size_bytes INTEGER, uses INTEGER, file TEXT, body BLOB,
    PRIMARY KEY (part, digest)
)
"""


class Inode:
    """A content, and how much of it is surely on the disk."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.synced = len(content)


class Entry(NamedTuple):
    """A change of a folder that is not sure yet: a name given (to an inode) or taken away."""

    name: str
    inode: Inode | None


class Folder:
    """The names in a folder now, those that are sure, and the changes in between."""

    def __init__(self) -> None:
        self.names: dict[str, Inode] = {}
        self.synced: dict[str, Inode] = {}
        self.pending: list[Entry] = []

    def set(self, name: str, inode: Inode | None) -> None:
        self.pending.append(Entry(name, inode))
        _apply(self.names, self.pending[-1])


def _apply(names: dict[str, Inode], entry: Entry) -> None:
    if entry.inode is None:
        names.pop(entry.name, None)
    else:
        names[entry.name] = entry.inode


class Writing:
    def __init__(self, files: SimulatedFiles, inode: Inode) -> None:
        self._files = files
        self._inode = inode

    def write(self, data: bytes) -> None:
        self._files.happen()
        self._inode.content += data

    def sync(self) -> None:
        self._files.happen()
        self._inode.synced = len(self._inode.content)

    def close(self) -> None:
        self._files.happen()


class SimulatedFiles:
    """A file system in memory; `happen` is called before everything that changes it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.folders: dict[Path, Folder] = {}
        self.happen: Any = lambda: None

    def create(self, path: Path) -> Writing:
        self.happen()
        inode = Inode()
        self.folders[path.parent].set(path.name, inode)
        return Writing(self, inode)

    def open(self, path: Path) -> BytesIO:
        folder = self.folders.get(path.parent)
        if folder is None or path.name not in folder.names:
            raise FileNotFoundError(path)
        return BytesIO(folder.names[path.name].content)

    def rename(self, old: Path, new: Path) -> None:
        self.happen()
        assert old.parent == new.parent, "only within one folder is a rename atomic"
        folder = self.folders[old.parent]
        inode = folder.names[old.name]
        folder.set(new.name, inode)
        folder.set(old.name, None)

    def link(self, old: Path, new: Path) -> None:
        self.happen()
        self.folders[new.parent].set(new.name, self.folders[old.parent].names[old.name])

    def unlink(self, path: Path) -> bool:
        self.happen()
        folder = self.folders.get(path.parent)
        if folder is None or path.name not in folder.names:
            return False
        folder.set(path.name, None)
        return True

    def make_folder(self, path: Path) -> None:
        self.folders.setdefault(path, Folder())

    def sync_folder(self, path: Path) -> None:
        self.happen()
        folder = self.folders[path]
        folder.synced, folder.pending = dict(folder.names), []

    def names(self, path: Path) -> list[str]:
        return sorted(self.folders[path].names) if path in self.folders else []

    def after_power_loss(self) -> SimulatedFiles:
        """What a disk could hold now."""
        image = SimulatedFiles(self.chance)
        for path, folder in self.folders.items():
            image.folders[path] = found = Folder()
            names = dict(folder.synced)
            fraction = self.chance.choice((0.0, 0.5, 1.0))
            for entry in folder.pending:
                if self.chance.random() < fraction:
                    _apply(names, entry)
            for name, inode in names.items():
                kept = self.chance.choice((inode.synced, len(inode.content)))
                found.names[name] = found.synced[name] = Inode(bytes(inode.content[:kept]))
        return image


# Rows that are durable when a transaction ends, and what little of a transaction blobs use.


class Rows:
    def __init__(self, rows: list[tuple[Any, ...]] = ()) -> None:
        self.database = apsw.Connection(":memory:")
        self.database.execute(TABLE)
        self.database.executemany("INSERT INTO kernel_blobs VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.dying: set[str] = set()

    def copy(self) -> list[tuple[Any, ...]]:
        return self.database.execute("SELECT * FROM kernel_blobs").fetchall()

    async def look_up(self, part: int, digest: str) -> Found | None:
        return blobs.find(SmallTransaction(self, part), digest)


class SmallTransaction:
    now = 0

    def __init__(self, rows: Rows, part: int) -> None:
        self.rows = rows
        self.part = part

    def one(self, sql: str, **values: Any) -> tuple[Any, ...] | None:
        return self.rows.database.execute(sql, {"part": self.part, **values}).fetchone()

    def run(self, sql: str, **values: Any) -> int:
        self.rows.database.execute(sql, {"part": self.part, **values}).fetchall()
        return self.rows.database.changes()

    def set_timer(self, kind: str, key: str, at: int) -> None:
        self.rows.dying.add(key)


# A run: contents are kept, refused, forgotten, given up and swept, in any order.


class Run:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.files = SimulatedFiles(self.chance)
        self.rows = Rows()
        self.images: list[tuple[SimulatedFiles, list[tuple[Any, ...]], set[str]]] = []
        self.files.happen = self.happen
        self.numbers = iter(range(1_000_000))
        self.blobs = self.store(self.rows, self.files)

    def store(self, rows: Rows, files: SimulatedFiles) -> Blobs:
        return Blobs(FOLDER, rows.look_up, lambda: str(next(self.numbers)), lambda: 0.0, files)

    def happen(self) -> None:
        if self.chance.random() < 0.15:
            image = self.files.after_power_loss()
            self.images.append((image, self.rows.copy(), set(self.rows.dying)))

    async def step(self) -> None:
        about = self.chance.choice(ABOUT)
        tx = SmallTransaction(self.rows, partition(about))
        match self.chance.choice(("keep", "keep", "keep", "refuse", "doubt", "let go", "sweep")):
            case "let go":
                kept = self.rows.copy()
                if kept:
                    part, digest, *_ = self.chance.choice(kept)
                    blobs.let_go(SmallTransaction(self.rows, part), digest)
            case "sweep":
                for file in sorted(self.rows.dying):
                    await self.blobs.remove(file)
                    self.rows.dying.remove(file)
            case action:
                await self.stage(tx, about, action)

    async def stage(self, tx: SmallTransaction, about: str, action: str) -> None:
        size = self.chance.choice((10, 700, 3_000))
        content = bytes([self.chance.randrange(4)]) * size
        try:
            async with self.blobs.staged(content, about=about, size_max_bytes=size) as staged:
                if action == "keep" or (self.chance.random() < 0.5 and action == "doubt"):
                    blobs.keep(tx, staged)
                if action == "refuse":
                    raise AwsError("Refused", "No.")
                if action == "doubt":
                    raise AwsError("ServiceUnavailable", "Who knows.", status=503)
        except AwsError:
            pass

    async def go(self) -> None:
        await self.blobs.start()
        for _ in range(STEPS_PER_RUN):
            await self.step()


async def failures_of(run: Run) -> list[str]:
    failures = []
    for number, (files, kept, dying) in enumerate(run.images):
        store = run.store(Rows(kept), files)
        await store.start()
        named = set()
        for part, digest, size, _, file, _ in kept:
            named.add(file)
            about = next(about for about in ABOUT if partition(about) == part)
            try:
                content = await store.load(digest, about=about)
            except (blobs.BlobGone, AssertionError) as error:
                failures.append(f"image {number}: {error!r}")
                continue
            if len(content) != size or len(set(content)) != 1:
                failures.append(f"image {number}: the content of {digest} is another one")
        failures += [f"image {number}: {name} is left" for name in left(files, named, dying)]
    return failures


def left(files: SimulatedFiles, named: set[str], dying: set[str]) -> list[str]:
    """Files that nobody names, and that no timer will remove."""
    found = []
    for path, folder in files.folders.items():
        for name in folder.names:
            file = name if path.name == "staging" else path.name + name
            if file not in named and file not in dying:
                found.append(file)
    return found


@pytest.fixture(autouse=True)
def small_contents(monkeypatch):
    """The same files in fewer bytes."""
    monkeypatch.setattr(blobs, "ROW_BYTES_MAX", 100)
    monkeypatch.setattr(growing_blob, "WRITE_BYTES", 1_000)
    monkeypatch.setattr(blobs, "READ_BYTES", 500)


def test_no_content_that_a_row_names_is_lost_with_the_power():
    seed = int(os.environ.get("PILEUS_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"PILEUS_SEED={seed}")

    async def story() -> int:
        points = number = 0
        while points < POINTS:
            run = Run(seed + number)
            await run.go()
            assert [] == await failures_of(run)
            points += len(run.images)
            number += 1
        return points

    assert POINTS <= asyncio.run(story())


def test_the_simulation_notices_a_file_that_is_not_synced(monkeypatch):
    async def story() -> list[str]:
        failures = []
        for number in range(3):
            run = Run(number)
            await run.go()
            failures += await failures_of(run)
        return failures

    with monkeypatch.context() as patch:
        patch.setattr(Writing, "sync", lambda self: None)
        assert [] != asyncio.run(story())
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedFiles, "sync_folder", lambda self, path: None)
        assert [] != asyncio.run(story())
