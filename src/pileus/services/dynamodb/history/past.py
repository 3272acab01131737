"""A table as it was: its items now, where they have not changed since, else what they were."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.history import store
from pileus.services.dynamodb.items import store as item_store
from pileus.services.dynamodb.items.keys import Key

FIRST = Key(b"", b"")
# Behind every hash.
_UNTIL = b"\xff" * 17
_BYTES_MAX = 1024 * 1024
_ROWS_AT_ONCE = 20


class View(NamedTuple):
    """Which items, and at which position of their recorded changes; `changes` 0: as they are."""

    number: int
    changes: int
    position: int


class PastItem(NamedTuple):
    hash: bytes
    sort: bytes
    size: int
    packed: bytes


class PastPage(NamedTuple):
    """Items in the order of their keys; `last` is the place behind which to go on."""

    items: list[PastItem]
    last: Key | None


def page(tx: Transaction, view: View, after: Key, limit: int) -> PastPage:
    """Up to `limit` items behind a key, and no more than about a megabyte."""
    rows, is_all = _current(tx, view.number, after, limit)
    end = None if is_all else rows[-1].key
    found = {row.key: PastItem(*row.key, row.size, row.packed) for row in rows}
    if view.changes:
        end = _undo(tx, view, after, end, limit, found)
    items = [found[key] for key in sorted(found) if end is None or key <= end]
    return PastPage(items, end)


def _current(
    tx: Transaction, number: int, after: Key, limit: int
) -> tuple[list[item_store.Found], bool]:
    """The items that are there now, and whether these are all behind the key."""
    found: list[item_store.Found] = []
    size = 0
    while len(found) < limit and size < _BYTES_MAX:
        wanted = min(_ROWS_AT_ONCE, limit - len(found))
        rows = item_store.scan(tx, number, after, _UNTIL, wanted)
        found += rows
        if len(rows) < wanted:
            return found, True
        size += sum(row.size for row in rows)
        after = rows[-1].key
    return found, False


def _undo(
    tx: Transaction,
    view: View,
    after: Key,
    end: Key | None,
    limit: int,
    found: dict[Key, PastItem],
) -> Key | None:
    """Put back what has changed since, up to `end`; the new end, where that is too much."""
    looked_at = size = 0
    while True:
        change = store.next_changed(tx, view.changes, after, view.position)
        if change is None or (end is not None and change.key > end):
            return end
        after = change.key
        if change.position > view.position:
            found.pop(change.key, None)
            if change.packed is not None:
                found[change.key] = PastItem(*change.key, change.size, change.packed)
                size += change.size
        looked_at += 1
        if looked_at >= limit or size >= _BYTES_MAX:
            return after


def position_at(tx: Transaction, changes: int, latest: int, at: int) -> int:
    """The position of the last change that happened until an instant, of those that are left.

    Positions and times grow together, so it is found by halving.
    """
    low, high = 0, latest + 1
    # The first position whose change came later lies in (low, high].
    while high - low > 1:
        middle = (low + high) // 2
        row = store.at_or_after(tx, changes, middle)
        if row is None or row[1] > at:
            high = middle
        else:
            low = row[0]
    return low
