"""Operations that invoke a function: and wait for its answer, or hand an event over."""

from __future__ import annotations

import base64
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.asynchronous import events
from pileus.services.lambda_.asynchronous.rules import Event
from pileus.services.lambda_.durable import starts
from pileus.services.lambda_.durable.starts import Start
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.platform import check_state, platform_of
from pileus.services.lambda_.running.tracing import trace_id
from pileus.services.lambda_.versions import lookup


async def invoke(
    call: Call,
    *,
    function_name: str,
    invocation_type: str = "RequestResponse",
    log_type: str = "None",
    client_context: str | None = None,
    payload: bytes = b"",
    qualifier: str | None = None,
    content_type: str = "",
    durable_execution_name: str = "",
) -> dict[str, Any]:
    payloads.check_type(content_type)
    named = function_names.read(call, function_name, qualifier)
    context = payloads.client_context(client_context)
    if invocation_type == "Event":
        return await _hand_over(call, named, payload, context, durable_execution_name)
    event = payloads.check_synchronous(payload)
    platform = platform_of(call)
    function = await platform.runnable(call, named)
    starts.check_name(function, named, durable_execution_name)
    if invocation_type == "DryRun":
        return {"StatusCode": 204}
    if function.durable is not None:
        start = Start(event, trace_id(call), durable_execution_name)
        return await starts.invoke(call, named, function, start)
    invocation = Invocation(
        call.request_id,
        event,
        trace_id(call),
        named.qualified_arn,
        context,
        wants_tail=log_type == "Tail",
    )
    outcome = await platform.run(call, function, invocation)
    answer: dict[str, Any] = {
        "StatusCode": 200,
        "ExecutedVersion": outcome.executed_version,
        "Payload": outcome.payload,
    }
    if outcome.function_error:
        answer["FunctionError"] = outcome.function_error
    if outcome.log_tail:
        answer["LogResult"] = base64.b64encode(outcome.log_tail).decode()
    return answer


async def _hand_over(
    call: Call, named: Named, payload: bytes, context: str | None, name: str = ""
) -> dict[str, Any]:
    event = payloads.check_asynchronous(payload)
    execution_arn = await call.transaction(
        _accept, call.request_id, named, event, trace_id(call), context, name, about=named.arn
    )
    answer = {"StatusCode": 202, "Payload": b""}
    return {**answer, "DurableExecutionArn": execution_arn} if execution_arn else answer


def _accept(
    tx: Transaction, request_id: str, named: Named, payload: bytes, trace: str,
    context: str | None, name: str,
) -> str:  # fmt: skip
    """The ARN of the execution that was started, if the function is a durable one."""
    function = lookup.runnable(tx, named)
    starts.check_name(function, named, name)
    check_state(function)
    if function.durable is not None:
        return starts.begin(tx, named, Start(payload, trace, name, is_asynchronous=True)).arn
    event = Event(named.qualified_arn, tx.now, trace, context)
    events.accept(tx, request_id, event, payload)
    return ""


async def invoke_async(
    call: Call, *, function_name: str, invoke_args: Any, content_type: str = ""
) -> dict[str, Any]:
    """The oldest way to hand an event over; AWS still answers it."""
    payloads.check_type(content_type)
    named = function_names.read(call, function_name)
    if not isinstance(invoke_args, bytes):
        invoke_args = b"".join([chunk async for chunk in invoke_args])
    await _hand_over(call, named, invoke_args, None)
    return {"Status": 202}
