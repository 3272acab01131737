"""Rows of records that are kept in memory for a while, as they came or written for clients.

A stream has several consumers, and they follow each other and the producer closely.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from pileus.services.kinesis.chunks import Columns, Head

# Seconds of a busy stream.
KEPT_BYTES_MAX = 32 * 1024 * 1024
# What a record costs beside its bytes while its row is not packed.
_RECORD_BYTES = 300
# The form in which a row came, and those of clients, which are protocols' names.
FRESH, JSON, CBOR = "fresh", "json", "cbor-1.1"
WRITTEN = (JSON, CBOR)
_MEMORY = "kinesis kept rows"
# A form, a stream's id and a shard's number: what is there is named by its first position.
Place = tuple[str, int, int]


class Fresh(NamedTuple):
    """The only row of a put and a shard, as it came; its place names the shard."""

    place: Place
    records: Columns
    size_bytes: int


class Block(NamedTuple):
    """Rows of a shard that follow each other, written together for whoever reads on from there."""

    # Theirs, as if they were one row; it came when the last of them did.
    head: Head
    row_count: int
    text: bytes


_NO_BLOCKS: Mapping[int, Block] = {}


class KeptRows:
    """Rows of all streams, of which the oldest go first; the loop and readers share them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._fresh: dict[Place, dict[int, Fresh]] = {}
        self._blocks: dict[Place, dict[int, Block]] = {}
        self._in_order: deque[tuple[Place, int]] = deque()
        self._size_bytes = 0

    def find(self, place: Place, first_positions: Iterable[int]) -> dict[int, Columns]:
        """Those of the rows that are kept as they came."""
        with self._lock:
            rows = self._fresh.get(place)
            if rows is None:
                return {}
            return {
                position: rows[position].records for position in first_positions if position in rows
            }

    def blocks(self, place: Place) -> Mapping[int, Block]:
        """What is kept written, to look for single ones; others change it meanwhile."""
        return self._blocks.get(place, _NO_BLOCKS)

    def keep(self, added: Iterable[Fresh]) -> None:
        with self._lock:
            for row in added:
                place, position = row.place, row.records.positions[0]
                rows = self._fresh.get(place)
                if rows is None:
                    rows = self._fresh[place] = {}
                if position not in rows:
                    rows[position] = row
                    self._note(place, position, _cost(row))
            self._drop_oldest()

    def keep_blocks(self, place: Place, added: Iterable[Block]) -> None:
        with self._lock:
            blocks = self._blocks.get(place)
            if blocks is None:
                blocks = self._blocks[place] = {}
            for block in added:
                position = block.head.first_position
                if position not in blocks:
                    blocks[position] = block
                    self._note(place, position, len(block.text))
            self._drop_oldest()

    def _note(self, place: Place, position: int, size_bytes: int) -> None:
        self._in_order.append((place, position))
        self._size_bytes += size_bytes

    def _drop_oldest(self) -> None:
        while self._size_bytes > KEPT_BYTES_MAX:
            place, position = self._in_order.popleft()
            if place[0] == FRESH:
                rows = self._fresh[place]
                self._size_bytes -= _cost(rows.pop(position))
                if not rows:
                    del self._fresh[place]
            else:
                blocks = self._blocks[place]
                self._size_bytes -= len(blocks.pop(position).text)
                if not blocks:
                    del self._blocks[place]


def _cost(row: Fresh) -> int:
    return row.size_bytes + _RECORD_BYTES * len(row.records.positions)


def of(memory: dict[str, Any]) -> KeptRows:
    """Those that the kernel's memory has."""
    found: KeptRows | None = memory.get(_MEMORY)
    return memory.setdefault(_MEMORY, KeptRows()) if found is None else found
