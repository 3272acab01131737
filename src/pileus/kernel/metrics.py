"""What services state about themselves for CloudWatch: added up in memory, handed over each second.

A crash may lose the last second of these metrics, never of data. What a user puts by PutMetricData
does not come this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns, histograms
from pileus.kernel.call import Context
from pileus.kernel.histograms import Histogram

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

SERVICE = "cloudwatch"
_FLUSH_SECONDS = 1.0
_MINUTE_MS = 60_000
# More different sums than this are written at once rather than with the second.
_SUMS_MAX = 5_000
POINTS_PER_DELIVERY = 100
_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
          "Megabits", "Gigabits", "Terabits", "Count")  # fmt: skip
# docs: API_MetricDatum, Unit
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_SIZES,
     *(f"{size}/Second" for size in _SIZES))
)  # fmt: skip
Dimensions = tuple[tuple[str, str], ...]


class Point(msgspec.Struct, array_like=True):
    """Samples of one metric in one period: a delivery to CloudWatch is a list of these."""

    namespace: str
    name: str
    dimensions: Dimensions  # in order of their names
    unit: str
    at: int
    seconds: int  # the length of the period: 1 or 60
    samples: float
    total: float
    low: float
    high: float
    # Without values, no percentile can be told of the period.
    values: list[float] = []
    counts: list[float] = []


@dataclass(frozen=True, eq=False)
class Series:
    """A metric of a service, and each set of dimensions under which AWS publishes it.

    Compared by identity, which costs hot paths nothing: keep it rather than make it again.
    """

    account: str
    region: str
    namespace: str
    name: str
    unit: str
    dimension_sets: tuple[Dimensions, ...]


class Stated(msgspec.Struct, frozen=True):
    """After the commit, a sample is noted: the effect of `tx.note_metric`."""

    series: Series
    value: float


def last_of_minute(at: int) -> int:
    """The last instant whose samples are noted together with those of an instant."""
    return (at // _MINUTE_MS + 1) * _MINUTE_MS - 1


class _Sum:
    __slots__ = ("high", "histogram", "low", "samples", "total")

    def __init__(self, value: float) -> None:
        self.samples = 0.0
        self.total = 0.0
        self.low = self.high = value
        self.histogram: Histogram = {}


class Metrics:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._sums: dict[tuple[Series, int], _Sum] = {}
        self._is_armed = False

    def note(self, series: Series, value: float) -> None:
        """One sample at this minute of the platform's clock."""
        self._add(series, self._kernel.clock.now() // _MINUTE_MS, value)

    def note_all(self, samples: Iterable[tuple[Series, float]]) -> None:
        """As `note`, for several at once."""
        minute = self._kernel.clock.now() // _MINUTE_MS
        for series, value in samples:
            self._add(series, minute, value)

    def _add(self, series: Series, minute: int, value: float) -> None:
        key = (series, minute)
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = _Sum(value)
            if len(self._sums) == _SUMS_MAX:
                self._flush()
        found.samples += 1
        found.total += value
        if value < found.low:
            found.low = value
        elif value > found.high:
            found.high = value
        histograms.add(found.histogram, value)
        if not self._is_armed:
            self._is_armed = True
            self._kernel.clock.call_later(_FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        self._kernel.tasks.start("metrics of services", self.write())

    async def write(self) -> None:
        """Hand over all that was stated until now."""
        sums, self._sums = self._sums, {}
        owners: dict[tuple[str, str], list[Point]] = {}
        for (series, minute), found in sums.items():
            points = owners.setdefault((series.account, series.region), [])
            points += _points(series, minute * _MINUTE_MS, found)
        if SERVICE not in self._kernel.targets:
            return
        for (account, region), points in owners.items():
            to = destination(account, region)
            call = self._kernel.call_for(Context(account, region, SERVICE), SERVICE, "Report")
            for start in range(0, len(points), POINTS_PER_DELIVERY):
                page = points[start : start + POINTS_PER_DELIVERY]
                await call.transaction(hand_over, page, to, to, about=to, is_durable=False)


def destination(account: str, region: str) -> str:
    """The ARN to which points of an account are delivered."""
    return arns.build(SERVICE, region, account, "")


def hand_over(tx: Transaction, points: list[Point], to: str, because: str) -> None:
    """Deliver a page of points."""
    tx.deliver(to=to, payload=msgspec.json.encode(points), because=because)


def _points(series: Series, at: int, found: _Sum) -> list[Point]:
    histograms.shrink(found.histogram)
    values, counts = list(found.histogram), list(found.histogram.values())
    return [
        Point(
            series.namespace, series.name, dimensions, series.unit, at, 60,
            found.samples, found.total, found.low, found.high, values, counts,
        )
        for dimensions in series.dimension_sets
    ]  # fmt: skip
