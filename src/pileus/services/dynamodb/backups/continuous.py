"""Continuous backups: the time in which a table can be restored as it was."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.history import recording
from pileus.services.dynamodb.tables import store
from pileus.services.dynamodb.tables.settings import Table

_DAYS = 35
# AWS can restore up to five minutes ago.
_LATEST_MS = 300_000


class Window(NamedTuple):
    """The first and the last instant that can be restored."""

    earliest: int
    latest: int


def window(table: Table, now: int) -> Window:
    earliest = max(table.recovers_since, now - table.recovery_days * recording.DAY_MS)
    return Window(earliest, max(earliest, now - _LATEST_MS))


def _find(tx: Transaction) -> tuple[Table, store.State]:
    found = store.seek(tx, tx.about)
    if found is None:
        raise errors.backup_table_not_found(table_names.name_of(tx.about))
    return found


class Restorable(NamedTuple):
    """A table, an instant that can be restored, and the position of its last change."""

    table: Table
    at: int
    position: int


def restorable(tx: Transaction, at: int | None) -> Restorable:
    """Raises AWS's errors; None stands for the latest instant."""
    table, state = recoverable(tx)
    found = window(table, tx.now)
    if at is None:
        return Restorable(table, found.latest, state.position)
    # AWS tells and takes whole seconds.
    if not found.earliest // 1000 * 1000 <= at <= found.latest:
        raise errors.invalid_restore_time()
    return Restorable(table, max(at, found.earliest), state.position)


def recoverable(tx: Transaction) -> tuple[Table, store.State]:
    """The table, if it has point-in-time recovery; raises AWS's errors."""
    table, state = _find(tx)
    if not table.recovery_days:
        raise errors.recovery_unavailable(table.name)
    return table, state


def describe_continuous_backups(call: Call, *, table_name: str) -> dict[str, Any]:
    return _shown(call.tx, _find(call.tx)[0])


def _shown(tx: Transaction, table: Table) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if table.recovery_days:
        found = window(table, tx.now)
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": table.recovery_days,
            "EarliestRestorableDateTime": found.earliest,
            "LatestRestorableDateTime": found.latest,
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
        }
    }  # fmt: skip


def update_continuous_backups(
    call: Call, *, table_name: str, point_in_time_recovery_specification: dict[str, Any]
) -> dict[str, Any]:
    tx = call.tx
    table, _ = _find(tx)
    wanted = point_in_time_recovery_specification
    days = wanted.get("RecoveryPeriodInDays")
    if not wanted["PointInTimeRecoveryEnabled"]:
        if days is not None:
            raise errors.invalid_values(
                "RecoveryPeriodInDays can only be specified when PointInTimeRecoveryEnabled is true"
            )
        table = msgspec.structs.replace(table, recovery_days=0, recovers_since=0)
        table = recording.end(tx, table)
    else:
        since = table.recovers_since or call.now
        table = recording.begin(tx, table)
        table = msgspec.structs.replace(
            table, recovery_days=days or table.recovery_days or _DAYS, recovers_since=since
        )
        recording.reschedule(tx, table)
    store.update(tx, table)
    return _shown(tx, table)
