"""Contributor insights: kept as settings of tables and indexes; CloudWatch is told nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.table_names import arn_of, name_of
from pileus.services.dynamodb.tables import operations, store
from pileus.services.dynamodb.tables.settings import Insights, Table

LIST = "contributor-insights"
_ALL_KEYS, _THROTTLED_KEYS = "ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"
_PAGE = 100
# docs: contributorinsights_HowItWorks, names of rules
_RULE_LENGTH_MAX = 128


def update_contributor_insights(
    call: Call,
    *,
    table_name: str,
    contributor_insights_action: str,
    index_name: str | None = None,
    contributor_insights_mode: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    table = _find(tx, index_name)
    name = index_name or ""
    old = table.insights.get(name)
    kept = dict(table.insights)
    is_wanted = contributor_insights_action == "ENABLE"
    mode = contributor_insights_mode or (old.mode if old is not None else _ALL_KEYS)
    if is_wanted:
        kept[name] = Insights(mode, tx.now, old.created_at if old is not None else tx.now)
        tx.enlist(LIST, listed_name(table, name), table.arn)
    elif kept.pop(name, None) is not None:
        tx.delist(LIST, listed_name(table, name))
    store.update(tx, msgspec.structs.replace(table, insights=kept))
    status = "ENABLING" if is_wanted else "DISABLING"
    return _summary(table, name, status, mode)


def _find(tx: Transaction, index_name: str | None) -> Table:
    table, _ = operations.described(tx, tx.about)
    index = table.index(index_name) if index_name is not None else None
    if index_name is not None and (index is None or not index.is_global):
        raise errors.named_index_not_found(index_name)
    return table


def _summary(table: Table, index: str, status: str, mode: str) -> dict[str, Any]:
    found = {"TableName": table.name, "ContributorInsightsStatus": status}
    if index:
        found["IndexName"] = index
    return {**found, "ContributorInsightsMode": mode}


def listed_name(table: Table, index: str) -> str:
    return f"{table.name}/{index}" if index else table.name


def describe_contributor_insights(
    call: Call, *, table_name: str, index_name: str | None = None
) -> dict[str, Any]:
    table = _find(call.tx, index_name)
    name = index_name or ""
    insights = table.insights.get(name)
    if insights is None:
        found: dict[str, Any] = {"TableName": table.name, "ContributorInsightsStatus": "DISABLED"}
        return found if index_name is None else {**found, "IndexName": index_name}
    return {
        **_summary(table, name, "ENABLED", insights.mode),
        "LastUpdateDateTime": insights.updated_at,
        "ContributorInsightsRuleList": _rules(table, name, insights),
    }


def _rules(table: Table, index: str, insights: Insights) -> list[str]:
    """Names of rules in CloudWatch, for keys that were asked for (C) and throttled (T)."""
    source = table.index(index) if index else table
    kinds = ["PKC", "PKT"]
    if source is not None and source.sort_key is not None:
        kinds = ["PKC", "SKC", "PKT", "SKT"]
    if insights.mode == _THROTTLED_KEYS:
        kinds = [kind for kind in kinds if kind.endswith("T")]
    resource = f"{table.name}-{index}" if index else table.name
    made = str(insights.created_at)
    begin = "DynamoDBContributorInsights"
    room = _RULE_LENGTH_MAX - len(f"{begin}-PKC--{made}")
    return [f"{begin}-{kind}-{resource[:room]}-{made}" for kind in kinds]


async def list_contributor_insights(
    call: Call,
    *,
    table_name: str | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    after = _after(next_token)
    # Names of tables have no slash: what follows theirs are their indexes.
    prefix = "" if table_name is None else name_of(arn_of(call, table_name))
    size = max_results or _PAGE
    rows: list[tuple[str, str]] = await call.read(
        listed, prefix, after, size + 1, about=call.arn("", "dynamodb")
    )
    found: list[dict[str, Any]] = []
    for name, arn in rows[:size]:
        summary = await call.read(summary_of, name.partition("/")[2], about=arn)
        if summary is not None:
            found.append(summary)
    answer: dict[str, Any] = {"ContributorInsightsSummaries": found}
    if len(rows) > size:
        answer["NextToken"] = pagination.encode(rows[size - 1][0])
    return answer


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        (after,) = pagination.decode(token, str)
    except pagination.InvalidToken:
        raise errors.invalid("Invalid NextToken") from None
    return str(after)


def listed(tx: Transaction, prefix: str, after: str, limit: int) -> list[tuple[str, str]]:
    """Step about the account: what has insights, by name."""
    if not prefix:
        return tx.listed(LIST, at_most=limit, after=after)
    own = tx.listed(LIST, at_most=1, prefix=prefix, after=after)
    mine = [row for row in own if row[0] == prefix]
    return [*mine, *tx.listed(LIST, at_most=limit, prefix=f"{prefix}/", after=after)][:limit]


def summary_of(tx: Transaction, index: str) -> dict[str, Any] | None:
    """Step about a table: what is listed of it; None where it has gone meanwhile."""
    found = store.seek(tx, tx.about)
    insights = found[0].insights.get(index) if found is not None else None
    if found is None or insights is None:
        return None
    return _summary(found[0], index, "ENABLED", insights.mode)
