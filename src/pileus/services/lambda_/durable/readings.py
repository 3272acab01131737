"""Operations that read executions: one, its history, and those of a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.services.lambda_ import errors
from pileus.services.lambda_.durable import execution_names, history, journal, pauses, store
from pileus.services.lambda_.durable.executions import Execution
from pileus.services.lambda_.functions import configurations, function_names
from pileus.services.lambda_.versions import lookup

ITEMS_DEFAULT = 100
# Of a page: what a transaction may read.
ITEMS_MAX = 500
_LAST = 2**53


def get_durable_execution(
    call: Call, *, durable_execution_arn: str, include_execution_data: bool = True
) -> dict[str, Any]:
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    execution = found.execution
    shown = _show(execution) | {
        "Version": execution.version,
        "ExecutionDataIncluded": include_execution_data,
        "DurableConfig": configurations.show_durable(
            configurations.Durable(
                execution.timeout_seconds, execution.retention_days, execution.kms_key_arn
            )
        ),
    }
    if execution.trace_id:
        shown["TraceHeader"] = {"XAmznTraceId": execution.trace_id}
    if not execution.ended_at:
        shown["ExpectedExecutionTimeoutTimestamp"] = pauses.times_out_at(execution)
    if execution.pause is not None:
        pause = execution.pause
        details: dict[str, Any] = {
            "PauseRequestTimestamp": pause.requested_at,
            "ExecutionTimeoutPaused": pause.is_timeout_paused,
        }
        if include_execution_data and pause.reason is not None:
            details["Reason"] = pause.reason
        shown["PauseDetails"] = details
    if include_execution_data:
        payload, result, error = store.load_data(call.tx, execution.id)
        given = {"InputPayload": payload, "Result": result, "Error": error}
        shown |= {name: value for name, value in given.items() if value is not None}
    return shown


def _show(execution: Execution) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "DurableExecutionArn": execution.arn,
        "DurableExecutionName": execution.name,
        "FunctionArn": f"{execution.function_arn}:{execution.version}",
        "StartTimestamp": execution.started_at,
        "Status": execution.status,
    }
    if execution.ended_at:
        shown["EndTimestamp"] = execution.ended_at
    return shown


def get_durable_execution_history(
    call: Call,
    *,
    durable_execution_arn: str,
    include_execution_data: bool = True,
    max_items: int | None = None,
    marker: str | None = None,
    reverse_order: bool = False,
) -> dict[str, Any]:
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    limit = min(max_items or ITEMS_DEFAULT, ITEMS_MAX)
    first = _LAST if reverse_order else 0
    after = _number(marker) if marker else first
    rows = store.events(call.tx, found.execution.id, after, reverse_order, limit + 1)
    answer: dict[str, Any] = {
        "Events": [history.show(event, include_execution_data) for event in rows[:limit]]
    }
    if len(rows) > limit:
        answer["NextMarker"] = pagination.encode(rows[limit - 1]["EventId"])
    return answer


def _number(marker: str) -> int:
    try:
        number: int = pagination.decode(marker, int)[0]
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem
    return max(0, min(number, _LAST))


def list_durable_executions_by_function(
    call: Call,
    *,
    function_name: str,
    qualifier: str | None = None,
    durable_execution_name: str | None = None,
    statuses: Sequence[str] | None = None,
    started_after: int | None = None,
    started_before: int | None = None,
    reverse_order: bool = False,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    target = lookup.find(call.tx, named)
    version = target.function.version if named.qualifier else ""
    limit = max_items or ITEMS_DEFAULT

    def is_wanted(execution: Execution) -> bool:
        return (
            (not version or execution.version == version)
            and (not durable_execution_name or execution.name == durable_execution_name)
            and (not statuses or execution.status in statuses)
            and (started_after is None or execution.started_at > started_after)
            and (started_before is None or execution.started_at < started_before)
        )

    owner = target.latest.id
    if durable_execution_name:
        found = store.find(call.tx, owner, durable_execution_name)
        named_one = [] if found is None else [found[0]]
        return {"DurableExecutions": [_listed(each) for each in named_one if is_wanted(each)]}
    after = _place(marker, is_forward=reverse_order)
    rows = store.page(call.tx, owner, after, reverse_order, ITEMS_MAX + 1)
    shown: list[dict[str, Any]] = []
    for index, execution in enumerate(rows[:ITEMS_MAX]):
        if len(shown) == limit:
            return _page(shown, rows[index - 1])
        if is_wanted(execution):
            shown.append(_listed(execution))
    is_more = len(rows) > ITEMS_MAX
    return _page(shown, rows[ITEMS_MAX - 1]) if is_more else {"DurableExecutions": shown}


def _page(shown: list[dict[str, Any]], last: Execution) -> dict[str, Any]:
    marker = pagination.encode(last.started_at, last.id)
    return {"DurableExecutions": shown, "NextMarker": marker}


def _listed(execution: Execution) -> dict[str, Any]:
    shown = _show(execution)
    if execution.kms_key_arn:
        shown["KMSKeyArn"] = execution.kms_key_arn
    return shown


def _place(marker: str | None, *, is_forward: bool) -> tuple[int, str]:
    """Where a page begins; without a marker, at the end from which the order goes."""
    if not marker:
        return (-1, "") if is_forward else (_LAST, "")
    try:
        at, id = pagination.decode(marker, int, str)
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem
    if "\0" in id:
        raise errors.marker_invalid()
    return max(-1, min(at, _LAST)), id
