"""Timers, deliveries, workers, names and the clock, on each store that there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.errors import AwsError
from pileus.kernel.fan_outs import Parcel
from pileus.kernel.kernel import Kernel
from pileus.kernel.transaction import Transaction
from support.stores import Engine
from support.toy import PLACES, Toy, make_kernel, note, notes, toy_call

HOUR_MS = 3_600_000
FAR = "arn:aws:toy:us-east-1:000000000000:place-far"


@asynccontextmanager
async def running(toy: Toy, engine: Engine) -> AsyncIterator[Kernel]:
    kernel = make_kernel(toy, engine.make)
    await kernel.start()
    try:
        await kernel.time_travel.freeze()
        yield kernel
    finally:
        await kernel.stop()


async def advance(kernel: Kernel, milliseconds: int) -> int:
    going = kernel.time_travel.begin(milliseconds, is_from_inside=False)
    await asyncio.wait_for(going.finished, 30)
    return going.steps


def run(engine: Engine, toy: Toy, scenario: Callable[[Kernel], Any]) -> None:
    async def inside() -> None:
        async with running(toy, engine) as kernel:
            await scenario(kernel)

    asyncio.run(inside())


def _set(tx: Transaction, kind: str, key: str, at: int, payload: dict[str, Any]) -> None:
    tx.set_timer(kind, key, at, payload)


def _finish(tx: Transaction, kind: str, key: str) -> bool:
    return tx.finish_timer(kind, key)


def _deliver(tx: Transaction, to: list[str], payload: str, policy: RetryPolicy) -> None:
    note(tx, f"sent {payload}")
    for target in to:
        tx.deliver(to=target, payload=payload.encode(), because=tx.about, policy=policy)


def test_timers_run_in_order_when_the_clock_reaches_them(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        call, now = toy_call(kernel), kernel.clock.now()
        for number, place in enumerate(PLACES):
            at = now + (len(PLACES) - number) * HOUR_MS
            await call.transaction(_set, "toy:ring", f"t{number}", at, {}, about=place)
        await advance(kernel, 4 * HOUR_MS)
        assert [f"t{n}" for n in (7, 6, 5, 4)] == [key for key, _, _ in toy.happened]
        assert [now + n * HOUR_MS for n in (1, 2, 3, 4)] == [at for _, at, _ in toy.happened]
        assert [f"t7 at {now + HOUR_MS}"] == await call.read(notes, about=PLACES[7])
        await advance(kernel, 100 * HOUR_MS)
        assert len(PLACES) == len(toy.happened)

    run(engine, toy, scenario)


def test_a_timer_may_set_itself_again(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        payload = {"again_at": now + 5000}
        await toy_call(kernel).transaction(
            _set, "toy:ring", "k", now + 1000, payload, about=PLACES[0]
        )
        await advance(kernel, 10_000)
        assert [now + 1000, now + 5000] == [at for _, at, _ in toy.happened]

    run(engine, toy, scenario)


def test_a_finished_timer_does_not_run(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        call, at = toy_call(kernel), kernel.clock.now() + 1000
        await call.transaction(_set, "toy:ring", "k", at, {}, about=PLACES[0])
        assert await call.transaction(_finish, "toy:ring", "k", about=PLACES[0])
        assert not await call.transaction(_finish, "toy:ring", "k", about=PLACES[0])
        await advance(kernel, 10_000)
        assert [] == toy.happened

    run(engine, toy, scenario)


def test_a_failing_timer_is_tried_again_after_a_pause(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        now = kernel.clock.now()
        payload = {"broken_until": now + 1000 + 1000 + 2000}
        await toy_call(kernel).transaction(
            _set, "toy:ring", "k", now + 1000, payload, about=PLACES[0]
        )
        await advance(kernel, HOUR_MS)
        assert [now + 1000 + 1000 + 2000] == [at for _, at, _ in toy.happened]

    run(engine, toy, scenario)


def test_timers_outlive_a_store_that_refuses_for_a_while(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        call, now = toy_call(kernel), kernel.clock.now()
        await call.transaction(_set, "toy:ring", "k", now + 1000, {}, about=PLACES[0])
        submit, refused = kernel.store.submit, asyncio.Event()

        def refuse(job: Any) -> None:
            refused.set()
            raise AwsError("ServiceUnavailable", "busy", 503)

        later: list[Callable[[], None]] = []
        monkeypatch.setattr(kernel.store, "submit", refuse)
        monkeypatch.setattr(
            kernel.clock, "call_later", lambda seconds, callback: later.append(callback)
        )
        kernel.clock.move_to(now + 2000)
        await refused.wait()
        await kernel.clock.settle()
        monkeypatch.setattr(kernel.store, "submit", submit)
        while later:
            later.pop()()
        await advance(kernel, 1)
        assert ["k"] == [key for key, _, _ in toy.happened]

    run(engine, toy, scenario)


def test_an_async_timer_that_was_cut_off_runs_again_after_a_restart(engine: Engine) -> None:
    async def first() -> None:
        toy = Toy()
        toy.gate = asyncio.Event()
        async with running(toy, engine) as kernel:
            await toy_call(kernel).transaction(
                _set, "toy:work", "k", kernel.clock.now(), {"n": 1}, about=PLACES[3]
            )
            await toy.has_started.wait()

    async def second() -> None:
        toy = Toy()
        async with running(toy, engine) as kernel:
            await advance(kernel, 1)
            assert [("k", {"n": 1})] == [(key, payload) for key, _, payload in toy.happened]
            assert ["worked on k"] == await toy_call(kernel).read(notes, about=PLACES[3])
            await advance(kernel, HOUR_MS)
            assert 1 == len(toy.happened)

    asyncio.run(first())
    asyncio.run(second())


def test_the_clock_waits_for_running_work(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        toy.gate = asyncio.Event()
        call, now = toy_call(kernel), kernel.clock.now()
        await call.transaction(_set, "toy:work", "w", now + 1000, {}, about=PLACES[0])
        await call.transaction(_set, "toy:ring", "r", now + 2000, {}, about=PLACES[1])
        going = kernel.time_travel.begin(5000, is_from_inside=False)
        await toy.has_started.wait()
        await kernel.clock.settle()
        assert now + 1000 == kernel.clock.now()
        toy.gate.set()
        await asyncio.wait_for(going.finished, 10)
        assert ["w", "r"] == [key for key, _, _ in toy.happened]
        assert now + 5000 == kernel.clock.now()

    run(engine, toy, scenario)


def test_who_advances_from_inside_running_work_does_not_wait_for_it(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        with kernel.work.running("test"):
            going = kernel.time_travel.begin(5000, is_from_inside=True)
            await asyncio.wait_for(going.finished, 10)

    run(engine, toy, scenario)


def test_the_clock_is_kept_over_a_restart(engine: Engine) -> None:
    async def first() -> int:
        async with running(Toy(), engine) as kernel:
            await advance(kernel, 400 * 24 * HOUR_MS)
            return kernel.clock.now()

    async def second() -> tuple[bool, int]:
        kernel = make_kernel(Toy(), engine.make)
        await kernel.start()
        state = kernel.clock.is_frozen, kernel.clock.now()
        await kernel.stop()
        return state

    stood_at = asyncio.run(first())
    assert (True, stood_at) == asyncio.run(second())


def test_deliveries_reach_every_target(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        call = toy_call(kernel)
        await call.transaction(_deliver, list(PLACES), "news", RetryPolicy(), about=FAR)
        await advance(kernel, 1)
        assert sorted(PLACES) == sorted(to for to, _ in toy.happened)
        for place in PLACES:
            assert ["news"] == await call.read(notes, about=place)

    run(engine, toy, scenario)


def test_a_refused_delivery_is_tried_again_and_the_cause_stands(engine: Engine) -> None:
    toy = Toy()
    toy.refusals = 3

    async def scenario(kernel: Kernel) -> None:
        call = toy_call(kernel)
        await call.transaction(_deliver, [PLACES[0]], "news", RetryPolicy(), about=FAR)
        assert ["sent news"] == await call.read(notes, about=FAR)
        await advance(kernel, HOUR_MS)
        assert [(PLACES[0], "news")] == toy.happened
        assert ["news"] == await call.read(notes, about=PLACES[0])

    run(engine, toy, scenario)


def test_a_delivery_given_up_goes_to_the_dead_letter_target(engine: Engine) -> None:
    toy = Toy()
    toy.refusals = 3

    async def scenario(kernel: Kernel) -> None:
        policy = RetryPolicy(attempts_max=3, dead_letter_arn=PLACES[5])
        mail = "arn:aws:mail:us-east-1:000000000000:someone"
        await toy_call(kernel).transaction(_deliver, [mail], "news", policy, about=FAR)
        await advance(kernel, HOUR_MS)
        assert 3 == len(toy.started)
        assert [(PLACES[5], "news")] == toy.happened

    run(engine, toy, scenario)


def _deliver_all(tx: Transaction, to: list[str], payload: str) -> list[str]:
    parcels = [Parcel(target, payload, {}, RetryPolicy()) for target in to]
    return [handover.name for handover in tx.deliver_all(parcels, tx.about)]


def test_what_one_target_takes_of_many_it_is_given_at_once(engine: Engine) -> None:
    toy = Toy()
    mail = "arn:aws:mail:us-east-1:000000000000:someone"
    box = "arn:aws:box:us-east-1:000000000000:box-"

    async def scenario(kernel: Kernel) -> None:
        store, call = kernel.store, toy_call(kernel)
        here = store.partition(PLACES[0])
        boxes = [f"{box}{n}" for n in range(99)]
        near = [each for each in boxes if store.is_together(here, store.partition(each))][:3]
        toy.refusals = 1
        to = [near[0], mail, *near[1:]]
        handovers = await call.transaction(_deliver_all, to, "news", about=PLACES[0])
        assert ["WAITING", "WAITING", "ACCEPTED", "ACCEPTED"] == handovers
        assert [near] == toy.happened
        await advance(kernel, HOUR_MS)
        assert [(near[0], "news"), (mail, "news")] == sorted(toy.happened[1:])
        for each in near:
            assert ["news"] == await call.read(notes, about=each)

    run(engine, toy, scenario)


def test_a_worker_runs_is_woken_and_is_dismissed(engine: Engine) -> None:
    toy = Toy()
    toy.crashes = 1

    async def scenario(kernel: Kernel) -> None:
        call = toy_call(kernel)
        await call.transaction(Transaction.employ, "toy:poller", "p", about=PLACES[2])
        await advance(kernel, 10_000)
        assert ["p", "p"] == toy.started, "a worker that failed is started again"
        await call.transaction(Transaction.wake, "p", about=PLACES[2])
        await kernel.clock.settle()
        assert ["p"] == toy.happened
        await call.transaction(Transaction.dismiss, "toy:poller", "p", about=PLACES[2])
        await kernel.clock.settle()
        await call.transaction(Transaction.wake, "p", about=PLACES[2])
        await kernel.clock.settle()
        assert ["p"] == toy.happened

    run(engine, toy, scenario)


def test_workers_start_again_after_a_restart(engine: Engine) -> None:
    async def first() -> None:
        async with running(Toy(), engine) as kernel:
            for place in PLACES:
                await toy_call(kernel).transaction(
                    Transaction.employ, "toy:poller", place, about=place
                )

    async def second() -> list[str]:
        toy = Toy()
        async with running(toy, engine) as kernel:
            await advance(kernel, 1)
        return toy.started

    asyncio.run(first())
    assert sorted(PLACES) == sorted(asyncio.run(second()))


def test_names_are_listed_in_order_by_prefix_and_page(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        call = toy_call(kernel)
        account = "arn:aws:toy:us-east-1:000000000000:"
        for number, place in enumerate(PLACES):
            await call.transaction(Transaction.enlist, "box", f"box-{number}", place, about=place)
        await call.transaction(Transaction.enlist, "box", "other", FAR, about=FAR)
        await call.transaction(Transaction.delist, "box", "box-3", about=PLACES[3])
        await advance(kernel, 1)

        def listed(tx: Transaction, after: str) -> list[tuple[str, str]]:
            return tx.listed("box", prefix="box-", after=after, at_most=4)

        page = await call.read(listed, "", about=account)
        assert ["box-0", "box-1", "box-2", "box-4"] == [name for name, _ in page]
        page = await call.read(listed, "box-4", about=account)
        assert [(f"box-{n}", PLACES[n]) for n in (5, 6, 7)] == page

    run(engine, toy, scenario)


def test_nothing_follows_from_a_transaction_that_failed(engine: Engine) -> None:
    toy = Toy()

    def fail(tx: Transaction) -> None:
        tx.set_timer("toy:ring", "k", tx.now, {})
        tx.deliver(to=PLACES[1], payload=b"news", because=tx.about)
        tx.employ("toy:poller", "p")
        raise AwsError("No", "no")

    async def scenario(kernel: Kernel) -> None:
        with pytest.raises(AwsError):
            await toy_call(kernel).transaction(fail, about=PLACES[0])
        await advance(kernel, 1000)
        assert [] == toy.started
        assert [] == await toy_call(kernel).read(notes, about=PLACES[1])

    run(engine, toy, scenario)


def test_usage_and_traces_are_kept(engine: Engine) -> None:
    toy = Toy()

    async def scenario(kernel: Kernel) -> None:
        key = ("000000000000", "us-east-1", "toy", "Play", "requests")
        kernel.metering.count(key)
        kernel.metering.count(key, 2)
        assert [(*key, 3.0)] == await kernel.metering.usage(0, kernel.clock.now())
        kernel.metering.count(key)
        assert [(*key, 4.0)] == await kernel.metering.usage(0, kernel.clock.now())

    run(engine, toy, scenario)
