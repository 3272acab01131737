"""Records packed into rows: those of one put and one shard lie together, up to a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

# A row with several records has no more than this; a larger record has a row of its own.
CHUNK_BYTES_MAX = 256 * 1024
# One put has no more records: positions within a row lie no further apart.
PUT_RECORDS_MAX = 500

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[int], list[str], list[bytes]]).decode


class Draft(NamedTuple):
    """A record on its way into a shard."""

    position: int
    partition_key: str
    data: bytes


class Chunk(NamedTuple):
    """A row to write."""

    first_position: int
    last_position: int
    record_count: int
    size_bytes: int
    records: bytes


def size_of(partition_key: str, data: bytes) -> int:
    """docs: the partition key's bytes count too."""
    return len(data) + (
        len(partition_key) if partition_key.isascii() else len(partition_key.encode())
    )


def pack(drafts: Sequence[Draft]) -> list[Chunk]:
    """The rows for records of one shard in order of their positions."""
    chunks = []
    begin = size = 0
    for index, draft in enumerate(drafts):
        more = size_of(draft.partition_key, draft.data)
        if index > begin and size + more > CHUNK_BYTES_MAX:
            chunks.append(_chunk(drafts[begin:index], size))
            begin, size = index, 0
        size += more
    chunks.append(_chunk(drafts[begin:], size))
    return chunks


def _chunk(drafts: Sequence[Draft], size_bytes: int) -> Chunk:
    first = drafts[0].position
    packed = _encode(
        (
            [draft.position - first for draft in drafts],
            [draft.partition_key for draft in drafts],
            [draft.data for draft in drafts],
        )
    )
    return Chunk(first, drafts[-1].position, len(drafts), size_bytes, packed)


def unpack(records: bytes) -> tuple[list[int], list[str], list[bytes]]:
    """Each record's distance from the first position, its partition key and its data."""
    return _decode(records)
