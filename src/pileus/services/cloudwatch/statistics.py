"""The language of statistics: "Average", "p99.9", "TM(5%:95%)", "PR(:300)"; pure.

docs: AmazonCloudWatch/latest/monitoring/Statistics-definitions
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from pileus.kernel import histograms
from pileus.kernel.histograms import Histogram


class Summary(msgspec.Struct):
    """All samples of a period: the set, and as much of the values as is known."""

    samples: float
    total: float
    low: float
    high: float
    histogram: Histogram
    # Samples of statistic sets whose values were not given: no percentile can be told then.
    unknown: float = 0.0

    def add(self, other: Summary) -> None:
        self.samples += other.samples
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        self.unknown += other.unknown
        histograms.merge(self.histogram, other.histogram.items())


Statistic = Callable[[Summary], float | None]

_SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda found: found.samples,
    "Average": lambda found: found.total / found.samples if found.samples else None,
    "Sum": lambda found: found.total,
    "Minimum": lambda found: found.low,
    "Maximum": lambda found: found.high,
}
SIMPLE = tuple(_SIMPLE)

_PERCENT = r"(100(?:\.0{1,10})?|\d{1,2}(?:\.\d{1,10})?)"
_SHORT = re.compile(rf"(p|tm|tc|ts|wm){_PERCENT}")
_NUMBER = r"(-?\d{1,15}(?:\.\d{1,10})?)?"
_RANGE = re.compile(rf"(TM|TC|TS|WM|PR)\((?:{_NUMBER}(%)?)?:(?:{_NUMBER}(%)?)?\)")


class _Bounds(NamedTuple):
    """Which samples count: ranks between two shares, or values in (low, high]."""

    low: float | None
    high: float | None
    is_percent: bool


class _Part(NamedTuple):
    value: float
    weight: float  # how many of these samples lie within the bounds
    outside_below: float
    outside_above: float


def parse(text: str) -> Statistic | None:
    """The function that a statistic's name stands for; None where AWS has none like it."""
    if text in _SIMPLE:
        return _SIMPLE[text]
    if text == "IQM":
        return _of_known(_trimmed_mean, _Bounds(25.0, 75.0, True))
    if match := _SHORT.fullmatch(text):
        kind, percent = match[1], float(match[2])
        if kind == "p":
            return lambda found: _percentile(found, percent)
        return _of_known(_FUNCTIONS[kind.upper()], _Bounds(0.0, percent, True))
    if match := _RANGE.fullmatch(text):
        return _range(match)
    return None


def _range(match: re.Match[str]) -> Statistic | None:
    kind, low, low_sign, high, high_sign = match.groups()
    if (low is None and high is None) or bool(low_sign and low is None):
        return None
    is_percent = bool(low_sign or high_sign)
    if is_percent and ((low and not low_sign) or (high and not high_sign) or kind == "PR"):
        return None
    bounds = _Bounds(
        None if low is None else float(low), None if high is None else float(high), is_percent
    )
    if bounds.low is not None and bounds.high is not None and bounds.low >= bounds.high:
        return None
    if is_percent and not all(0 <= each <= 100 for each in bounds[:2] if each is not None):
        return None
    return _of_known(_FUNCTIONS[kind], bounds)


def _of_known(function: Callable[[list[_Part]], float | None], bounds: _Bounds) -> Statistic:
    def statistic(found: Summary) -> float | None:
        if found.unknown or not found.histogram:
            return None
        return function(_parts(found.histogram, bounds))

    return statistic


def _percentile(found: Summary, percent: float) -> float | None:
    """The smallest value that so many percent of the samples do not exceed."""
    if found.unknown or not found.histogram:
        return None
    values = sorted(found.histogram.items())
    wanted = max(percent / 100 * sum(count for _, count in values), math.ulp(0.0))
    passed = 0.0
    for value, count in values:
        passed += count
        if passed >= wanted * (1 - 1e-12):
            return value
    return values[-1][0]


def _parts(histogram: Histogram, bounds: _Bounds) -> list[_Part]:
    values = sorted(histogram.items())
    if not bounds.is_percent:
        return [_by_value(value, count, bounds) for value, count in values]
    whole = sum(count for _, count in values)
    low = whole * (bounds.low or 0.0) / 100
    high = whole * (100.0 if bounds.high is None else bounds.high) / 100
    parts, passed = [], 0.0
    for value, count in values:
        begin, passed = passed, passed + count
        below = max(0.0, min(passed, low) - begin)
        above = max(0.0, passed - max(begin, high))
        parts.append(_Part(value, max(0.0, count - below - above), below, above))
    return parts


def _by_value(value: float, count: float, bounds: _Bounds) -> _Part:
    if bounds.low is not None and value <= bounds.low:
        return _Part(value, 0.0, count, 0.0)
    if bounds.high is not None and value > bounds.high:
        return _Part(value, 0.0, 0.0, count)
    return _Part(value, count, 0.0, 0.0)


def _trimmed_count(parts: list[_Part]) -> float:
    return sum(part.weight for part in parts)


def _trimmed_sum(parts: list[_Part]) -> float:
    return sum(part.weight * part.value for part in parts)


def _trimmed_mean(parts: list[_Part]) -> float | None:
    count = _trimmed_count(parts)
    return _trimmed_sum(parts) / count if count else None


def _winsorized_mean(parts: list[_Part]) -> float | None:
    """What lies outside counts as if it lay on the bound."""
    inside = [part.value for part in parts if part.weight]
    if not inside:
        return None
    total = _trimmed_sum(parts)
    total += sum(part.outside_below for part in parts) * inside[0]
    total += sum(part.outside_above for part in parts) * inside[-1]
    return total / sum(part.weight + part.outside_below + part.outside_above for part in parts)


def _percentile_rank(parts: list[_Part]) -> float | None:
    whole = sum(part.weight + part.outside_below + part.outside_above for part in parts)
    return 100 * _trimmed_count(parts) / whole if whole else None


_FUNCTIONS: dict[str, Callable[[list[_Part]], float | None]] = {
    "TM": _trimmed_mean,
    "TC": _trimmed_count,
    "TS": _trimmed_sum,
    "WM": _winsorized_mean,
    "PR": _percentile_rank,
}
