"""Rows of records that are kept in memory for a while, packed as they came or written for clients.

A stream has several consumers, and they follow each other and the producer closely.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import Any

# Seconds of a busy stream.
KEPT_BYTES_MAX = 32 * 1024 * 1024
# The form in which a row is in the database, and those of clients, which are protocols' names.
PACKED, JSON, CBOR = "packed", "json", "cbor-1.1"
WRITTEN = (JSON, CBOR)
_MEMORY = "kinesis kept rows"
# A form, a stream's id and a shard's number: the rows there have their first positions as names.
Place = tuple[str, int, int]


class KeptRows:
    """Rows of all streams, of which the oldest go first; the loop and readers share them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: dict[Place, dict[int, bytes]] = {}
        self._in_order: deque[tuple[Place, int]] = deque()
        self._size_bytes = 0

    def find(self, place: Place, first_positions: Iterable[int]) -> dict[int, bytes]:
        """Those of the rows that are kept."""
        with self._lock:
            rows = self._places.get(place)
            if rows is None:
                return {}
            return {position: rows[position] for position in first_positions if position in rows}

    def keep(self, added: Iterable[tuple[Place, int, bytes]]) -> None:
        with self._lock:
            for place, position, row in added:
                rows = self._places.get(place)
                if rows is None:
                    rows = self._places[place] = {}
                if position not in rows:
                    rows[position] = row
                    self._in_order.append((place, position))
                    self._size_bytes += len(row)
            while self._size_bytes > KEPT_BYTES_MAX:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        place, position = self._in_order.popleft()
        rows = self._places[place]
        self._size_bytes -= len(rows.pop(position))
        if not rows:
            del self._places[place]


def of(memory: dict[str, Any]) -> KeptRows:
    """Those that the kernel's memory has."""
    found: KeptRows | None = memory.get(_MEMORY)
    return memory.setdefault(_MEMORY, KeptRows()) if found is None else found
