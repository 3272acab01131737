"""Few environments start at a time, and one that only waits makes room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pileus.sandbox import start_gate
from pileus.sandbox.start_gate import StartGate


class Times:
    """Time that stands still, and the look that is due next."""

    def __init__(self) -> None:
        self.now = 0.0
        self.next: tuple[float, Callable[[], None]] | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> Any:
        assert self.next is None, "one timer looks after all"
        self.next = (self.now + seconds, call)
        return self

    def cancel(self) -> None:
        self.next = None

    def pass_to_next_look(self) -> None:
        assert self.next is not None
        (self.now, call), self.next = self.next, None
        call()


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    made = Times()
    monkeypatch.setattr(start_gate.real_time, "after", made.after)
    monkeypatch.setattr(start_gate.real_time, "seconds", lambda: made.now)
    return made


async def is_free(gate: StartGate) -> bool:
    """Whether somebody can come in at once."""
    entering = asyncio.ensure_future(gate.enter())
    await asyncio.sleep(0)
    if entering.done():
        gate.leave()
        return True
    entering.cancel()
    return False


def test_more_than_the_places_wait_in_their_order() -> None:
    async def tried() -> list[int]:
        gate, came = StartGate(1), []

        async def come(number: int) -> None:
            await gate.enter()
            came.append(number)
            gate.leave()

        await gate.enter()
        coming = [asyncio.ensure_future(come(number)) for number in range(3)]
        await asyncio.sleep(0)
        assert [] == came
        gate.leave()
        await asyncio.gather(*coming)
        return came

    assert [0, 1, 2] == asyncio.run(tried())


def test_a_place_is_free_at_once_when_init_is_over(times: Times) -> None:
    async def tried() -> None:
        gate, used = StartGate(1), iter(range(100))
        await gate.enter()
        leave = gate.leave_later(lambda: float(next(used)))
        for _ in range(2):
            times.pass_to_next_look()
            assert not await is_free(gate)
        leave()
        assert await is_free(gate)
        assert times.next is None

    asyncio.run(tried())


def test_one_that_waits_in_its_init_makes_room(times: Times) -> None:
    async def tried() -> None:
        gate, used = StartGate(1), [0.0, 0.004, 0.0041]
        await gate.enter()
        gate.leave_later(lambda: used.pop(0))
        times.pass_to_next_look()
        assert not await is_free(gate)
        times.pass_to_next_look()
        assert await is_free(gate)

    asyncio.run(tried())


def test_one_that_waited_in_its_init_leaves_once(times: Times) -> None:
    async def tried() -> None:
        gate = StartGate(1)
        await gate.enter()
        leave = gate.leave_later(lambda: 0.0)
        times.pass_to_next_look()
        await gate.enter()
        leave()
        assert not await is_free(gate)

    asyncio.run(tried())


def test_who_comes_while_others_work_is_looked_at_soon(times: Times) -> None:
    async def tried() -> None:
        gate, used = StartGate(2), iter(range(100))
        await gate.enter()
        gate.leave_later(lambda: float(next(used)))
        for _ in range(4):
            times.pass_to_next_look()
        await gate.enter()
        gate.leave_later(lambda: 0.0)
        began = times.now
        times.pass_to_next_look()
        assert times.now - began < 0.005
        assert await is_free(gate)

    asyncio.run(tried())


def test_where_nobody_counts_a_place_is_held_for_a_while_only(times: Times) -> None:
    async def tried() -> int:
        gate, looks = StartGate(1), 0
        await gate.enter()
        gate.leave_later(lambda: None)
        while not await is_free(gate):
            times.pass_to_next_look()
            looks += 1
        return looks

    assert 2 < asyncio.run(tried()) < 20


def test_there_is_always_more_than_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_gate.os, "cpu_count", lambda: None)
    assert 4 == start_gate.at_once()
    monkeypatch.setattr(start_gate.os, "cpu_count", lambda: 16)
    assert 32 == start_gate.at_once()
