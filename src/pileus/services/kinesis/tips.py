"""The tip of streams that are read: which rows were written last, so that none need be looked for.

Only what is committed comes here, and rows never change: what a tip knows is what the database
would say. What it does not know is asked of the database, and a tip may be forgotten at any time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from threading import Lock
from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.store import Stream

# The rows that a tip names before it forgets its older half, and the streams that have one.
ROWS_MAX = 6_000
STREAMS_MAX = 16
_MEMORY = "kinesis tips"
_last_position = attrgetter("last_position")
_at = attrgetter("at")


class Known(NamedTuple):
    """Rows of a shard in their order, which are all that it has before a position of the stream."""

    heads: list[Head]
    before: int


class _Tip:
    """All rows that a stream has from one of its positions on and before another."""

    __slots__ = ("begin", "end", "is_read", "row_count", "shards")

    def __init__(self, begin: int) -> None:
        self.shards: dict[int, list[Head]] = {}
        self.begin = self.end = begin
        self.row_count = 0
        # Since rows were last forgotten.
        self.is_read = False

    def add(self, begin: int, end: int, rows: Sequence[tuple[int, Head]]) -> None:
        """What one put has come to; each has its positions after those of the one before it."""
        if begin != self.end:
            # Others came between, which this process has not seen.
            self._begin_at(begin)
        self.end = end
        for shard, head in rows:
            self.shards.setdefault(shard, []).append(head)
        self.row_count += len(rows)

    def _begin_at(self, position: int) -> None:
        self.shards.clear()
        self.begin, self.row_count = position, 0

    def forget_older(self) -> None:
        """Forget half of the positions and the rows that end in them."""
        middle = (self.begin + self.end) // 2
        for heads in self.shards.values():
            del heads[: bisect_left(heads, middle, key=_last_position)]
        self.begin = middle
        self.row_count = sum(map(len, self.shards.values()))
        self.is_read = False


class Tips:
    """Those of all streams, by their ids; the loop adds to them and readers' threads look."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tips: OrderedDict[int, _Tip] = OrderedDict()

    def is_followed(self, stream_id: int) -> bool:
        """Whether what is put is to be told here."""
        return stream_id in self._tips

    def add(self, stream_id: int, begin: int, end: int, rows: Sequence[tuple[int, Head]]) -> None:
        """The rows, by their shards, of a put that has taken the positions from `begin` on."""
        with self._lock:
            tip = self._tips.get(stream_id)
            if tip is None:
                return
            tip.add(begin, end, rows)
            if tip.row_count < ROWS_MAX:
                return
            if tip.is_read:
                tip.forget_older()
            else:
                del self._tips[stream_id]

    def forget(self, stream_id: int) -> None:
        """Some of its rows have been removed."""
        with self._lock:
            self._tips.pop(stream_id, None)

    def known(
        self, stream: Stream, shard: int, position: int, count: int, expired_at: int
    ) -> Known | None:
        """The row that holds a position and those after it, so many, that came after an instant.

        None where the tip begins after the position. From now on the stream has one, which begins
        with what is put next.
        """
        with self._lock:
            tip = self._tips.get(stream.stream_id)
            if tip is None:
                tip = self._tips[stream.stream_id] = _Tip(stream.next_position)
                if len(self._tips) > STREAMS_MAX:
                    self._tips.popitem(last=False)
            self._tips.move_to_end(stream.stream_id)
            tip.is_read = True
            if position < tip.begin:
                return None
            heads = tip.shards.get(shard, [])
            first = bisect_left(heads, position, key=_last_position)
            if first < len(heads) and heads[first].at <= expired_at:
                first = bisect_right(heads, expired_at, key=_at)
            return Known(heads[first : first + count], tip.end)


def note_removal(tx: Transaction, stream: Stream) -> None:
    """Rows of the stream are removed; a longer retention period must not show them again."""
    tx.after_commit(partial(of(tx.kernel.memory).forget, stream.stream_id))


def of(memory: dict[str, Any]) -> Tips:
    """Those that the kernel's memory has."""
    found: Tips | None = memory.get(_MEMORY)
    return memory.setdefault(_MEMORY, Tips()) if found is None else found
