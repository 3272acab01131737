"""Values and how often each came, in bounded space: exact while few, then to fewer bits.

Up to `KEPT` different values are kept as they are. Beyond that all are rounded to seven bits of
mantissa (0.4 %), and to one bit less for as long as there are still too many.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

Histogram = dict[float, float]

KEPT = 200
_BITS_FIRST = 7


def add(histogram: Histogram, value: float, count: float = 1.0) -> None:
    """Count a value in; now and then the caller's histogram is made coarser in place."""
    histogram[value] = histogram.get(value, 0.0) + count
    if len(histogram) > 2 * KEPT:
        shrink(histogram)


def merge(histogram: Histogram, others: Iterable[tuple[float, float]]) -> None:
    for value, count in others:
        histogram[value] = histogram.get(value, 0.0) + count
    shrink(histogram)


def shrink(histogram: Histogram) -> None:
    """Make it hold at most `KEPT` values, or one for each power of two if that is more."""
    bits = _BITS_FIRST
    while len(histogram) > KEPT and bits >= 0:
        entries = list(histogram.items())
        histogram.clear()
        for value, count in entries:
            rounded = _round(value, bits)
            histogram[rounded] = histogram.get(rounded, 0.0) + count
        bits -= 1


def _round(value: float, bits: int) -> float:
    if not value:
        return 0.0
    mantissa, exponent = math.frexp(value)
    scale = 1 << (bits + 1)
    return math.ldexp(round(mantissa * scale) / scale, exponent)
