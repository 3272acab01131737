"""A streamed answer between its writer and its reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pileus.kernel.response_streams import ResponseStream

PORTION = 65_536


def begun() -> tuple[ResponseStream, list[int]]:
    taken: list[int] = []
    stream = ResponseStream()
    stream.begin("text/plain", taken.append)
    return stream, taken


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_pieces_are_read_in_order_until_the_end() -> None:
    async def test() -> None:
        stream, _ = begun()
        stream.put(b"a")
        stream.put(b"b")
        stream.end()
        assert [b"a", b"b", b"", b""] == [await stream.next() for _ in range(4)]

    run(test)


def test_a_reader_waits_for_the_beginning_and_for_each_piece() -> None:
    async def test() -> None:
        stream = ResponseStream()
        beginning = asyncio.ensure_future(stream.has_begun())
        await asyncio.sleep(0)
        assert not beginning.done()
        stream.begin("text/plain", lambda count: None)
        assert await beginning
        piece = asyncio.ensure_future(stream.next())
        await asyncio.sleep(0)
        assert not piece.done()
        stream.put(b"a")
        assert b"a" == await piece

    run(test)


def test_an_end_without_a_beginning_is_seen() -> None:
    async def test() -> None:
        stream = ResponseStream()
        beginning = asyncio.ensure_future(stream.has_begun())
        await asyncio.sleep(0)
        stream.end()
        assert not await beginning

    run(test)


def test_credit_is_given_back_in_portions_and_only_for_what_was_read() -> None:
    async def test() -> None:
        stream, taken = begun()
        for _ in range(3):
            stream.put(bytes(PORTION // 2))
        assert [] == taken
        for _ in range(3):
            await stream.next()
        assert [PORTION] == taken

    run(test)


def test_what_is_discarded_gives_its_credit_back_at_once() -> None:
    async def test() -> None:
        stream, taken = begun()
        stream.put(bytes(PORTION))
        reading = asyncio.ensure_future(stream.next())
        await reading
        waiting = asyncio.ensure_future(stream.next())
        await asyncio.sleep(0)
        stream.discard()
        stream.put(bytes(PORTION))
        assert [PORTION, PORTION] == taken
        assert b"" == await waiting

    run(test)
