"""Counts what was used, by hour, in memory; the counts ride along with a commit each second.

A crash may lose the last second of counts, never of data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

ABOUT = "pileus:usage"
_FLUSH_SECONDS = 1.0
_HOUR_MS = 3_600_000
# More distinct counters than this in one second are written in several commits.
_ROWS_PER_COMMIT = 500

Key = tuple[str, str, str, str, str]  # account, region, service, operation, unit

_ADD = """
INSERT INTO kernel_usage (part, hour, account, region, service, operation, unit, quantity)
VALUES (:part, :hour, :account, :region, :service, :operation, :unit, :quantity)
ON CONFLICT (part, hour, account, region, service, operation, unit)
DO UPDATE SET quantity = kernel_usage.quantity + excluded.quantity
"""
_READ = """
SELECT account, region, service, operation, unit, SUM(quantity) FROM kernel_usage
WHERE part = :part AND hour >= :first AND hour <= :last
GROUP BY account, region, service, operation, unit
ORDER BY service, operation, unit, account, region LIMIT :limit
"""


class Metering:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._counts: dict[Key, float] = {}
        self._is_armed = False

    def count(self, key: Key, quantity: float = 1) -> None:
        """Add to a counter: requests, GB-ms, 64 KB chunks, deliveries, bytes."""
        counts = self._counts
        counts[key] = counts.get(key, 0) + quantity
        if not self._is_armed:
            self._is_armed = True
            self._kernel.clock.call_later(_FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        self._kernel.tasks.start("metering", self.write())

    async def write(self) -> None:
        """Write all counts of this moment."""
        counts, self._counts = self._counts, {}
        hour = self._kernel.clock.now() // _HOUR_MS
        rows = [_row(key, hour, quantity) for key, quantity in counts.items()]
        part = self._kernel.store.partition(ABOUT)
        for start in range(0, len(rows), _ROWS_PER_COMMIT):
            page = rows[start : start + _ROWS_PER_COMMIT]
            await self._kernel.store_step(_add, page, part=part)

    async def usage(self, first_at: int, last_at: int) -> list[tuple[Any, ...]]:
        """(account, region, service, operation, unit, quantity) between two instants."""
        await self.write()
        part = self._kernel.store.partition(ABOUT)
        rows: list[tuple[Any, ...]] = await self._kernel.store_read(
            _read, first_at // _HOUR_MS, last_at // _HOUR_MS, part=part
        )
        return rows


def _row(key: Key, hour: int, quantity: float) -> dict[str, Any]:
    account, region, service, operation, unit = key
    return {
        "hour": hour, "account": account, "region": region, "service": service,
        "operation": operation, "unit": unit, "quantity": quantity,
    }  # fmt: skip


def _add(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    tx.run_many(_ADD, rows)


def _read(tx: Transaction, first: int, last: int) -> list[tuple[Any, ...]]:
    return tx.all(_READ, at_most=10_000, first=first, last=last, limit=10_000)
