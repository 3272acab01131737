"""The row that says where the platform's clock stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pileus.kernel.clock import Clock
    from pileus.kernel.transaction import Transaction

ABOUT = "pileus:clock"

_READ = "SELECT offset_ms, frozen_at, high_water FROM kernel_clock WHERE part = :part"
_WRITE = """
INSERT INTO kernel_clock (part, offset_ms, frozen_at, high_water)
VALUES (:part, :offset_ms, :frozen_at, :high_water)
ON CONFLICT (part) DO UPDATE SET offset_ms = excluded.offset_ms,
  frozen_at = excluded.frozen_at, high_water = excluded.high_water
"""


def load(tx: Transaction) -> tuple[Any, ...] | None:
    """Offset, the instant where it is frozen, and the latest instant that was seen."""
    return tx.one(_READ)


def save(tx: Transaction, clock: Clock, at: int) -> None:
    """Write that the clock stands (or runs on) at an instant."""
    tx.run(
        _WRITE, offset_ms=at - clock.real_now(), frozen_at=at if clock.is_frozen else None,
        high_water=at,
    )  # fmt: skip
