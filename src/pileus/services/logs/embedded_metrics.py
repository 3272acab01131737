"""Metrics that log events carry in CloudWatch's embedded metric format, handed to CloudWatch.

docs: AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel import arns, metrics
from pileus.kernel.call import Call
from pileus.kernel.metrics import POINTS_PER_DELIVERY, Dimensions, Point
from pileus.kernel.transaction import Transaction
from pileus.services.logs.rules import TOO_NEW_MS, TOO_OLD_MS, Batch

TIMER = "logs:metrics"
METRICS_MAX = 100
VALUES_MAX = 100
DIMENSIONS_MAX = 30
_NAME_LENGTH_MAX = 1024
_DIMENSION_NAME_LENGTH_MAX = 250
_VALUE_MAX = 2.0**360
_DIRECTIVES_MAX = 100
_MARK = '"_aws"'


class _Metric(msgspec.Struct):
    name: str = msgspec.field(name="Name")
    unit: str = msgspec.field(name="Unit", default="None")
    resolution: int = msgspec.field(name="StorageResolution", default=60)


class _Directive(msgspec.Struct):
    namespace: str = msgspec.field(name="Namespace")
    dimensions: list[list[str]] = msgspec.field(name="Dimensions")
    metrics: list[_Metric] = msgspec.field(name="Metrics")


class _Metadata(msgspec.Struct):
    directives: list[_Directive] = msgspec.field(name="CloudWatchMetrics")
    timestamp: int | None = msgspec.field(name="Timestamp", default=None)


_read_document = msgspec.json.Decoder(dict[str, Any]).decode


def hand_over(tx: Transaction, batch: Batch) -> None:
    """Deliver what the events of a batch carry, in the transaction that keeps them."""
    marked = [index for index, message in enumerate(batch.messages) if _MARK in message]
    if not marked or metrics.SERVICE not in tx.kernel.targets:
        return
    found = [
        point
        for index in marked
        for point in points(batch.messages[index], batch.times[index], tx.now)
    ]
    pages = [
        found[start : start + POINTS_PER_DELIVERY]
        for start in range(0, len(found), POINTS_PER_DELIVERY)
    ]
    for number, page in enumerate(pages):
        if number:
            later = {"points": msgspec.json.encode(page).decode()}
            tx.set_timer(TIMER, tx.kernel.ids.uuid(), tx.now, later)
        else:
            _deliver(tx, page)


def deliver_page(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: another page of a batch that carried many."""
    _deliver(call.tx, msgspec.json.decode(payload["points"], type=list[Point]))


def _deliver(tx: Transaction, page: list[Point]) -> None:
    parts = arns.parse(tx.about)
    assert parts is not None
    to = metrics.destination(parts.account, parts.region)
    metrics.hand_over(tx, page, to, tx.about)


def points(message: str, at: int, now: int) -> Iterator[Point]:
    """What one event carries; what the specification forbids is left out."""
    try:
        document = _read_document(message)
        metadata = msgspec.convert(document.get("_aws"), _Metadata)
    except (msgspec.MsgspecError, RecursionError):
        return
    if metadata.timestamp is not None:
        at = metadata.timestamp
    if not now - TOO_OLD_MS <= at <= now + TOO_NEW_MS:
        return
    for directive in metadata.directives[:_DIRECTIVES_MAX]:
        if not 1 <= len(directive.namespace) <= _NAME_LENGTH_MAX:
            continue
        for metric in directive.metrics[:METRICS_MAX]:
            values = _values(document.get(metric.name))
            if not values or not _is_right(metric):
                continue
            for names in directive.dimensions:
                dimensions = _dimensions(document, names)
                if dimensions is not None:
                    yield _point(directive.namespace, metric, dimensions, at, values)


def _is_right(metric: _Metric) -> bool:
    return (
        1 <= len(metric.name) <= _NAME_LENGTH_MAX
        and metric.unit in metrics.UNITS
        and metric.resolution in (1, 60)
    )


def _values(target: Any) -> list[float]:
    values = target if isinstance(target, list) else [target]
    if len(values) > VALUES_MAX:
        return []
    if not all(type(value) in (int, float) and abs(value) <= _VALUE_MAX for value in values):
        return []
    return [float(value) for value in values]


def _dimensions(document: Mapping[str, Any], names: Sequence[str]) -> Dimensions | None:
    if len(names) > DIMENSIONS_MAX:
        return None
    pairs = []
    for name in sorted(set(names)):
        value = document.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= _NAME_LENGTH_MAX:
            return None
        if not 1 <= len(name) <= _DIMENSION_NAME_LENGTH_MAX:
            return None
        pairs.append((name, value))
    return tuple(pairs)


def _point(
    namespace: str, metric: _Metric, dimensions: Dimensions, at: int, values: list[float]
) -> Point:
    step = metric.resolution * 1000
    return Point(
        namespace, metric.name, dimensions, metric.unit, at - at % step, metric.resolution,
        len(values), sum(values), min(values), max(values), values, [1.0] * len(values),
    )  # fmt: skip
