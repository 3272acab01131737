"""What the doctor finds wrong with stores, and what it finds in order."""

from __future__ import annotations

import asyncio
import os

import pytest

from pileus.kernel.database.doctor import Level, examine
from pileus.kernel.database.migrations import Schema
from pileus.kernel.database.place import Lock
from support.places import (
    ABOUT,
    CONTENT,
    SCHEMAS,
    Place,
    fill,
    postgres_place,
    sqlite_place,
    write_blob,
)
from support.stores import TABLES, Tx, add


@pytest.fixture
def place(tmp_path) -> Place:
    place = sqlite_place(tmp_path / "data", 1)
    fill(place)
    return place


def troubles(place: Place, **options) -> list[tuple[Level, str]]:
    return [
        (finding.level, finding.subject)
        for finding in examine(place.data, SCHEMAS, **options)
        if finding.level is not Level.OK
    ]


def test_a_healthy_store_has_nothing_to_mend(place):
    assert [] == troubles(place, reads_contents=True)
    subjects = {finding.subject for finding in examine(place.data, SCHEMAS)}
    assert {"lock", "file system", "disk", "0.sqlite", "blobs"} == subjects


def test_a_store_in_use_can_be_examined(place):
    async def story(store):
        await store.transact(add, "sent", 1, about=ABOUT)
        return await asyncio.to_thread(examine, place.data, SCHEMAS)

    findings = place.run(story)
    assert [f"{place.data} is in use by another Pileus (process {os.getpid()})."] == [
        finding.text for finding in findings if finding.subject == "lock"
    ]
    assert {Level.OK} == {finding.level for finding in findings}


def test_a_missing_blob_is_an_error(place):
    next(place.data.glob("blobs/??/*")).unlink()
    assert [(Level.ERROR, "blobs")] == troubles(place)


def test_a_blob_of_another_size_is_an_error(place):
    next(place.data.glob("blobs/??/*")).write_bytes(b"short")
    assert [(Level.ERROR, "blobs")] == troubles(place)


def test_another_content_is_found_where_contents_are_read(place):
    next(place.data.glob("blobs/??/*")).write_bytes(CONTENT.swapcase())
    assert [] == troubles(place)
    assert [(Level.ERROR, "blobs")] == troubles(place, reads_contents=True)


def test_a_file_that_nothing_names_is_a_warning(place):
    write_blob(place.data, b"stray")
    assert [(Level.WARNING, "blobs")] == troubles(place)


def test_a_file_that_is_dying_is_in_order(place):
    file = write_blob(place.data, b"dying")

    def die(tx: Tx):
        tx.statements.run(
            "INSERT INTO kernel_timers (part, kind, key, at, about, payload)"
            " VALUES (1, 'kernel:blob', :file, 0, '', '')",
            {"file": file},
        )

    async def story(store):
        await store.transact(die, about=ABOUT)

    place.run(story)
    assert [] == troubles(place)


def test_a_damaged_file_is_an_error(place):
    path = place.data / "store/0.sqlite"
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 100] = os.urandom(100)
    path.write_bytes(content)
    assert (Level.ERROR, "0.sqlite") in troubles(place)
    path.write_bytes(os.urandom(10_000))
    assert (Level.ERROR, "0.sqlite") in troubles(place)


def test_a_newer_store_is_an_error_and_an_older_one_is_not(place):
    newer = [Schema("contract", TABLES.sql, ((2, "SELECT 1;"),)), SCHEMAS[1]]
    assert [] == [f for f in examine(place.data, newer) if f.level is not Level.OK]
    place.engine.run(lambda store: asyncio.sleep(0), schemas=newer)
    assert [(Level.ERROR, "0.sqlite")] == troubles(place)


def test_a_full_disk_is_an_error(place, monkeypatch):
    from pileus.kernel.database import doctor

    monkeypatch.setattr(doctor, "FREE_BYTES_LOW", 1 << 60)
    assert [(Level.WARNING, "disk")] == troubles(place)
    monkeypatch.setattr(doctor, "FREE_BYTES_VERY_LOW", 1 << 60)
    assert [(Level.ERROR, "disk")] == troubles(place)


def test_leftovers_and_empty_places_are_told(place, tmp_path):
    (place.data / "snapshot-1").mkdir()
    assert [(Level.WARNING, "snapshot")] == troubles(place)
    assert [(Level.ERROR, "directory")] == troubles(Place(None, tmp_path / "none", None, None))
    (tmp_path / "empty").mkdir()
    assert [(Level.WARNING, "store")] == troubles(Place(None, tmp_path / "empty", None, None))


def test_examining_leaves_the_lock_free(place):
    examine(place.data, SCHEMAS)
    lock = Lock(place.data / "lock")
    lock.take()
    lock.release()


# PostgreSQL.


@pytest.fixture
def far(tmp_path, postgres_server):
    url = postgres_server.new_database()
    place = postgres_place(tmp_path / "data", url)
    place.url = url
    fill(place)
    yield place
    postgres_server.drop_database(url)


def far_troubles(place: Place, **options) -> list[tuple[Level, str]]:
    from pileus.kernel.database.postgres_doctor import examine_postgres

    findings = examine_postgres(place.url, place.data, SCHEMAS, **options)
    return [(found.level, found.text) for found in findings if found.level is not Level.OK]


UNSYNCED = [
    (Level.ERROR, "fsync is off. Without it a crash of the machine loses or damages the store."),
    (Level.ERROR, "full_page_writes is off. Without it a crash of the machine can damage pages."),
]


def test_a_server_that_does_not_sync_is_an_error(far):
    # The tests' own server is one, for speed; there is nothing else to find.
    assert UNSYNCED == far_troubles(far, reads_contents=True)


def test_what_is_wrong_with_blobs_and_versions_is_found_on_postgresql_too(far):
    next(far.data.glob("blobs/??/*")).unlink()
    write_blob(far.data, b"stray")
    newer = [Schema("contract", TABLES.sql, ((2, "SELECT 1;"),)), SCHEMAS[1]]
    far.engine.run(lambda store: asyncio.sleep(0), schemas=newer)
    levels = [level for level, _ in far_troubles(far)[2:]]
    assert [Level.ERROR, Level.ERROR, Level.WARNING] == levels


def test_an_empty_database_has_no_store(tmp_path, postgres_server):
    url = postgres_server.new_database()
    place = Place(None, tmp_path, None, None)
    place.url = url
    assert [*UNSYNCED, (Level.WARNING, "There is no store yet.")] == far_troubles(place)


def test_a_server_that_cannot_be_reached_is_an_error(tmp_path):
    place = Place(None, tmp_path, None, None)
    place.url = "postgresql:///x?host=/nowhere"
    ((level, text),) = far_troubles(place)
    assert (Level.ERROR, True) == (level, text.startswith("It cannot be reached"))
