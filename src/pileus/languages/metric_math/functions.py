"""The functions of metric math.

docs: AmazonCloudWatch/latest/monitoring/using-metric-math, "Functions supported"
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pileus.languages.metric_math.grammar import InvalidExpression

if TYPE_CHECKING:
    from pileus.languages.metric_math.evaluation import Grid, Series, Value


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    from statistics import pstdev  # Takes long to import, and is seldom asked for.

    return pstdev(values)


_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": _mean,
    "MAX": max,
    "MIN": min,
    "STDDEV": _deviation,
    "SUM": math.fsum,
}


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


_EACH: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": _log,
    "LOG10": lambda value: math.log10(value) if value > 0 else math.nan,
}
_OF_INSTANT: dict[str, Callable[[datetime], int]] = {
    "MINUTE": lambda moment: moment.minute,
    "HOUR": lambda moment: moment.hour,
    "DAY": lambda moment: moment.isoweekday(),
    "DATE": lambda moment: moment.day,
    "MONTH": lambda moment: moment.month,
    "YEAR": lambda moment: moment.year,
    "EPOCH": lambda moment: int(moment.timestamp()),
}


def call(name: str, values: list[Value], grid: Grid) -> Value:
    """What a function gives for its arguments; raises InvalidExpression."""
    if name in _AGGREGATES:
        return _aggregate(_AGGREGATES[name], _only(name, values))
    if name in _EACH:
        return _each(_EACH[name], _only(name, values))
    if name in _OF_INSTANT:
        series = _series(name, _only(name, values))
        of = _OF_INSTANT[name]
        return {at: float(of(datetime.fromtimestamp(at / 1000, UTC))) for at in series}
    function = _FUNCTIONS.get(name)
    if function is None:
        raise InvalidExpression(f"Unsupported function '{name}'")
    try:
        return function(values, grid)
    except (TypeError, ValueError, IndexError, AttributeError, KeyError) as error:
        raise InvalidExpression(f"Invalid arguments for {name}") from error


def chosen(metrics: Mapping[str, Series], arguments: list[Value]) -> list[Series]:
    """METRICS(): all metrics of the request, or those whose id begins with a text."""
    prefix = arguments[0] if arguments else ""
    if len(arguments) > 1 or not isinstance(prefix, str):
        raise InvalidExpression("Invalid arguments for METRICS")
    return [series for name, series in metrics.items() if name.startswith(prefix)]


def _only(name: str, values: list[Value]) -> Value:
    if len(values) != 1 or isinstance(values[0], str):
        raise InvalidExpression(f"Invalid arguments for {name}")
    return values[0]


def _series(name: str, value: Value) -> Series:
    if not isinstance(value, dict):
        raise InvalidExpression(f"{name} takes a time series")
    return value


def _aggregate(function: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Of one series a scalar; of several a series."""
    if isinstance(value, dict):
        return function(list(value.values())) if value else math.nan
    if isinstance(value, list):
        columns: dict[int, list[float]] = {}
        for series in value:
            for at, each in _series("An aggregate of an array", series).items():
                columns.setdefault(at, []).append(each)
        return {at: function(column) for at, column in sorted(columns.items())}
    return value


def _each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [_each(function, series) for series in value]
    if isinstance(value, dict):
        found = {at: function(each) for at, each in value.items()}
        return {at: each for at, each in found.items() if math.isfinite(each)}
    return function(value)


def _mapped(function: Callable[[Series, Grid], Series]) -> Callable[[list[Value], Grid], Value]:
    """A function of one series, or of each of an array."""

    def run(values: list[Value], grid: Grid) -> Value:
        (value,) = values
        if isinstance(value, list):
            return [function(series, grid) for series in value]
        return function(_series("It", value), grid)

    return run


def _differences(series: Series, divide_by_time: bool) -> Series:
    instants = sorted(series)
    return {
        at: (series[at] - series[before]) / ((at - before) / 1000 if divide_by_time else 1)
        for before, at in itertools.pairwise(instants)
    }


def _difference_in_time(series: Series, grid: Grid) -> Series:
    instants = sorted(series)
    return {at: (at - before) / 1000 for before, at in itertools.pairwise(instants)}


def _running_sum(series: Series, grid: Grid) -> Series:
    total, found = 0.0, {}
    for at in sorted(series):
        total += series[at]
        found[at] = total
    return found


def _fill(values: list[Value], grid: Grid) -> Value:
    value, filler = values
    if isinstance(value, list):
        return [_fill([series, filler], grid) for series in value]
    found = dict(value)
    instants = sorted(value)
    for at in grid.instants:
        if at in found:
            continue
        if isinstance(filler, dict):
            if at in filler:
                found[at] = filler[at]
        elif isinstance(filler, str):
            between = _between(value, instants, at, filler)
            if between is not None:
                found[at] = between
        else:
            found[at] = float(filler)
    return dict(sorted(found.items()))


def _between(series: Series, instants: list[int], at: int, how: str) -> float | None:
    place = bisect_left(instants, at)
    if not place:
        return None
    before = instants[place - 1]
    if how == "REPEAT":
        return series[before]
    if how != "LINEAR" or place == len(instants):
        return None
    after = instants[place]
    share = (at - before) / (after - before)
    return series[before] + (series[after] - series[before]) * share


def _if(values: list[Value], grid: Grid) -> Value:
    condition, yes = values[:2]
    no = values[2] if len(values) > 2 else {}
    if not isinstance(condition, dict):
        return yes if condition else no
    found = {}
    for at, holds in condition.items():
        given = yes if holds else no
        value = given.get(at) if isinstance(given, dict) else given
        if value is not None:
            found[at] = float(value)
    return found


def _time_series(values: list[Value], grid: Grid) -> Series:
    (value,) = values
    return {at: float(value) for at in grid.instants}


def _sort(values: list[Value], grid: Grid) -> list[Series]:
    array, function, order, *rest = values
    aggregate = _AGGREGATES[function]
    ranked = sorted(
        (series for series in array if series),
        key=lambda series: aggregate(list(series.values())),
        reverse=order == "DSC",
    )
    return ranked[: int(rest[0])] if rest else ranked


def _slice(values: list[Value], grid: Grid) -> Value:
    array, begin, *rest = values
    return array[int(begin) : int(rest[0])] if rest else array[int(begin)]


def _count(values: list[Value], grid: Grid) -> Any:
    (value,) = values
    if isinstance(value, list):
        return [float(len(series)) for series in value]
    return float(len(value))


_FUNCTIONS: dict[str, Callable[[list[Value], Grid], Value]] = {
    "DATAPOINT_COUNT": _count,
    "DIFF": _mapped(lambda series, grid: _differences(series, False)),
    "DIFF_TIME": _mapped(_difference_in_time),
    "FILL": _fill,
    "FIRST": lambda values, grid: values[0][0],
    "IF": _if,
    "LAST": lambda values, grid: values[0][-1],
    "METRIC_COUNT": lambda values, grid: float(len(values[0])),
    "PERIOD": lambda values, grid: float(grid.period_seconds),
    "RATE": _mapped(lambda series, grid: _differences(series, True)),
    "REMOVE_EMPTY": lambda values, grid: [series for series in values[0] if series],
    "RUNNING_SUM": _mapped(_running_sum),
    "SLICE": _slice,
    "SORT": _sort,
    "TIME_SERIES": _time_series,
}
