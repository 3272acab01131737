"""What is promised of large contents, on every store."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pileus.app import schemas
from pileus.kernel import blobs
from pileus.kernel.blobs import ROW_BYTES_MAX, BlobGone, TooLarge
from pileus.kernel.call import Call
from pileus.kernel.clock import Clock
from pileus.kernel.database.files import RealFiles
from pileus.kernel.database.store import StoreSettings
from pileus.kernel.errors import AwsError
from pileus.kernel.kernel import Kernel
from pileus.kernel.transaction import Transaction
from pileus.settings import Settings
from support.stores import Engine

ABOUT = "arn:aws:s3:::photos"
LARGE = bytes(range(256)) * 1200
OTHER = b"other" * 50_000
SMALL = b"small"
MAX = 10_000_000


class World:
    """A kernel over a store and a folder, which can be left and entered again."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def run(self, story):
        async def whole():
            kernel = Kernel(Settings(data=self.folder), [], Clock())
            kernel.store = self.engine.make(
                StoreSettings(
                    schemas=schemas([]),
                    make_transaction=kernel.make_transaction,
                    on_commit=kernel.on_commit,
                    is_strict=True,
                )
            )
            await kernel.start()
            try:
                await kernel.time_travel.freeze()
                return await story(kernel.call_for(kernel.own_context, "s3", "Test", ABOUT))
            finally:
                await kernel.stop()

        return asyncio.run(whole())

    def files(self) -> dict[str, list[str]]:
        """The digests of the files there are, by whether they have found their place."""
        found = {"placed": [], "staged": []}
        for path in sorted(self.folder.glob("blobs/*/*")):
            if path.parent.name == "staging":
                found["staged"].append(path.name.split("-")[0])
            else:
                found["placed"].append((path.parent.name + path.name).split("-")[0])
        return found


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return World(engine, tmp_path / "data")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def refuse(tx: Transaction, staged: blobs.Staged) -> None:
    blobs.keep(tx, staged)
    raise AwsError("Refused", "No.")


async def put(call: Call, content, about: str = ABOUT, step=blobs.keep) -> str:
    async with call.kernel.blobs.staged(content, about=about, size_max_bytes=MAX) as staged:
        await call.transaction(step, staged, about=about)
    return staged.digest


async def in_chunks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for first in range(0, len(content), size):
        yield content[first : first + size]


async def advance(call: Call, milliseconds: int) -> None:
    going = call.kernel.time_travel.begin(milliseconds, is_from_inside=False)
    await going.finished


@pytest.mark.parametrize(
    "content", [b"", SMALL, bytes(ROW_BYTES_MAX), bytes(ROW_BYTES_MAX + 1), LARGE, OTHER * 5]
)
def test_what_is_kept_is_read_back(world: World, content: bytes):
    async def story(call: Call):
        digest = await put(call, content)
        return digest, await call.kernel.blobs.load(digest, about=ABOUT)

    assert (sha(content), content) == world.run(story)
    is_large = len(content) > ROW_BYTES_MAX
    assert {"placed": [sha(content)] * is_large, "staged": []} == world.files()


def test_a_content_that_comes_in_chunks_is_the_same(world: World):
    async def story(call: Call):
        digest = await put(call, in_chunks(LARGE, 1000))
        return digest, await call.kernel.blobs.load(digest, about=ABOUT)

    assert (sha(LARGE), LARGE) == world.run(story)


def test_contents_are_there_after_a_restart(world: World):
    async def write(call: Call):
        await put(call, LARGE)
        await put(call, SMALL)

    async def read(call: Call):
        load = call.kernel.blobs.load
        return [await load(sha(content), about=ABOUT) for content in (LARGE, SMALL)]

    world.run(write)
    assert [LARGE, SMALL] == world.run(read)


@pytest.mark.parametrize("content", [SMALL * 10, LARGE])
@pytest.mark.parametrize(("first", "size"), [(0, 1), (7, 20), (0, None), (49, 99), (50, 0)])
def test_parts_of_a_content_are_read(world: World, content, first, size):
    async def story(call: Call):
        digest = await put(call, content)
        read = call.kernel.blobs.read(digest, about=ABOUT, first=first, size_bytes=size)
        return b"".join([chunk async for chunk in read])

    end = None if size is None else first + size
    assert content[first:end] == world.run(story)


def test_equal_contents_are_kept_once_until_the_last_use_goes(world: World):
    async def story(call: Call):
        digest = await put(call, LARGE)
        await put(call, LARGE)
        assert {"placed": [digest], "staged": []} == world.files()
        await call.transaction(blobs.let_go, digest, about=ABOUT)
        await advance(call, 3_600_000)
        assert LARGE == await call.kernel.blobs.load(digest, about=ABOUT)
        await call.transaction(blobs.let_go, digest, about=ABOUT)
        with pytest.raises(BlobGone):
            await call.kernel.blobs.load(digest, about=ABOUT)
        assert {"placed": [digest], "staged": []} == world.files()
        await advance(call, blobs.GRACE_MS)
        return world.files()

    assert {"placed": [], "staged": []} == world.run(story)


def test_naming_a_dying_content_writes_it_again(world: World):
    async def story(call: Call):
        digest = await put(call, LARGE)
        await call.transaction(blobs.let_go, digest, about=ABOUT)
        await put(call, LARGE)
        assert {"placed": [digest, digest], "staged": []} == world.files()
        await advance(call, blobs.GRACE_MS)
        assert {"placed": [digest], "staged": []} == world.files()
        return await call.kernel.blobs.load(digest, about=ABOUT)

    assert LARGE == world.run(story)


def test_a_use_can_be_added_without_the_content(world: World):
    async def story(call: Call):
        digest = await put(call, LARGE)
        again = [
            await call.transaction(blobs.keep_again, wanted, about=ABOUT)
            for wanted in (digest, sha(OTHER))
        ]
        await call.transaction(blobs.let_go, digest, about=ABOUT)
        return again, len(await call.kernel.blobs.load(digest, about=ABOUT))

    assert ([True, False], len(LARGE)) == world.run(story)


def test_a_refused_transaction_leaves_no_file(world: World):
    async def story(call: Call):
        with pytest.raises(AwsError, match="Refused"):
            await put(call, LARGE, step=refuse)
        return world.files()

    assert {"placed": [], "staged": []} == world.run(story)


def test_a_transaction_that_does_not_keep_its_content_leaves_no_file(world: World):
    async def story(call: Call):
        await put(call, LARGE, step=lambda tx, staged: None)
        return world.files()

    assert {"placed": [], "staged": []} == world.run(story)


@pytest.mark.parametrize("is_kept", [True, False])
def test_an_outcome_in_doubt_is_settled_by_the_next_start(world: World, is_kept: bool):
    async def interrupted(call: Call):
        with pytest.raises(AwsError, match="away"):
            async with call.kernel.blobs.staged(LARGE, about=ABOUT, size_max_bytes=MAX) as staged:
                if is_kept:
                    await call.transaction(blobs.keep, staged, about=ABOUT)
                raise AwsError("ServiceUnavailable", "The store is away.", status=503)
        assert {"placed": [], "staged": [sha(LARGE)]} == world.files()
        # Staged or placed, a content that is kept is read.
        if is_kept:
            assert LARGE == await call.kernel.blobs.load(sha(LARGE), about=ABOUT)

    async def later(call: Call):
        found = world.files()
        return found, is_kept and await call.kernel.blobs.load(sha(LARGE), about=ABOUT)

    world.run(interrupted)
    expected = {"placed": [sha(LARGE)] * is_kept, "staged": []}
    assert (expected, is_kept and LARGE) == world.run(later)


def test_an_outcome_in_doubt_is_settled_later_without_a_restart(world: World, monkeypatch):
    monkeypatch.setattr(blobs, "DOUBT_MS", 0)

    async def story(call: Call):
        entered = asyncio.Event()

        async def hang():
            async with call.kernel.blobs.staged(LARGE, about=ABOUT, size_max_bytes=MAX):
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(hang())
        await entered.wait()
        task.cancel()
        await asyncio.wait([task])
        in_doubt = world.files()
        await put(call, OTHER)
        return in_doubt, world.files()

    expected = {"placed": [], "staged": [sha(LARGE)]}, {"placed": [sha(OTHER)], "staged": []}
    assert expected == world.run(story)


def test_an_upload_that_is_cancelled_leaves_no_file(world: World):
    async def story(call: Call):
        sent = asyncio.Event()

        async def stuck() -> AsyncIterator[bytes]:
            yield bytes(2_000_000)
            sent.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(put(call, stuck()))
        await sent.wait()
        task.cancel()
        await asyncio.wait([task])
        return world.files()

    assert {"placed": [], "staged": []} == world.run(story)


def test_a_writing_that_is_cancelled_at_its_end_leaves_no_file(world: World):
    async def story(call: Call):
        task = asyncio.ensure_future(put(call, LARGE))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled(), world.files()

    assert (True, {"placed": [], "staged": []}) == world.run(story)


def test_a_content_that_is_too_large_is_refused_as_soon_as_it_is(world: World):
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(100_000)

    async def story(call: Call):
        with pytest.raises(TooLarge, match="more than 300000 bytes"):
            async with call.kernel.blobs.staged(endless(), about=ABOUT, size_max_bytes=300_000):
                raise AssertionError("never staged")
        return len(taken), world.files()

    assert (4, {"placed": [], "staged": []}) == world.run(story)


def test_a_client_that_goes_away_leaves_no_file(world: World):
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        raise ConnectionResetError

    async def story(call: Call):
        with pytest.raises(ConnectionResetError):
            await put(call, broken())
        return world.files()

    assert {"placed": [], "staged": []} == world.run(story)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EIO, "disk failed")]
)
@pytest.mark.parametrize("verb", ["create", "rename", "sync_folder"])
def test_a_disk_that_refuses_is_answered_503(world: World, monkeypatch, number, words, verb):
    def fail(self, *args):
        raise OSError(number, "injected")

    async def story(call: Call):
        call.kernel.blobs._files.make_folder(world.folder / "blobs" / "staging")
        with monkeypatch.context() as patch:
            patch.setattr(RealFiles, verb, fail)
            with pytest.raises(AwsError, match=words) as refused:
                await put(call, LARGE)
        await put(call, OTHER)
        return refused.value.status, world.files()

    assert (503, {"placed": [sha(OTHER)], "staged": []}) == world.run(story)


def test_partitions_keep_their_contents_apart(world: World):
    places = [f"arn:aws:s3:::bucket-{number}" for number in range(10)]

    async def story(call: Call):
        for about in places:
            await put(call, LARGE, about=about)
        await call.transaction(blobs.let_go, sha(LARGE), about=places[0])
        await advance(call, blobs.GRACE_MS)
        loaded = [await call.kernel.blobs.load(sha(LARGE), about=about) for about in places[1:]]
        with pytest.raises(BlobGone):
            await call.kernel.blobs.load(sha(LARGE), about=places[0])
        return len(loaded), len(world.files()["placed"])

    assert (9, 9) == world.run(story)


def test_files_do_not_disappear_while_they_are_copied(world: World):
    async def story(call: Call):
        digest = await put(call, LARGE)
        await call.transaction(blobs.let_go, digest, about=ABOUT)
        async with call.kernel.blobs.removing:
            removing = asyncio.ensure_future(
                call.kernel.blobs.remove(next(world.folder.glob("blobs/??/*")).name)
            )
            await asyncio.sleep(0)
            during = world.files()["placed"]
            removing.cancel()
        return during == [digest]

    assert world.run(story)
