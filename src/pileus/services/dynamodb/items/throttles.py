"""Throughput that tables and indexes may take, enforced with `--limits aws` only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items.capacity import Consumed
from pileus.services.dynamodb.tables.settings import PROVISIONED, Table, Throughput

# docs: burst-adaptive-capacity; how much of what was not used is kept.
_BURST_SECONDS = 300
# What transactions and batches call the refusals.
CANCELLATION_CODES = {
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ThrottlingException": "ThrottlingError",
}


class Refusal(NamedTuple):
    """What has been exceeded, in AWS's word for it, and the ARN that it was exceeded of."""

    reason: str
    arn: str

    @property
    def error(self) -> AwsError:
        return errors.throughput_exceeded(self.reason, self.arn)


def take_read(tx: Transaction, table: Table, consumed: Consumed | None) -> None:
    """Raises ProvisionedThroughputExceededException, or ThrottlingException on demand."""
    if consumed is not None:
        refusal = refused(tx, table, consumed, "Read")
        if refusal is not None:
            raise refusal.error


def take_write(tx: Transaction, table: Table, consumed: Consumed | None) -> None:
    """Raises ProvisionedThroughputExceededException, or ThrottlingException on demand."""
    if consumed is not None:
        refusal = refused(tx, table, consumed, "Write")
        if refusal is not None:
            raise refusal.error


def refused(tx: Transaction, table: Table, consumed: Consumed, kind: str) -> Refusal | None:
    """Why this must not be consumed now; None where it is taken."""
    return _take(tx, table, consumed, kind) if tx.kernel.quotas.is_enforced else None


class _Rate(NamedTuple):
    """What a table or an index takes in a second; `is_index` chooses AWS's words."""

    arn: str
    is_index: bool
    units: int
    halves: int


def _take(tx: Transaction, table: Table, consumed: Consumed, kind: str) -> Refusal | None:
    is_provisioned = table.billing == PROVISIONED
    limit = "ProvisionedThroughput" if is_provisioned else "MaxOnDemandThroughput"
    seconds = _BURST_SECONDS if is_provisioned else 1
    for rate in _rates(table, consumed, kind):
        # Another table of the same name begins anew.
        key = f"dynamodb/{kind}/{table.id}/{rate.arn}"
        spent = rate.halves / 2
        # What is larger than a second's worth needs that, and the rest is owed.
        amount = min(spent, rate.units)
        if tx.kernel.quotas.allows(key, rate.units, tx.now, amount, seconds):
            if spent > amount:
                tx.kernel.quotas.owe(key, rate.units, tx.now, spent - amount, seconds)
        else:
            what = "Index" if rate.is_index else "Table"
            return Refusal(f"{what}{kind}{limit}Exceeded", rate.arn)
    return None


def _rates(table: Table, consumed: Consumed, kind: str) -> Iterator[_Rate]:
    """What was consumed of each that has a limit."""
    # Local indexes live on their table's throughput.
    halves = consumed.table_halves
    for index in table.indexes:
        spent = consumed.index_halves.get(index.name, 0)
        if not index.is_global:
            halves += spent
            continue
        units = _units(table, index.throughput, index.on_demand, kind)
        if spent and units is not None:
            yield _Rate(f"{table.arn}/index/{index.name}", True, units, spent)
    units = _units(table, table.throughput, table.on_demand, kind)
    if halves and units is not None:
        yield _Rate(table.arn, False, units, halves)


def _units(
    table: Table, throughput: Throughput, on_demand: Mapping[str, int] | None, kind: str
) -> int | None:
    """Units in a second; None for as many as anyone asks for."""
    if table.billing == PROVISIONED:
        return throughput.read if kind == "Read" else throughput.write
    most = (on_demand or {}).get(f"Max{kind}RequestUnits", -1)
    return most if most > 0 else None
