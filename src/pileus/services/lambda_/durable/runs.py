"""Invocations of executions: begun when due, and followed by what the function answered."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.durable import (
    endings,
    execution_names,
    history,
    journal,
    pauses,
    states,
    store,
)
from pileus.services.lambda_.durable.executions import (
    FAILED,
    OPERATIONS_MAX,
    PAUSED,
    PAUSING,
    RUNNING,
    SUCCEEDED,
    Execution,
    show_execution,
)
from pileus.services.lambda_.durable.executions import Invocation as Begun
from pileus.services.lambda_.durable.journal import RUN_TIMER, Journal
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import platform_of

_PAUSE_MS = 1_000
_PAUSE_MS_MAX = 300_000
_INVALID = "InvalidParameterValueException"
_BAD_STATUS = "Invalid Status in invocation output."
_NOTHING_PENDING = "Cannot return PENDING status with no pending operations."
# Refusals that no later try would change.
_FINAL = ("ResourceNotFoundException", "RecursiveInvocationException")


class Event(NamedTuple):
    """One invocation to be made."""

    execution: Execution
    payload: bytes


class Answer(msgspec.Struct, rename="pascal"):
    """What a durable function answers."""

    status: str
    result: str | None = None
    error: dict[str, Any] | None = None


async def run(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: invoke the function once, and decide what follows."""
    request_id = call.kernel.ids.uuid()
    begun: Event | None = await call.transaction(_begin, key, request_id, about=call.about)
    if begun is None:
        return
    execution = begun.execution
    if execution.trace_id:
        call.join_trace(execution.trace_id)
    platform = platform_of(call)
    named = function_names.split(f"{execution.function_arn}:{execution.version}")
    invocation = Invocation(
        request_id, begun.payload, execution.trace_id, execution.invoked_arn, is_replay=True
    )
    try:
        function = await platform.runnable(call, named)
        outcome = await platform.run(call, function, invocation)
    except AwsError as refusal:
        await call.transaction(_refused, key, refusal.code, refusal.message, about=call.about)
        return
    await call.transaction(_ended, key, request_id, outcome, about=call.about)


def _begin(tx: Transaction, key: str, request_id: str) -> Event | None:
    """The event of an invocation, with a token of its own; None where there shall be none."""
    found = journal.find(tx, tx.about, key)
    if found is None:
        return None
    execution = found.execution
    if execution.status == PAUSING:
        # The invocation that was under way has died with its process.
        found.change(invocation=None, must_run=True)
        pauses.begin(found)
        found.save()
    if found.execution.status != RUNNING:
        return None
    news = store.changed(tx, key, execution.seen, states.OPERATIONS_AT_ONCE)
    updated = [each.id for each in news] if execution.token else [execution.id]
    found.change(
        token=execution.token + 1, nonce=execution.nonce or tx.kernel.ids.hexadecimal(16),
        seen=execution.change, invocation=Begun(request_id, tx.now), retry_at=0, checkpoint=None,
        must_run=False,
    )  # fmt: skip
    found.save()
    page = states.by_start(found, 0, states.OPERATIONS_AT_ONCE)
    first = show_execution(execution, store.load_data(tx, key)[0])
    event = {
        "DurableExecutionArn": execution.arn,
        "CheckpointToken": execution_names.token(found.execution),
        "InitialExecutionState": {
            "Operations": [first, *page.operations], "NextMarker": page.marker
        },
        "UpdatedOperationIds": updated,
    }  # fmt: skip
    return Event(found.execution, msgspec.json.encode(event))


def _refused(tx: Transaction, key: str, code: str, message: str) -> None:
    """The invocation could not begin: throttled, a fault of the platform, or the function gone."""
    found = journal.find(tx, tx.about, key)
    if found is None or found.execution.invocation is None:
        return
    found.change(invocation=None)
    if found.execution.is_terminal:
        found.save()
    elif code in _FINAL:
        endings.close(found, FAILED, error={"ErrorType": code, "ErrorMessage": message})
    else:
        _again(found)


def _again(found: Journal) -> None:
    """docs: lambda/latest/dg/durable-execution-sdk-retries, "Backend retries\""""
    execution = found.execution
    at = found.tx.now + min(_PAUSE_MS * 2 ** min(execution.failures, 20), _PAUSE_MS_MAX)
    found.change(failures=execution.failures + 1, retry_at=at)
    if execution.status == PAUSING:
        found.change(must_run=True)
        pauses.begin(found)
    elif execution.status == PAUSED:
        found.change(must_run=True)
    else:
        found.tx.set_timer(RUN_TIMER, execution.id, at)
    found.save()


def _ended(tx: Transaction, key: str, request_id: str, outcome: Outcome) -> None:
    found = journal.find(tx, tx.about, key)
    if found is None:
        return
    begun = found.execution.invocation
    if begun is None or begun.request_id != request_id:
        return
    found.change(invocation=None)
    if outcome.function_error:
        _failed(found, begun, _error_of(outcome))
        return
    answer, problem = read_answer(outcome.payload)
    if answer is not None and answer.status == "PENDING":
        problem = _pending(found, begun)
        if not problem:
            return
    error = {"ErrorType": _INVALID, "ErrorMessage": problem} if problem else None
    if found.execution.is_terminal:
        _note(found, begun, None)
        found.save()
        return
    _note(found, begun, error)
    if error is not None or answer is None:
        endings.close(found, FAILED, error=error)
    elif answer.status == "SUCCEEDED":
        endings.close(found, SUCCEEDED, result=answer.result)
    else:
        endings.close(found, FAILED, error=answer.error or {})


def read_answer(payload: bytes) -> tuple[Answer | None, str]:
    """What a function has answered, or what is wrong with it. Pure."""
    try:
        answer = msgspec.json.decode(payload, type=Answer)
    except (msgspec.DecodeError, RecursionError):
        return None, _BAD_STATUS
    if answer.status not in ("SUCCEEDED", "FAILED", "PENDING"):
        return None, _BAD_STATUS
    if answer.status == "SUCCEEDED" and answer.error is not None:
        return None, "Cannot provide an Error for SUCCEEDED status."
    if answer.status == "FAILED" and answer.result is not None:
        return None, "Cannot provide a Result for FAILED status."
    return answer, ""


def _pending(found: Journal, begun: Begun) -> str:
    """The function waits for its operations; what is wrong where there are none."""
    execution = found.execution
    if execution.is_terminal:
        return ""
    is_news = execution.change > execution.seen or execution.must_run
    is_paused = execution.status in (PAUSED, PAUSING)
    if not is_news and not execution.pending and not is_paused:
        return _NOTHING_PENDING
    _note(found, begun, None)
    found.change(failures=0)
    if execution.status == PAUSING:
        found.change(must_run=is_news)
        pauses.begin(found)
    elif is_paused:
        found.change(must_run=True)
    elif is_news:
        # Something was completed after the function had looked for the last time.
        found.run_soon()
    found.save()
    return ""


def _failed(found: Journal, begun: Begun, error: dict[str, Any]) -> None:
    """The invocation has ended in an error: it is tried again, as long as there is time."""
    _note(found, begun, error)
    if found.execution.is_terminal:
        found.save()
        return
    found.change(operation_count=found.execution.operation_count + 1)
    if found.execution.operation_count > OPERATIONS_MAX:
        endings.close(found, FAILED, error=error)
    else:
        _again(found)


def _note(found: Journal, begun: Begun, error: dict[str, Any] | None) -> None:
    now = found.tx.now
    found.note(history.invocation_completed(begun.request_id, begun.started_at, now, error))


class _Document(msgspec.Struct, rename="camel"):
    error_type: str = "Runtime.Unknown"
    error_message: str = ""
    stack_trace: Any = None


def _error_of(outcome: Outcome) -> dict[str, Any]:
    return error_of(outcome.payload)


def error_of(document: bytes) -> dict[str, Any]:
    """The error object of a failed invocation's document. Pure."""
    try:
        found = msgspec.json.decode(document, type=_Document)
    except (msgspec.DecodeError, RecursionError):
        found = _Document()
    error: dict[str, Any] = {"ErrorType": found.error_type, "ErrorMessage": found.error_message}
    if isinstance(found.stack_trace, list):
        lines = [each for each in found.stack_trace if isinstance(each, str)]
        if lines:
            error["StackTrace"] = lines
    return error
