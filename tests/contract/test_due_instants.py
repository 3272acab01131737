"""An advance passes many instants in one commit, and nobody can tell, on each store there is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contract.test_kernel_rows import advance, run
from pileus.kernel import clock_rows, due_instants
from pileus.kernel.kernel import Kernel
from pileus.kernel.transaction import Transaction
from support.stores import Engine
from support.toy import PLACES, Toy, notes, toy_call

SECOND_MS = 1000


def _set_many(tx: Transaction, rows: list[tuple[str, str, str, int, dict[str, Any]]]) -> None:
    for place, kind, key, at, payload in rows:
        tx.within(place).set_timer(kind, key, at, payload)


async def set_timers(kernel: Kernel, *rows: tuple[int, str, int, dict[str, Any]]) -> None:
    """Rows of (place, key, seconds from now, payload)."""
    now = kernel.clock.now()
    for place, key, seconds, payload in rows:
        row = (PLACES[place], "toy:ring", key, now + seconds * SECOND_MS, payload)
        await toy_call(kernel).transaction(_set_many, [row], about=PLACES[place])


def seconds(toy: Toy, start: int) -> list[tuple[str, int]]:
    return [(key, (at - start) // SECOND_MS) for key, at, _ in toy.happened]


@pytest.fixture
def toy() -> Toy:
    return Toy()


def test_each_run_sees_the_instant_at_which_it_was_due(engine: Engine, toy: Toy) -> None:
    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        wanted = [(n % len(PLACES), f"t{n}", 300 - n, {}) for n in range(300)]
        await set_timers(kernel, *wanted)
        steps = await advance(kernel, 301 * SECOND_MS)
        assert [(f"t{300 - n}", n) for n in range(1, 301)] == seconds(toy, now)
        assert 300 == steps
        kept = await toy_call(kernel).read(notes, about=PLACES[3])
        assert len(kept) == len([n for n in range(300) if n % len(PLACES) == 3])

    run(engine, toy, scenario)


def test_what_a_run_sets_comes_in_its_turn(engine: Engine, toy: Toy) -> None:
    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        again = {"again_at": now + 3 * SECOND_MS}
        at_once = {"again_at": now + 2 * SECOND_MS}
        last = {"again_at": now + 8 * SECOND_MS}
        await set_timers(
            kernel, (0, "a", 1, again), (1, "b", 2, at_once), (2, "c", 4, {}), (3, "d", 5, last)
        )
        await advance(kernel, 10 * SECOND_MS)
        wanted = [("a", 1), ("b", 2), ("b", 2), ("a", 3), ("c", 4), ("d", 5), ("d", 8)]
        assert wanted == seconds(toy, now)

    run(engine, toy, scenario)


def test_who_waits_for_a_run_sees_the_clock_stand_at_it(engine: Engine, toy: Toy) -> None:
    seen: list[int] = []

    async def watch(kernel: Kernel) -> None:
        async with kernel.waiting.watching("toy:b") as changed:
            await changed()
            seen.append(kernel.clock.now())

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        await set_timers(kernel, (0, "a", 1, {}), (1, "b", 2, {"wake": "toy:b"}), (2, "c", 3, {}))
        task = asyncio.create_task(watch(kernel))
        await kernel.clock.settle()
        await advance(kernel, 10 * SECOND_MS)
        await task
        assert [now + 2 * SECOND_MS] == seen
        assert [("a", 1), ("b", 2), ("c", 3)] == seconds(toy, now)

    run(engine, toy, scenario)


def test_a_deadline_between_two_runs_is_kept(engine: Engine, toy: Toy) -> None:
    seen: list[tuple[int, int]] = []

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        await set_timers(kernel, (0, "a", 1, {}), (1, "b", 2, {}), (2, "c", 3, {}))
        kernel.clock.at(now + 2_500, lambda: seen.append((kernel.clock.now(), len(toy.happened))))
        await advance(kernel, 10 * SECOND_MS)
        assert [(now + 2_500, 2)] == seen

    run(engine, toy, scenario)


def test_metrics_are_noted_at_the_minutes_of_their_causes(
    engine: Engine, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        counted = {"is_counted": True}
        await set_timers(kernel, *((n % 8, f"t{n}", 20 * (n + 1), counted) for n in range(30)))
        monkeypatch.setattr(
            kernel.metrics, "note", lambda series, value: noted.append(kernel.clock.now() // 60_000)
        )
        await advance(kernel, 1000 * SECOND_MS)
        monkeypatch.undo()
        assert [(now + 20 * SECOND_MS * (n + 1)) // 60_000 for n in range(30)] == noted

    run(engine, toy, scenario)


def test_async_timers_run_at_their_own_instants(engine: Engine, toy: Toy) -> None:
    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        toy.gate = asyncio.Event()
        toy.gate.set()
        await set_timers(kernel, (0, "a", 1, {}), (1, "c", 3, {}))
        row = (PLACES[2], "toy:work", "b", now + 2 * SECOND_MS, {})
        await toy_call(kernel).transaction(_set_many, [row], about=PLACES[2])
        await advance(kernel, 10 * SECOND_MS)
        assert ["b"] == toy.started
        assert [("a", 1), ("c", 3)] == [each for each in seconds(toy, now) if each[0] != "b"]

    run(engine, toy, scenario)


def test_one_that_fails_keeps_the_others_neither_from_running_nor_in_order(
    engine: Engine, toy: Toy
) -> None:
    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        broken = {"broken_until": now + 4 * SECOND_MS}
        await set_timers(kernel, (0, "a", 1, {}), (1, "b", 2, broken), (2, "c", 3, {}))
        await advance(kernel, 10 * SECOND_MS)
        # Due at 2, tried again a second later, and two seconds after that. Rows tell what holds:
        # an attempt may run and come to nothing.
        kept = [await toy_call(kernel).read(notes, about=place) for place in PLACES[:3]]
        wanted = [("a", 1), ("b", 5), ("c", 3)]
        assert [[f"{key} at {now + n * SECOND_MS}"] for key, n in wanted] == kept

    run(engine, toy, scenario)


def test_a_commit_holds_the_clock_with_what_ran(engine: Engine, toy: Toy) -> None:
    stored: list[tuple[Any, int]] = []

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        await set_timers(kernel, *((n % 8, f"t{n}", n + 1, {}) for n in range(100)))

        async def look() -> None:
            part = kernel.store.partition(clock_rows.ABOUT)
            found = await kernel.store_read(clock_rows.load, part=part)
            stored.append((found[1], len(toy.happened)))

        kernel.clock.at(now + 50_500, lambda: kernel.tasks.start("look", look()))
        await advance(kernel, 200 * SECOND_MS)
        (frozen_at, happened), *_ = stored
        assert 50 == happened
        # On a split store each instant is a commit of its own, and the clock is stored less often.
        if len(kernel.store.partition_sets()) == 1:
            assert now + 50 * SECOND_MS == frozen_at

    run(engine, toy, scenario)


def test_a_transaction_takes_on_no_more_than_its_share(
    engine: Engine, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_instants, "ROWS_MAX", 20)

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        await set_timers(kernel, *((n % 8, f"t{n}", n + 1, {}) for n in range(50)))
        await advance(kernel, 100 * SECOND_MS)
        assert [(f"t{n}", n + 1) for n in range(50)] == seconds(toy, now)

    run(engine, toy, scenario)
