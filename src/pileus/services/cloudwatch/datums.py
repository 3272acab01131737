"""PutMetricData: checks what a user puts, in AWS's words, and commits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.metrics import Dimensions, Point
from pileus.kernel.transaction import Transaction
from pileus.services.cloudwatch import arrivals, errors
from pileus.services.cloudwatch.retention import DAY_MS, HOUR_MS

# docs: AmazonCloudWatch/latest/APIReference/API_PutMetricData
DATUMS_MAX = 1_000
VALUES_MAX = 150
_VALUE_MAX = 2.0**360
_PAST_MS = 14 * DAY_MS
_FUTURE_MS = 2 * HOUR_MS
# A transaction is bounded, and a datum of a metric that is not known takes three rows.
_DATUMS_PER_COMMIT = 250


async def put_metric_data(
    call: Call,
    *,
    namespace: str,
    metric_data: list[dict[str, Any]] | None = None,
    entity_metric_data: list[dict[str, Any]] | None = None,
    strict_entity_validation: bool = False,
) -> None:
    if metric_data is None and not entity_metric_data:
        raise errors.missing("MetricData")
    now = call.now
    points = [
        _point(namespace, datum, name, now)
        for name, datum in _named(metric_data or [], entity_metric_data or [])
    ]
    for start in range(0, len(points), _DATUMS_PER_COMMIT):
        page = points[start : start + _DATUMS_PER_COMMIT]
        await call.transaction(_add, page, about=call.about)


def _add(tx: Transaction, points: list[Point]) -> None:
    arrivals.add(tx, points)


def _named(
    plain: list[dict[str, Any]], of_entities: list[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each datum with its name in messages."""
    collections = [("MetricData", plain)]
    for number, each in enumerate(of_entities, 1):
        name = f"EntityMetricData.member.{number}.MetricData"
        collections.append((name, each.get("MetricData", [])))
    if sum(len(datums) for _, datums in collections) > DATUMS_MAX:
        raise errors.too_many("MetricData", DATUMS_MAX)
    for name, datums in collections:
        for number, datum in enumerate(datums, 1):
            yield f"{name}.member.{number}", datum


def _point(namespace: str, datum: Mapping[str, Any], name: str, now: int) -> Point:
    at = datum.get("Timestamp", now)
    if at < now - _PAST_MS:
        raise errors.too_old(f"{name}.Timestamp")
    if at > now + _FUTURE_MS:
        raise errors.too_new(f"{name}.Timestamp")
    resolution = datum.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise errors.bad_number(resolution, f"{name}.StorageResolution")
    values, counts = _values(datum, name)
    point = Point(
        namespace, datum["MetricName"], dimensions(datum.get("Dimensions", []), name),
        datum.get("Unit", "None"), at, resolution, 0.0, 0.0, 0.0, 0.0, values, counts,
    )  # fmt: skip
    if "StatisticValues" in datum:
        _take_set(point, datum["StatisticValues"], name)
    else:
        point.samples = sum(counts)
        point.total = sum(value * count for value, count in zip(values, counts, strict=True))
        point.low, point.high = min(values), max(values)
    return point


def dimensions(given: list[dict[str, Any]], name: str) -> Dimensions:
    """In order of their names; each name once."""
    pairs = sorted((each["Name"], each["Value"]) for each in given)
    if len({key for key, _ in pairs}) != len(pairs):
        raise errors.invalid_value(
            f"The parameter {name}.Dimensions must not contain a dimension name more than once."
        )
    return tuple(pairs)


def _values(datum: Mapping[str, Any], name: str) -> tuple[list[float], list[float]]:
    """The values and how often each came; none for a statistic set."""
    given = [each for each in ("Value", "StatisticValues", "Values") if each in datum]
    if not given:
        raise errors.invalid_combination(
            f"At least one of the parameters {name}.Value, {name}.Values and "
            f"{name}.StatisticValues must be specified."
        )
    if len(given) > 1:
        raise errors.both(*_pair(given, name))
    if given == ["StatisticValues"]:
        return [], []
    if given == ["Value"]:
        return [_checked(datum["Value"], f"{name}.Value")], [1.0]
    values = datum["Values"]
    counts = datum.get("Counts")
    for collection in ("Values", "Counts"):
        if len(datum.get(collection, ())) > VALUES_MAX:
            raise errors.too_many(f"{name}.{collection}", VALUES_MAX)
    if counts is None:
        counts = [1.0] * len(values)
    if len(values) != len(counts):
        raise errors.different_sizes(f"{name}.Values", f"{name}.Counts")
    if not values:
        raise errors.missing(f"{name}.Values")
    checked = [_checked(each, f"{name}.Values.member.{i}") for i, each in enumerate(values, 1)]
    counted = [_checked(each, f"{name}.Counts.member.{i}") for i, each in enumerate(counts, 1)]
    for number, count in enumerate(counted, 1):
        if count <= 0:
            raise errors.bad_number(count, f"{name}.Counts.member.{number}")
    return checked, counted


def _pair(given: list[str], name: str) -> tuple[str, str]:
    first, second = given[:2]
    return f"{name}.{first}", f"{name}.{second}"


def _take_set(point: Point, given: Mapping[str, Any], name: str) -> None:
    path = f"{name}.StatisticValues"
    point.samples, point.total, point.low, point.high = (
        _checked(given[key], f"{path}.{key}")
        for key in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if point.samples <= 0:
        raise errors.bad_number(point.samples, f"{path}.SampleCount")
    if point.low > point.high:
        raise errors.invalid_value(
            f"The parameter {path}.Maximum must be greater than or equal to {path}.Minimum."
        )
    # docs: percentiles can be told of a set of one sample, or of one value.
    if point.low == point.high:
        point.values, point.counts = [point.low], [point.samples]


def _checked(value: float, name: str) -> float:
    if not -_VALUE_MAX <= value <= _VALUE_MAX:  # NaN is in no range
        raise errors.bad_number(value, name)
    return float(value)
