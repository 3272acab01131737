"""The end of an execution: recorded, announced, handed on, answered to who waits for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.changes import PlatformEvent
from pileus.services.lambda_.asynchronous import destinations
from pileus.services.lambda_.asynchronous import rules as event_rules
from pileus.services.lambda_.asynchronous import store as asynchronous_store
from pileus.services.lambda_.asynchronous.rules import Event, InvokeConfig
from pileus.services.lambda_.durable import (
    durable_errors,
    execution_names,
    history,
    journal,
    rules,
    store,
)
from pileus.services.lambda_.durable.executions import (
    FAILED,
    PAUSED,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    Execution,
)
from pileus.services.lambda_.durable.journal import ANSWER_TIMER, TIMEOUT_TIMER, Journal
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.running import metric_series, outcomes
from pileus.services.lambda_.running.outcomes import Outcome

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

_SOURCE = "aws.lambda"
_DETAIL_TYPE = "Durable Execution Status Change"
_WORDS = {
    SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", STOPPED: "Stopped"
}  # fmt: skip


def announce(tx: Transaction, execution: Execution) -> None:
    """docs: lambda/latest/dg/durable-monitoring, "EventBridge events\""""
    detail: dict[str, Any] = {
        "durableExecutionArn": execution.arn,
        "durableExecutionName": execution.name,
        "functionArn": f"{execution.function_arn}:{execution.version}",
        "status": execution.status,
        "startTimestamp": _iso(execution.started_at),
    }
    if execution.is_terminal:
        detail["endTimestamp"] = _iso(execution.ended_at)
    tx.announce(PlatformEvent(execution.arn, _SOURCE, _DETAIL_TYPE, detail))


def _iso(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"


def close(
    found: Journal, status: str, result: str | None = None, error: dict[str, Any] | None = None
) -> None:
    """End an execution, and save it. No token of it is valid any more."""
    tx = found.tx
    found.note(history.execution_ended(_WORDS[status], result, error))
    found.change(
        status=status, ended_at=tx.now, pause=None, retry_at=0,
        token=found.execution.token + 1,
    )  # fmt: skip
    execution = found.execution
    store.close(tx, execution, result, error)
    tx.finish_timer(TIMEOUT_TIMER, execution.id)
    if execution.invocation is None:
        tx.finish_timer(journal.RUN_TIMER, execution.id)
    journal.expire_later(found)
    tx.wake(execution.arn)
    announce(tx, execution)
    _measure(tx, execution)
    if execution.parent is not None:
        tx.set_timer(ANSWER_TIMER, execution.id, tx.now)
    if execution.is_asynchronous:
        _hand_on(tx, execution, outcome_of(execution, result, error))


def _measure(tx: Transaction, execution: Execution) -> None:
    """docs: lambda/latest/dg/durable-monitoring, "Durable execution metrics\""""
    word = _WORDS[execution.status]
    for name, unit, value in (
        (f"DurableExecution{word}", "Count", 1),
        ("DurableExecutionDuration", "Milliseconds", execution.ended_at - execution.started_at),
        ("DurableExecutionOperations", "Count", execution.operation_count),
        ("DurableExecutionStorageWrittenBytes", "Bytes", execution.stored_bytes),
    ):
        tx.note_metric(metric_series.series(execution.invoked_arn, "", name, unit), value)


def outcome_of(execution: Execution, result: str | None, error: dict[str, Any] | None) -> Outcome:
    """What an invoker is answered."""
    if execution.status == SUCCEEDED:
        payload = b"null" if result is None else result.encode("utf-8", "replace")
        return Outcome(payload, executed_version=execution.version)
    given = error or {}
    document = {
        name: given[member]
        for name, member in (
            ("errorMessage", "ErrorMessage"), ("errorType", "ErrorType"),
            ("errorData", "ErrorData"), ("stackTrace", "StackTrace"),
        )
        if given.get(member) is not None
    }  # fmt: skip
    kind = str(given.get("ErrorType") or "")
    return Outcome(
        msgspec.json.encode(document), outcomes.UNHANDLED, kind, executed_version=execution.version
    )


def _hand_on(tx: Transaction, execution: Execution, outcome: Outcome) -> None:
    """What was invoked asynchronously has ended: destinations and the dead-letter queue."""
    function = functions_store.load_function(tx, execution.function_arn)
    assert function is not None
    qualifier = function_names.split(execution.invoked_arn).qualifier
    text = asynchronous_store.load_invoke_config(tx, execution.owner, qualifier)
    config = InvokeConfig() if text is None else msgspec.json.decode(text, type=InvokeConfig)
    is_well = execution.status == SUCCEEDED
    to = config.on_success if is_well else config.on_failure
    payload = store.load_data(tx, execution.id)[0].encode()
    if not is_well and function.dead_letter_arn:
        tx.deliver(
            to=function.dead_letter_arn, payload=payload, because=tx.about,
            policy=destinations.ONCE,
        )  # fmt: skip
    if to:
        event = Event(execution.invoked_arn, execution.started_at, execution.trace_id)
        condition = "Success" if is_well else "RetriesExhausted"
        made = event_rules.record(event, execution.id, condition, payload, outcome, tx.now)
        word = "Success" if is_well else "Failure"
        destinations.hand_over(tx, to, event_rules.function_arn(event), made, word)


def time_out(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: an execution has had all the time that it may take."""
    found = journal.find(call.tx, call.about, key)
    if found is None or found.execution.is_terminal:
        return
    seconds = found.execution.timeout_seconds
    message = f"The durable execution has timed out after {seconds} seconds."
    close(found, TIMED_OUT, error={"ErrorType": "ExecutionTimedOut", "ErrorMessage": message})


def stop_durable_execution(
    call: Call, *, durable_execution_arn: str, error: dict[str, Any] | None = None
) -> dict[str, Any]:
    rules.check_error(error)
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    if not found.execution.is_terminal:
        _check_not_deleting(found.execution)
        close(found, STOPPED, error=error or {})
    return {"StopTimestamp": found.execution.ended_at}


def delete_durable_execution(call: Call, *, durable_execution_arn: str) -> dict[str, Any]:
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    _check_not_deleting(found.execution)
    if not found.execution.is_terminal:
        raise durable_errors.in_status(found.execution.status)
    found.change(status="DELETING")
    found.save()
    call.tx.set_timer(journal.EXPIRY_TIMER, found.execution.id, call.now)
    return {"DeletionRequestTimestamp": call.now}


def _check_not_deleting(execution: Execution) -> None:
    if execution.status == "DELETING":
        raise durable_errors.in_status(execution.status)


_REMOVED_AT_ONCE = 200


def expire(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: remove an execution that is over, a page at a time."""
    execution = store.load(call.tx, key)
    if execution is None or execution.status in (RUNNING, PAUSED, "PAUSING"):
        return
    if store.remove_some(call.tx, key, _REMOVED_AT_ONCE) == _REMOVED_AT_ONCE:
        call.tx.set_timer(journal.EXPIRY_TIMER, key, call.now)
