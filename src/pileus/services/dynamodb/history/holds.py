"""Holds: what is being copied stays, with its changes, until the copy is made."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.history import recording, store
from pileus.services.dynamodb.history.past import View
from pileus.services.dynamodb.tables import leftovers
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table


def take(tx: Transaction, table: Table, id: str, position: int) -> Table:
    """The table with its changes recorded; its caller keeps the table.

    From the commit on the table can be read as it was at the position, also when it is deleted.
    """
    table = recording.begin(tx, table)
    store.hold(tx, table.number, id, table.changes, position)
    return table


def let_go(tx: Transaction, view: View, id: str) -> None:
    """Release a hold, and remove what was kept for it only."""
    if not store.release(tx, view.number, id):
        return
    found = table_store.seek(tx, tx.about)
    if found is not None and found[0].number == view.number:
        table = recording.end(tx, found[0])
        if table is not found[0]:
            table_store.update(tx, table)
        recording.reschedule(tx, table)
        return
    _leave(tx, view)


def leave(tx: Transaction, table: Table) -> None:
    """The table goes: so do its items and changes, unless somebody holds them."""
    _leave(tx, View(table.number, table.changes, 0))


def _leave(tx: Transaction, view: View) -> None:
    if view.changes and not store.are_changes_held(tx, view.number):
        recording.drop_later(tx, view.changes)
    if not store.is_held(tx, view.number):
        leftovers.drop_later(tx, "items", view.number)
