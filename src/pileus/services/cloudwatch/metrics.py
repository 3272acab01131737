"""ListMetrics: which metrics there are."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.services.cloudwatch import errors, store
from pileus.services.cloudwatch.retention import DAY_MS, HOUR_MS
from pileus.services.cloudwatch.store import MetricRow

# docs: AmazonCloudWatch/latest/APIReference/API_ListMetrics
PAGE_MAX = 500
_LISTED_MS = 14 * DAY_MS
_RECENT_MS = 3 * HOUR_MS
# A page ends after so many rows, however few of them matched.
_LOOKED_AT_MAX = 5_000


async def list_metrics(
    call: Call,
    *,
    namespace: str | None = None,
    metric_name: str | None = None,
    dimensions: list[dict[str, Any]] | None = None,
    next_token: str | None = None,
    recently_active: str | None = None,
) -> dict[str, Any]:
    try:
        after = pagination.decode(next_token, str, str) if next_token else ("", "")
    except pagination.InvalidToken as error:
        raise errors.bad_token() from error
    await call.kernel.metrics.write()
    since = call.now - (_RECENT_MS if recently_active else _LISTED_MS)
    found: list[dict[str, Any]] = []
    looked_at = 0
    while True:
        rows = await call.read(
            store.metrics, call.about, namespace, after, PAGE_MAX, about=call.about
        )
        for row in rows:
            after = (row.namespace, row.id)
            shown = _shown(row) if row.last_at >= since else None
            if shown and _matches(shown, metric_name, dimensions or []):
                found.append(shown)
                if len(found) == PAGE_MAX:
                    return {"Metrics": found, "NextToken": pagination.encode(*after)}
        looked_at += len(rows)
        if len(rows) < PAGE_MAX:
            return {"Metrics": found}
        if looked_at >= _LOOKED_AT_MAX:
            return {"Metrics": found, "NextToken": pagination.encode(*after)}


def _shown(row: MetricRow) -> dict[str, Any]:
    pairs = msgspec.json.decode(row.dimensions, type=list[tuple[str, str]])
    return {
        "Namespace": row.namespace,
        "MetricName": row.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in pairs],
    }


def _matches(metric: dict[str, Any], name: str | None, wanted: list[dict[str, Any]]) -> bool:
    if name is not None and metric["MetricName"] != name:
        return False
    has = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
    return all(
        each["Name"] in has and each.get("Value", has[each["Name"]]) == has[each["Name"]]
        for each in wanted
    )
