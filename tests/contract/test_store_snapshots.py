"""Snapshots of stores in use, and restoring them."""

from __future__ import annotations

import asyncio
import tarfile
from io import BytesIO
from pathlib import Path

import apsw
import pytest

from pileus.kernel.database.archive import SnapshotRefused, read_manifest
from pileus.kernel.database.snapshot import restore_snapshot
from pileus.kernel.database.store import StoreRefused
from support.places import Place, fill, postgres_place, sqlite_place, write_blob
from support.stores import Tx, add, value_of


@pytest.fixture(params=["sqlite", "two sqlite files", "postgres"])
def places(request, tmp_path):
    """Makes places of one kind, each of its own."""
    made = []

    def make() -> Place:
        data = tmp_path / f"data-{len(made)}"
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            made.append(server.new_database())
            return postgres_place(data, made[-1])
        made.append(None)
        return sqlite_place(data, 2 if request.param == "two sqlite files" else 1)

    yield make
    for url in filter(None, made):
        request.getfixturevalue("postgres_server").drop_database(url)


def content_of(place: Place):
    def rows(tx: Tx):
        all_rows = tx.statements.all
        return (
            all_rows("SELECT part, id, body FROM bodies ORDER BY id", at_most=99),
            all_rows("SELECT part, name, value FROM counters ORDER BY part, name", at_most=99),
            all_rows("SELECT digest, size_bytes, file FROM kernel_blobs", at_most=99),
            all_rows("SELECT name, version FROM pileus_schema ORDER BY name", at_most=99),
            all_rows("SELECT name, value FROM pileus_store ORDER BY name", at_most=99),
        )

    async def story(store):
        everywhere = []
        for parts in store.partition_sets():
            about = next(name for name in map(str, range(9999)) if store.partition(name) in parts)
            everywhere.append(await store.read(rows, about=about))
        return everywhere

    found = place.run(story)
    files = {path.name: path.read_bytes() for path in place.data.glob("blobs/??/*")}
    return found, files


def test_a_restored_store_is_the_one_that_was_copied(places, tmp_path):
    first, second = places(), places()
    fill(first)
    manifest = first.take(tmp_path / "copy.tar")
    assert manifest == second.restore(tmp_path / "copy.tar")
    assert content_of(first) == content_of(second)
    assert (1, {"contract": 1, "kernel": 1}) == (manifest.blobs, manifest.schemas)
    assert "store-1" == manifest.facts["store_id"]


def test_a_restored_store_can_be_written_on(places, tmp_path):
    first, second = places(), places()
    fill(first)
    first.take(tmp_path / "copy.tar")
    second.restore(tmp_path / "copy.tar")

    async def story(store):
        return await store.transact(add, "sent", 1, about="queue-0")

    assert 4 == second.run(story)


def test_a_snapshot_is_of_one_moment_though_the_store_is_in_use(places, tmp_path):
    first, second = places(), places()
    fill(first)

    def pair(tx: Tx, number: int):
        add(tx, "one", 1)
        add(tx, "two", 1)

    async def story(store):
        is_going = True

        async def write(about: str):
            number = 0
            while is_going:
                number += 1
                await store.transact(pair, number, about=about)

        writers = [asyncio.ensure_future(write(f"queue-{number}")) for number in range(8)]
        for number in range(3):
            await asyncio.to_thread(first.take, tmp_path / f"copy-{number}.tar")
        is_going = False
        await asyncio.gather(*writers)

    first.run(story)
    second.restore(tmp_path / "copy-2.tar")

    async def read(store):
        values = []
        for number in range(8):
            about = f"queue-{number}"
            values.append(
                [await store.read(value_of, name, about=about) for name in ("one", "two")]
            )
        return values

    values = second.run(read)
    assert all(one == two > 0 for one, two in values)


def test_a_store_is_replaced_only_by_force(places, tmp_path):
    first, second = places(), places()
    fill(first)
    fill(second, value=50)
    first.take(tmp_path / "copy.tar")
    before = content_of(second)
    with pytest.raises(SnapshotRefused, match="by force"):
        second.restore(tmp_path / "copy.tar")
    assert before == content_of(second)
    second.restore(tmp_path / "copy.tar", is_forced=True)
    assert content_of(first) == content_of(second)
    assert [] == list(second.data.glob("snapshot-*"))


def test_a_store_in_use_is_not_replaced(places, tmp_path):
    place = places()
    fill(place)
    place.take(tmp_path / "copy.tar")

    async def story(store):
        with pytest.raises((StoreRefused, SnapshotRefused)):
            place.restore(tmp_path / "copy.tar", is_forced=True)
        return await store.transact(add, "sent", 1, about="queue-0")

    assert 4 == place.run(story)


def test_nothing_there_is_nothing_to_copy(places, tmp_path):
    with pytest.raises(SnapshotRefused, match="There is no store in"):
        places().take(tmp_path / "copy.tar")
    assert [] == list(tmp_path.glob("copy*"))


def test_a_copy_is_begun_again_when_a_blob_went_meanwhile(tmp_path, monkeypatch):
    from pileus.kernel.database import snapshot

    place = sqlite_place(tmp_path / "data", 1)
    file = fill(place)
    other = write_blob(place.data, b"other")
    link_blobs = snapshot.link_blobs
    calls = []

    def remove_first(data, files, folder):
        calls.append(list(files))
        if len(calls) == 1:
            connection = apsw.Connection(str(data / "store/0.sqlite"))
            connection.execute("UPDATE kernel_blobs SET file = ?, size_bytes = 5", (other,))
            connection.close()
            snapshot.blob_place(data, file).unlink()
        link_blobs(data, files, folder)

    monkeypatch.setattr(snapshot, "link_blobs", remove_first)
    place.take(tmp_path / "copy.tar")
    with tarfile.open(tmp_path / "copy.tar") as archive:
        assert f"blobs/{other[:2]}/{other[2:]}" in archive.getnames()
    assert [[file], [other]] == calls


def test_a_blob_that_is_lost_ends_the_copy(places, tmp_path):
    place = places()
    file = fill(place)
    (place.data / "blobs" / file[:2] / file[2:]).unlink()
    with pytest.raises(SnapshotRefused, match="Files disappeared"):
        place.take(tmp_path / "copy.tar")
    assert [] == list(tmp_path.glob("copy*"))


def rewrite(source: Path, target: Path, change) -> None:
    """Copy an archive, letting `change(name, content)` give other names and contents."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            changed = change(member.name, old.extractfile(member).read())
            member.name, content = changed
            member.size = len(content)
            new.addfile(member, BytesIO(content))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "store/../../evil", "blobs/aa/../b"])
def test_a_snapshot_leads_nowhere_else(tmp_path, name):
    place = sqlite_place(tmp_path / "data", 1)
    fill(place)
    place.take(tmp_path / "copy.tar")
    rewrite(
        tmp_path / "copy.tar",
        tmp_path / "evil.tar",
        lambda found, content: (name if found == "store/0.sqlite" else found, content),
    )
    with pytest.raises(SnapshotRefused, match="which is no part of one"):
        restore_snapshot(tmp_path / "evil.tar", tmp_path / "new")
    assert [] == [path for path in (tmp_path / "new").iterdir() if path.name != "lock"]


def test_a_damaged_blob_is_noticed(places, tmp_path):
    first, second = places(), places()
    fill(first)
    first.take(tmp_path / "copy.tar")
    rewrite(
        tmp_path / "copy.tar",
        tmp_path / "damaged.tar",
        lambda name, content: (name, content.replace(b"content", b"damaged", 1)),
    )
    with pytest.raises(SnapshotRefused, match="is another content"):
        second.restore(tmp_path / "damaged.tar")


def test_a_newer_snapshot_and_other_files_are_refused(tmp_path):
    place = sqlite_place(tmp_path / "data", 1)
    fill(place)
    place.take(tmp_path / "copy.tar")
    rewrite(
        tmp_path / "copy.tar",
        tmp_path / "newer.tar",
        lambda name, content: (name, content.replace(b'"format": 1', b'"format": 2')),
    )
    (tmp_path / "text").write_text("no snapshot")
    with pytest.raises(SnapshotRefused, match="made by a newer Pileus"):
        read_manifest(tmp_path / "newer.tar")
    with pytest.raises(SnapshotRefused, match="is not a snapshot"):
        read_manifest(tmp_path / "text")


def test_a_snapshot_of_another_engine_is_refused(tmp_path, postgres_server):
    place = sqlite_place(tmp_path / "data", 1)
    fill(place)
    place.take(tmp_path / "copy.tar")
    url = postgres_server.new_database()
    with pytest.raises(SnapshotRefused, match="snapshot of an embedded store"):
        postgres_place(tmp_path / "other", url).restore(tmp_path / "copy.tar")
