"""Signatures that are made before the transactions that need them, by a process of its own.

A publish that comes alone is signed in its transaction. Those that come together keep each other
waiting, so their texts go to the process in one piece, and their transactions begin when the
signatures are back. Whatever becomes of the process, what it has not signed is signed later.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from pileus.kernel import processors
from pileus.services.sns import signing_process
from pileus.services.sns.signing_process import Frames, Key, Order, frame

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.services.sns.signer import Signer

log = logging.getLogger(__name__)

# The process is started when so many messages have come together with others.
_WORTH_STARTING = 64
# Far longer than any batch takes to sign.
_PATIENCE_SECONDS = 10.0
_SOURCE = Path(__file__).parents[3]

# Given the signatures in the order of their texts; none where they must be made later.
GoOn = Callable[[Sequence[str]], None]


class _Asked(NamedTuple):
    orders: Sequence[Order]
    go_on: GoOn


class SignedAhead:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel, signer: Signer) -> None:
        self._kernel = kernel
        self._signer = signer
        self._asked: list[_Asked] = []
        self._together = 0
        self._process: _Process | None = None
        self._may_start = processors.are_several()
        self.starting: asyncio.Task[None] | None = None

    def sign(self, orders: Sequence[Order], go_on: GoOn) -> None:
        """Have the texts of one request signed, together with those of others."""
        self._asked.append(_Asked(orders, go_on))
        if len(self._asked) == 1:
            asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give all that is asked for to the process; while it is busy more comes together.

        So those whose texts are being signed and those that are being stored take turns.
        """
        asked, process = self._asked, self._process
        if not asked or (process is not None and process.is_busy):
            return
        self._asked = []
        is_alone = len(asked) == 1 and len(asked[0].orders) == 1
        if process is not None and process.is_ready and not is_alone:
            process.hand_over(asked)
            return
        if not is_alone:
            self._together += sum(len(each.orders) for each in asked)
            if self._may_start and self._together >= _WORTH_STARTING:
                self._may_start = False
                self.starting = self._kernel.tasks.start("sns: start signing", self._start())
        for each in asked:
            each.go_on(())

    async def _start(self) -> None:
        process = self._process = _Process(self._kernel, self._hand_over)
        try:
            await process.start(self._signer)
        except OSError as error:
            log.warning("messages are signed in their transactions: %s", error)

    @property
    def pid(self) -> int | None:
        """The process that signs, if there is one."""
        return None if self._process is None else self._process.pid

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()


class _Process(asyncio.SubprocessProtocol):
    """Our end of the process: a batch goes in, and its signatures come back in their order."""

    def __init__(self, kernel: Kernel, has_room: Callable[[], None]) -> None:
        self._kernel = kernel
        self._has_room = has_room
        self._frames = Frames()
        self._batch: list[_Asked] = []
        self._done_count = 0
        self._is_watched = False
        self._transport: asyncio.SubprocessTransport | None = None
        self._input: asyncio.WriteTransport | None = None
        self.is_ready = False
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        return None if self._transport is None else self._transport.get_pid()

    @property
    def is_busy(self) -> bool:
        return bool(self._batch)

    async def start(self, signer: Signer) -> None:
        """Return when it is ready, or has ended."""
        search_path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self, sys.executable, "-m", signing_process.__name__, stderr=None,
            env={**os.environ, "PYTHONPATH": search_path},
        )  # fmt: skip
        self._transport = transport
        processors.keep_off(transport.get_pid())
        self._input = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        self._input.write(frame(Key(signer.private_key, signer.certificate)))
        await self._answered

    async def stop(self) -> None:
        """It keeps nothing that could be lost."""
        if self._transport is not None:
            with suppress(ProcessLookupError):
                self._transport.kill()
            await self._ended
            self._transport.close()

    def hand_over(self, batch: list[_Asked]) -> None:
        assert self._input is not None
        self._batch = batch
        self._input.write(frame(list(chain.from_iterable(asked.orders for asked in batch))))
        if not self._is_watched:
            self._watch()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        for packed in self._frames.feed(data):
            signatures = msgspec.msgpack.decode(packed, type=list[str])
            if not self._answered.done():
                self.is_ready = True
                self._answered.set_result(None)
                continue
            self._done_count += 1
            batch, self._batch = self._batch, []
            self._has_room()
            begin = 0
            for asked in batch:
                end = begin + len(asked.orders)
                asked.go_on(signatures[begin:end])
                begin = end

    def process_exited(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """It has ended: what it had in hand is signed later."""
        if self._batch:
            log.warning("the process that signs messages has ended")
        self.is_ready = False
        if not self._answered.done():
            self._answered.set_result(None)
        batch, self._batch = self._batch, []
        self._has_room()
        for asked in batch:
            asked.go_on(())

    def _watch(self) -> None:
        """End it where it does nothing for long with a batch in hand."""
        self._is_watched = True
        done_count = self._done_count

        def look() -> None:
            self._is_watched = False
            if not self._batch:
                return
            if self._done_count == done_count and self._transport is not None:
                with suppress(ProcessLookupError):
                    self._transport.kill()
            else:
                self._watch()

        self._kernel.clock.call_later(_PATIENCE_SECONDS, look)
