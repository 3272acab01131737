"""Traces of invocations: whether one is sampled, and the segments that X-Ray gets of it.

docs: lambda/latest/dg/services-xray
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call, Context
from pileus.kernel.fleet import InvocationResult
from pileus.kernel.trace_headers import TraceHeader, parse
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.traced import Traced

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

# docs: services-xray: the first request of each second, and five percent of the others. Sampling
# rules have no effect on functions.
FIXED_RATE = 0.05
_ACCOUNTS_MAX = 1_000
_DOCUMENTS_AT_ONCE = 50
_NAME = "lambda"
XRAY = "xray"


def trace_id(call: Call) -> str:
    """The trace that a call is in, or a new one of which nothing is decided yet."""
    if not call.context.trace_id:
        call.join_trace(new_trace(call))
    return call.context.trace_id


def new_trace(call: Call) -> str:
    return f"Root=1-{call.now // 1000:08x}-{call.kernel.ids.hexadecimal(24)}"


class Tracing:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        # The second in which each account has had its first request.
        self._seconds: dict[str, int] = {}

    def begin(self, function: Function, text: str) -> tuple[str, Traced | None]:
        """Decide; the header that the function gets."""
        header = parse(text)
        if not header.root or header.is_sampled is False:
            return text, None
        is_sampled = header.is_sampled or (
            function.tracing_mode == "Active" and self._is_next(function)
        )
        new = self._kernel.ids.hexadecimal
        if not is_sampled:
            parent = header.parent or new(16)
            return str(TraceHeader(header.root, parent, False, header.lineage)), None
        traced = Traced(header, new(16), new(16), self._kernel.clock.now())
        return str(header._replace(parent=traced.function_id, is_sampled=True)), traced

    def _is_next(self, function: Function) -> bool:
        account = function.arn.split(":function:")[0]
        second = self._kernel.clock.now() // 1000
        if self._seconds.get(account) != second:
            if len(self._seconds) >= _ACCOUNTS_MAX:
                self._seconds.clear()
            self._seconds[account] = second
            return True
        return self._kernel.ids.fraction() < FIXED_RATE

    def end(
        self, traced: Traced, function: Function, invocation: Invocation,
        result: InvocationResult | None, failure: bytes,
    ) -> None:  # fmt: skip
        """Send the segments of an invocation that has ended; without result it was throttled."""
        segments = [_lambda_segment(traced, function, invocation, result, self._kernel.clock.now())]
        if result is not None:
            new = self._kernel.ids.hexadecimal
            ids = [new(16) for _ in range(4)]
            segments.append(_function_segment(traced, function, invocation, result, failure, ids))
        self.send(function.arn, [msgspec.json.encode(each).decode() for each in segments])

    def send(self, function_arn: str, documents: list[str]) -> None:
        """Hand documents over to X-Ray, for the function's account."""
        parts = arns.parse(function_arn)
        assert parts is not None
        call = self._kernel.call_for(Context(parts.account, parts.region, _NAME), _NAME, "Trace")
        self._kernel.tasks.start("trace", _send(call, function_arn, documents))


async def _send(call: Call, function_arn: str, documents: list[str]) -> None:
    if XRAY not in call.kernel.targets:
        return
    to = arns.build(XRAY, call.region, call.account, "")
    for start in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        page = documents[start : start + _DOCUMENTS_AT_ONCE]
        await call.transaction(_hand_over, to, function_arn, page, about=to, is_durable=False)


def _hand_over(tx: Transaction, to: str, because: str, documents: list[str]) -> None:
    tx.deliver(to=to, payload=msgspec.json.encode(documents), because=because)


def _lambda_segment(
    traced: Traced, function: Function, invocation: Invocation, result: InvocationResult | None,
    now: int,
) -> dict[str, Any]:  # fmt: skip
    """The service's own segment: from the request's arrival to its answer."""
    segment: dict[str, Any] = {
        "id": traced.lambda_id,
        "trace_id": traced.header.root,
        "name": function.name,
        "origin": "AWS::Lambda",
        "start_time": traced.began_at / 1000,
        "end_time": max(now / 1000, _span(traced, result)[2]),
        "http": {"response": {"status": 200 if result is not None else 429}},
        "aws": {"request_id": invocation.request_id, "function_arn": function.qualified_arn},
        "resource_arn": function.qualified_arn,
    }
    if traced.header.parent:
        segment["parent_id"] = traced.header.parent
    if result is None:
        segment["throttle"] = segment["error"] = True
    return segment


def _function_segment(
    traced: Traced, function: Function, invocation: Invocation, result: InvocationResult,
    failure: bytes, ids: list[str],
) -> dict[str, Any]:  # fmt: skip
    """What ran in the environment: INIT on a cold start, and the handler."""
    parts = arns.parse(function.arn)
    assert parts is not None
    start, handler, end = _span(traced, result)
    spans = [("Invocation", handler, end), ("Overhead", end, end)]
    if result.init_ms is not None:
        spans.insert(0, ("Initialization", start, handler))
    segment: dict[str, Any] = {
        "id": traced.function_id,
        "trace_id": traced.header.root,
        "parent_id": traced.lambda_id,
        "name": function.name,
        "origin": "AWS::Lambda::Function",
        "start_time": start,
        "end_time": end,
        "aws": {
            "account_id": parts.account, "function_arn": function.qualified_arn,
            "request_id": invocation.request_id, "cold_start": result.init_ms is not None,
            "resource_names": [function.name],
        },
        "subsegments": [
            {"id": each, "name": name, "start_time": begin, "end_time": over}
            for each, (name, begin, over) in zip(ids, spans, strict=False)
        ],
    }  # fmt: skip
    if failure:
        segment["fault"] = True
        segment["cause"] = {"exceptions": [_exception(failure, ids[3])]}
    return segment


def _span(traced: Traced, result: InvocationResult | None) -> tuple[float, float, float]:
    """Begin, begin of the handler, and end, in seconds."""
    start = traced.began_at / 1000
    if result is None:
        return start, start, start
    handler = start + (result.init_ms or 0.0) / 1000
    return start, handler, handler + result.duration_ms / 1000


class _Failure(msgspec.Struct, rename="camel"):
    error_type: str = "Error"
    error_message: str = ""


def _exception(failure: bytes, exception_id: str) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(failure, type=_Failure)
    except (msgspec.MsgspecError, RecursionError):
        told = _Failure()
    return {"id": exception_id, "type": told.error_type, "message": told.error_message[:1000]}
