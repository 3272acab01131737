"""Hands the lines of functions to CloudWatch Logs: many invocations in one transaction.

A warm invocation pays for a few appends. Lines wait for the end of their invocation, or for a
tenth of a second; one transaction for each log group is under way at a time, and what comes in the
meantime goes with the next. While lines wait, the platform counts as working.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call, Context
from pileus.kernel.errors import AwsError

if TYPE_CHECKING:
    from pileus.kernel.clock import Cancellable
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

_QUIET_SECONDS = 0.1
# Between two transactions of a group, for each line that the first of them had: the busier the
# functions, the more invocations share a commit.
_SPACING_SECONDS_PER_LINE = 0.001
_SPACING_SECONDS_MAX = 0.05
# How long lines wait before they are offered to a busy store again.
_PAUSES_SECONDS = (0.1, 0.5, 2.0)
_EVENTS_PER_DELIVERY = 1_000
_BYTES_PER_DELIVERY = 512 * 1024
_DELIVERIES_PER_COMMIT = 50
_BYTES_PER_COMMIT = 512 * 1024


class LogEvent(msgspec.Struct):
    timestamp: int
    message: str


class LogBatch(msgspec.Struct, rename="camel"):
    """The payload of a delivery to a log group."""

    log_stream_name: str
    log_events: list[LogEvent]


class LogStream:
    """Where one environment writes."""

    __slots__ = ("_group", "_last_at", "events", "is_waiting", "name")

    def __init__(self, group: LogGroup, name: str) -> None:
        self.name = name
        self.events: list[LogEvent] = []
        self.is_waiting = False
        self._group = group
        self._last_at = 0

    def add(self, at: int, message: str) -> None:
        # Lines stay in the order in which they came, though two processes read the time.
        self._last_at = at = max(at, self._last_at)
        self.events.append(LogEvent(at, message))
        if not self.is_waiting:
            self._group.note(self)

    def flush_soon(self) -> None:
        """An invocation has ended: its lines should be readable."""
        self._group.flush_soon()


class LogGroup:
    """The waiting lines of one log group."""

    def __init__(self, kernel: Kernel, arn: str, because: str) -> None:
        self._kernel = kernel
        self._arn = arn
        self._because = because
        parts = arns.parse(arn)
        assert parts is not None
        self._context = Context(parts.account, parts.region, "lambda")
        self._waiting: list[LogStream] = []
        self._timer: Cancellable | None = None
        self._is_soon = False
        self._is_flushing = False
        self._ended_ms = 0.0
        self._spacing_seconds = 0.0
        self._work: int | None = None

    def stream(self, name: str) -> LogStream:
        return LogStream(self, name)

    def note(self, stream: LogStream) -> None:
        stream.is_waiting = True
        self._waiting.append(stream)
        if self._work is None:
            self._work = self._kernel.work.begin("logs of functions")
        if self._timer is None and not self._is_flushing:
            self._timer = self._kernel.clock.call_later(_QUIET_SECONDS, self._flush)

    def flush_soon(self) -> None:
        if self._is_soon or self._is_flushing or not self._waiting:
            return
        self._is_soon = True
        if self._timer is not None:
            self._timer.cancel()
        quiet_ms = self._kernel.clock.monotonic_ms() - self._ended_ms
        pause = max(0.0, self._spacing_seconds - quiet_ms / 1000)
        self._timer = self._kernel.clock.call_later(pause, self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._is_soon = False
        if self._waiting and not self._is_flushing:
            self._is_flushing = True
            self._kernel.tasks.start("logs of functions", self.write())

    async def write(self) -> None:
        """Write all that waits."""
        try:
            payloads = self._take()
            call = self._kernel.call_for(self._context, "lambda", "WriteLogs")
            for page in _commits(payloads):
                await self._write_page(call, page)
        finally:
            self._is_flushing = False
            self._ended_ms = self._kernel.clock.monotonic_ms()
            if self._waiting:
                self.flush_soon()
            elif self._work is not None:
                self._kernel.work.end(self._work)
                self._work = None

    async def _write_page(self, call: Call, page: list[bytes]) -> None:
        """Write some; where the store is too busy to take it, again, and in the end not at all."""
        clock = self._kernel.clock
        for pause_seconds in (*_PAUSES_SECONDS, None):
            try:
                await call.transaction(
                    _put, self._arn, self._because, page, about=self._arn, is_durable=False
                )
                return
            except AwsError as refusal:
                if pause_seconds is None:
                    log.error("lines of %s are lost: %s", self._arn, refusal)
                    return
                log.warning("lines of %s wait: %s", self._arn, refusal)
            never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await clock.wait(never, real_seconds=pause_seconds)

    def _take(self) -> list[bytes]:
        streams, self._waiting = self._waiting, []
        lines = sum(len(stream.events) for stream in streams)
        self._spacing_seconds = min(lines * _SPACING_SECONDS_PER_LINE, _SPACING_SECONDS_MAX)
        payloads = []
        for stream in streams:
            events, stream.events = stream.events, []
            stream.is_waiting = False
            payloads += [
                msgspec.json.encode(LogBatch(stream.name, page)) for page in _pages(events)
            ]
        return payloads


def _pages(events: list[LogEvent]) -> list[list[LogEvent]]:
    """Split into pieces that a log group takes at once."""
    size = sum(len(event.message) for event in events)
    if len(events) <= _EVENTS_PER_DELIVERY and size <= _BYTES_PER_DELIVERY:
        return [events]
    pages: list[list[LogEvent]] = [[]]
    size = 0
    for event in events:
        size += len(event.message)
        if len(pages[-1]) >= _EVENTS_PER_DELIVERY or size > _BYTES_PER_DELIVERY:
            pages.append([])
            size = len(event.message)
        pages[-1].append(event)
    return [page for page in pages if page]


def _commits(payloads: list[bytes]) -> Iterator[list[bytes]]:
    """Put deliveries together so that no transaction takes long."""
    page: list[bytes] = []
    size = 0
    for payload in payloads:
        size += len(payload)
        if page and (len(page) == _DELIVERIES_PER_COMMIT or size > _BYTES_PER_COMMIT):
            yield page
            page, size = [], len(payload)
        page.append(payload)
    if page:
        yield page


def _put(tx: Transaction, group_arn: str, because: str, payloads: list[bytes]) -> None:
    for payload in payloads:
        tx.deliver(to=group_arn, payload=payload, because=because)


class LogWriter:
    """The log groups that functions write to. Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._groups: dict[str, LogGroup] = {}

    def stream(self, group_arn: str, because: str, name: str) -> LogStream:
        group = self._groups.get(group_arn)
        if group is None:
            group = self._groups[group_arn] = LogGroup(self._kernel, group_arn, because)
        return group.stream(name)

    async def close(self) -> None:
        """Write what still waits, at the end of the process."""
        for group in self._groups.values():
            await group.write()
