"""How every store makes its tables, brings older ones up to date and refuses newer ones."""

from pathlib import Path

import pytest

import pileus
from pileus.kernel.database.migrations import NewerStore, Schema, SchemaFailed, read_schema
from support.stores import Engine, Tx

ABOUT = "anything"

# The tables of an imagined service as its three releases left them.
FIRST = "CREATE TABLE things (part INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (part, name));"
SECOND = """
CREATE TABLE things (
    part INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 7,
    PRIMARY KEY (part, name)
);
"""
ADD_SIZE = "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7;"
ADD_INDEX = """
CREATE TABLE sizes (part INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (part, size))
    WITHOUT ROWID;
INSERT INTO sizes (part, size) SELECT DISTINCT part, size FROM things;
"""
NEWEST = f"""
{SECOND}
CREATE TABLE sizes (part INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (part, size))
    WITHOUT ROWID;
"""
RELEASES = [
    Schema("things", FIRST),
    Schema("things", SECOND, ((2, ADD_SIZE),)),
    Schema("things", NEWEST, ((2, ADD_SIZE), (3, ADD_INDEX))),
]


def insert(tx: Tx, name: str) -> None:
    tx.statements.run("INSERT INTO things (part, name) VALUES (1, :name)", {"name": name})


def things(tx: Tx):
    names = tx.statements.all("SELECT name, size FROM things ORDER BY name", at_most=1000)
    return names, tx.statements.all("SELECT size FROM sizes", at_most=1000)


def versions(tx: Tx) -> dict[str, int]:
    return dict(tx.statements.all("SELECT name, version FROM pileus_schema", at_most=1000))


def facts(tx: Tx) -> dict[str, str]:
    return dict(tx.statements.all("SELECT name, value FROM pileus_store", at_most=1000))


def told(engine: Engine, function, *args, schemas):
    async def story(store):
        return await store.transact(function, *args, about=ABOUT)

    return engine.run(story, schemas=schemas)


@pytest.mark.parametrize("release", [1, 2, 3])
def test_a_store_of_any_release_is_brought_up_to_date(engine: Engine, release: int):
    told(engine, insert, "kept", schemas=[RELEASES[release - 1]])
    expected = ([("kept", 7)], [] if release == 3 else [(7,)])
    assert expected == told(engine, things, schemas=[RELEASES[2]])
    assert {"things": 3} == told(engine, versions, schemas=[RELEASES[2]])


def test_a_new_store_starts_at_the_newest_version(engine: Engine):
    assert {"things": 3} == told(engine, versions, schemas=[RELEASES[2]])
    assert ([], []) == told(engine, things, schemas=[RELEASES[2]])


def test_a_service_that_is_added_gets_its_tables(engine: Engine):
    other = Schema("other", "CREATE TABLE others (part INTEGER PRIMARY KEY);")
    assert {"things": 1} == told(engine, versions, schemas=[RELEASES[0]])
    assert {"things": 1, "other": 1} == told(engine, versions, schemas=[RELEASES[0], other])


def test_tables_of_a_service_that_is_gone_are_left_alone(engine: Engine):
    other = Schema("other", "CREATE TABLE others (part INTEGER PRIMARY KEY);")
    told(engine, versions, schemas=[RELEASES[0], other])
    assert {"things": 1, "other": 1} == told(engine, versions, schemas=[RELEASES[0]])


def test_a_newer_store_is_refused_and_left_as_it_is(engine: Engine):
    told(engine, versions, schemas=[RELEASES[2]])
    other = Schema("other", "CREATE TABLE others (part INTEGER PRIMARY KEY);")
    with pytest.raises(NewerStore, match=r"version 3 of the things tables.*up to version 2"):
        told(engine, versions, schemas=[other, RELEASES[1]])
    assert {"things": 3} == told(engine, versions, schemas=[RELEASES[2]])


def test_a_store_of_a_newer_format_is_refused(engine: Engine):
    def make_newer(tx: Tx):
        tx.statements.run("UPDATE pileus_store SET value = '2' WHERE name = 'format_version'")

    async def everywhere(store):
        for parts in store.partition_sets():
            about = next(name for name in map(str, range(9999)) if store.partition(name) in parts)
            await store.transact(make_newer, about=about)

    engine.run(everywhere)
    with pytest.raises(NewerStore, match="format 2"):
        told(engine, versions, schemas=[])


def test_a_migration_that_fails_leaves_the_store_as_it_was(engine: Engine):
    told(engine, insert, "kept", schemas=[RELEASES[0]])
    broken = Schema("things", NEWEST, ((2, ADD_SIZE), (3, "INSERT INTO nowhere VALUES (1);")))
    with pytest.raises(SchemaFailed, match="version 3 of the things tables cannot be made"):
        told(engine, versions, schemas=[broken])
    # The step before it is done and stays; the next start goes on from there.
    assert {"things": 2} == told(engine, versions, schemas=[RELEASES[1]])
    assert ([("kept", 7)], [(7,)]) == told(engine, things, schemas=[RELEASES[2]])


def test_facts_are_recorded_once(engine: Engine):
    async def story(store):
        return await store.transact(facts, about=ABOUT)

    first = engine.run(story)
    assert ("1", "store-1", "1700000000000") == (
        first["format_version"],
        first["store_id"],
        first["created_at"],
    )
    assert first == engine.run(story, store_id="another", created_at=1)


def test_a_failing_start_lets_the_directory_go(engine: Engine):
    broken = Schema("things", "CREATE TABLE nonsense;")
    with pytest.raises(SchemaFailed):
        told(engine, versions, schemas=[broken])
    assert {"things": 1} == told(engine, versions, schemas=[RELEASES[0]])


def test_migrations_are_read_from_the_files_beside_the_schema(tmp_path):
    (tmp_path / "schema.sql").write_text(NEWEST)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0003_index_sizes.sql").write_text(ADD_INDEX)
    (tmp_path / "migrations" / "0002_add_size.sql").write_text(ADD_SIZE)
    assert RELEASES[2] == read_schema("things", tmp_path / "schema.sql")


def test_misnamed_and_missing_migrations_are_refused(tmp_path):
    (tmp_path / "schema.sql").write_text(NEWEST)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0003_index_sizes.sql").write_text(ADD_INDEX)
    with pytest.raises(AssertionError, match=r"must be numbered 2, 3, ...: \[3\]"):
        read_schema("things", tmp_path / "schema.sql")
    (tmp_path / "migrations" / "3.sql").write_text(ADD_INDEX)
    with pytest.raises(SchemaFailed, match="must be named like"):
        read_schema("things", tmp_path / "schema.sql")


def our_schemas() -> list[Schema]:
    root = Path(pileus.__file__).parent
    return [
        read_schema(str(path.parent.relative_to(root)), path)
        for path in sorted(root.rglob("schema.sql"))
    ]


def test_every_schema_of_ours_fits_every_engine(engine: Engine):
    schemas = our_schemas()
    wanted = {schema.name: schema.version for schema in schemas}
    assert wanted == told(engine, versions, schemas=schemas)


def test_every_table_of_ours_begins_its_key_with_the_partition(engine: Engine):
    if engine.name != "sqlite":
        return

    def keys(tx: Tx):
        return tx.statements.all(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'pileus_%' AND c.pk = 1",
            at_most=999,
        )

    found = told(engine, keys, schemas=our_schemas())
    assert [] == [name for name, column in found if column != "part"]
