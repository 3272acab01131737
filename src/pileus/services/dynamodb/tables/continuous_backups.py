"""Point-in-time recovery as a setting: what can be restored is told, restoring is not built."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import store
from pileus.services.dynamodb.tables.settings import Table

_DAYS = 35
_DAY_MS = 86_400_000
# AWS can restore up to five minutes ago.
_LATEST_MS = 300_000


def _find(tx: Transaction) -> Table:
    found = store.seek(tx, tx.about)
    if found is None:
        raise errors.backup_table_not_found(tx.about.rpartition("/")[2])
    return found[0]


def describe_continuous_backups(call: Call, *, table_name: str) -> dict[str, Any]:
    return _shown(call.tx, _find(call.tx))


def _shown(tx: Transaction, table: Table) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if table.recovery_days:
        earliest = max(table.recovers_since, tx.now - table.recovery_days * _DAY_MS)
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": table.recovery_days,
            "EarliestRestorableDateTime": earliest,
            "LatestRestorableDateTime": max(earliest, tx.now - _LATEST_MS),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
        }
    }  # fmt: skip


def update_continuous_backups(
    call: Call, *, table_name: str, point_in_time_recovery_specification: dict[str, Any]
) -> dict[str, Any]:
    table = _find(call.tx)
    wanted = point_in_time_recovery_specification
    days = wanted.get("RecoveryPeriodInDays")
    if not wanted["PointInTimeRecoveryEnabled"]:
        if days is not None:
            raise errors.invalid_values(
                "RecoveryPeriodInDays can only be specified when PointInTimeRecoveryEnabled is true"
            )
        table = msgspec.structs.replace(table, recovery_days=0, recovers_since=0)
    else:
        since = table.recovers_since or call.now
        table = msgspec.structs.replace(
            table, recovery_days=days or table.recovery_days or _DAYS, recovers_since=since
        )
    store.update(call.tx, table)
    return _shown(call.tx, table)
