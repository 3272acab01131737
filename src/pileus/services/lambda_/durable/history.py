"""Events of an execution's history, as they are kept and as they are shown. Pure.

docs: lambda/latest/api/API_Event
"""

from __future__ import annotations

from typing import Any

from pileus.services.lambda_.durable.executions import Operation

Event = dict[str, Any]

_WORDS = {
    "STEP": "Step",
    "WAIT": "Wait",
    "CALLBACK": "Callback",
    "CHAINED_INVOKE": "ChainedInvoke",
    "CONTEXT": "Context",
}
# Members of details that hold what users gave, each as {"Payload": ...}.
_DATA = ("Input", "Result", "Error", "Reason")


def _of(operation: Operation, word: str, details: dict[str, Any]) -> Event:
    kind = f"{_WORDS[operation.kind]}{word}"
    event: Event = {"EventType": kind, "Id": operation.id}
    for member, value in (
        ("Name", operation.name),
        ("ParentId", operation.parent),
        ("SubType", operation.subtype),
    ):
        if value:
            event[member] = value
    event[f"{kind}Details"] = details
    return event


def started(operation: Operation) -> Event:
    details: dict[str, Any] = {}
    match operation.kind:
        case "WAIT":
            details = {
                "Duration": operation.wait_seconds, "ScheduledEndTimestamp": operation.due_at
            }  # fmt: skip
        case "CALLBACK":
            details = {"CallbackId": operation.callback_id}
            if operation.timeout_seconds:
                details["Timeout"] = operation.timeout_seconds
            if operation.heartbeat_seconds:
                details["HeartbeatTimeout"] = operation.heartbeat_seconds
        case "CHAINED_INVOKE":
            details = {"FunctionName": operation.function_name}
            if operation.tenant_id:
                details["TenantId"] = operation.tenant_id
            if operation.input is not None:
                details["Input"] = {"Payload": operation.input}
    return _of(operation, "Started", details)


def retried(operation: Operation, seconds: int) -> Event:
    """An attempt that is to be followed by another one."""
    retry = {"CurrentAttempt": operation.attempts, "NextAttemptDelaySeconds": seconds}
    if operation.error is None and operation.result is not None:
        details = {"Result": {"Payload": operation.result}, "RetryDetails": retry}
        return _of(operation, "Succeeded", details)
    details = {"Error": {"Payload": operation.error or {}}, "RetryDetails": retry}
    return _of(operation, "Failed", details)


def closed(operation: Operation, word: str) -> Event:
    """`word` is Succeeded, Failed, Cancelled, TimedOut or Stopped."""
    details: dict[str, Any] = {}
    if operation.kind == "WAIT":
        if word == "Succeeded":
            details = {"Duration": operation.wait_seconds}
        return _of(operation, word, details)
    if word == "Succeeded":
        details["Result"] = {} if operation.result is None else {"Payload": operation.result}
    else:
        details["Error"] = {"Payload": operation.error or {}}
    if operation.kind == "STEP":
        details["RetryDetails"] = {"CurrentAttempt": operation.attempts}
    return _of(operation, word, details)


def execution_started(payload: str, timeout_seconds: int) -> Event:
    details = {"Input": {"Payload": payload}, "ExecutionTimeout": timeout_seconds}
    return {"EventType": "ExecutionStarted", "ExecutionStartedDetails": details}


def execution_ended(word: str, result: str | None, error: dict[str, Any] | None) -> Event:
    """`word` is Succeeded, Failed, TimedOut or Stopped."""
    kind = f"Execution{word}"
    if word == "Succeeded":
        details: dict[str, Any] = {"Result": {} if result is None else {"Payload": result}}
    else:
        details = {"Error": {"Payload": error or {}}}
    return {"EventType": kind, f"{kind}Details": details}


def invocation_completed(
    request_id: str, started_at: int, ended_at: int, error: dict[str, Any] | None
) -> Event:
    details: dict[str, Any] = {
        "StartTimestamp": started_at, "EndTimestamp": ended_at, "RequestId": request_id
    }  # fmt: skip
    if error is not None:
        details["Error"] = {"Payload": error}
    return {"EventType": "InvocationCompleted", "InvocationCompletedDetails": details}


def paused(requested_at: int, reason: str | None, is_timeout_paused: bool) -> Event:
    details: dict[str, Any] = {
        "PauseRequestTimestamp": requested_at, "ExecutionTimeoutPaused": is_timeout_paused
    }  # fmt: skip
    if reason is not None:
        details["Reason"] = {"Payload": reason}
    return {"EventType": "ExecutionPaused", "ExecutionPausedDetails": details}


def resumed(requested_at: int, reason: str | None) -> Event:
    details: dict[str, Any] = {"ResumeRequestTimestamp": requested_at}
    if reason is not None:
        details["Reason"] = {"Payload": reason}
    return {"EventType": "ExecutionResumed", "ExecutionResumedDetails": details}


def show(event: Event, has_data: bool) -> Event:
    """As GetDurableExecutionHistory answers it, with or without what users gave."""
    shown = dict(event)
    for member, details in event.items():
        if not member.endswith("Details"):
            continue
        shown[member] = given = dict(details)
        for name in _DATA:
            if name in given:
                payload = given[name]
                given[name] = {**payload, "Truncated": False} if has_data else {"Truncated": True}
    return shown
