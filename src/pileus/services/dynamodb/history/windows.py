"""What has changed in a table between two positions, item by item."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.history import store
from pileus.services.dynamodb.history.past import View
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.items import store as item_store
from pileus.services.dynamodb.items.keys import Key

_BYTES_MAX = 1024 * 1024


class ItemChange(NamedTuple):
    """An item before and after; both are None where it came and went. `some` has its key."""

    old: Item | None
    new: Item | None
    some: Item
    changed_at: int
    size: int


class Window(NamedTuple):
    changes: list[ItemChange]
    # The place behind which to go on; None at the end.
    last: Key | None


def page(tx: Transaction, view: View, until: int, after: Key, limit: int) -> Window:
    """Items that changed behind the view's position and until another, in the order of keys."""
    found: list[ItemChange] = []
    looked_at = size = 0
    while looked_at < limit and size < _BYTES_MAX:
        first = store.next_changed(tx, view.changes, after, view.position)
        if first is None:
            return Window(found, None)
        after = first.key
        looked_at += 1
        if not view.position < first.position <= until:
            continue
        change = _change(tx, view, until, first)
        found.append(change)
        size += change.size
    return Window(found, after)


def _change(tx: Transaction, view: View, until: int, first: store.Change) -> ItemChange:
    last, changed_at = store.last_until(tx, view.changes, first.key, until)
    following = store.first_after(tx, view.changes, first.key, until)
    if following is not None:
        new, new_size = _decoded(following.packed), following.size
    else:
        there = item_store.find(tx, view.number, first.key)
        new, new_size = (None, 0) if there is None else (there.item, there.size)
    old = _decoded(first.packed)
    some = new or old or _decoded(last.packed)
    assert some is not None, "an item that came and went was there before it went"
    return ItemChange(old, new, some, changed_at, first.size + new_size)


def _decoded(packed: bytes | None) -> Item | None:
    return None if packed is None else kept_items.decode(packed)
