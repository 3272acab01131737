"""How many messages a queue's row counts, and where they lie, when sends share a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pileus.app import schemas
from pileus.kernel.clock import Clock
from pileus.kernel.database.store import StoreSettings
from pileus.kernel.errors import AwsError
from pileus.kernel.kernel import Kernel
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import deposits, drafts, store
from pileus.services.sqs.attributes import QueueAttributes
from pileus.services.sqs.service import SQS
from pileus.settings import Settings
from support.stores import Engine, Gate, ask

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
LONGEST = 1024

Step = Callable[[Transaction], Any]


def _make(tx: Transaction) -> None:
    store.insert(tx, QUEUE, QueueAttributes(message_bytes_max=LONGEST))


def _send(tx: Transaction) -> None:
    deposits.deposit(tx, QUEUE, drafts.draft("somebody", "hello"))


def _send_too_much(tx: Transaction) -> None:
    """As a delivery does that is refused: the transaction goes on without it."""
    try:
        deposits.deposit(tx, QUEUE, drafts.draft("somebody", "x" * (LONGEST + 1)))
    except AwsError:
        return
    raise AssertionError


def _send_three(tx: Transaction) -> None:
    bodies = ["one", "x" * (LONGEST + 1), "two"]
    deposits.deposit_all(tx, QUEUE, [drafts.draft("somebody", body) for body in bodies])


def _send_and_fail(tx: Transaction) -> None:
    _send(tx)
    raise ValueError("no")


def _purge(tx: Transaction) -> None:
    store.renew_generation(tx, QUEUE)


def _make_again(tx: Transaction) -> None:
    store.delete(tx, QUEUE)
    _make(tx)


def _found(tx: Transaction) -> tuple[int, list[int]]:
    """How many messages the queue counts, and the positions of those that it has."""
    _, state = store.find(tx, QUEUE)
    rows = tx.all(
        "SELECT position FROM sqs_messages WHERE part = :part AND generation = :generation "
        "ORDER BY sent_at, position",
        at_most=1000, generation=state.generation,
    )  # fmt: skip
    return state.messages, [position for (position,) in rows]


def _after(engine: Engine, *batches: list[Step]) -> tuple[int, list[int]]:
    """What is found after steps that share batches, on a clock that stands still."""

    async def story() -> tuple[int, list[int]]:
        kernel = Kernel(Settings(), [SQS], Clock())
        kernel.store = engine.make(
            StoreSettings(
                schemas=schemas([SQS]), make_transaction=kernel.make_transaction,
                on_commit=kernel.on_commit, is_strict=True, store_id="queues",
            )
        )  # fmt: skip
        await kernel.start()
        try:
            await kernel.time_travel.freeze()
            await ask(kernel.store, _make, about=QUEUE)
            for steps in batches:
                gate = await Gate.held(kernel.store, QUEUE)
                await gate.open(*[ask(kernel.store, step, about=QUEUE) for step in steps])
            found: tuple[int, list[int]] = await ask(kernel.store, _found, about=QUEUE)
            return found
        finally:
            await kernel.stop()

    return asyncio.run(story())


def test_sends_of_a_batch_are_counted_and_keep_their_order(engine: Engine) -> None:
    count, positions = _after(engine, [_send, _send, _send_three, _send], [_send], [_send, _send])
    assert 8 == count == len(set(positions))
    assert sorted(positions) == positions


def test_what_is_refused_or_undone_is_not_counted(engine: Engine) -> None:
    steps = [_send_too_much, _send, _send_and_fail, _send_too_much, _send, _send_three]
    count, positions = _after(engine, steps, [_send_and_fail, _send])
    assert 5 == count == len(set(positions))


def test_a_purge_leaves_nothing_to_count_of_what_its_batch_has_sent(engine: Engine) -> None:
    count, positions = _after(engine, [_send, _send, _purge, _send, _send])
    assert 2 == count == len(positions)


def test_a_queue_made_again_counts_only_its_own_messages(engine: Engine) -> None:
    count, positions = _after(engine, [_send, _send, _make_again, _send])
    assert 1 == count == len(positions)


def test_a_batch_may_store_more_than_the_positions_it_took_at_first(engine: Engine) -> None:
    def send_many(tx: Transaction) -> None:
        for _ in range(90):
            _send(tx)

    count, positions = _after(engine, [send_many, send_many, send_many])
    assert 270 == count == len(set(positions))
