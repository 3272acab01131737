"""Signatures that a process of its own makes ahead."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pileus.kernel import processors
from pileus.kernel.clock import Clock
from pileus.kernel.workers import Tasks
from pileus.services.sns import signing_keys
from pileus.services.sns.signed_ahead import SignedAhead
from pileus.services.sns.signer import Signer
from pileus.services.sns.signing_process import Frames, Order, frame

SIGNER = Signer(*signing_keys.make())
MANY = 100


@pytest.fixture(autouse=True)
def _several_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "are_several", lambda: True)


def _new() -> SignedAhead:
    kernel = SimpleNamespace(clock=Clock(), tasks=Tasks())
    return SignedAhead(cast(Any, kernel), SIGNER)


@asynccontextmanager
async def _signing() -> AsyncIterator[SignedAhead]:
    """With its process, which many at once have started."""
    ahead = _new()
    await _signed(ahead, ["first"] * MANY)
    assert ahead.starting is not None
    await ahead.starting
    try:
        yield ahead
    finally:
        await ahead.stop()


async def _signed(ahead: SignedAhead, texts: Sequence[str], version: str = "1") -> list[list[str]]:
    """What each text was given, of texts that are asked for together."""
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[list[str]]] = []
    for text in texts:
        future = loop.create_future()
        futures.append(future)
        ahead.sign([Order(text, version)], lambda made, f=future: f.set_result(list(made)))
    return await asyncio.gather(*futures)


def test_texts_that_come_together_are_signed_as_they_would_be_alone() -> None:
    async def run() -> list[list[str]]:
        async with _signing() as ahead:
            return await _signed(ahead, ["a", "b", "ü"], "2")

    assert [[SIGNER.sign(text, "2")] for text in ("a", "b", "ü")] == asyncio.run(run())


def test_more_than_the_process_has_in_hand_is_signed_in_turn() -> None:
    async def run() -> list[list[list[str]]]:
        async with _signing() as ahead:
            batches = []
            for number in range(10):
                batches.append(asyncio.ensure_future(_signed(ahead, [f"{number}", "x"])))
                await Clock().settle()
            return await asyncio.gather(*batches)

    expected = [[[SIGNER.sign(f"{n}", "1")], [SIGNER.sign("x", "1")]] for n in range(10)]
    assert expected == asyncio.run(run())


def test_a_text_that_comes_alone_is_left_to_its_transaction() -> None:
    async def run() -> list[list[str]]:
        async with _signing() as ahead:
            return await _signed(ahead, ["alone"])

    assert [[]] == asyncio.run(run())


def test_before_there_is_a_process_all_is_left_to_the_transactions() -> None:
    assert [[], []] == asyncio.run(_signed(_new(), ["a", "b"]))


def test_no_process_is_started_where_it_would_take_the_servers_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processors, "are_several", lambda: False)

    async def run() -> Any:
        ahead = _new()
        await _signed(ahead, ["a"] * MANY)
        return ahead.starting

    assert asyncio.run(run()) is None


def test_what_an_ended_process_had_in_hand_is_left_to_the_transactions() -> None:
    async def run() -> list[list[list[str]]]:
        async with _signing() as ahead:
            pid = ahead.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            return [await _signed(ahead, ["a", "b"]), await _signed(ahead, ["c", "d"])]

    assert [[[], []], [[], []]] == asyncio.run(run())


def test_frames_are_found_however_they_arrive() -> None:
    data = frame(["a"]) + frame([]) + frame(["b" * 300])
    whole = list(Frames().feed(data))
    frames = Frames()
    single = [packed for byte in data for packed in frames.feed(bytes([byte]))]
    assert (3, whole) == (len(whole), single)
