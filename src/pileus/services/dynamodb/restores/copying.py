"""Fills restored tables, a page at a time: each run of the timer copies one.

The timer is the target's and lasts until the copy is made; what it reads is held at the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.history import holds, past
from pileus.services.dynamodb.history import store as history_store
from pileus.services.dynamodb.history.past import PastItem, View
from pileus.services.dynamodb.history.store import RESTORE_HOLD
from pileus.services.dynamodb.items import kept_items, writes
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import ACTIVE, CREATING, Table

RESTORE_TIMER = "dynamodb:restore"
FORSAKEN_TIMER = "dynamodb:forsaken-restore"
# Rows that a page may write, indexes included.
_ROWS, _ITEMS_MIN = 200, 5
# How long it takes where AWS's delays are played.
_RESTORE_MS = 20_000
# After which a hold is looked at, whose table may not have come to be. They are two commits, one
# right after the other.
FORSAKEN_MS = 60_000


class Restore(msgspec.Struct, frozen=True):
    """How far a restore has come: the payload of its timer."""

    # The table that is made.
    id: str
    # The table that holds what it is made of, and which items these are.
    source: str
    number: int
    changes: int
    position: int
    hash: bytes = b""
    sort: bytes = b""
    is_copied: bool = False

    @property
    def view(self) -> View:
        return View(self.number, self.changes, self.position)


def set_timer(tx: Transaction, progress: Restore, at: int) -> None:
    tx.set_timer(RESTORE_TIMER, tx.about, at, msgspec.to_builtins(progress))


async def restore(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: copy a page into a restored table; at its end let the source go."""
    progress = msgspec.convert(payload, Restore)
    if progress.is_copied:
        await call.transaction(let_go, progress.view, progress.id, about=progress.source)
        await call.transaction(finish, progress.id, about=key)
        return
    limit = await call.read(page_items, about=key)
    after = Key(progress.hash, progress.sort)
    items, last = await call.read(past.page, progress.view, after, limit, about=progress.source)
    await call.transaction(write_page, progress, items, last, about=key)


def hold(tx: Transaction, view: View, id: str, target: str) -> None:
    """Have the source keep what is restored until the table is made, or is not made after all."""
    history_store.hold(tx, view.number, RESTORE_HOLD + id, view.changes, view.position)
    payload = {"target": target, "number": view.number, "changes": view.changes}
    tx.set_timer(FORSAKEN_TIMER, id, tx.now + FORSAKEN_MS, payload)


def let_go(tx: Transaction, view: View, id: str) -> None:
    """Step about the source: it need not keep anything for the table any more."""
    holds.let_go(tx, view, RESTORE_HOLD + id)
    tx.finish_timer(FORSAKEN_TIMER, id)


async def forsake(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a crash may have come between the hold and the table; else the table lets go."""
    if await call.read(is_over, key, about=payload["target"]):
        view = View(payload["number"], payload["changes"], 0)
        await call.transaction(let_go, view, key, about=call.about)


def page_items(tx: Transaction) -> int:
    """Step about the target: how many items one transaction can take."""
    found = table_store.seek(tx, tx.about)
    indexes = 0 if found is None else len(found[0].indexes)
    return max(_ITEMS_MIN, _ROWS // (1 + indexes))


def write_page(tx: Transaction, progress: Restore, items: list[PastItem], last: Key | None) -> None:
    """Step about the target: put a page into it, and set the timer for what follows."""
    table = _target(tx, progress.id)
    if table is None:
        return
    for item in items:
        key = Key(item.hash, item.sort)
        writes.write(tx, table, key, None, kept_items.decode(item.packed))
    at = tx.now
    if last is not None:
        progress = msgspec.structs.replace(progress, hash=last.hash, sort=last.sort)
    else:
        progress = msgspec.structs.replace(progress, is_copied=True)
        at += _RESTORE_MS if tx.kernel.settings.aws_delays else 0
    set_timer(tx, progress, at)


def finish(tx: Transaction, id: str) -> None:
    """Step about the target: it can be used."""
    table = _target(tx, id)
    if table is not None and table.restored is not None:
        restored = msgspec.structs.replace(table.restored, is_going_on=False)
        changed = msgspec.structs.replace(table, status=ACTIVE, restored=restored)
        table_store.update(tx, changed)
    tx.finish_timer(RESTORE_TIMER, tx.about)
    tx.wake(tx.about)


def is_over(tx: Transaction, id: str) -> bool:
    """Step about the target."""
    return _target(tx, id) is None


def _target(tx: Transaction, id: str) -> Table | None:
    """The table while it is being restored."""
    found = table_store.seek(tx, tx.about)
    if found is None or found[0].id != id or found[0].status != CREATING:
        return None
    return found[0]
