"""Sequence numbers: 56 digits that grow within a shard and are never given twice.

AWS does not tell what its own consist of, only that they begin with 49 and that consumers compare
them as numbers. Ours hold what identifies the stream, the record's position and its shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# 185 bits below the highest: 45 for the stream's creation, 24 for its id, 80 for the position, 32
# for the shard, and 4 that mark the form.
_HIGHEST = 1 << 185
_CREATED_SHIFT = 140
_ID_SHIFT = 116
_ID_MASK = (1 << 24) - 1
_POSITION_SHIFT = 36
_POSITION_MASK = (1 << 80) - 1
_SHARD_SHIFT = 4
_SHARD_MASK = (1 << 32) - 1
_MARK = 2
# Greater ones are not numbers that any stream has given, nor could the database keep them.
_POSITION_MAX = 1 << 62

# What is written apart of many numbers: 18 digits, of which the first is not 0.
_LOW = 10**18
_LOW_MIN = 10**17


class Place(NamedTuple):
    """What a sequence number says."""

    shard: int
    position: int


def stream_base(created_at: int, stream_id: int) -> int:
    """What all sequence numbers of a stream have in common."""
    identity = (created_at << _CREATED_SHIFT) | ((stream_id & _ID_MASK) << _ID_SHIFT)
    return _HIGHEST + (identity | _MARK)


def shard_base(base: int, shard: int) -> int:
    """What all sequence numbers of a shard have in common; see `at`."""
    return base + (shard << _SHARD_SHIFT)


def at(shard_base: int, position: int) -> str:
    return str(shard_base + (position << _POSITION_SHIFT))


def many(shard_base: int, positions: Sequence[int]) -> list[str]:
    """The numbers of positions in their order, which mostly differ in their last digits only."""
    first, last = positions[0], positions[-1]
    high, low = divmod(shard_base + (first << _POSITION_SHIFT), _LOW)
    if not _LOW_MIN <= low < _LOW - ((last - first) << _POSITION_SHIFT):
        return [at(shard_base, position) for position in positions]
    begin, low = str(high), low - (first << _POSITION_SHIFT)
    return [begin + str(low + (position << _POSITION_SHIFT)) for position in positions]


def of(base: int, shard: int, position: int) -> str:
    return at(shard_base(base, shard), position)


def parse(text: str, base: int) -> Place | None:
    """None where the number did not come from this stream."""
    rest = int(text) - base
    if rest < 0 or rest >> _ID_SHIFT or rest & ((1 << _SHARD_SHIFT) - 1):
        return None
    position = (rest >> _POSITION_SHIFT) & _POSITION_MASK
    if position > _POSITION_MAX:
        return None
    return Place((rest >> _SHARD_SHIFT) & _SHARD_MASK, position)
