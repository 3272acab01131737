"""Pages of a shard: the records from a position on, as `GetRecords` and subscriptions send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import chunks, store
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Head, Stream

# What names a row: a stream's id, a shard's number, the first record's position.
RowKey = tuple[int, int, int]
# What is kept of a row in the form that an answer needs, if it is.
Kept = Callable[[RowKey], bytes | None]


def nothing_kept(key: RowKey) -> bytes | None:
    return None


class Run(NamedTuple):
    """Records that came with one put and lie in one row, all of them or some."""

    row_key: RowKey
    at: int
    is_encrypted: bool
    record_count: int
    packed: bytes
    # Which of the row's records; None for all.
    part: slice | None
    # What is kept of the row; it is then not read, and all of it is wanted.
    kept: bytes | None = None

    def columns(self) -> tuple[list[int], list[str], list[bytes]]:
        """Positions, partition keys, and data."""
        offsets, keys, datas = chunks.unpack(self.packed)
        first = self.row_key[2]
        if self.part is not None:
            offsets, keys, datas = offsets[self.part], keys[self.part], datas[self.part]
        return [first + offset for offset in offsets], keys, datas


class Page(NamedTuple):
    runs: list[Run]
    record_count: int
    size_bytes: int
    next_position: int
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
    kept: Kept = nothing_kept,
) -> Page:
    """Records from a position on: so many, and no more than these bytes unless one has more."""
    heads = store.heads(tx, stream, shard.number, position, limit + 1)
    wanted = _wanted(heads, position, limit, bytes_max)
    key = (stream.stream_id, shard.number)
    found = {
        head.first_position: kept((*key, head.first_position))
        for head in _whole(wanted, position, limit, bytes_max)
    }
    missing = [index for index, head in enumerate(wanted) if not found.get(head.first_position)]
    packed = {}
    if missing:
        packed = store.records(tx, stream, shard.number, wanted[missing[0] : missing[-1] + 1])
    taken = _Taken(limit, bytes_max, position)
    for head in wanted:
        first = head.first_position
        run = Run(
            (*key, first), head.at, bool(head.is_encrypted), head.record_count,
            packed.get(first, b""), None, found.get(first),
        )  # fmt: skip
        if not taken.add(head, run):
            break
    is_all = len(heads) < min(limit + 1, store.CHUNKS_AT_ONCE) and (
        not heads or taken.next_position > heads[-1].last_position
    )
    behind = 0 if is_all or not taken.runs else tx.now - taken.runs[-1].at
    return Page(
        taken.runs, taken.record_count, taken.size_bytes, taken.next_position, behind,
        is_all and not shard.is_open,
    )  # fmt: skip


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


def _whole(wanted: list[Head], position: int, limit: int, bytes_max: int) -> list[Head]:
    """Of the rows that a page needs those of which it surely takes all."""
    found = []
    count = size_bytes = 0
    for head in wanted:
        count += head.record_count
        size_bytes += head.size_bytes
        if count > limit or size_bytes > bytes_max:
            break
        if head.first_position >= position:
            found.append(head)
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

    def add(self, head: Head, run: Run) -> bool:
        """Take what fits of a row's records; False once the page is full."""
        if (
            head.first_position >= self.next_position
            and self.record_count + head.record_count <= self._limit
            and self.size_bytes + head.size_bytes <= self._bytes_max
        ):
            self.runs.append(run)
            self.record_count += head.record_count
            self.size_bytes += head.size_bytes
            self.next_position = head.last_position + 1
            return True
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
