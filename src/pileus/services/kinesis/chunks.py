"""Records packed into rows: those of one put and one shard lie together, up to a size."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

# A row with several records has no more than this; a larger record has a row of its own.
CHUNK_BYTES_MAX = 256 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[int], list[str], list[bytes]]).decode


class Columns(NamedTuple):
    """Records on their way into a shard, in order of their positions."""

    positions: list[int]
    keys: list[str]
    datas: list[bytes]
    sizes: list[int]
    # Their sequence numbers.
    numbers: list[str]

    def part(self, begin: int, end: int) -> Columns:
        return Columns(
            self.positions[begin:end], self.keys[begin:end], self.datas[begin:end],
            self.sizes[begin:end], self.numbers[begin:end],
        )  # fmt: skip


class Chunk(NamedTuple):
    """A row to write."""

    first_position: int
    last_position: int
    record_count: int
    size_bytes: int
    records: bytes


class Head(NamedTuple):
    """A row that is written, without its records."""

    first_position: int
    last_position: int
    at: int
    record_count: int
    size_bytes: int
    is_encrypted: int


def size_of(partition_key: str, data: bytes) -> int:
    """docs: the partition key's bytes count too."""
    return len(data) + (
        len(partition_key) if partition_key.isascii() else len(partition_key.encode())
    )


def pack(records: Columns) -> list[Chunk]:
    """The rows for records of one shard."""
    chunks = []
    begin = size = 0
    if sum(records.sizes) > CHUNK_BYTES_MAX:
        for index, more in enumerate(records.sizes):
            if index > begin and size + more > CHUNK_BYTES_MAX:
                chunks.append(_chunk(records.part(begin, index)))
                begin, size = index, 0
            size += more
        records = records.part(begin, len(records.sizes))
    chunks.append(_chunk(records))
    return chunks


def _chunk(records: Columns) -> Chunk:
    positions = records.positions
    first = positions[0]
    packed = _encode(([position - first for position in positions], records.keys, records.datas))
    return Chunk(first, positions[-1], len(positions), sum(records.sizes), packed)


def unpack(records: bytes) -> tuple[list[int], list[str], list[bytes]]:
    """Each record's distance from the first position, its partition key and its data."""
    return _decode(records)
