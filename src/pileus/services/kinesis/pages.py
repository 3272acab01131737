"""Pages of a shard: the records from a position on, as `GetRecords` and subscriptions send them."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import chunks, kept_rows, store, tips
from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.kept_rows import PACKED, WRITTEN
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream


class Run(NamedTuple):
    """Records that came with one put and lie in one row, all of them or some."""

    head: Head
    record_count: int
    packed: bytes
    # Which of the row's records; None for all.
    part: slice | None = None
    # The row in the form that was asked for, where it is kept; it is then not read.
    written: bytes | None = None

    @property
    def at(self) -> int:
        return self.head.at

    def columns(self) -> tuple[list[int], list[str], list[bytes]]:
        """Positions, partition keys, and data."""
        offsets, keys, datas = chunks.unpack(self.packed)
        first = self.head.first_position
        if self.part is not None:
            offsets, keys, datas = offsets[self.part], keys[self.part], datas[self.part]
        return [first + offset for offset in offsets], keys, datas


class Page(NamedTuple):
    runs: list[Run]
    record_count: int
    size_bytes: int
    # After the last record; and where to go on, which is later where others have come since.
    next_position: int
    goes_on_at: int
    # How long ago the page's last record came, where there are more after it.
    millis_behind: int
    # Whether there is no record more, nor will there be.
    is_at_end: bool


def read(
    tx: Transaction,
    stream: Stream,
    shard: Shard,
    position: int,
    limit: int,
    bytes_max: int,
    protocol: str = "",
) -> Page:
    """Records from a position on: so many, and no more than these bytes unless one has more.

    Rows that are kept as they are written in the protocol are not read.
    """
    form = protocol if protocol in WRITTEN else PACKED
    heads = _heads(tx, stream, shard.number, position, limit + 1, form)
    wanted = _wanted(heads, position, limit, bytes_max)
    kept = kept_rows.of(tx.kernel.memory)
    place = (stream.stream_id, shard.number)
    whole = _whole(wanted, position, limit, bytes_max)
    written = {} if form == PACKED else kept.find((form, *place), whole)
    missing = [head.first_position for head in wanted if head.first_position not in written]
    packed = kept.find((PACKED, *place), missing) if missing else {}
    if len(packed) < len(missing):
        packed |= _unkept(tx, stream, shard.number, wanted, written.keys() | packed.keys())
    taken = _Taken(limit, bytes_max, position)
    taken.fill(wanted, packed, written)
    is_all = len(heads) < min(limit + 1, store.CHUNKS_AT_ONCE) and (
        not heads or taken.next_position > heads[-1].last_position
    )
    behind = 0 if is_all or not taken.runs else tx.now - taken.runs[-1].at
    return Page(
        taken.runs, taken.record_count, taken.size_bytes, taken.next_position,
        max(taken.next_position, stream.next_position) if is_all else taken.next_position,
        behind, is_all and not shard.is_open,
    )  # fmt: skip


def _heads(
    tx: Transaction, stream: Stream, shard: int, position: int, count: int, form: str
) -> list[Head]:
    """The row that holds a position and those after it: so many, if one read looks at them."""
    count = min(count, store.CHUNKS_AT_ONCE)
    known = tips.of(tx.kernel.memory).known(
        stream, shard, position, count, stream.oldest_kept(tx.now), form
    )
    if known is None:
        return store.heads(tx, stream, shard, position, count)
    missing = count - len(known.heads)
    if not missing or known.before >= stream.next_position:
        return known.heads
    return known.heads + store.heads(tx, stream, shard, max(position, known.before), missing)


def _unkept(
    tx: Transaction, stream: Stream, shard: int, wanted: list[Head], kept: set[int]
) -> dict[int, bytes]:
    """The packed records of those rows that are not kept; there are some."""
    missing = [index for index, head in enumerate(wanted) if head.first_position not in kept]
    return store.records(tx, stream, shard, wanted[missing[0] : missing[-1] + 1])


def _wanted(heads: list[Head], position: int, limit: int, bytes_max: int) -> list[Head]:
    """The rows that a page needs: the first one may hold fewer records than it says."""
    count = size_bytes = 0
    for index, head in enumerate(heads):
        if count >= limit or size_bytes >= bytes_max:
            return heads[:index]
        if head.first_position >= position:
            count += head.record_count
            size_bytes += head.size_bytes
    return heads


def _whole(wanted: list[Head], position: int, limit: int, bytes_max: int) -> list[int]:
    """Of the rows that a page needs those of which it surely takes all, by first positions."""
    found = []
    count = size_bytes = 0
    for first, _, _, records, size, _ in wanted:
        count += records
        size_bytes += size
        if count > limit or size_bytes > bytes_max:
            break
        if first >= position:
            found.append(first)
    return found


class _Taken:
    """The records of a page while it is filled."""

    def __init__(self, limit: int, bytes_max: int, position: int) -> None:
        self.runs: list[Run] = []
        self.record_count = 0
        self.size_bytes = 0
        self.next_position = position
        self._limit = limit
        self._bytes_max = bytes_max

    def fill(self, wanted: list[Head], packed: dict[int, bytes], written: dict[int, bytes]) -> None:
        """Take what fits of the rows, whose contents are given by their first positions."""
        for head in wanted:
            first, last, _, count, size, _ = head
            run = Run(head, count, packed.get(first, b""), None, written.get(first))
            if (
                first >= self.next_position
                and self.record_count + count <= self._limit
                and self.size_bytes + size <= self._bytes_max
            ):
                self.runs.append(run)
                self.record_count += count
                self.size_bytes += size
                self.next_position = last + 1
            elif not self._take_part(run):
                return

    def _take_part(self, run: Run) -> bool:
        """Take what fits of one row; False once the page is full."""
        positions, keys, datas = run.columns()
        begin = sum(position < self.next_position for position in positions)
        end = begin + self._fitting(keys[begin:], datas[begin:])
        if end > begin:
            self.runs.append(run._replace(record_count=end - begin, part=slice(begin, end)))
            self.record_count += end - begin
            self.next_position = positions[end - 1] + 1
        return end == len(positions)

    def _fitting(self, keys: list[str], datas: list[bytes]) -> int:
        """How many of the next records the page takes; the first of a page always fits."""
        count = 0
        for key, data in zip(keys, datas, strict=True):
            size = chunks.size_of(key, data)
            taken = self.record_count + count
            if taken and (taken >= self._limit or self.size_bytes + size > self._bytes_max):
                break
            self.size_bytes += size
            count += 1
        return count
