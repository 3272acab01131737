"""Pages of a shard: the records from a position on, as `GetRecords` and subscriptions send them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import groupby
from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import chunks, kept_rows, store, tips
from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.kept_rows import PACKED, WRITTEN, Block
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream


class Run(NamedTuple):
    """Records of one row, all of them or some; or of rows that are kept written together."""

    head: Head
    record_count: int
    packed: bytes
    # Which of the row's records; None for all.
    part: slice | None = None
    # The records in the form that was asked for, where that is kept; no row is then read.
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
    heads = _heads(tx, stream, shard.number, position, limit + 1)
    row_count = len(heads)
    kept = kept_rows.of(tx.kernel.memory)
    place = (stream.stream_id, shard.number)
    written: dict[int, bytes] = {}
    if protocol in WRITTEN:
        blocks = kept.blocks((protocol, *place))
        heads, written = with_blocks(heads, blocks, position, limit, bytes_max)
    wanted = _wanted(heads, position, limit, bytes_max)
    missing = [head.first_position for head in wanted if head.first_position not in written]
    packed = kept.find((PACKED, *place), missing) if missing else {}
    if len(packed) < len(missing):
        packed |= _unkept(tx, stream, shard.number, wanted, written.keys() | packed.keys())
    taken = _Taken(limit, bytes_max, position)
    taken.fill(wanted, packed, written)
    is_all = row_count < min(limit + 1, store.CHUNKS_AT_ONCE) and (
        not heads or taken.next_position > heads[-1].last_position
    )
    behind = 0 if is_all or not taken.runs else tx.now - taken.runs[-1].at
    return Page(
        taken.runs, taken.record_count, taken.size_bytes, taken.next_position,
        max(taken.next_position, stream.next_position) if is_all else taken.next_position,
        behind, is_all and not shard.is_open,
    )  # fmt: skip


def _heads(tx: Transaction, stream: Stream, shard: int, position: int, count: int) -> list[Head]:
    """The row that holds a position and those after it: so many, if one read looks at them."""
    count = min(count, store.CHUNKS_AT_ONCE)
    known = tips.of(tx.kernel.memory).known(
        stream, shard, position, count, stream.oldest_kept(tx.now)
    )
    if known is None:
        return store.heads(tx, stream, shard, position, count)
    missing = count - len(known.heads)
    if not missing or known.before >= stream.next_position:
        return known.heads
    return known.heads + store.heads(tx, stream, shard, max(position, known.before), missing)


def with_blocks(
    heads: list[Head], blocks: Mapping[int, Block], position: int, limit: int, bytes_max: int
) -> tuple[list[Head], dict[int, bytes]]:
    """The rows, with one head for all of a block that fits the page; and what those blocks say."""
    found: list[Head] = []
    written: dict[int, bytes] = {}
    index = count = size_bytes = 0
    while index < len(heads):
        head = heads[index]
        first, _, _, records, size, _ = head
        rows = 1
        block = blocks.get(first)
        if (
            block is not None
            and first >= position
            and index + block.row_count <= len(heads)
            and count + block.head.record_count <= limit
            and size_bytes + block.head.size_bytes <= bytes_max
        ):
            head, rows, written[first] = block
            _, _, _, records, size, _ = head
        found.append(head)
        count += records
        size_bytes += size
        index += rows
    return found, written


def _unkept(
    tx: Transaction, stream: Stream, shard: int, wanted: list[Head], kept: Set[int]
) -> dict[int, bytes]:
    """The packed records of those rows that are not kept, asked for without those between them."""
    found: dict[int, bytes] = {}
    for is_kept, heads in groupby(wanted, lambda head: head.first_position in kept):
        if not is_kept:
            found |= store.records(tx, stream, shard, list(heads))
    return found


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
