"""GetMetricStatistics: statistics of one metric."""

from __future__ import annotations

import math
from typing import Any

from pileus.kernel.call import Call
from pileus.services.cloudwatch import datums, errors, series, statistics
from pileus.services.cloudwatch.statistics import Statistic, Summary

# docs: AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics
DATAPOINTS_MAX = 1_440
_SHORT_PERIODS = (1, 5, 10, 20, 30)


async def get_metric_statistics(
    call: Call,
    *,
    namespace: str,
    metric_name: str,
    start_time: int,
    end_time: int,
    period: int,
    dimensions: list[dict[str, Any]] | None = None,
    statistics: list[str] | None = None,
    extended_statistics: list[str] | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    functions = _functions(statistics, extended_statistics)
    check_period(period, "Period")
    if start_time >= end_time:
        raise errors.start_not_before_end()
    asked = math.ceil((end_time - start_time) / (period * 1000))
    if asked > DATAPOINTS_MAX:
        raise errors.too_many_datapoints(asked, DATAPOINTS_MAX)
    await call.kernel.metrics.write()
    wanted = series.rounded(start_time, end_time, period, call.now)
    metric = (namespace, metric_name, datums.dimensions(dimensions or [], "Dimensions"))
    buckets = await series.read(call, metric, wanted, unit, bool(extended_statistics))
    datapoints = [
        _datapoint(at, each_unit, found, functions, bool(extended_statistics))
        for (at, each_unit), found in sorted(buckets.items())
    ]
    return {"Label": metric_name, "Datapoints": [each for each in datapoints if each]}


def check_period(period: int, parameter: str) -> None:
    if period not in _SHORT_PERIODS and (period % 60 or period < 60):
        raise errors.bad_period(parameter)


def _functions(simple: list[str] | None, extended: list[str] | None) -> list[tuple[str, Statistic]]:
    if simple and extended:
        raise errors.both("Statistics", "ExtendedStatistics")
    if not simple and not extended:
        raise errors.no_statistics()
    found = []
    for number, name in enumerate(simple or extended or [], 1):
        function = statistics.parse(name)
        if function is None or (extended and name in statistics.SIMPLE):
            raise errors.bad_statistic(name, f"ExtendedStatistics.member.{number}")
        found.append((name, function))
    return found


def _datapoint(
    at: int, unit: str, found: Summary, functions: list[tuple[str, Statistic]], is_extended: bool
) -> dict[str, Any] | None:
    results = {name: function(found) for name, function in functions}
    told = {name: value for name, value in results.items() if value is not None}
    if not told:
        return None
    shown = {"ExtendedStatistics": told} if is_extended else told
    return {"Timestamp": at, "Unit": unit, **shown}
