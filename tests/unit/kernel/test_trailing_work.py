"""Work that trails behind who brings its pieces keeps their order, and its distance."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from pileus.kernel.trailing_work import BEHIND_MAX, TrailingWork


def test_pieces_are_worked_on_in_their_order() -> None:
    done: list[bytes] = []

    async def run() -> None:
        work = TrailingWork(done.extend)
        for number in range(30):
            await work.give([b"%d" % number, b"."])
        await work.finished()
        await work.rest()

    asyncio.run(run())
    assert b"".join(b"%d." % number for number in range(30)) == b"".join(done)


def test_only_so_many_pieces_wait() -> None:
    gate = threading.Event()

    def hold(pieces: Sequence[bytes]) -> None:
        gate.wait(60)

    async def run() -> tuple[bool, bool]:
        work = TrailingWork(hold)
        for _ in range(BEHIND_MAX):
            await work.give([b"x"])
        next_one = asyncio.ensure_future(work.give([b"y"]))
        await asyncio.sleep(0)
        was_taken = next_one.done()
        gate.set()
        await next_one
        await work.finished()
        return was_taken, next_one.done()

    assert (False, True) == asyncio.run(run())


def test_what_fails_is_raised_and_nothing_follows_it() -> None:
    done: list[bytes] = []

    def refuse(pieces: Sequence[bytes]) -> None:
        if pieces[0] == b"bad":
            raise OSError("full")
        done.extend(pieces)

    async def run() -> None:
        work = TrailingWork(refuse)
        for piece in (b"good", b"bad", b"late"):
            await work.give([piece])
        with pytest.raises(OSError, match="full"):
            await work.finished()
        await work.rest()

    asyncio.run(run())
    assert [b"good"] == done


def test_resting_waits_and_keeps_silent_about_failures() -> None:
    ended = threading.Event()

    def fail(pieces: Sequence[bytes]) -> None:
        ended.set()
        raise OSError("full")

    async def run() -> None:
        work = TrailingWork(fail)
        await work.give([b"x"])
        await work.rest()
        assert ended.is_set()
        await work.finished()

    asyncio.run(run())
