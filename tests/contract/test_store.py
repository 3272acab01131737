"""What every store promises, whatever engine is behind it."""

import asyncio

from pileus.kernel.errors import AwsError
from support.stores import Engine, Tx, add, value_of


def test_a_transaction_answers_with_the_result_of_its_function(engine: Engine):
    async def story(store):
        return await store.transact(add, "sent", 3, about="queue")

    assert 3 == engine.run(story)


def test_a_reader_sees_what_was_acknowledged(engine: Engine):
    async def story(store):
        seen = []
        for number in range(20):
            await store.transact(add, "sent", 1, about=f"queue-{number}")
            seen.append(await store.read(value_of, "sent", about=f"queue-{number}"))
        return seen

    assert [1] * 20 == engine.run(story)


def test_racing_reads_and_writes_of_one_partition_lose_nothing(engine: Engine):
    async def story(store):
        work = [store.transact(add, "sent", 1, about="queue") for _ in range(500)]
        answers = await asyncio.gather(*work)
        return sorted(answers)

    assert list(range(1, 501)) == engine.run(story)


def test_an_error_undoes_its_own_function_only(engine: Engine):
    def fail(tx: Tx):
        add(tx, "sent", 100)
        raise AwsError("Refused", "No.")

    async def story(store):
        answers = await asyncio.gather(
            store.transact(add, "sent", 1, about="queue"),
            store.transact(fail, about="queue"),
            store.transact(add, "sent", 1, about="queue"),
            return_exceptions=True,
        )
        assert [1, "Refused", 2] == [getattr(answer, "code", answer) for answer in answers]
        return await store.read(value_of, "sent", about="queue")

    assert 2 == engine.run(story)
