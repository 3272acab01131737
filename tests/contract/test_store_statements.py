"""What every store promises of its statements, readers and partitions."""

import asyncio
import threading

import pytest

from pileus.kernel.database.statements import StatementFailed, TooManyRows
from pileus.kernel.errors import AwsError
from support.stores import Engine, Gate, Tx, add, ask, value_of

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def in_transaction(engine: Engine, function, *args):
    """Run one function in a store of its own."""

    async def story(store):
        return await store.transact(function, *args, about=QUEUE)

    return engine.run(story)


def test_values_come_back_as_they_went(engine: Engine):
    texts = ["", "it's 100% :name ::cast -- no comment", "größe", "\U0001f680", "a\nb\\"]
    numbers = [0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
    blobs = [b"", b"\0\xff'%", bytes(range(256)) * 300, None]

    def work(tx: Tx):
        for number, text in zip(numbers, [*texts, "x" * 70_000, "last"], strict=True):
            tx.statements.run(
                "INSERT INTO counters (part, name, value) VALUES (:part, :name, :value)",
                {"part": tx.part, "name": text, "value": number},
            )
        for number, blob in enumerate(blobs):
            tx.statements.run(
                "INSERT INTO bodies (part, id, body) VALUES (:part, :id, :body)",
                {"part": tx.part, "id": number, "body": blob},
            )
        values = tx.statements.all("SELECT name, value FROM counters ORDER BY value", at_most=10)
        bodies = tx.statements.all("SELECT body FROM bodies ORDER BY id", at_most=10)
        return dict(values), [body for (body,) in bodies]

    names = [*texts, "x" * 70_000, "last"]
    assert (dict(zip(names, numbers, strict=True)), blobs) == in_transaction(engine, work)


def test_truth_sums_and_floats_are_numbers(engine: Engine):
    def work(tx: Tx):
        for name, value in (("a", True), ("b", 2), ("c", False)):
            add(tx, name, value)
        first = tx.statements.one(
            "SELECT SUM(value), COUNT(*), MAX(value) > 1, MAX(value) * 0.75 FROM counters"
        )
        echo = tx.statements.one(
            "SELECT value FROM counters WHERE value = :yes AND :half < 0.75",
            {"yes": True, "half": 0.5},
        )
        return first, [type(value) for value in first], echo

    assert ((3, 3, 1, 1.5), [int, int, int, float], (1,)) == in_transaction(engine, work)


def test_a_value_that_stands_alone_is_given_its_type_by_a_cast(engine: Engine):
    def work(tx: Tx):
        return [
            tx.statements.one(
                "SELECT CAST(:x AS INTEGER) IS NULL, CAST(:y AS INTEGER), CAST(:z AS TEXT)",
                {"x": value, "y": 2**40, "z": "AS INTEGER)"},
            )
            for value in (None, 2**40)
        ]

    assert [(1, 2**40, "AS INTEGER)"), (0, 2**40, "AS INTEGER)")] == in_transaction(engine, work)


def test_text_is_ordered_by_its_bytes(engine: Engine):
    names = ["Zebra", "a-b", "a.b", "aB", "a_b", "ab", "zebra", "Ärger", "ß"]

    def work(tx: Tx):
        for name in reversed(names):
            add(tx, name, 1)
        ordered = tx.statements.all("SELECT name FROM counters ORDER BY name", at_most=20)
        after = tx.statements.all(
            "SELECT name FROM counters WHERE name > :name ORDER BY name LIMIT :limit",
            {"name": "a_b", "limit": 2},
            at_most=2,
        )
        return [name for (name,) in ordered], after

    assert (sorted(names), [("ab",), ("zebra",)]) == in_transaction(engine, work)


def test_one_gives_the_first_row_or_none(engine: Engine):
    def work(tx: Tx):
        before = tx.statements.one("SELECT name FROM counters ORDER BY name")
        add(tx, "b", 1)
        add(tx, "a", 1)
        return before, tx.statements.one("SELECT name FROM counters ORDER BY name")

    assert (None, ("a",)) == in_transaction(engine, work)


def test_all_refuses_more_rows_than_its_caller_expects(engine: Engine):
    def work(tx: Tx):
        for name in "abc":
            add(tx, name, 1)
        three = tx.statements.all("SELECT name FROM counters ORDER BY name", at_most=3)
        with pytest.raises(TooManyRows, match="more than 2 rows"):
            tx.statements.all("SELECT name FROM counters", at_most=2)
        return three

    assert [("a",), ("b",), ("c",)] == in_transaction(engine, work)


def test_run_tells_how_many_rows_changed(engine: Engine):
    def work(tx: Tx):
        for name in "abc":
            add(tx, name, 1)
        run = tx.statements.run
        return [
            run("UPDATE counters SET value = 2 WHERE name >= :name", {"name": "b"}),
            run("UPDATE counters SET value = 2 WHERE name = :name", {"name": "nobody"}),
            run("DELETE FROM counters"),
        ]

    assert [2, 0, 3] == in_transaction(engine, work)


def test_changed_rows_can_be_returned_at_once(engine: Engine):
    def work(tx: Tx):
        for name in "abc":
            add(tx, name, 1)
        taken = tx.statements.all(
            "UPDATE counters SET value = value + 1 WHERE name IN"
            " (SELECT name FROM counters ORDER BY name LIMIT 2) RETURNING name, value",
            at_most=2,
        )
        deleted = tx.statements.one("DELETE FROM counters WHERE value = 2 RETURNING value")
        left = tx.statements.all("SELECT name, value FROM counters", at_most=3)
        return sorted(taken), deleted, left

    # Only one of the two deleted rows is read; both are gone.
    expected = ([("a", 2), ("b", 2)], (2,), [("c", 1)])
    assert expected == in_transaction(engine, work)


def test_run_many_runs_each_row(engine: Engine):
    def work(tx: Tx):
        insert = "INSERT INTO counters (part, name, value) VALUES (:part, :name, :value)"
        rows = [{"part": tx.part, "name": name, "value": 7} for name in "abc"]
        tx.statements.run_many(insert, rows)
        tx.statements.run_many(insert, [])
        return tx.statements.one("SELECT SUM(value) FROM counters"), tx.statements.rows

    assert ((21,), 4) == in_transaction(engine, work)


def test_a_part_that_raises_is_undone_alone(engine: Engine):
    def work(tx: Tx):
        add(tx, "outer", 1)

        def inner(error):
            add(tx, "inner", 1)
            if error:
                raise error
            return "kept"

        for error in (AwsError("Refused", "No."), ZeroDivisionError()):
            with pytest.raises(type(error)):
                tx.statements.savepoint(lambda error=error: inner(error))
        before = value_of(tx, "inner")
        kept = tx.statements.savepoint(lambda: inner(None))
        return value_of(tx, "outer"), before, kept, value_of(tx, "inner")

    assert (1, 0, "kept", 1) == in_transaction(engine, work)


def test_a_statement_that_fails_in_a_part_harms_only_the_part(engine: Engine):
    def work(tx: Tx):
        add(tx, "outer", 1)

        def inner():
            add(tx, "inner", 1)
            tx.statements.run("INSERT INTO counters (part, name) VALUES (1, 'no value')")

        def swallowing():
            try:
                inner()
            except StatementFailed:
                return "fine"

        for part in (inner, swallowing):
            with pytest.raises(StatementFailed):
                tx.statements.savepoint(part)
        return add(tx, "outer", 1), value_of(tx, "inner")

    assert (2, 0) == in_transaction(engine, work)


def test_statements_are_useless_after_their_attempt(engine: Engine):
    kept = []

    def work(tx: Tx):
        kept.append(tx)

    in_transaction(engine, work)
    with pytest.raises(AssertionError, match="used after it ended"):
        value_of(kept[0], "sent")


def test_a_failed_statement_says_what_it_was(engine: Engine):
    def work(tx: Tx):
        tx.statements.one("SELECT nonsense\n  FROM nowhere")

    with pytest.raises(StatementFailed, match=r"nowhere.*\[SELECT nonsense FROM nowhere\]"):
        in_transaction(engine, work)


def test_a_reader_sees_what_was_acknowledged(engine: Engine):
    async def story(store):
        seen = []
        for number in range(50):
            await store.transact(add, "sent", 1, about=f"queue-{number}")
            seen.append(await store.read(value_of, "sent", about=f"queue-{number}"))
        return seen

    assert [1] * 50 == engine.run(story)


def test_a_reader_cannot_write(engine: Engine):
    async def story(store):
        with pytest.raises(StatementFailed):
            await store.read(add, "sent", 1, about=QUEUE)
        return await store.read(value_of, "sent", about=QUEUE)

    assert 0 == engine.run(story)


def test_a_reader_sees_one_moment(engine: Engine):
    def slow(tx: Tx, read: threading.Event, written: threading.Event):
        before = value_of(tx, "sent")
        read.set()
        assert written.wait(10)
        return before, value_of(tx, "sent")

    async def story(store):
        read, written = threading.Event(), threading.Event()
        reading = asyncio.ensure_future(store.read(slow, read, written, about=QUEUE))
        await asyncio.to_thread(read.wait, 10)
        await store.transact(add, "sent", 1, about=QUEUE)
        written.set()
        return await reading, await store.read(value_of, "sent", about=QUEUE)

    assert ((0, 0), 1) == engine.run(story)


def test_an_error_of_a_reader_is_its_own(engine: Engine):
    def refuse(tx: Tx):
        raise AwsError("Refused", "No.")

    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE)
        answers = await asyncio.gather(
            store.read(refuse, about=QUEUE),
            store.read(lambda tx: tx.statements.one("SELECT nonsense"), about=QUEUE),
            store.read(value_of, "sent", about=QUEUE),
            return_exceptions=True,
        )
        return [answer if answer == 1 else type(answer) for answer in answers]

    assert [AwsError, StatementFailed, 1] == engine.run(story)


ENDLESS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"
    " SELECT COUNT(*) FROM numbers"
)


def test_a_reader_that_takes_more_than_a_second_is_ended(engine: Engine):
    def endless(tx: Tx):
        tx.statements.one(ENDLESS)

    async def story(store):
        with pytest.raises(AwsError) as refused:
            await store.read(endless, about=QUEUE)
        return refused.value.status, await store.read(value_of, "sent", about=QUEUE)

    assert (503, 0) == engine.run(story)


def test_a_read_behind_a_long_one_gets_a_thread_of_its_own(engine: Engine):
    passed = threading.Event()

    def long(tx: Tx) -> bool:
        return passed.wait(30)

    def short(tx: Tx) -> bool:
        passed.set()
        return True

    async def story(store):
        return await asyncio.gather(store.read(long, about=QUEUE), store.read(short, about=QUEUE))

    assert [True, True] == engine.run(story)


def test_readers_are_bounded_too(engine: Engine):
    def wait(tx: Tx, opened: threading.Event):
        assert opened.wait(10)

    async def story(store):
        opened = threading.Event()
        reads = [asyncio.ensure_future(store.read(wait, opened, about=QUEUE)) for _ in range(6)]
        await asyncio.sleep(0)
        refused = [read.exception() for read in reads if read.done()]
        opened.set()
        await asyncio.gather(*reads, return_exceptions=True)
        return [error.status for error in refused]

    assert [503] == engine.run(story, waiting_max=5)


def test_reads_are_finished_before_the_store_stops(engine: Engine):
    async def whole():
        store = engine.make(engine.settings())
        await store.start()
        reads = [asyncio.ensure_future(store.read(value_of, "sent", about=QUEUE)) for _ in range(9)]
        await asyncio.sleep(0)
        await store.stop()
        with pytest.raises(AwsError):
            await store.read(value_of, "sent", about=QUEUE)
        return await asyncio.gather(*reads)

    assert [0] * 9 == asyncio.run(whole())


def transfer(tx: Tx, other: int, name: str) -> tuple[int, int]:
    """Read and write in the partition of the job and in another one."""
    tx.statements.lock(other)
    there = Tx(tx.statements, other, "")
    return add(tx, name, 1), add(there, name, 1)


def together(store):
    """Names of two partitions that share transactions but, on PostgreSQL, no lane."""
    names = [f"queue-{number}" for number in range(100)]
    parts = {name: store.partition(name) for name in names}
    first = names[0]
    other = next(
        name
        for name in names
        if store.is_together(parts[first], parts[name]) and (parts[first] - parts[name]) % 4
    )
    return first, other


def test_two_partitions_in_one_transaction_lose_nothing_in_a_race(engine: Engine):
    async def story(store):
        one, other = together(store)
        await asyncio.gather(
            *(store.transact(transfer, store.partition(other), "n", about=one) for _ in range(60)),
            *(store.transact(transfer, store.partition(one), "n", about=other) for _ in range(60)),
            *(store.transact(add, "n", 1, about=one) for _ in range(60)),
        )
        return [await store.read(value_of, "n", about=name) for name in (one, other)]

    assert [180, 120] == engine.run(story)


def test_a_partition_of_another_set_cannot_be_locked(engine: Engine):
    async def story(store):
        sets = store.partition_sets()
        far = sets[-1][-1] if store.partition(QUEUE) in sets[0] else sets[0][0]
        if len(sets) == 1:
            return await store.transact(transfer, far, "n", about=QUEUE)
        with pytest.raises(AssertionError, match="in another file"):
            await store.transact(transfer, far, "n", about=QUEUE)
        return (1, 1)

    assert (1, 1) == engine.run(story)


def test_work_on_different_partitions_goes_on_side_by_side(engine: Engine):
    async def story(store):
        sets = store.partition_sets()
        if engine.name == "sqlite":
            return 1
        names = [f"queue-{number}" for number in range(200)]
        held = names[0]
        free = next(
            name
            for name in names
            if not store.is_together(store.partition(held), store.partition(name))
            or (len(sets) == 1 and (store.partition(held) - store.partition(name)) % 4)
        )
        gate = await Gate.held(store, held)
        answer = await ask(store, add, "sent", 1, about=free)
        await gate.open()
        return answer

    assert 1 == engine.run(story)
