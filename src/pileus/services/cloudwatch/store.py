"""CloudWatch's rows: metrics by namespace, and their points by period."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from pileus.kernel.metrics import Dimensions, Point
from pileus.kernel.transaction import Transaction
from pileus.services.cloudwatch.statistics import Summary


class MetricRow(NamedTuple):
    namespace: str
    id: str
    name: str
    dimensions: str
    last_at: int


class PointKey(NamedTuple):
    id: str
    seconds: int
    at: int
    unit: str


class _Packed(msgspec.Struct, array_like=True):
    values: list[float]
    counts: list[float]
    unknown: float


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Packed).decode

_NOTE_METRIC = """
INSERT INTO cloudwatch_metrics (part, owner, namespace, id, name, dimensions, last_at)
VALUES (:part, :owner, :namespace, :id, :name, :dimensions, :at)
ON CONFLICT (part, owner, namespace, id) DO UPDATE SET last_at = excluded.last_at
WHERE cloudwatch_metrics.last_at < excluded.last_at
"""
_METRICS = """
SELECT namespace, id, name, dimensions, last_at FROM cloudwatch_metrics
WHERE part = :part AND owner = :owner AND (namespace, id) > (:namespace, :id)
ORDER BY namespace, id LIMIT :limit
"""
_METRICS_OF = """
SELECT namespace, id, name, dimensions, last_at FROM cloudwatch_metrics
WHERE part = :part AND owner = :owner AND namespace = :namespace AND id > :id
ORDER BY id LIMIT :limit
"""
_DROP_METRICS = """
DELETE FROM cloudwatch_metrics WHERE part = :part AND id = :id AND last_at < :before
"""
_POINT = """
SELECT samples, total, low, high, histogram FROM cloudwatch_points
WHERE part = :part AND id = :id AND seconds = :seconds AND at = :at AND unit = :unit
"""
_PUT_POINT = """
INSERT INTO cloudwatch_points (part, id, seconds, at, unit, samples, total, low, high, histogram)
VALUES (:part, :id, :seconds, :at, :unit, :samples, :total, :low, :high, :histogram)
ON CONFLICT (part, id, seconds, at, unit) DO UPDATE SET samples = excluded.samples,
total = excluded.total, low = excluded.low, high = excluded.high, histogram = excluded.histogram
"""
_POINTS = """
SELECT at, unit, samples, total, low, high, histogram FROM cloudwatch_points
WHERE part = :part AND id = :id AND seconds = :seconds AND at >= :start AND at < :stop
AND (at, unit) > (:after, :unit)
ORDER BY at, unit LIMIT :limit
"""
_SUMS = """
SELECT (at - :start) / :step, unit, SUM(samples), SUM(total), MIN(low), MAX(high)
FROM cloudwatch_points
WHERE part = :part AND id = :id AND seconds = :seconds AND at >= :start AND at < :stop
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT :limit
"""
_OLDEST = """
SELECT id, seconds, at, unit, samples, total, low, high, histogram FROM cloudwatch_points
WHERE part = :part AND seconds = :seconds AND at <= :before
ORDER BY at, id, unit LIMIT :limit
"""
_OLDEST_AT = """
SELECT at FROM cloudwatch_points WHERE part = :part AND seconds = :seconds ORDER BY at LIMIT 1
"""
_DELETE_POINT = """
DELETE FROM cloudwatch_points
WHERE part = :part AND id = :id AND seconds = :seconds AND at = :at AND unit = :unit
"""
_UPKEEP = "SELECT due_at FROM cloudwatch_upkeep WHERE part = :part"
_SET_UPKEEP = """
INSERT INTO cloudwatch_upkeep (part, due_at) VALUES (:part, :due)
ON CONFLICT (part) DO UPDATE SET due_at = excluded.due_at
"""


def metric_id(owner: str, namespace: str, name: str, dimensions: Dimensions) -> str:
    """A digest that stands for a metric; dimensions in order of their names."""
    text = msgspec.json.encode([owner, namespace, name, dimensions])
    return hashlib.sha256(text).hexdigest()[:32]


def note_metric(tx: Transaction, owner: str, metric: str, point: Point) -> None:
    tx.run(
        _NOTE_METRIC, owner=owner, namespace=point.namespace, id=metric, name=point.name,
        dimensions=msgspec.json.encode(point.dimensions).decode(), at=point.at,
    )  # fmt: skip


def metrics(
    tx: Transaction, owner: str, namespace: str | None, after: tuple[str, str], limit: int
) -> list[MetricRow]:
    """The metrics after a place, of one namespace or of all."""
    if namespace is None:
        rows = tx.all(
            _METRICS, at_most=limit, owner=owner, namespace=after[0], id=after[1], limit=limit
        )
    else:
        rows = tx.all(
            _METRICS_OF, at_most=limit, owner=owner, namespace=namespace, id=after[1], limit=limit
        )
    return [MetricRow(*row) for row in rows]


def drop_metrics(tx: Transaction, metric_ids: Iterable[str], before: int) -> None:
    """Forget those of the metrics that have had no data since."""
    for metric in metric_ids:
        tx.run(_DROP_METRICS, id=metric, before=before)


def point(tx: Transaction, key: PointKey) -> Summary | None:
    row = tx.one(_POINT, **key._asdict())
    return None if row is None else _summary(*row)


def put_point(tx: Transaction, key: PointKey, found: Summary) -> None:
    packed = _Packed(list(found.histogram), list(found.histogram.values()), found.unknown)
    tx.run(
        _PUT_POINT, **key._asdict(), samples=found.samples, total=found.total, low=found.low,
        high=found.high, histogram=_pack(packed),
    )  # fmt: skip


def points(
    tx: Transaction, metric: str, seconds: int, start: int, stop: int, after: tuple[int, str],
    limit: int,
) -> list[tuple[int, str, Summary]]:  # fmt: skip
    rows = tx.all(
        _POINTS, at_most=limit, id=metric, seconds=seconds, start=start, stop=stop,
        after=after[0], unit=after[1], limit=limit,
    )  # fmt: skip
    return [(at, unit, _summary(*rest)) for at, unit, *rest in rows]


def sums(
    tx: Transaction, metric: str, seconds: int, start: int, stop: int, step_ms: int, limit: int
) -> list[tuple[int, str, float, float, float, float]]:
    """(bucket, unit, samples, total, low, high) of the points of one length."""
    return tx.all(
        _SUMS, at_most=limit, id=metric, seconds=seconds, start=start, stop=stop, step=step_ms,
        limit=limit,
    )  # fmt: skip


def oldest(
    tx: Transaction, seconds: int, before: int, limit: int
) -> list[tuple[PointKey, Summary]]:
    rows = tx.all(_OLDEST, at_most=limit, seconds=seconds, before=before, limit=limit)
    return [(PointKey(*row[:4]), _summary(*row[4:])) for row in rows]


def oldest_at(tx: Transaction, seconds: int) -> int | None:
    row = tx.one(_OLDEST_AT, seconds=seconds)
    return None if row is None else row[0]


def delete_point(tx: Transaction, key: PointKey) -> None:
    tx.run(_DELETE_POINT, **key._asdict())


def upkeep_due(tx: Transaction) -> int | None:
    row = tx.one(_UPKEEP)
    return None if row is None else row[0]


def set_upkeep(tx: Transaction, due: int) -> None:
    tx.run(_SET_UPKEEP, due=due)


def _summary(samples: float, total: float, low: float, high: float, packed: bytes) -> Summary:
    known = _unpack(packed)
    histogram = dict(zip(known.values, known.counts, strict=True))
    return Summary(samples, total, low, high, histogram, known.unknown)
