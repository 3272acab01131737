"""Rows of records that are kept in memory for a while, packed as they came or written for clients.

A stream has several consumers, and they follow each other and the producer closely.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from pileus.services.kinesis.chunks import Head

# Seconds of a busy stream.
KEPT_BYTES_MAX = 32 * 1024 * 1024
# The form in which a row is in the database, and those of clients, which are protocols' names.
# Not as single records: so many objects make puts slower than unpacking them makes reads.
PACKED, JSON, CBOR = "packed", "json", "cbor-1.1"
WRITTEN = (JSON, CBOR)
_MEMORY = "kinesis kept rows"
# A form, a stream's id and a shard's number: what is there is named by its first position.
Place = tuple[str, int, int]


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
        self._packed: dict[Place, dict[int, bytes]] = {}
        self._blocks: dict[Place, dict[int, Block]] = {}
        self._in_order: deque[tuple[Place, int]] = deque()
        self._size_bytes = 0

    def find(self, place: Place, first_positions: Iterable[int]) -> dict[int, bytes]:
        """Those of the rows that are kept packed."""
        with self._lock:
            rows = self._packed.get(place)
            if rows is None:
                return {}
            return {position: rows[position] for position in first_positions if position in rows}

    def blocks(self, place: Place) -> Mapping[int, Block]:
        """What is kept written, to look for single ones; others change it meanwhile."""
        return self._blocks.get(place, _NO_BLOCKS)

    def keep(self, added: Iterable[tuple[Place, int, bytes]]) -> None:
        """Keep packed rows."""
        with self._lock:
            for place, position, row in added:
                rows = self._packed.get(place)
                if rows is None:
                    rows = self._packed[place] = {}
                if position not in rows:
                    rows[position] = row
                    self._note(place, position, len(row))
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
            if place[0] == PACKED:
                rows = self._packed[place]
                self._size_bytes -= len(rows.pop(position))
                if not rows:
                    del self._packed[place]
            else:
                blocks = self._blocks[place]
                self._size_bytes -= len(blocks.pop(position).text)
                if not blocks:
                    del self._blocks[place]


def of(memory: dict[str, Any]) -> KeptRows:
    """Those that the kernel's memory has."""
    found: KeptRows | None = memory.get(_MEMORY)
    return memory.setdefault(_MEMORY, KeptRows()) if found is None else found
