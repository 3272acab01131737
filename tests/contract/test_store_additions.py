"""What every store promises of counters that a batch adds to, and of what a batch remembers."""

import pytest

from pileus.kernel.database.batches import Addition
from pileus.kernel.database.statements import StatementFailed
from support.stores import Engine, Gate, Tx, add, ask, value_of

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
ADD = "UPDATE counters SET value = value + :sent WHERE part = :part AND name = :key"


def add_up(tx: Tx, name: str, amount: int, error: Exception | None = None) -> str:
    """Add with the batch, after a row of its own."""
    add(tx, f"row {name}", 1)
    tx.effects += [Addition(ADD, tx.part, name, {"sent": amount}), f"added {amount}"]
    if error is not None:
        raise error
    return f"added {amount}"


def test_a_batch_adds_all_that_its_functions_add(engine: Engine):
    async def story(store):
        for name in ("a", "b"):
            await store.transact(add, name, 100, about=QUEUE)
        gate = await Gate.held(store, QUEUE)
        adding = [("a", 1), ("b", 10), ("a", 2), ("a", -3), ("a", 4)]
        answers = [ask(store, add_up, name, amount, about=QUEUE) for name, amount in adding]
        said = await gate.open(*answers)
        values = [await store.read(value_of, name, about=QUEUE) for name in ("a", "b")]
        return said, values

    said, values = engine.run(story)
    assert said == [f"added {amount}" for amount in (1, 10, 2, -3, 4)]
    assert values == [104, 110]
    assert engine.committed == said


def test_what_a_failed_function_adds_is_not_added(engine: Engine):
    async def story(store):
        await store.transact(add, "a", 100, about=QUEUE)
        gate = await Gate.held(store, QUEUE)
        said = await gate.open(
            ask(store, add_up, "a", 1, about=QUEUE),
            ask(store, add_up, "a", 10, ValueError("no"), about=QUEUE),
            ask(store, add_up, "a", 2, about=QUEUE),
        )
        names = ("a", "row a")
        return said, [await store.read(value_of, name, about=QUEUE) for name in names]

    said, values = engine.run(story)
    assert [repr(each) for each in said] == ["'added 1'", "ValueError('no')", "'added 2'"]
    assert values == [103, 2]


def test_an_addition_that_is_refused_undoes_what_it_goes_with(engine: Engine):
    def broken(tx: Tx):
        add(tx, "a", 1)
        tx.effects.append(Addition("UPDATE nowhere SET x = :sent", tx.part, "a", {"sent": 1}))

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        said = await gate.open(
            ask(store, add, "a", 100, about=QUEUE), ask(store, broken, about=QUEUE)
        )
        return said, await store.read(value_of, "a", about=QUEUE)

    said, value = engine.run(story)
    assert (said[0], type(said[1]), value) == (100, StatementFailed, 100)


def remember(tx: Tx, word: str) -> str:
    """What is remembered already, or this word from now on."""
    return tx.statements.known.setdefault(QUEUE, word)


def test_a_batch_remembers_what_was_read(engine: Engine):
    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = [ask(store, remember, word, about=QUEUE) for word in ("one", "two")]
        return [*await gate.open(*answers), await store.transact(remember, "three", about=QUEUE)]

    assert engine.run(story) == ["one", "one", "three"]


def test_a_batch_forgets_what_an_undone_function_read(engine: Engine):
    def undone(tx: Tx):
        add(tx, "a", 1)
        remember(tx, "of an undone function")
        raise ValueError("no")

    def undone_in_part(tx: Tx):
        with pytest.raises(ValueError, match="no"):
            tx.statements.savepoint(lambda: undone(tx))
        return remember(tx, "of the rest")

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        functions = [(add, "a", 1), (undone,), (remember, "of another"), (undone_in_part,)]
        return await gate.open(*(ask(store, *each, about=QUEUE) for each in functions))

    said = [str(each) for each in engine.run(story)]
    assert said == ["1", "no", "of another", "of the rest"]


def test_a_reader_remembers_nothing_of_an_older_snapshot(engine: Engine):
    async def story(store):
        seen = []
        for number in range(20):
            await store.transact(add, "a", 1, about=QUEUE)
            seen.append(await store.read(remember, str(number), about=QUEUE))
        return seen

    assert engine.run(story) == [str(number) for number in range(20)]
