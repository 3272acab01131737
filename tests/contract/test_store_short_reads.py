"""What every store promises of reads of a row or two, which SQLite's does on the event loop."""

import asyncio
import threading
from typing import Any

import pytest

from pileus.kernel.database.statements import StatementFailed
from pileus.kernel.database.store import Job, Store, settling
from pileus.kernel.errors import AwsError
from support.stores import Engine, Tx, add, value_of

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
ENDLESS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"
    " SELECT COUNT(*) FROM numbers"
)


def read(store: Store, function: Any, *args: Any) -> asyncio.Future[Any]:
    """Submit at once; the future is the answer."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    store.submit_short_read(Job(function, args, store.partition(QUEUE), QUEUE, settling(answer)))
    return answer


def test_a_short_read_sees_all_that_was_acknowledged(engine: Engine):
    async def story(store: Store):
        found = []
        for _ in range(5):
            await store.transact(add, "sent", 1, about=QUEUE)
            found.append(await read(store, value_of, "sent"))
        return found

    assert [1, 2, 3, 4, 5] == engine.run(story)


def test_short_reads_are_many_at_once(engine: Engine):
    async def story(store: Store):
        await store.transact(add, "sent", 7, about=QUEUE)
        return await asyncio.gather(*[read(store, value_of, "sent") for _ in range(200)])

    assert [7] * 200 == engine.run(story)


def test_a_short_read_that_fails_leaves_the_others_as_they_are(engine: Engine):
    def refuse(tx: Tx):
        raise AwsError("NoSuchKey", "There is none.", 404)

    async def story(store: Store):
        answers = await asyncio.gather(
            read(store, refuse),
            read(store, lambda tx: tx.statements.one("SELECT nonsense")),
            read(store, value_of, "sent"),
            return_exceptions=True,
        )
        return [answer if answer == 0 else type(answer) for answer in answers]

    assert [AwsError, StatementFailed, 0] == engine.run(story)


def test_a_short_read_does_not_write(engine: Engine):
    async def story(store: Store):
        with pytest.raises(StatementFailed):
            await read(store, add, "sent", 1)
        return await read(store, value_of, "sent")

    assert 0 == engine.run(story)


def test_what_turns_out_to_be_long_is_done_by_a_thread(engine: Engine):
    loops = threading.get_ident()

    def long_on_the_loop(tx: Tx) -> bool:
        if threading.get_ident() == loops:
            tx.statements.one(ENDLESS)
        return threading.get_ident() != loops

    async def story(store: Store):
        return await asyncio.gather(read(store, long_on_the_loop), read(store, value_of, "sent"))

    assert [True, 0] == engine.run(story)


def test_what_never_ends_is_refused(engine: Engine):
    async def story(store: Store):
        with pytest.raises(AwsError) as refused:
            await read(store, lambda tx: tx.statements.one(ENDLESS))
        return refused.value.status, await read(store, value_of, "sent")

    assert (503, 0) == engine.run(story)


def test_short_reads_are_bounded(engine: Engine):
    async def story(store: Store):
        reads = [read(store, value_of, "sent") for _ in range(5)]
        with pytest.raises(AwsError) as refused:
            read(store, value_of, "sent")
        return refused.value.status, await asyncio.gather(*reads)

    assert (503, [0] * 5) == engine.run(story, waiting_max=5)


def test_short_reads_are_finished_before_the_store_stops(engine: Engine):
    async def whole():
        store = engine.make(engine.settings())
        await store.start()
        reads = [read(store, value_of, "sent") for _ in range(99)]
        await store.stop()
        with pytest.raises(AwsError):
            read(store, value_of, "sent")
        return await asyncio.gather(*reads)

    assert [0] * 99 == asyncio.run(whole())
