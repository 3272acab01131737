"""The platform's clock: never backwards, frozen and moved at will, waits end at the earlier."""

import asyncio

import pytest

from pileus.kernel.clock import Clock
from support.real_time import START_MS, FakeRealTime


@pytest.fixture
def real() -> FakeRealTime:
    return FakeRealTime()


@pytest.fixture
def clock(real: FakeRealTime) -> Clock:
    return Clock(real)


def test_runs_beside_real_time(clock: Clock, real: FakeRealTime) -> None:
    real.pass_seconds(2.5)
    assert START_MS + 2500 == clock.now()


def test_does_not_go_back_when_the_wall_clock_does(clock: Clock, real: FakeRealTime) -> None:
    real.pass_seconds(1)
    real.epoch -= 3_600_000
    assert START_MS + 1000 == clock.now()


def test_does_not_go_back_over_a_restart(real: FakeRealTime) -> None:
    later = Clock(real)
    later.restore(offset_ms=0, frozen_at=None, high_water=START_MS + 60_000)
    assert START_MS + 60_000 == later.now()


def test_keeps_its_offset_over_a_restart(real: FakeRealTime) -> None:
    later = Clock(real)
    later.restore(offset_ms=86_400_000, frozen_at=None, high_water=0)
    real.pass_seconds(1)
    assert START_MS + 86_401_000 == later.now()


def test_stands_still_while_frozen(clock: Clock, real: FakeRealTime) -> None:
    clock.freeze()
    real.pass_seconds(100)
    assert START_MS == clock.now()


def test_runs_on_from_where_it_stood(clock: Clock, real: FakeRealTime) -> None:
    clock.freeze()
    clock.move_to(START_MS + 500_000)
    real.pass_seconds(100)
    clock.resume()
    real.pass_seconds(1)
    assert START_MS + 501_000 == clock.now()


def test_a_move_never_goes_back(clock: Clock) -> None:
    clock.freeze()
    clock.move_to(START_MS - 1)
    assert START_MS == clock.now()


def test_only_a_frozen_clock_is_moved(clock: Clock) -> None:
    with pytest.raises(AssertionError, match="frozen"):
        clock.move_to(START_MS + 1)


def test_alarms_ring_in_order_of_their_instants(clock: Clock, real: FakeRealTime) -> None:
    rung: list[str] = []
    clock.at(START_MS + 2000, lambda: rung.append("second"))
    clock.at(START_MS + 1000, lambda: rung.append("first"))
    clock.at(START_MS + 9000, lambda: rung.append("later"))
    real.pass_seconds(3)
    assert ["first", "second"] == rung
    assert START_MS + 9000 == clock.next_alarm()


def test_a_cancelled_alarm_stays_silent(clock: Clock, real: FakeRealTime) -> None:
    rung: list[str] = []
    clock.at(START_MS + 1000, lambda: rung.append("no")).cancel()
    real.pass_seconds(3)
    assert [] == rung
    assert clock.next_alarm() is None


def test_cancelled_alarms_do_not_pile_up(clock: Clock) -> None:
    clock.freeze()
    for _ in range(10_000):
        clock.at(START_MS + 1000, lambda: None).cancel()
    assert clock.alarms_held < 100


def test_a_frozen_clock_rings_nothing_until_it_is_moved(clock: Clock, real: FakeRealTime) -> None:
    rung: list[int] = []
    clock.freeze()
    clock.at(START_MS + 1000, lambda: rung.append(clock.now()))
    real.pass_seconds(50)
    assert [] == rung
    clock.move_to(START_MS + 4000)
    assert [START_MS + 4000] == rung


def test_an_alarm_for_an_instant_that_has_come_rings_on_a_frozen_clock_too(
    clock: Clock, real: FakeRealTime
) -> None:
    rung: list[str] = []
    clock.freeze()
    clock.at(START_MS, lambda: rung.append("now"))
    real.pass_seconds(0)
    assert ["now"] == rung


def test_waiting_ends_at_the_platforms_deadline(clock: Clock, real: FakeRealTime) -> None:
    async def wait() -> bool:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(clock.wait(future, until=START_MS + 1000, real_seconds=60))
        await asyncio.sleep(0)
        real.pass_seconds(1)
        return await waiting

    assert asyncio.run(wait()) is False


def test_waiting_ends_at_the_real_deadline_of_a_frozen_clock(
    clock: Clock, real: FakeRealTime
) -> None:
    async def wait() -> bool:
        clock.freeze()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(clock.wait(future, until=START_MS + 1000, real_seconds=60))
        await asyncio.sleep(0)
        real.pass_seconds(61)
        return await waiting

    assert asyncio.run(wait()) is False


def test_waiting_ends_when_what_is_waited_for_is_done(clock: Clock) -> None:
    async def wait() -> bool:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(clock.wait(future, until=START_MS + 1000))
        await asyncio.sleep(0)
        future.set_result("done")
        return await waiting

    assert asyncio.run(wait()) is True
    assert clock.next_alarm() is None


def test_limited_work_is_cancelled_at_its_deadline(clock: Clock, real: FakeRealTime) -> None:
    async def work() -> str:
        limited = asyncio.ensure_future(
            clock.limit(asyncio.get_running_loop().create_future(), real_seconds=5)
        )
        await asyncio.sleep(0)
        real.pass_seconds(6)
        with pytest.raises(TimeoutError):
            await limited
        return "ended"

    assert asyncio.run(work()) == "ended"
