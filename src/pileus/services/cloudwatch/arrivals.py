"""Points on their way into rows: merged with what the period holds, rolled up when they age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery
from pileus.kernel.metrics import Point
from pileus.kernel.transaction import Transaction
from pileus.services.cloudwatch import errors, retention, store
from pileus.services.cloudwatch.statistics import Summary
from pileus.services.cloudwatch.store import PointKey

ROLL_UP = "cloudwatch:roll-up"
_ROLLED_UP_AT_ONCE = 50
_decode = msgspec.json.Decoder(list[Point]).decode


def accept(call: Call, delivery: Delivery) -> None:
    """Take points that a service handed over."""
    try:
        points = _decode(delivery.payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_value(f"Not a list of points: {error}") from error
    add(call.tx, points)


def add(tx: Transaction, points: Sequence[Point]) -> None:
    """Merge points into the rows of the account that `tx` is about."""
    owner = tx.about
    merged: dict[PointKey, Summary] = {}
    examples: dict[PointKey, Point] = {}
    for point in points:
        metric = store.metric_id(owner, point.namespace, point.name, point.dimensions)
        at = point.at - point.at % (point.seconds * 1000)
        key = PointKey(metric, point.seconds, at, point.unit)
        if key in merged:
            merged[key].add(summary(point))
        else:
            merged[key], examples[key] = summary(point), point
    due: int | None = None
    for key, found in merged.items():
        known = store.point(tx, key)
        if known is not None:
            known.add(found)
            found = known
        else:
            store.note_metric(tx, owner, key.id, examples[key])
            expiry = retention.due_at(key.at, key.seconds)
            due = expiry if due is None else min(due, expiry)
        store.put_point(tx, key, found)
    if due is not None:
        _see_to(tx, due)


def summary(point: Point) -> Summary:
    histogram: dict[float, float] = {}
    for value, count in zip(point.values, point.counts, strict=True):
        histogram[value] = histogram.get(value, 0.0) + count
    unknown = 0.0 if point.values else point.samples
    return Summary(point.samples, point.total, point.low, point.high, histogram, unknown)


# Roll-up.


def _see_to(tx: Transaction, due: int) -> None:
    """Points came whose retention ends at `due`: the timer must fall due early enough."""
    known = store.upkeep_due(tx)
    if known is None or known > due:
        _set(tx, due)


def _set(tx: Transaction, due: int) -> None:
    store.set_upkeep(tx, due)
    tx.set_timer(ROLL_UP, "points", due)


def roll_up(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: move a page of aged points to longer periods; the oldest go."""
    tx = call.tx
    following: list[int] = []
    for seconds in retention.LENGTHS:
        before = tx.now - retention.KEPT_MS[seconds]
        aged = store.oldest(tx, seconds, before, _ROLLED_UP_AT_ONCE)
        for point, found in aged:
            _move(tx, point, found)
        if seconds not in retention.NEXT:
            store.drop_metrics(tx, {point.id for point, _ in aged}, before)
        if len(aged) == _ROLLED_UP_AT_ONCE:
            following.append(tx.now)
        elif (oldest_at := store.oldest_at(tx, seconds)) is not None:
            following.append(retention.due_at(oldest_at, seconds))
    _set(tx, max(tx.now, min(following))) if following else store.set_upkeep(tx, _NEVER)


# No timer is set while there are no points.
_NEVER = 1 << 52


def _move(tx: Transaction, point: PointKey, found: Summary) -> None:
    store.delete_point(tx, point)
    longer = retention.NEXT.get(point.seconds)
    if longer is None:
        return
    target = point._replace(seconds=longer, at=point.at - point.at % (longer * 1000))
    known = store.point(tx, target)
    if known is not None:
        known.add(found)
        found = known
    store.put_point(tx, target, found)
