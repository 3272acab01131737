"""Operations that read traces: summaries of many, and the whole of some."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.trace_headers import TRACE_ID
from pileus.languages import trace_filters
from pileus.services.xray import documents, errors, store
from pileus.services.xray.documents import Trace

# docs: xray/latest/api/API_BatchGetTraces takes five ids; the console's SDKs stay below it.
TRACES_MAX = 5
RANGE_HOURS_MAX = 24
_PAGE_TRACES = 100
_LOOKED_AT_MAX = 500


async def get_trace_summaries(
    call: Call,
    *,
    start_time: int,
    end_time: int,
    time_range_type: str = "TraceId",
    filter_expression: str | None = None,
    sampling: bool = False,
    next_token: str | None = None,
) -> dict[str, Any]:
    check_range(start_time, end_time)
    try:
        matches = trace_filters.compile_filter(filter_expression or "")
    except trace_filters.InvalidFilter as error:
        raise errors.bad_filter(str(error)) from error
    place = _place(next_token, start_time)
    by_update = time_range_type != "TraceId"
    rows = await call.read(
        store.traces, call.about, *place, end_time, _LOOKED_AT_MAX, by_update, about=call.about
    )
    shown: list[dict[str, Any]] = []
    token = None
    looked_at = 0
    for row in rows:
        trace = await load(call, row.id)
        looked_at += 1
        if trace.segments and matches(trace.segments, trace.duration_seconds):
            shown.append(documents.summary(trace, call.account, row.revision))
        if len(shown) == _PAGE_TRACES or looked_at == _LOOKED_AT_MAX:
            token = pagination.encode(row.updated_at if by_update else row.at, row.id)
            break
    answer = {
        "TraceSummaries": shown, "ApproximateTime": call.now, "TracesProcessedCount": looked_at
    }  # fmt: skip
    if token:
        answer["NextToken"] = token
    return answer


def check_range(start: int, end: int) -> None:
    if start >= end:
        raise errors.start_not_before_end()
    if end - start > RANGE_HOURS_MAX * 3_600_000:
        raise errors.range_too_long(RANGE_HOURS_MAX)


def _place(token: str | None, start: int) -> tuple[int, str]:
    if not token:
        return start, ""
    try:
        at, after = pagination.decode(token, int, str)
    except pagination.InvalidToken as error:
        raise errors.bad_token() from error
    return at, after


async def load(call: Call, trace_id: str) -> Trace:
    """A trace; without segments where there is none."""
    texts = await call.read(store.segments, call.about, trace_id, about=call.about)
    return documents.assemble(trace_id, texts)


async def batch_get_traces(
    call: Call, *, trace_ids: list[str], next_token: str | None = None
) -> dict[str, Any]:
    check_ids(trace_ids)
    found, missing = [], []
    for trace_id in trace_ids:
        trace = await load(call, trace_id)
        if not trace.segments:
            missing.append(trace_id)
            continue
        found.append(
            {
                "Id": trace_id,
                "Duration": trace.duration_seconds,
                "LimitExceeded": False,
                "Segments": [
                    {"Id": each["id"], "Document": msgspec.json.encode(each).decode()}
                    for each in trace.segments
                ],
            }
        )
    return {"Traces": found, "UnprocessedTraceIds": missing}


def check_ids(trace_ids: list[str]) -> None:
    if len(trace_ids) > TRACES_MAX:
        raise errors.invalid_request(
            f"The number of TraceIds must not be greater than {TRACES_MAX}"
        )
    for trace_id in trace_ids:
        if not TRACE_ID.fullmatch(trace_id):
            raise errors.invalid_request(f"Invalid trace id: {trace_id}")
