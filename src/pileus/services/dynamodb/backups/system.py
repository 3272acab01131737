"""The backup that is kept of a table with point-in-time recovery when it is deleted."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.backups import store
from pileus.services.dynamodb.backups.store import Backup
from pileus.services.dynamodb.history import store as history_store
from pileus.services.dynamodb.tables.settings import Table
from pileus.services.dynamodb.tables.store import State

BACKUPS = "backup"
EXPIRE_TIMER = "dynamodb:expire-backup"
# The hold of a backup on its own items.
OWN_HOLD = "backup"
_KEPT_MS = 35 * 86_400_000
_NAME_SUFFIX = "$DeletedTableBackup"


def keep(tx: Transaction, table: Table, state: State) -> None:
    """Let a backup take over the items of a table that goes; nothing is copied."""
    arn = new_arn(tx, table)
    backup = Backup(
        arn=arn,
        name=table.name[: 255 - len(_NAME_SUFFIX)] + _NAME_SUFFIX,
        type=store.SYSTEM,
        status=store.AVAILABLE,
        created_at=tx.now,
        expires_at=tx.now + _KEPT_MS,
        number=table.number,
        items=state.items,
        bytes=state.bytes,
        position=0,
        table=table,
    )
    add(tx, backup)
    tx.set_timer(EXPIRE_TIMER, arn, backup.expires_at)


def new_arn(tx: Transaction, table: Table) -> str:
    return f"{table.arn}/backup/{tx.now:014d}-{tx.kernel.ids.hexadecimal(8)}"


def add(tx: Transaction, backup: Backup) -> None:
    store.insert(tx, backup)
    history_store.hold(tx, backup.number, OWN_HOLD, 0, 0)
    tx.enlist(BACKUPS, list_name(backup), backup.arn)


def list_name(backup: Backup) -> str:
    """What its account's list knows it by: enough to choose without reading it."""
    return f"{backup.table.name}/{backup.arn.rpartition('/')[2]}/{backup.type}"
