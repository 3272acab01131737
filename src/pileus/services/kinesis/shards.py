"""Shards: hash key ranges, who descends from whom, and which takes a record. Pure.

A `ShardMap` is a stream's whole set. It is never changed: resharding makes another.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

HASH_KEY_MAX = 2**128 - 1
NONE = -1
_PREFIX = "shardId-"
_DIGITS = 12
_KEY_BYTES = 16
# Python's own MD5 begins in half the time of OpenSSL's; keys are short. Not all builds have it.
_Md5 = Callable[[bytes], Any]
try:
    _md5: _Md5 = import_module("_md5").md5
except ImportError:
    _md5 = partial(hashlib.md5, usedforsecurity=False)


class Shard(NamedTuple):
    number: int
    low: int
    high: int
    parent: int  # NONE
    adjacent: int  # NONE
    opened_at: int
    first_position: int
    closed_at: int  # 0: it is open
    last_position: int

    @property
    def is_open(self) -> bool:
        return not self.closed_at

    @property
    def id(self) -> str:
        return shard_id(self.number)


def shard_id(number: int) -> str:
    return f"{_PREFIX}{number:0{_DIGITS}}"


def number_of(text: str) -> int | None:
    """The number in a shard's id, None where it is no such id; AWS also takes the bare number."""
    digits = text.removeprefix(_PREFIX)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    return int(digits)


def hashes_of(partition_keys: Iterable[bytes]) -> list[bytes]:
    """docs: the MD5 of the partition key as an integer of 128 bits; here as its bytes."""
    return [_md5(key).digest() for key in partition_keys]


def key_of(number: int) -> bytes:
    """A hash key as bytes, which are in the order of the numbers."""
    return number.to_bytes(_KEY_BYTES, "big")


class ShardMap:
    """The shards of a stream in order of their numbers, closed ones too."""

    def __init__(self, shards: Sequence[Shard], next_number: int) -> None:
        self.shards = shards
        self.next_number = next_number
        self._by_number = {shard.number: shard for shard in shards}
        self.open = sorted((shard for shard in shards if shard.is_open), key=lambda each: each.low)
        self._highs = [key_of(shard.high) for shard in self.open]

    def get(self, number: int | None) -> Shard | None:
        return None if number is None else self._by_number.get(number)

    def taking(self, hash_keys: Iterable[bytes]) -> list[int]:
        """The places among the open shards of those whose ranges have the hash keys."""
        highs = self._highs
        return [bisect_left(highs, key) for key in hash_keys]

    def in_turn(self, position: int) -> int:
        """The place of the shard for a record that has no key of its own: each in its turn."""
        return position % len(self.open)

    def children(self, number: int) -> list[Shard]:
        return [each for each in self.shards if number in (each.parent, each.adjacent)]

    def without(self, numbers: set[int]) -> ShardMap:
        """As it is once some closed shards are forgotten."""
        return ShardMap(
            [shard for shard in self.shards if shard.number not in numbers], self.next_number
        )


def uniform_ranges(count: int) -> list[tuple[int, int]]:
    """The hash key ranges of so many equal shards."""
    bounds = [(HASH_KEY_MAX + 1) * index // count for index in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(bounds)]


def first_map(count: int, now: int) -> ShardMap:
    """A new stream's shards."""
    shards = [
        Shard(number, low, high, NONE, NONE, now, 0, 0, 0)
        for number, (low, high) in enumerate(uniform_ranges(count))
    ]
    return ShardMap(shards, count)


class Resharding:
    """Splits and merges of a map, one after the other; `position` is the next that is free."""

    def __init__(self, before: ShardMap, position: int, now: int) -> None:
        self._shards = {shard.number: shard for shard in before.shards}
        self._next_number = before.next_number
        self.position = position
        self._now = now

    def split(self, shard: Shard, starting_hash_key: int) -> tuple[Shard, Shard]:
        self._close(shard)
        left = self._open(shard.low, starting_hash_key - 1, shard.number, NONE)
        return left, self._open(starting_hash_key, shard.high, shard.number, NONE)

    def merge(self, shard: Shard, adjacent: Shard) -> Shard:
        self._close(shard)
        self._close(adjacent)
        low, high = min(shard.low, adjacent.low), max(shard.high, adjacent.high)
        return self._open(low, high, shard.number, adjacent.number)

    def scale(self, open_shards: Sequence[Shard], count: int) -> None:
        """Split at each bound of so many equal shards, then merge what lies within them."""
        pieces = list(reversed(open_shards))
        for _, high in uniform_ranges(count):
            whole: Shard | None = None
            while whole is None or whole.high < high:
                piece = pieces.pop()
                if piece.high > high:
                    piece, rest = self.split(piece, high + 1)
                    pieces.append(rest)
                whole = piece if whole is None else self.merge(whole, piece)

    def result(self) -> ShardMap:
        return ShardMap(sorted(self._shards.values()), self._next_number)

    def _close(self, shard: Shard) -> None:
        self._shards[shard.number] = shard._replace(
            closed_at=self._now, last_position=self._take_position()
        )

    def _open(self, low: int, high: int, parent: int, adjacent: int) -> Shard:
        number = self._next_number
        self._next_number += 1
        shard = Shard(
            number, low, high, parent, adjacent, self._now, self._take_position(), 0, 0
        )  # fmt: skip
        self._shards[number] = shard
        return shard

    def _take_position(self) -> int:
        self.position += 1
        return self.position - 1


def are_adjacent(first: Shard, second: Shard) -> bool:
    return first.high + 1 == second.low or second.high + 1 == first.low


_Packed = tuple[int, list[tuple[int, bytes, bytes, int, int, int, int, int, int]]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack(shard_map: ShardMap) -> bytes:
    rows = [
        (each.number, key_of(each.low), key_of(each.high), *each[3:])
        for each in shard_map.shards
    ]  # fmt: skip
    return _encode((shard_map.next_number, rows))


def unpack(packed: bytes) -> ShardMap:
    next_number, rows = _decode(packed)
    shards = [
        Shard(row[0], int.from_bytes(row[1], "big"), int.from_bytes(row[2], "big"), *row[3:])
        for row in rows
    ]
    return ShardMap(shards, next_number)
