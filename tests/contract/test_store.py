"""What every store promises of its transactions, whatever engine is behind it."""

import asyncio
import logging
import threading
from dataclasses import replace

import pytest

from pileus.kernel.database.jobs import Job, partition
from pileus.kernel.database.migrations import Schema, SchemaFailed
from pileus.kernel.database.statements import StatementFailed, TooMuchWork
from pileus.kernel.errors import AwsError
from support.stores import Engine, Gate, Tx, add, ask, value_of

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def refuse(tx: Tx) -> None:
    add(tx, "sent", 100)
    raise AwsError("Refused", "No.")


def test_a_transaction_answers_with_the_result_of_its_function(engine: Engine):
    async def story(store):
        return await store.transact(add, "sent", 3, about=QUEUE)

    assert 3 == engine.run(story)


def test_what_was_acknowledged_is_there_after_a_restart(engine: Engine):
    async def write(store):
        await store.transact(add, "sent", 3, about=QUEUE)

    async def read(store):
        return await store.read(value_of, "sent", about=QUEUE)

    engine.run(write)
    assert 3 == engine.run(read)


def test_racing_reads_and_writes_of_one_partition_lose_nothing(engine: Engine):
    async def story(store):
        return await asyncio.gather(
            *(store.transact(add, "sent", 1, about=QUEUE) for _ in range(500))
        )

    assert list(range(1, 501)) == sorted(engine.run(story))


def test_an_error_undoes_its_own_function_only(engine: Engine):
    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, add, "sent", 1, about=QUEUE),
            ask(store, refuse, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        assert [1, "Refused", 2] == [getattr(answer, "code", answer) for answer in answers]
        return await store.read(value_of, "sent", about=QUEUE)

    assert 2 == engine.run(story)


def test_functions_that_wait_share_commits(engine: Engine):
    commits = []

    def work(tx: Tx):
        add(tx, "sent", 1)
        tx.effects.append("sent")

    def count(effects):
        commits.append(len(effects))

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        await gate.open(*(ask(store, work, about=QUEUE) for _ in range(100)))

    engine.run(story, on_commit=count)
    # As many as 5 ms a batch need, and the gate's own commit where it tells of itself.
    assert 100 == sum(commits)
    assert len(commits) <= 40


def test_effects_belong_to_attempts_that_commit(engine: Engine):
    def work(tx: Tx, name: str, error: Exception | None = None):
        tx.effects.append(name)
        if error is not None:
            raise error

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        await gate.open(
            ask(store, work, "first", about=QUEUE),
            ask(store, work, "refused", AwsError("Refused", "No."), about=QUEUE),
            ask(store, work, "second", about=QUEUE),
        )

    engine.run(story)
    assert ["first", "second"] == engine.committed


def test_effects_take_place_before_the_answers(engine: Engine):
    order = []

    def work(tx: Tx):
        tx.effects.append("effect")

    async def story(store):
        answered = asyncio.Event()

        def done(result, error):
            order.append("answer")
            answered.set()

        store.submit(Job(work, (), store.partition(QUEUE), QUEUE, done))
        await answered.wait()

    engine.run(story, on_commit=order.extend)
    assert ["effect", "answer"] == order


def test_effects_and_answers_come_on_the_threads_of_the_loop(engine: Engine):
    threads = set()

    def work(tx: Tx):
        tx.effects.append("effect")
        threads.add(("work", threading.current_thread() is threading.main_thread()))

    def committed(effects):
        threads.add(("effects", threading.current_thread() is threading.main_thread()))

    async def story(store):
        await store.transact(work, about=QUEUE)

    engine.run(story, on_commit=committed)
    assert {("work", False), ("effects", True)} == threads


def test_an_answer_that_raises_leaves_the_others_answered(engine: Engine):
    def broken(result, error):
        raise ZeroDivisionError

    async def story(store):
        complaints = []
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: complaints.append(type(context["exception"]))
        )
        gate = await Gate.held(store, QUEUE)
        store.submit(Job(add, ("sent", 1), store.partition(QUEUE), QUEUE, broken))
        answers = await gate.open(ask(store, add, "sent", 1, about=QUEUE))
        # The store goes on.
        answers.append(await store.transact(add, "sent", 1, about=QUEUE))
        return complaints, answers

    assert ([ZeroDivisionError], [2, 3]) == engine.run(story)


def test_a_caller_that_is_cancelled_does_not_undo_its_transaction(engine: Engine):
    async def story(store):
        gate = await Gate.held(store, QUEUE)
        task = asyncio.ensure_future(store.transact(add, "sent", 1, about=QUEUE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gate.open()
        return await store.transact(add, "sent", 1, about=QUEUE)

    assert 2 == engine.run(story)


def test_the_queue_is_bounded(engine: Engine):
    async def story(store):
        gate = await Gate.held(store, QUEUE)
        waiting = [ask(store, add, "sent", 1, about=QUEUE) for _ in range(5)]
        with pytest.raises(AwsError) as refused:
            ask(store, add, "sent", 1, about=QUEUE)
        answers = await gate.open(*waiting)
        return refused.value.status, answers, await store.transact(add, "sent", 1, about=QUEUE)

    assert (503, [1, 2, 3, 4, 5], 6) == engine.run(story, waiting_max=5)


def test_stopping_finishes_what_waits_and_refuses_what_comes(engine: Engine):
    async def story(store):
        gate = await Gate.held(store, QUEUE)
        waiting = [ask(store, add, "sent", 1, about=QUEUE) for _ in range(3)]
        stopping = asyncio.ensure_future(store.stop())
        await asyncio.sleep(0)
        with pytest.raises(AwsError) as refused:
            ask(store, add, "sent", 1, about=QUEUE)
        answers = await gate.open(*waiting)
        await stopping
        return refused.value.status, answers

    async def whole():
        store = engine.make(engine.settings())
        await store.start()
        return await story(store)

    assert (503, [1, 2, 3]) == asyncio.run(whole())


def test_a_store_that_was_not_started_refuses(engine: Engine):
    async def story():
        store = engine.make(engine.settings())
        with pytest.raises(AwsError) as refused:
            await store.transact(add, "sent", 1, about=QUEUE)
        return refused.value.status

    assert 503 == asyncio.run(story())


def test_a_commit_that_need_not_be_synced_is_read_all_the_same(engine: Engine):
    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE, is_durable=False)
        first = await store.read(value_of, "sent", about=QUEUE)
        await store.transact(add, "sent", 1, about=QUEUE)
        await store.transact(add, "sent", 1, about=QUEUE, is_durable=False)
        return first, await store.read(value_of, "sent", about=QUEUE)

    assert (1, 3) == engine.run(story)


def insert_bodies(tx: Tx, first: int, count: int) -> None:
    tx.statements.run_many(
        "INSERT INTO bodies (part, id, body) VALUES (:part, :id, NULL)",
        [{"part": tx.part, "id": number} for number in range(first, first + count)],
    )


def test_a_thousand_rows_are_allowed_and_one_more_is_not(engine: Engine):
    async def story(store):
        await store.transact(insert_bodies, 0, 1000, about=QUEUE)
        with pytest.raises(TooMuchWork, match=r"insert_bodies touched 1001 rows"):
            await store.transact(insert_bodies, 5000, 1001, about=QUEUE)
        # The failed one left nothing behind.
        await store.transact(insert_bodies, 5000, 10, about=QUEUE)

    engine.run(story)


def test_too_many_rows_are_logged_by_name_outside_tests(engine: Engine, caplog):
    async def story(store):
        await store.transact(insert_bodies, 0, 1001, about=QUEUE)

    with caplog.at_level(logging.WARNING, "pileus.kernel.database"):
        engine.run(story, is_strict=False)
    assert "test_store.insert_bodies touched 1001 rows" in caplog.text


def test_a_function_that_ends_the_transaction_is_answered_no_success(engine: Engine):
    def rogue(tx: Tx):
        add(tx, "sent", 100)
        tx.statements.run("ROLLBACK")

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, add, "sent", 1, about=QUEUE),
            ask(store, rogue, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        assert [1, True, 2] == [isinstance(answer, Exception) or answer for answer in answers]
        return await store.read(value_of, "sent", about=QUEUE)

    assert 2 == engine.run(story)


def test_a_failed_statement_ends_its_function_even_if_swallowed(engine: Engine):
    def swallow(tx: Tx):
        add(tx, "sent", 100)
        try:
            tx.statements.run("INSERT INTO counters (part, name) VALUES (1, 'no value')")
        except StatementFailed:
            return "fine"

    def insist(tx: Tx):
        try:
            tx.statements.run("INSERT INTO counters (part, name) VALUES (1, 'no value')")
        except StatementFailed:
            add(tx, "sent", 100)

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, swallow, about=QUEUE),
            ask(store, insist, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        return [type(answers[0]), type(answers[1]), answers[2]]

    assert [StatementFailed, StatementFailed, 1] == engine.run(story)


def test_the_partition_of_a_name_never_changes(engine: Engine):
    names = ["", QUEUE, "arn:aws:lambda:eu-west-1:123456789012:function:größe"]
    assert [0, 2089, 3689] == [partition(name) for name in names]
    assert all(0 <= partition(f"queue-{number}") < 4096 for number in range(10_000))
    used = {partition(f"queue-{number}") for number in range(100_000)}
    assert 4096 == len(used)


def test_partition_sets_cover_all_partitions_and_tell_who_is_together(engine: Engine):
    store = engine.make(engine.settings())
    sets = store.partition_sets()
    assert list(range(4096)) == [part for parts in sets for part in parts]
    assert {"sqlite": 1, "two sqlite files": 2, "postgres": 1}[engine.name] == len(sets)
    for parts in sets:
        assert all(store.is_together(parts[0], part) for part in parts)
    assert (len(sets) == 1) == store.is_together(0, 4095)


def test_a_store_that_did_not_start_can_be_stopped(engine: Engine):
    async def story():
        broken = replace(engine.settings(), schemas=[Schema("broken", "CREATE TABLE nonsense;")])
        store = engine.make(broken)
        with pytest.raises(SchemaFailed):
            await store.start()
        await store.stop()
        await engine.make(engine.settings()).stop()
        return "stopped"

    assert "stopped" == asyncio.run(story())


def test_reads_that_wait_together_each_see_what_was_acknowledged_before(engine: Engine):
    async def story(store):
        for number in range(1, 6):
            await store.transact(add, "sent", 1, about=QUEUE)
            reads = (store.read(value_of, "sent", about=QUEUE) for _ in range(40))
            assert {number} == set(await asyncio.gather(*reads))

    engine.run(story)


def test_a_read_that_fails_leaves_those_beside_it_alone(engine: Engine):
    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE)
        steps = [broken if number % 3 == 1 else value_of for number in range(30)]
        return await asyncio.gather(
            *(store.read(step, "sent", about=QUEUE) for step in steps), return_exceptions=True
        )

    answers = engine.run(story)
    assert 10 == sum(isinstance(answer, StatementFailed) for answer in answers)
    assert [1] * 20 == [answer for answer in answers if not isinstance(answer, StatementFailed)]


def broken(tx, name):
    return tx.statements.one("SELECT nothing FROM nowhere")
