"""What requests consume: capacity units, exact to the half."""

from __future__ import annotations

from typing import Any

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.tables.settings import Table

_READ_BYTES, _WRITE_BYTES = 4096, 1024


def read_halves(size: int, is_consistent: bool) -> int:
    """Half read units for reading so many bytes; nothing found costs as much as something."""
    blocks = max(1, -(-size // _READ_BYTES))
    return blocks * 2 if is_consistent else blocks


def write_units(size: int) -> int:
    return max(1, -(-size // _WRITE_BYTES))


class Consumed:
    """Half units that one request consumed of one table and its indexes."""

    __slots__ = ("_kind", "_table", "index_halves", "table_halves")

    def __init__(self, table: Table, kind: str = "") -> None:
        self._table = table
        # "Read" or "Write": transactions name it besides the sum.
        self._kind = kind
        self.table_halves = 0
        self.index_halves: dict[str, int] = {}

    @staticmethod
    def where_counted(tx: Transaction, table: Table, wanted: str | None) -> Consumed | None:
        """None where nobody asks: neither the request nor the limits."""
        if wanted is None and not tx.kernel.quotas.is_enforced:
            return None
        return Consumed(table)

    def add(self, halves: int, index: str = "") -> None:
        if index:
            self.index_halves[index] = self.index_halves.get(index, 0) + halves
        else:
            self.table_halves += halves

    def add_all(self, other: Consumed) -> None:
        self.table_halves += other.table_halves
        for name, halves in other.index_halves.items():
            self.add(halves, name)

    def answer(self, wanted: str | None) -> dict[str, Any]:
        """The answer's member, where the request asks for it."""
        if wanted in (None, "NONE"):
            return {}
        return {"ConsumedCapacity": self.shown(wanted == "INDEXES")}

    def shown(self, with_indexes: bool) -> dict[str, Any]:
        total = self.table_halves + sum(self.index_halves.values())
        shown: dict[str, Any] = {"TableName": self._table.name, **self._units(total)}
        if not with_indexes:
            return shown
        shown["Table"] = self._units(self.table_halves)
        for index in self._table.indexes:
            if index.name in self.index_halves:
                member = "GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes"
                units = self._units(self.index_halves[index.name])
                shown.setdefault(member, {})[index.name] = units
        return shown

    def _units(self, halves: int) -> dict[str, float]:
        units = {"CapacityUnits": halves / 2}
        if self._kind:
            units[f"{self._kind}CapacityUnits"] = halves / 2
        return units
