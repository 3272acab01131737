"""Events packed into rows, and read back in order of time across overlapping rows.

A row holds events of one stream and one request that lie within the span of its level. A reader
merges the levels: it begins one span before the instant it wants and gives an event away once no
row that is still unread could hold an earlier one. So a page costs what it holds, plus the rows
that overlap its beginning; never what the group holds.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from pileus.services.logs.rules import Batch, sizes_bytes

# The longest time between a row's first event and its last, by level.
SPANS_MS = (0, 1_000, 600_000)
CHUNK_BYTES_MAX = 64 * 1024
CHUNK_EVENTS_MAX = 1_000
# A batch that level 1 would spread over more rows than this goes to level 2.
ROWS_PREFERRED = 200

Position = tuple[int, int]  # an event's time and sequence number
Key = tuple[float, float]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[int], list[str]]).decode
_FIRST: Key = (-math.inf, -math.inf)


class Chunk(NamedTuple):
    """A row to write. `offset` is the place of its first event in the batch."""

    level: int
    at: int
    last_at: int
    offset: int
    size_bytes: int
    events: bytes


class StoredEvent(NamedTuple):
    at: int
    sequence: int
    # None where the stream has been deleted and its rows are still to be purged.
    stream_name: str | None
    ingested_at: int
    message: str


class Row(NamedTuple):
    at: int
    sequence: int
    stream_name: str | None
    ingested_at: int
    events: bytes


def pack(batch: Batch) -> list[Chunk]:
    """The rows for a batch in chronological order."""
    times = batch.times
    sizes = sizes_bytes(batch.messages)
    if (
        times[-1] - times[0] <= SPANS_MS[1]
        and sum(sizes) <= CHUNK_BYTES_MAX
        and len(times) <= CHUNK_EVENTS_MAX
    ):
        return [_chunk(times, batch.messages, 0, sum(sizes))]
    parts = _split(times, sizes, SPANS_MS[1])
    if len(parts) > ROWS_PREFERRED:
        parts = _split(times, sizes, SPANS_MS[2])
    return [
        _chunk(times[begin:end], batch.messages[begin:end], begin, sum(sizes[begin:end]))
        for begin, end in parts
    ]


def _split(times: Sequence[int], sizes: Sequence[int], span_ms: int) -> list[tuple[int, int]]:
    parts = []
    begin = size = 0
    latest = times[0] + span_ms
    for index, at in enumerate(times):
        size += sizes[index]
        if at > latest or size > CHUNK_BYTES_MAX or index - begin >= CHUNK_EVENTS_MAX:
            if index > begin:
                parts.append((begin, index))
            begin, size, latest = index, sizes[index], at + span_ms
    parts.append((begin, len(times)))
    return parts


def _chunk(times: list[int], messages: list[str], offset: int, size_bytes: int) -> Chunk:
    at, last_at = times[0], times[-1]
    span = last_at - at
    level = 0 if not span else 1 if span <= SPANS_MS[1] else 2
    packed = _encode(([time - at for time in times], messages))
    return Chunk(level, at, last_at, offset, size_bytes, packed)


def unpack(row: Row) -> list[StoredEvent]:
    """The events of a row in order."""
    deltas, messages = _decode(row.events)
    return [
        StoredEvent(
            row.at + deltas[index], row.sequence + index, row.stream_name, row.ingested_at, message
        )
        for index, message in enumerate(messages)
    ]


class Source:
    """The rows of one level, of a group or of a stream of it, in order of their keys.

    `fetch(after, count)` gives the next rows after a key, in the direction of reading.
    """

    def __init__(
        self,
        level: int,
        fetch: Callable[[Position, int], list[Any]],
        begin: Position,
        rows_at_once: int,
        is_forward: bool,
    ) -> None:
        self._fetch = fetch
        self._span_ms = SPANS_MS[level]
        self._rows_at_once = rows_at_once
        self._is_forward = is_forward
        self._after = begin
        if is_forward:
            # A row that begins earlier may reach over the wanted place.
            before = -1 if self._span_ms else begin[1] - CHUNK_EVENTS_MAX
            self._after = (begin[0] - self._span_ms, before)
        # What has been fetched is complete up to here.
        self.frontier: Key = _FIRST
        self.is_over = False

    def rows(self) -> list[Row]:
        """The next rows; moves the frontier."""
        rows = [Row(*row) for row in self._fetch(self._after, self._rows_at_once)]
        if len(rows) < self._rows_at_once:
            self.is_over = True
            self.frontier = (math.inf, math.inf)
        else:
            at, sequence = self._after = (rows[-1].at, rows[-1].sequence)
            if self._is_forward:
                self.frontier = (at, sequence)
            elif self._span_ms:
                self.frontier = (-(at + self._span_ms), -math.inf)
            else:
                self.frontier = (-at, -sequence)
        return rows


def merge(
    sources: Sequence[Source], begin: Position, low: int, high: int, is_forward: bool
) -> Iterator[StoredEvent]:
    """Events after `begin` in the direction of reading, in order, with low <= at <= high."""
    sign = 1 if is_forward else -1
    start: Key = (sign * begin[0], sign * begin[1])
    heap: list[tuple[Key, StoredEvent]] = []
    while True:
        slowest = min(sources, key=lambda source: source.frontier)
        while heap and heap[0][0] <= slowest.frontier:
            yield heapq.heappop(heap)[1]
        if slowest.is_over:
            return
        for row in slowest.rows():
            for event in unpack(row):
                key: Key = (sign * event.at, sign * event.sequence)
                if key > start and low <= event.at <= high:
                    heapq.heappush(heap, (key, event))
