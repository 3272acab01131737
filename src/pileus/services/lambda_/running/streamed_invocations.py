"""The operation that invokes a function and hands on its answer while it comes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

from pileus.kernel.call import Call
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.answers import Answer
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import platform_of
from pileus.services.lambda_.running.tracing import trace_id


async def invoke_with_response_stream(
    call: Call,
    *,
    function_name: str,
    invocation_type: str = "RequestResponse",
    log_type: str = "None",
    client_context: str | None = None,
    payload: bytes = b"",
    qualifier: str | None = None,
    content_type: str = "",
) -> dict[str, Any]:
    payloads.check_type(content_type)
    named = function_names.read(call, function_name, qualifier)
    context = payloads.client_context(client_context)
    event = payloads.check_synchronous(payload)
    function = await platform_of(call).runnable(call, named)
    if invocation_type == "DryRun":
        return {"StatusCode": 204}
    invocation = Invocation(
        call.request_id,
        event,
        trace_id(call),
        named.qualified_arn,
        context,
        wants_tail=log_type == "Tail",
    )
    answer = Answer(call, function, invocation)
    await answer.begin()
    # The answer's own content type is that of the event stream.
    return {
        "StatusCode": 200,
        "ExecutedVersion": function.version,
        "EventStream": _events(answer),
    }


async def _events(answer: Answer) -> AsyncIterator[dict[str, Any]]:
    while piece := await answer.read():
        yield {"PayloadChunk": {"Payload": piece}}
    yield {"InvokeComplete": _completion(answer.outcome)}


def _completion(outcome: Outcome) -> dict[str, str]:
    """What is known only at the end; a document of an error is text, whatever its bytes."""
    completion = {}
    if outcome.function_error:
        completion["ErrorCode"] = outcome.function_error
        completion["ErrorDetails"] = outcome.payload.decode("utf-8", "replace")
    if outcome.log_tail:
        completion["LogResult"] = base64.b64encode(outcome.log_tail).decode()
    return completion
