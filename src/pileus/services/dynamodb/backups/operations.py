"""Operations on backups: create, describe, list, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.backups import copying, descriptions, store, system
from pileus.services.dynamodb.backups.store import Backup
from pileus.services.dynamodb.history import store as history_store
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import CREATING, DELETING

_LIST_MAX = 100
# How many names are looked at for one page, of those that are not meant.
_PAGES_MAX = 20
_ID = re.compile(r"\d{14}-[0-9a-f]{8}")


def the_backup(call: Call, params: Mapping[str, Any]) -> str:
    """The table that a backup is of: they share a partition."""
    return table_of(params["BackupArn"])


def table_of(backup_arn: str) -> str:
    table, _, id = backup_arn.partition("/backup/")
    if not _ID.fullmatch(id) or not table_names.NAME.fullmatch(table.partition(":table/")[2]):
        raise errors.backup_not_found(backup_arn)
    return table_names.table_of(table)


def find(tx: Transaction, arn: str) -> Backup:
    backup = store.find(tx, arn)
    if backup is None:
        raise errors.backup_not_found(arn)
    return backup


def create_backup(call: Call, *, table_name: str, backup_name: str) -> dict[str, Any]:
    tx = call.tx
    found = table_store.seek(tx, call.about)
    if found is None:
        raise errors.backup_table_not_found(table_names.name_of(call.about))
    table, state = found
    if table.status in (CREATING, DELETING):
        change = "created" if table.status == CREATING else "deleted"
        raise errors.backup_table_in_use(table.name, change)
    backup = Backup(
        arn=system.new_arn(tx, table),
        name=backup_name,
        type=store.USER,
        status=store.CREATING,
        created_at=tx.now,
        expires_at=0,
        number=table_store.new_number(tx),
        items=state.items,
        bytes=state.bytes,
        position=state.position,
        table=table,
    )
    backup = copying.begin(tx, table, backup)
    return {"BackupDetails": descriptions.details(backup, store.CREATING)}


def describe_backup(call: Call, *, backup_arn: str) -> dict[str, Any]:
    return {"BackupDescription": descriptions.description(find(call.tx, backup_arn))}


def delete_backup(call: Call, *, backup_arn: str) -> dict[str, Any]:
    tx = call.tx
    backup = find(tx, backup_arn)
    is_restored = history_store.is_held_by(tx, backup.number, history_store.RESTORE_HOLD)
    if backup.status == store.CREATING or is_restored:
        raise errors.backup_in_use(backup_arn)
    copying.remove(tx, backup)
    return {"BackupDescription": descriptions.description(backup, store.DELETED)}


async def list_backups(
    call: Call,
    *,
    table_name: str | None = None,
    limit: int | None = None,
    time_range_lower_bound: int | None = None,
    time_range_upper_bound: int | None = None,
    exclusive_start_backup_arn: str | None = None,
    backup_type: str | None = None,
) -> dict[str, Any]:
    lower, upper = time_range_lower_bound, time_range_upper_bound
    if lower is not None and upper is not None and lower > upper:
        raise errors.invalid("TimeRangeLowerBound must be before TimeRangeUpperBound")
    prefix = ""
    if table_name is not None:
        prefix = f"{table_names.name_of(table_names.arn_of(call, table_name))}/"
    after = ""
    if exclusive_start_backup_arn is not None:
        table_arn = table_of(exclusive_start_backup_arn)
        id = exclusive_start_backup_arn.rpartition("/")[2]
        # Behind it, whatever its type is.
        after = f"{table_names.name_of(table_arn)}/{id}/~"
    chosen = (backup_type or store.USER, lower or 0, 2**62 if upper is None else upper)
    size = min(limit or _LIST_MAX, _LIST_MAX)
    arns, last = await call.read(list_names, prefix, after, size, chosen, about=call.about)
    by_table: dict[str, list[str]] = {}
    for arn in arns:
        by_table.setdefault(table_of(arn), []).append(arn)
    found = [await call.read(summaries, wanted, about=table) for table, wanted in by_table.items()]
    answer: dict[str, Any] = {"BackupSummaries": [each for some in found for each in some]}
    if last:
        answer["LastEvaluatedBackupArn"] = last
    return answer


def list_names(
    tx: Transaction, prefix: str, after: str, size: int, chosen: tuple[str, int, int]
) -> tuple[list[str], str]:
    """Step about the account: ARNs of one type and time, and the last if there are more."""
    kind, lower, upper = chosen
    arns: list[str] = []
    for _ in range(_PAGES_MAX):
        rows = tx.listed(system.BACKUPS, at_most=_LIST_MAX + 1, prefix=prefix, after=after)
        for place, (name, arn) in enumerate(rows[:_LIST_MAX]):
            _, id, each = name.rsplit("/", 2)
            if kind in (each, "ALL") and lower <= int(id[:14]) < upper:
                arns.append(arn)
                if len(arns) == size:
                    return arns, arn if place + 1 < len(rows) else ""
        if len(rows) <= _LIST_MAX:
            return arns, ""
        after, last = rows[_LIST_MAX - 1]
    return arns, last


def summaries(tx: Transaction, arns: list[str]) -> list[dict[str, Any]]:
    """Step about a table: those of its backups that are still there."""
    found = (store.find(tx, arn) for arn in arns)
    return [descriptions.summary(backup) for backup in found if backup is not None]
