"""Invocations that an execution asks for: of a function, or of another durable execution.

A timer begins each; a durable function's execution, which has a name of its own, answers when it
ends. An invocation that a crash cuts off is made again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.durable import execution_names, journal, rules, runs, starts, store
from pileus.services.lambda_.durable.executions import (
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    Execution,
    Operation,
    Parent,
)
from pileus.services.lambda_.durable.journal import CHAIN_TIMER
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.running import lineage
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import platform_of

_RETRY_MS = 1_000
_RETRY_MAX_MS = 60_000
_THROTTLED = "TooManyRequestsException"


class Wanted(NamedTuple):
    """An invocation that an operation waits for."""

    execution: Execution
    operation: Operation


class Ended(NamedTuple):
    """How an invocation has ended; `status` is an operation's."""

    status: str
    result: str | None = None
    error: dict[str, Any] | None = None


async def run(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: begin what an operation asks for."""
    id, _, operation_id = key.partition("/")
    wanted: Wanted | None = await call.read(_load, id, operation_id, about=call.about)
    if wanted is None:
        return
    execution, operation = wanted.execution, wanted.operation
    trace = operation.trace_id or lineage.extended(execution.trace_id, execution.function_arn)
    call.join_trace(trace)
    event = (operation.input or "{}").encode("utf-8", "replace")
    try:
        named = function_names.read(call, operation.function_name)
        platform = platform_of(call)
        function = await platform.runnable(call, named)
        if function.durable is not None:
            name = execution_names.chained_name(execution, operation.id)
            parent = Parent(execution.function_arn, execution.id, operation.id)
            start = starts.Start(event, trace, name, parent=parent)
            child: Execution = await call.transaction(starts.begin, named, start, about=named.arn)
            await call.transaction(
                _begun, id, operation_id, child.version, child.arn, about=call.about
            )
            return
        await call.transaction(_begun, id, operation_id, function.version, "", about=call.about)
        request_id = call.kernel.ids.uuid()
        outcome = await platform.run(
            call, function, Invocation(request_id, event, trace, named.qualified_arn)
        )
    except AwsError as refusal:
        if refusal.code == _THROTTLED or refusal.fault != "Sender":
            tries = int(payload.get("tries", 0)) + 1
            await call.transaction(_later, key, tries, about=call.about)
            return
        error = {"ErrorType": refusal.code, "ErrorMessage": refusal.message}
        await call.transaction(
            complete, id, operation_id, Ended("FAILED", error=error), about=call.about
        )
        return
    await call.transaction(complete, id, operation_id, _ended(outcome), about=call.about)


def _load(tx: Transaction, id: str, operation_id: str) -> Wanted | None:
    found = journal.find(tx, tx.about, id)
    operation = None if found is None else found.operation(operation_id)
    if found is None or operation is None or operation.is_complete or found.execution.is_terminal:
        return None
    return Wanted(found.execution, operation)


def _begun(tx: Transaction, id: str, operation_id: str, version: str, arn: str) -> None:
    """The history tells what was begun as soon as it is known."""
    operation = store.load_operation(tx, id, operation_id)
    event = None if operation is None else store.load_event(tx, id, operation.event_number)
    if operation is None or event is None:
        return
    details = event["ChainedInvokeStartedDetails"] | {"ExecutedVersion": version}
    if arn:
        details["DurableExecutionArn"] = arn
    event["ChainedInvokeStartedDetails"] = details
    store.change_event(tx, id, operation.event_number, event)


def _later(tx: Transaction, key: str, tries: int) -> None:
    pause_ms = min(_RETRY_MS * 2 ** min(tries - 1, 16), _RETRY_MAX_MS)
    tx.set_timer(CHAIN_TIMER, key, tx.now + pause_ms, {"tries": tries})


def _ended(outcome: Outcome) -> Ended:
    if outcome.function_error:
        return Ended("FAILED", error=runs.error_of(outcome.payload))
    return Ended("SUCCEEDED", result=outcome.payload.decode("utf-8", "replace"))


def complete(tx: Transaction, id: str, operation_id: str, ended: Ended) -> None:
    """Give an operation what it has waited for, unless it has it already."""
    found = journal.find(tx, tx.about, id)
    operation = None if found is None else found.operation(operation_id)
    if found is None or operation is None or operation.is_complete or found.execution.is_terminal:
        return
    moved = msgspec.structs.replace(operation, change=found.next_change())
    found.change(stored_bytes=found.execution.stored_bytes + len(ended.result or ""))
    if ended.status == "SUCCEEDED":
        applied = rules.succeed(moved, ended.result, tx.now)
    else:
        applied = rules.fail(moved, ended.error or {}, tx.now, ended.status)
    found.completed(operation, applied)


async def answer(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: an execution that another one waits for has ended."""
    found: tuple[Parent, Ended] | None = await call.read(_answer, key, about=call.about)
    if found is None:
        return
    parent, ended = found
    await call.transaction(
        complete, parent.execution, parent.operation, ended, about=parent.function_arn
    )


def _answer(tx: Transaction, key: str) -> tuple[Parent, Ended] | None:
    execution = store.load(tx, key)
    if execution is None or execution.parent is None:
        return None
    _, result, error = store.load_data(tx, key)
    if execution.status == SUCCEEDED:
        return execution.parent, Ended("SUCCEEDED", result=result)
    status = execution.status if execution.status in (TIMED_OUT, STOPPED) else "FAILED"
    return execution.parent, Ended(status, error=error)


def fall_due(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: the clock completes an operation, or lets a step be tried again."""
    id, _, operation_id = key.partition("/")
    found = journal.find(call.tx, call.about, id)
    operation = None if found is None else found.operation(operation_id)
    if found is None or operation is None or found.execution.is_terminal:
        return
    applied = rules.fall_due(operation, found.execution.change + 1, call.now)
    if applied is not None:
        found.next_change()
        found.completed(operation, applied)
