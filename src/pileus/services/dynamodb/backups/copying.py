"""Copies a table into a backup, a page at a time, while it is written to; expires backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.backups import store, system
from pileus.services.dynamodb.backups.store import Backup
from pileus.services.dynamodb.history import holds, past
from pileus.services.dynamodb.history.store import COPY_HOLD
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

COPY_TIMER = "dynamodb:copy-backup"
_PAGE = 200
# How long it takes where AWS's delays are played.
_CREATION_MS = 10_000


def begin(tx: Transaction, table: Table, backup: Backup) -> Backup:
    """Make a backup of a table as it is now; a small one is made at once."""
    has_delays = tx.kernel.settings.aws_delays
    if not has_delays:
        page = past.page(tx, past.View(table.number, 0, 0), past.FIRST, _PAGE)
        if page.last is None:
            store.copy(tx, backup.number, page.items)
            backup = backup._replace(status=store.AVAILABLE)
            system.add(tx, backup)
            return backup
    held = holds.take(tx, table, COPY_HOLD + backup.arn, backup.position)
    table_store.update(tx, held)
    backup = backup._replace(table=held)
    system.add(tx, backup)
    at = tx.now + (_CREATION_MS if has_delays else 0)
    tx.set_timer(COPY_TIMER, backup.arn, at, {"hash": "", "sort": ""})
    return backup


def copy(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: put a page of what the table was into its backup."""
    tx = call.tx
    backup = store.find(tx, key)
    if backup is None or backup.status != store.CREATING:
        return
    after = Key(bytes.fromhex(payload["hash"]), bytes.fromhex(payload["sort"]))
    page = past.page(tx, backup.source, after, _PAGE)
    store.copy(tx, backup.number, page.items)
    if page.last is not None:
        place = {"hash": page.last.hash.hex(), "sort": page.last.sort.hex()}
        tx.set_timer(COPY_TIMER, key, tx.now, place)
        return
    store.finish(tx, key)
    holds.let_go(tx, backup.source, COPY_HOLD + key)


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a system backup has been kept for long enough."""
    backup = store.find(call.tx, key)
    if backup is not None:
        remove(call.tx, backup)


def remove(tx: Transaction, backup: Backup) -> None:
    """Let a backup go at once, and its items when nobody restores them any more."""
    store.delete(tx, backup.arn)
    tx.delist(system.BACKUPS, system.list_name(backup))
    holds.let_go(tx, backup.content, system.OWN_HOLD)
    if backup.type == store.SYSTEM:
        tx.finish_timer(system.EXPIRE_TIMER, backup.arn)
