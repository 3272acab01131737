"""Walks the keys of a bucket in order, and rolls those with a delimiter up into prefixes.

A walk is done in steps, each of which touches a bounded number of rows: what has been rolled up is
jumped over, not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

ROWS_MAX = 900
_FETCHED_AT_FIRST = 32


class Row(Protocol):
    @property
    def key(self) -> bytes: ...


class Position(msgspec.Struct, frozen=True):
    """Where to go on: at a key, or inside of one behind `within`."""

    key: bytes
    within: int | str | None = None


class Query(msgspec.Struct, frozen=True):
    """Which keys are asked for."""

    prefix: bytes
    delimiter: bytes

    @property
    def beyond(self) -> bytes | None:
        return after_prefix(self.prefix)

    def rolled_up(self, key: bytes) -> bytes | None:
        """The common prefix that stands for the key, if one does."""
        if not self.delimiter:
            return None
        at = key.find(self.delimiter, len(self.prefix))
        return None if at < 0 else key[: at + len(self.delimiter)]


class Scan(msgspec.Struct):
    """What a walk has found: rows and common prefixes in one order, and where it would go on."""

    entries: list[Any]
    position: Position
    is_over: bool = False


# Rows from a position on, at most so many, and whether none come after them.
Fetch = Callable[[Position, int], tuple[Sequence[Any], bool]]
After = Callable[[Any], Position]


def after_prefix(prefix: bytes) -> bytes | None:
    """The first key behind all keys with a prefix."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None


def start_after(query: Query, marker: bytes) -> Position:
    """Where to begin behind a marker, which may be a common prefix itself."""
    first = marker + b"\0"
    if query.rolled_up(marker) == marker and marker.startswith(query.prefix):
        first = after_prefix(marker) or first
    return Position(max(first, query.prefix))


def scan(
    query: Query,
    position: Position,
    room: int,
    fetch: Fetch,
    after: After,
    rows_max: int = ROWS_MAX,
) -> Scan:
    """One step of a walk: ends with `room` entries, at the end, or after enough rows."""
    found = Scan([], position)
    rows_left = rows_max
    limit = _FETCHED_AT_FIRST if query.delimiter else rows_max
    while len(found.entries) < room and rows_left > 0:
        limit = min(limit, room - len(found.entries), rows_left)
        rows, is_last = fetch(found.position, limit)
        rows_left -= max(len(rows), 1)
        has_jumped = False
        for row in rows:
            if has_jumped and row.key < found.position.key:
                continue
            common = query.rolled_up(row.key)
            has_jumped = common is not None
            if common is None:
                found.entries.append(row)
                found.position = after(row)
                continue
            found.entries.append(common)
            beyond = after_prefix(common)
            if beyond is None:
                found.is_over = True
                return found
            found.position = Position(beyond)
        if is_last:
            found.is_over = True
            return found
        # Behind a prefix few rows are wanted: the next may be rolled up as well.
        limit = 2 if has_jumped else 4 * limit
    return found
