"""RestoreTableFromBackup and RestoreTableToPointInTime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Unpack

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError, not_implemented, service_unavailable
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.backups import continuous
from pileus.services.dynamodb.backups import operations as backups
from pileus.services.dynamodb.backups.store import CREATING as BACKUP_CREATING
from pileus.services.dynamodb.history import past
from pileus.services.dynamodb.history.past import View
from pileus.services.dynamodb.restores import copying, targets
from pileus.services.dynamodb.restores.copying import Restore
from pileus.services.dynamodb.restores.targets import Overrides
from pileus.services.dynamodb.tables import descriptions, store
from pileus.services.dynamodb.tables import operations as tables
from pileus.services.dynamodb.tables.settings import Restored, Table

# A small table is restored before the answer is given; others go on behind it.
_WAIT_SECONDS = 1.0


class Source(NamedTuple):
    """What a table is made of, and how its making begins."""

    table: Table
    restored: Restored
    progress: Restore
    held_at: int


def the_target(call: Call, params: Mapping[str, Any]) -> str:
    return table_names.arn_of(call, params["TargetTableName"])


async def restore_table_from_backup(
    call: Call, *, target_table_name: str, backup_arn: str, **overrides: Unpack[Overrides]
) -> dict[str, Any]:
    _check_built("RestoreTableFromBackup", overrides)
    source_arn = backups.table_of(backup_arn)
    if source_arn.split(":")[4] != call.account:
        raise errors.backup_not_found(backup_arn)
    source = await call.transaction(
        hold_backup, backup_arn, call.kernel.ids.uuid(), call.about, about=source_arn
    )
    return await _begin(call, source, overrides)


async def restore_table_to_point_in_time(
    call: Call,
    *,
    target_table_name: str,
    source_table_arn: str | None = None,
    source_table_name: str | None = None,
    use_latest_restorable_time: bool | None = None,
    restore_date_time: int | None = None,
    **overrides: Unpack[Overrides],
) -> dict[str, Any]:
    _check_built("RestoreTableToPointInTime", overrides)
    if (source_table_arn is None) == (source_table_name is None):
        raise errors.invalid("Exactly one of SourceTableArn and SourceTableName must be specified")
    if bool(use_latest_restorable_time) == (restore_date_time is not None):
        raise errors.invalid(
            "Exactly one of UseLatestRestorableTime and RestoreDateTime must be specified"
        )
    source_arn = table_names.arn_of(call, source_table_arn or source_table_name or "")
    if source_arn.split(":")[4] != call.account:
        raise errors.backup_table_not_found(table_names.name_of(source_arn))
    id = call.kernel.ids.uuid()
    source = await call.transaction(hold_past, restore_date_time, id, call.about, about=source_arn)
    return await _begin(call, source, overrides)


def _check_built(operation: str, overrides: Mapping[str, Any]) -> None:
    if overrides.get("vector_index_override") is not None:
        raise not_implemented("dynamodb", operation, "VectorIndexOverride")


def hold_backup(tx: Transaction, arn: str, id: str, target: str) -> Source:
    """Step about the backup's table: what a backup is of, held for a table that shall be made."""
    backup = backups.find(tx, arn)
    if backup.status == BACKUP_CREATING:
        raise errors.backup_in_use(arn)
    copying.hold(tx, backup.content, id, target)
    restored = Restored(tx.about, arn, backup.created_at, True)
    return Source(backup.table, restored, Restore(id, tx.about, *backup.content), tx.now)


def hold_past(tx: Transaction, at: int | None, id: str, target: str) -> Source:
    """Step about a table: it as it was at an instant, held for a table that shall be made."""
    table, at, latest = continuous.restorable(tx, at)
    view = View(table.number, table.changes, past.position_at(tx, table.changes, latest, at))
    copying.hold(tx, view, id, target)
    restored = Restored(tx.about, "", at, True)
    return Source(table, restored, Restore(id, tx.about, *view), tx.now)


async def _begin(call: Call, source: Source, overrides: Overrides) -> dict[str, Any]:
    progress = source.progress
    try:
        described: dict[str, Any] = await call.transaction(
            make_target, source, dict(overrides), about=call.about
        )
    except AwsError:
        await call.transaction(copying.let_go, progress.view, progress.id, about=progress.source)
        raise
    if not call.kernel.settings.aws_delays:
        await _wait(call, progress.id)
    return {"TableDescription": described}


def make_target(tx: Transaction, source: Source, overrides: Overrides) -> dict[str, Any]:
    """Step about the target: make it, and have it filled."""

    def number() -> int:
        return store.new_number(tx)

    if tx.now >= source.held_at + copying.FORSAKEN_MS:
        # The clock was moved meanwhile, and the hold may be gone.
        raise service_unavailable("The restoration did not begin in time.")
    id = source.progress.id
    table = targets.made(source.table, overrides, arn=tx.about, id=id, now=tx.now, number=number)
    table = msgspec.structs.replace(table, restored=source.restored)
    if store.seek(tx, tx.about) is not None:
        raise errors.restored_table_exists(table.name)
    store.insert(tx, table)
    tx.enlist(tables.TABLES, table.name, tx.about)
    copying.set_timer(tx, source.progress, tx.now)
    return descriptions.of_table(tx, table)


async def _wait(call: Call, id: str) -> None:
    """Until the table is filled, but not for long."""
    async with call.watching(call.about) as changed:
        while not await call.read(copying.is_over, id, about=call.about):
            if not await changed(real_seconds=_WAIT_SECONDS):
                return
