"""What an update of a checkpoint, an answer, or the clock makes of an operation. Values only.

docs: lambda/latest/api/API_OperationUpdate, API_Operation; the specification for language SDKs of
AWS's durable execution SDKs, "Durable Operations".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.services.lambda_.durable import durable_errors, history
from pileus.services.lambda_.durable.executions import (
    OUTPUT_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    Operation,
)

Event = dict[str, Any]
Update = Mapping[str, Any]

ACTIONS = {
    "EXECUTION": ("SUCCEED", "FAIL"),
    "CONTEXT": ("START", "SUCCEED", "FAIL"),
    "STEP": ("START", "SUCCEED", "FAIL", "RETRY"),
    "WAIT": ("START", "CANCEL"),
    "CALLBACK": ("START",),
    "CHAINED_INVOKE": ("START",),
}
_OPTIONS = {
    "ContextOptions": ("CONTEXT", ("SUCCEED",)),
    "StepOptions": ("STEP", ("RETRY",)),
    "WaitOptions": ("WAIT", ("START",)),
    "CallbackOptions": ("CALLBACK", ("START",)),
    "ChainedInvokeOptions": ("CHAINED_INVOKE", ("START",)),
}
TIMED_OUT = {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}
HEARTBEAT_MISSED = {
    "ErrorType": "Callback.Heartbeat", "ErrorMessage": "Callback timed out on heartbeat"
}  # fmt: skip


class Applied(NamedTuple):
    """The operation as it is now, and what the history gets."""

    operation: Operation
    events: tuple[Event, ...]


def check(update: Update) -> None:
    """Refuse an update that is wrong whatever the operation's state is."""
    kind, action = update["Type"], update["Action"]
    if action not in ACTIONS[kind]:
        raise durable_errors.update_invalid(f"Invalid {kind} action.")
    for member, (wanted_kind, wanted_actions) in _OPTIONS.items():
        if member in update and not (kind == wanted_kind and action in wanted_actions):
            raise durable_errors.update_invalid(f"Invalid {member} for the given action.")
    _check_payloads(update, kind, action)
    options = {
        ("STEP", "RETRY"): ("StepOptions", "NextAttemptDelaySeconds"),
        ("WAIT", "START"): ("WaitOptions", "WaitSeconds"),
        ("CHAINED_INVOKE", "START"): ("ChainedInvokeOptions", "FunctionName"),
    }.get((kind, action))
    if options is not None and update.get(options[0], {}).get(options[1]) is None:
        raise durable_errors.update_invalid(f"Invalid {options[0]} for the given action.")


def _check_payloads(update: Update, kind: str, action: str) -> None:
    payload, error = update.get("Payload"), update.get("Error")
    if action == "SUCCEED" and error is not None:
        raise durable_errors.update_invalid("Cannot provide an Error for SUCCEED action.")
    if action == "FAIL" and payload is not None:
        raise durable_errors.update_invalid("Cannot provide a Payload for FAIL action.")
    if action == "RETRY" and error is not None and payload is not None:
        raise durable_errors.update_invalid(
            "Cannot provide both error and payload to RETRY a STEP."
        )
    if action == "START" and error is not None:
        raise durable_errors.update_invalid("Cannot provide an Error for START action.")
    limit = OUTPUT_BYTES_MAX if kind == "EXECUTION" else PAYLOAD_BYTES_MAX
    if payload is not None and _size(payload) > limit:
        direction = "input" if action == "START" else "output"
        raise durable_errors.payload_too_large(kind, direction, limit)
    check_error(error)


def check_error(error: Mapping[str, Any] | None) -> None:
    if error is not None and error_size(error) > PAYLOAD_BYTES_MAX:
        raise durable_errors.error_too_large(PAYLOAD_BYTES_MAX)


def error_size(error: Mapping[str, Any]) -> int:
    fields = [error.get(name) or "" for name in ("ErrorMessage", "ErrorType", "ErrorData")]
    return sum(map(_size, [*fields, *(error.get("StackTrace") or [])]))


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def stored_bytes(update: Update) -> int:
    """How much of the execution's storage an update takes."""
    error = update.get("Error")
    return _size(update.get("Payload") or "") + (error_size(error) if error else 0)


def check_consistent(known: Operation, update: Update) -> None:
    """An operation keeps what it was started with."""
    if known.kind != update["Type"]:
        raise durable_errors.update_invalid("Inconsistent operation type.")
    for member, value, word in (
        ("SubType", known.subtype, "subtype"),
        ("Name", known.name, "name"),
    ):
        if update.get(member, value) != value:
            raise durable_errors.update_invalid(f"Inconsistent operation {word}.")
    if update.get("ParentId", known.parent) != known.parent:
        raise durable_errors.update_invalid("Inconsistent parent operation id.")


def check_parent(parent: Operation | None) -> None:
    if parent is None or parent.kind != "CONTEXT":
        raise durable_errors.update_invalid("Invalid parent operation id.")


class Place(NamedTuple):
    """Where in its execution an update is applied, and when."""

    number: int  # of an operation that begins with it
    change: int
    now: int
    callback_id: str = ""


def apply(known: Operation | None, update: Update, place: Place) -> Applied:
    """What an update, which `check` has let pass, makes of an operation; not for EXECUTION."""
    now, change = place.now, place.change
    if known is None:
        started = _begun(update, place)
        if update["Action"] == "START":
            return _started(started, update)
        # An SDK may leave out a start that would be closed in the same breath.
        _refuse_unless(update["Action"] != "CANCEL", update)
        first = Applied(started, (history.started(started),))
        closed = _close(started, update, now)
        return Applied(closed.operation, first.events + closed.events)
    check_consistent(known, update)
    moved = msgspec.structs.replace(known, change=change)
    if update["Action"] == "START":
        _refuse_unless(known.kind == "STEP" and known.status == "READY", update)
        again = msgspec.structs.replace(moved, status="STARTED", due_at=0)
        return Applied(again, (history.started(again),))
    if known.kind == "STEP":
        _refuse_unless(known.status in ("STARTED", "READY"), update)
    else:
        _refuse_unless(known.status == "STARTED", update)
    return _close(moved, update, now)


def _begun(update: Update, place: Place) -> Operation:
    """An operation as its first update describes it."""
    is_callback = update["Type"] == "CALLBACK"
    return Operation(
        id=update["Id"], kind=update["Type"], status="STARTED", number=place.number,
        change=place.change, started_at=place.now, parent=update.get("ParentId", ""),
        name=update.get("Name", ""), subtype=update.get("SubType", ""),
        callback_id=place.callback_id if is_callback else "",
    )  # fmt: skip


def _refuse_unless(is_right: bool, update: Update) -> None:
    if is_right:
        return
    kind, action = update["Type"], update["Action"]
    if action == "CANCEL":
        raise durable_errors.update_invalid(
            f"Cannot cancel a {kind} that does not exist or has already completed."
        )
    if action == "START" and kind != "STEP":
        raise durable_errors.update_invalid(f"Cannot start a {kind} that already exist.")
    doing = {"START": "start", "RETRY": "re-attempt"}.get(action, "close")
    raise durable_errors.update_invalid(f"Invalid current {kind} state to {doing}.")


def _started(operation: Operation, update: Update) -> Applied:
    now = operation.started_at
    match operation.kind:
        case "WAIT":
            seconds = update["WaitOptions"]["WaitSeconds"]
            operation = msgspec.structs.replace(
                operation, wait_seconds=seconds, due_at=now + seconds * 1000
            )
        case "CALLBACK":
            options = update.get("CallbackOptions", {})
            timeout = options.get("TimeoutSeconds") or 0
            heartbeat = options.get("HeartbeatTimeoutSeconds") or 0
            operation = _with_due(
                msgspec.structs.replace(
                    operation, timeout_seconds=timeout, heartbeat_seconds=heartbeat,
                    timeout_at=now + timeout * 1000 if timeout else 0,
                    heartbeat_at=now + heartbeat * 1000 if heartbeat else 0,
                )
            )  # fmt: skip
        case "CHAINED_INVOKE":
            options = update["ChainedInvokeOptions"]
            operation = msgspec.structs.replace(
                operation, function_name=options["FunctionName"], input=update.get("Payload"),
                tenant_id=options.get("TenantId", ""), trace_id=options.get("XAmznTraceId", ""),
            )  # fmt: skip
    return Applied(operation, (history.started(operation),))


def _with_due(operation: Operation) -> Operation:
    dues = [at for at in (operation.timeout_at, operation.heartbeat_at) if at]
    return msgspec.structs.replace(operation, due_at=min(dues, default=0))


def _close(operation: Operation, update: Update, now: int) -> Applied:
    payload, error = update.get("Payload"), update.get("Error")
    match update["Action"]:
        case "SUCCEED":
            replays = update.get("ContextOptions", {}).get("ReplayChildren", False)
            attempted = _attempted(operation)
            return succeed(
                msgspec.structs.replace(attempted, replays_children=bool(replays)), payload, now
            )
        case "FAIL":
            return fail(_attempted(operation), error or {}, now)
        case "RETRY":
            seconds = update["StepOptions"]["NextAttemptDelaySeconds"]
            retried = msgspec.structs.replace(
                _attempted(operation), status="PENDING", due_at=now + seconds * 1000,
                result=payload, error=None if error is None else dict(error),
            )  # fmt: skip
            return Applied(retried, (history.retried(retried, seconds),))
        case _:
            cancelled = _ended(operation, "CANCELLED", now)
            return Applied(cancelled, (history.closed(cancelled, "Cancelled"),))


def _attempted(operation: Operation) -> Operation:
    if operation.kind != "STEP":
        return operation
    return msgspec.structs.replace(operation, attempts=operation.attempts + 1)


def _ended(operation: Operation, status: str, now: int, **changes: Any) -> Operation:
    return msgspec.structs.replace(operation, status=status, ended_at=now, due_at=0, **changes)


def succeed(operation: Operation, payload: str | None, now: int) -> Applied:
    done = _ended(operation, "SUCCEEDED", now, result=payload, error=None)
    return Applied(done, (history.closed(done, "Succeeded"),))


def fail(
    operation: Operation, error: Mapping[str, Any], now: int, status: str = "FAILED"
) -> Applied:
    """`status` is FAILED, TIMED_OUT or STOPPED."""
    done = _ended(operation, status, now, result=None, error=dict(error))
    word = {"FAILED": "Failed", "TIMED_OUT": "TimedOut", "STOPPED": "Stopped"}[status]
    return Applied(done, (history.closed(done, word),))


def heartbeat(operation: Operation, now: int) -> Operation:
    """A callback that is alive; its own timeout stays where it is."""
    if not operation.heartbeat_seconds:
        return operation
    later = now + operation.heartbeat_seconds * 1000
    return _with_due(msgspec.structs.replace(operation, heartbeat_at=later))


def fall_due(operation: Operation, change: int, now: int) -> Applied | None:
    """What the clock makes of an operation; None where it is not time, or no longer."""
    if not operation.due_at or now < operation.due_at or not operation.is_pending:
        return None
    moved = msgspec.structs.replace(operation, change=change)
    match operation.kind:
        case "WAIT":
            return succeed(moved, None, now)
        case "STEP":
            ready = msgspec.structs.replace(moved, status="READY", due_at=0)
            return Applied(ready, ())
        case "CALLBACK":
            is_late = bool(operation.timeout_at) and now >= operation.timeout_at
            return fail(moved, TIMED_OUT if is_late else HEARTBEAT_MISSED, now, "TIMED_OUT")
    return None
