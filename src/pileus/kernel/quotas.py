"""Rates that AWS enforces: token buckets, in force only with `--limits aws`."""

from __future__ import annotations

from collections import OrderedDict

_BUCKETS_MAX = 100_000


class Quotas:
    """Buckets live in memory: after a restart each is full, as a quiet second would leave it."""

    def __init__(self, is_enforced: bool) -> None:
        self.is_enforced = is_enforced
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(
        self,
        key: str,
        rate_per_second: float,
        now: int,
        amount: float = 1,
        holds_seconds: float = 1,
    ) -> bool:
        """Take `amount` from the bucket of the key, which begins with one second's worth.

        It holds what was not used of so many seconds. `now` is the platform's clock in
        milliseconds. Always True where rates are relaxed.
        """
        if not self.is_enforced:
            return True
        level, filled_at = self._buckets.pop(key, (rate_per_second, now))
        filled = level + rate_per_second * (now - filled_at) / 1000
        level = min(rate_per_second * holds_seconds, filled)
        is_allowed = level >= amount
        self._buckets[key] = (level - amount if is_allowed else level, now)
        if len(self._buckets) > _BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return is_allowed

    def owe(
        self,
        key: str,
        rate_per_second: float,
        now: int,
        amount: float,
        holds_seconds: float = 1,
    ) -> None:
        """Take `amount` from a bucket that may not hold so much: it refuses until it is paid."""
        level, filled_at = self._buckets.pop(key, (rate_per_second, now))
        filled = level + rate_per_second * (now - filled_at) / 1000
        level = min(rate_per_second * holds_seconds, filled)
        self._buckets[key] = (level - amount, now)
