"""Records what items were before they changed, while somebody may ask for it, and forgets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.history import store
from pileus.services.dynamodb.items.kept_items import Stored
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

DAY_MS = 86_400_000
TRIM_TIMER = "dynamodb:trim-changes"
DROP_TIMER = "dynamodb:drop-changes"
_PAGE = 500
_ALL = 2**62


def note(
    tx: Transaction, table: Table, place: table_store.Place, key: Key, old: Stored | None
) -> None:
    """Record a change in its own transaction."""
    store.insert(tx, table.changes, place.position, key, old)
    if table.recovery_days and not place.changes_trim_at:
        _trim_at(tx, table, tx.now + _kept_ms(table))


def _kept_ms(table: Table) -> int:
    return table.recovery_days * DAY_MS


def _trim_at(tx: Transaction, table: Table, at: int) -> None:
    table_store.set_changes_trim_at(tx, table.arn, at)
    tx.set_timer(TRIM_TIMER, table.arn, at)


def begin(tx: Transaction, table: Table) -> Table:
    """The table with its changes recorded from now on; its caller keeps the table."""
    if table.changes:
        return table
    return msgspec.structs.replace(table, changes=table_store.new_number(tx))


def end(tx: Transaction, table: Table) -> Table:
    """The table without recording, unless somebody needs it; its caller keeps the table."""
    if not table.changes or table.recovery_days:
        return table
    if store.are_changes_held(tx, table.number):
        return table
    drop_later(tx, table.changes)
    return msgspec.structs.replace(table, changes=0)


def reschedule(tx: Transaction, table: Table) -> None:
    """Trim anew: how long changes are kept is another, or nobody holds them any more."""
    if table.changes and table.recovery_days:
        _trim_at(tx, table, tx.now)


def drop_later(tx: Transaction, changes: int) -> None:
    tx.set_timer(DROP_TIMER, str(changes), tx.now)


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of changes that nobody can ask for."""
    if store.trim(call.tx, int(key), _ALL, _PAGE):
        call.tx.set_timer(DROP_TIMER, key, call.tx.now)


def trim(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of changes that are too old to be restored."""
    tx = call.tx
    found = table_store.seek(tx, key)
    if found is None:
        return
    table = found[0]
    is_held = store.are_changes_held(tx, table.number)
    if not table.changes or not table.recovery_days or is_held:
        # Whoever holds them sets the timer again.
        table_store.set_changes_trim_at(tx, key, 0)
        return
    oldest = tx.now - _kept_ms(table)
    first = store.at_or_after(tx, table.changes, 0)
    if first is not None and first[1] <= oldest:
        last = _last_until(tx, table.changes, first[0], found[1].position, oldest)
        store.trim(tx, table.changes, last, _PAGE)
        first = store.at_or_after(tx, table.changes, 0)
    if first is None:
        table_store.set_changes_trim_at(tx, key, 0)
    else:
        _trim_at(tx, table, max(tx.now, first[1] + _kept_ms(table)))


def _last_until(tx: Transaction, changes: int, first: int, latest: int, at: int) -> int:
    """The last position of a page that begins at `first`, up to an instant."""
    low, high = first, min(latest, first + _PAGE) + 1
    while high - low > 1:
        middle = (low + high) // 2
        row = store.at_or_after(tx, changes, middle)
        if row is None or row[1] > at:
            high = middle
        else:
            low = middle
    return low
