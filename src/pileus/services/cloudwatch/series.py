"""Reads a metric as a series: one summary for each period, over all lengths of stored points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.metrics import Dimensions
from pileus.kernel.transaction import Transaction
from pileus.services.cloudwatch import retention, store
from pileus.services.cloudwatch.statistics import Summary

_POINTS_AT_ONCE = 500
# Periods whose sums are read at once; each may have a row for each unit and length.
_PERIODS_AT_ONCE = 500
_UNITS_AND_LENGTHS = 27 * 4


class Range(NamedTuple):
    """Periods of one length, from `start` on; the last may reach over `stop`."""

    start: int
    stop: int
    period_seconds: int

    @property
    def step_ms(self) -> int:
        return self.period_seconds * 1000


def rounded(start: int, stop: int, period_seconds: int, now: int) -> Range:
    return Range(retention.rounded_start(start, period_seconds, now), stop, period_seconds)


# By (start of the period, unit).
Buckets = dict[tuple[int, str], Summary]


async def read(
    call: Call, metric: tuple[str, str, Dimensions], wanted: Range, unit: str | None,
    needs_values: bool,
) -> Buckets:  # fmt: skip
    """What came in each period that has data; histograms only where they are asked for."""
    metric_id = store.metric_id(call.about, *metric)
    first = max(wanted.start, retention.oldest_readable(wanted.period_seconds, call.now))
    # Only periods that are readable from their beginning to their end.
    first += (wanted.start - first) % wanted.step_ms
    buckets: Buckets = {}
    for seconds in retention.LENGTHS:
        if seconds > wanted.period_seconds:
            continue
        if needs_values:
            await _read_points(call, buckets, metric_id, seconds, wanted, first)
        else:
            await _read_sums(call, buckets, metric_id, seconds, wanted, first)
    if unit is None:
        return buckets
    return {key: found for key, found in buckets.items() if key[1] == unit}


async def _read_points(
    call: Call, buckets: Buckets, metric_id: str, seconds: int, wanted: Range, first: int
) -> None:
    after = (first, "")
    while True:
        rows = await call.read(
            store.points, metric_id, seconds, first, wanted.stop, after, _POINTS_AT_ONCE,
            about=call.about,
        )  # fmt: skip
        for at, unit, found in rows:
            _add(buckets, at - (at - wanted.start) % wanted.step_ms, unit, found)
        if len(rows) < _POINTS_AT_ONCE:
            return
        after = (rows[-1][0], rows[-1][1])


async def _read_sums(
    call: Call, buckets: Buckets, metric_id: str, seconds: int, wanted: Range, first: int
) -> None:
    for begin, end in _pages(first, wanted):
        rows = await call.read(
            _sums, metric_id, seconds, begin, end, wanted.step_ms, about=call.about
        )
        for bucket, unit, samples, total, low, high in rows:
            found = Summary(samples, total, low, high, {})
            _add(buckets, begin + bucket * wanted.step_ms, unit, found)


def _pages(first: int, wanted: Range) -> Iterator[tuple[int, int]]:
    length = _PERIODS_AT_ONCE * wanted.step_ms
    for begin in range(first, wanted.stop, length):
        yield begin, min(begin + length, wanted.stop)


def _sums(
    tx: Transaction, metric_id: str, seconds: int, start: int, stop: int, step_ms: int
) -> list[tuple[int, str, float, float, float, float]]:
    limit = _PERIODS_AT_ONCE * _UNITS_AND_LENGTHS
    return store.sums(tx, metric_id, seconds, start, stop, step_ms, limit)


def _add(buckets: Buckets, start: int, unit: str, found: Summary) -> None:
    known = buckets.get((start, unit))
    if known is None:
        buckets[start, unit] = found
    else:
        known.add(found)
