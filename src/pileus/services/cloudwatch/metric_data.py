"""GetMetricData: many metrics at once, and expressions over them."""

from __future__ import annotations

import re
from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import not_implemented
from pileus.languages import metric_math
from pileus.languages.metric_math import grammar
from pileus.services.cloudwatch import datums, errors, series, statistics
from pileus.services.cloudwatch.metric_statistics import check_period
from pileus.services.cloudwatch.series import Range

# docs: AmazonCloudWatch/latest/APIReference/API_GetMetricData
QUERIES_MAX = 500
DATAPOINTS_MAX = 100_800
# Calculating is not interrupted, so that a request may not take seconds of it.
_WORK_MAX = 5_000_000
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")

Series = dict[int, float]


class _Request:
    """The queries of one request, and what is known of their results."""

    def __init__(self, call: Call, queries: list[dict[str, Any]], start: int, stop: int) -> None:
        self.call = call
        self.start = start
        self.stop = stop
        self.queries = {query["Id"]: query for query in queries}
        self.trees = {query["Id"]: _tree(query) for query in queries if "Expression" in query}
        self.results: dict[str, list[Series]] = {}
        self._under_way: set[str] = set()
        self._work = 0

    async def series(self, name: str) -> list[Series]:
        """What a query gives; reads or calculates it once."""
        if name not in self.results:
            if name in self._under_way:
                raise errors.bad_query(f"Error in expression '{name}': Circular reference")
            self._under_way.add(name)
            if name in self.trees:
                self.results[name] = await self._calculate(name)
            else:
                self.results[name] = [await self._read(self.queries[name])]
        return self.results[name]

    async def _read(self, query: dict[str, Any]) -> Series:
        wanted = query["MetricStat"]
        statistic = statistics.parse(wanted["Stat"])
        assert statistic is not None
        metric = wanted["Metric"]
        key = (
            metric.get("Namespace", ""),
            metric.get("MetricName", ""),
            datums.dimensions(metric.get("Dimensions", []), "Dimensions"),
        )
        given = series.rounded(self.start, self.stop, wanted["Period"], self.call.now)
        needs_values = wanted["Stat"] not in statistics.SIMPLE
        buckets = await series.read(self.call, key, given, wanted.get("Unit"), needs_values)
        found = {}
        for (at, _), summary in sorted(buckets.items()):
            value = statistic(summary)
            if value is not None:
                found[at] = value
        return found

    async def _calculate(self, name: str) -> list[Series]:
        tree = self.trees[name]
        wanted = grammar.references(tree) & self.queries.keys()
        if grammar.names_all(tree):
            wanted |= self.queries.keys() - self.trees.keys()
        known: dict[str, Series | list[Series]] = {}
        for each in sorted(wanted):
            found = await self.series(each)
            known[each] = found[0] if len(found) == 1 else found
        metrics: dict[str, Series] = {
            each: self.results[each][0]
            for each in self.queries
            if each in known and each not in self.trees
        }
        period = max((self._period(each) for each in wanted), default=self._period(name))
        grid: Range = series.rounded(self.start, self.stop, period, self.call.now)
        # Beyond these instants nothing can have been put.
        stop = min(grid.stop, self.call.now + 3_600_000 * 3)
        points = (stop - grid.start) // grid.step_ms
        self._work += grammar.size(tree) * max(
            points, sum(len(found) for each in wanted for found in self.results[each])
        )
        if points > DATAPOINTS_MAX or self._work > _WORK_MAX:
            raise errors.bad_query(f"Error in expression '{name}': Too many datapoints")
        try:
            return metric_math.evaluate(
                tree, known, metrics, metric_math.Grid(grid.start, stop, period)
            )
        except metric_math.InvalidExpression as error:
            raise errors.bad_query(f"Error in expression '{name}': {error}") from error

    def _period(self, name: str) -> int:
        query = self.queries[name]
        period: int = query.get("Period") or query.get("MetricStat", {}).get("Period", 60)
        return period


async def get_metric_data(
    call: Call,
    *,
    metric_data_queries: list[dict[str, Any]],
    start_time: int,
    end_time: int,
    next_token: str | None = None,
    scan_by: str = "TimestampDescending",
    max_datapoints: int = DATAPOINTS_MAX,
) -> dict[str, Any]:
    if start_time >= end_time:
        raise errors.bad_query("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= max_datapoints <= DATAPOINTS_MAX:
        raise errors.bad_query(
            f"The parameter MaxDatapoints must be between 1 and {DATAPOINTS_MAX}."
        )
    _check(metric_data_queries)
    try:
        first, offset = pagination.decode(next_token, int, int) if next_token else (0, 0)
    except pagination.InvalidToken as error:
        raise errors.bad_data_token() from error
    await call.kernel.metrics.write()
    request = _Request(call, metric_data_queries, start_time, end_time)
    shown: list[dict[str, Any]] = []
    room = max_datapoints
    wanted = [query for query in metric_data_queries if query.get("ReturnData", True)]
    for number in range(first, len(wanted)):
        query = wanted[number]
        page = [
            (index, *each)
            for index, found in enumerate(await request.series(query["Id"]))
            for each in sorted(found.items(), reverse=scan_by != "TimestampAscending")
        ]
        rest = page[offset : offset + room]
        is_whole = offset + len(rest) == len(page)
        shown += _results(query, rest, is_whole)
        room -= len(rest)
        if not is_whole or (room <= 0 and number + 1 < len(wanted)):
            at = (number, offset + len(rest)) if not is_whole else (number + 1, 0)
            return {"MetricDataResults": shown, "NextToken": pagination.encode(*at)}
        offset = 0
    return {"MetricDataResults": shown, "Messages": []}


def _results(
    query: dict[str, Any], page: list[tuple[int, int, float]], is_whole: bool
) -> list[dict[str, Any]]:
    """One result for each series of a query; one without datapoints where there is none."""
    label = query.get("Label")
    if label is None:
        metric = query.get("MetricStat", {}).get("Metric", {})
        label = metric.get("MetricName", query["Id"])
    found = []
    for index in sorted({index for index, _, _ in page}) or [0]:
        found.append(
            {
                "Id": query["Id"],
                "Label": label,
                "Timestamps": [at for each, at, _ in page if each == index],
                "Values": [value for each, _, value in page if each == index],
                "StatusCode": "Complete" if is_whole else "PartialData",
            }
        )
    return found


def _check(queries: list[dict[str, Any]]) -> None:
    if len(queries) > QUERIES_MAX:
        raise errors.bad_query(
            f"The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        )
    ids = [query["Id"] for query in queries]
    if len(set(ids)) != len(ids):
        raise errors.bad_query("The values for parameter id in MetricDataQueries are not unique.")
    for number, query in enumerate(queries, 1):
        name = f"MetricDataQueries.member.{number}"
        if not _ID.fullmatch(query["Id"]):
            raise errors.bad_query(
                f"The value {query['Id']} for parameter {name}.Id is not matching the expected "
                "pattern ^[a-z][a-zA-Z0-9_]*$."
            )
        if ("Expression" in query) == ("MetricStat" in query):
            raise errors.bad_query(
                f"Exactly one of the parameters {name}.Expression and {name}.MetricStat must be "
                "specified."
            )
        if "MetricStat" in query:
            _check_statistic(query["MetricStat"], f"{name}.MetricStat")
    if not any(query.get("ReturnData", True) for query in queries):
        raise errors.bad_query("At least one query must have ReturnData set to true.")


def _check_statistic(wanted: dict[str, Any], name: str) -> None:
    check_period(wanted["Period"], f"{name}.Period")
    if statistics.parse(wanted["Stat"]) is None:
        raise errors.bad_query(
            f"The value {wanted['Stat']} for parameter {name}.Stat is not supported."
        )


def _tree(query: dict[str, Any]) -> grammar.Expression:
    try:
        return metric_math.parse(query["Expression"])
    except metric_math.Unsupported as part:
        raise not_implemented("cloudwatch", "GetMetricData", f"Expression ({part})") from part
    except metric_math.InvalidExpression as error:
        raise errors.bad_query(f"Error in expression '{query['Id']}': {error}") from error
