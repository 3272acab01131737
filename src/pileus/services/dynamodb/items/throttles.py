"""Provisioned throughput, enforced with `--limits aws` only."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items.capacity import Consumed
from pileus.services.dynamodb.tables.settings import PROVISIONED, Table, Throughput


def take_read(tx: Transaction, table: Table, consumed: Consumed) -> None:
    """Raises ProvisionedThroughputExceededException."""
    if tx.kernel.quotas.is_enforced:
        _take(tx, table, consumed, "read")


def take_write(tx: Transaction, table: Table, consumed: Consumed) -> None:
    """Raises ProvisionedThroughputExceededException."""
    if tx.kernel.quotas.is_enforced:
        _take(tx, table, consumed, "write")


def _take(tx: Transaction, table: Table, consumed: Consumed, kind: str) -> None:
    if table.billing != PROVISIONED:
        return
    halves = {"": consumed.table_halves}
    rates = {"": _rate(table.throughput, kind)}
    for index in table.indexes:
        spent = consumed.index_halves.get(index.name, 0)
        # Local indexes live on their table's throughput.
        name = index.name if index.is_global else ""
        halves[name] = halves.get(name, 0) + spent
        if index.is_global:
            rates[name] = _rate(index.throughput, kind)
    for name, spent in halves.items():
        key = f"dynamodb/{kind}/{table.arn}/{name}"
        rate = rates[name]
        # A request larger than a second's worth takes all of it.
        if spent and not tx.kernel.quotas.allows(key, rate, tx.now, min(spent / 2, rate)):
            raise errors.throughput_exceeded()


def _rate(throughput: Throughput, kind: str) -> int:
    return throughput.read if kind == "read" else throughput.write
