"""What is stored of a durable execution and its operations, and how AWS shows operations."""

from __future__ import annotations

from typing import Any

import msgspec

RUNNING = "RUNNING"
PAUSING = "PAUSING"
PAUSED = "PAUSED"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
TIMED_OUT = "TIMED_OUT"
STOPPED = "STOPPED"
DELETING = "DELETING"
TERMINAL = frozenset({SUCCEEDED, FAILED, TIMED_OUT, STOPPED})

# docs: lambda/latest/dg/gettingstarted-limits, durable functions
OPERATIONS_MAX = 3_000
STORED_BYTES_MAX = 100 * 1024 * 1024
PAYLOAD_BYTES_MAX = 1_048_576
OUTPUT_BYTES_MAX = 6_291_456
# Whatever a pause adds, an execution ends after this time.
AGE_MS_MAX = 366 * 86_400_000


class Invocation(msgspec.Struct, frozen=True):
    """The invocation under way: of a process that died, until the next begins."""

    request_id: str
    started_at: int


class Checkpoint(msgspec.Struct, frozen=True):
    """The last checkpoint, by which a repeated request is known."""

    consumed: int  # the number of the token that it took
    client_token: str
    at: int
    since: int  # its answer holds the changes after this one


class Pause(msgspec.Struct, frozen=True, omit_defaults=True):
    requested_at: int
    client_token: str
    is_timeout_paused: bool
    reason: str | None = None
    begun_at: int = 0  # 0 while an invocation goes on


class Resumption(msgspec.Struct, frozen=True):
    at: int
    client_token: str


class Parent(msgspec.Struct, frozen=True):
    """The operation of another execution that waits for this one."""

    function_arn: str
    execution: str
    operation: str


class Execution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All but the payloads, which have columns of their own."""

    id: str
    name: str
    function_arn: str  # unqualified
    owner: str  # the function's id
    version: str
    invoked_arn: str
    started_at: int
    timeout_seconds: int
    timeout_at: int
    retention_days: int
    kms_key_arn: str = ""
    is_asynchronous: bool = False
    trace_id: str = ""
    parent: Parent | None = None
    status: str = RUNNING
    ended_at: int = 0
    # Checkpoint tokens are numbered: one number for each invocation and each checkpoint.
    token: int = 0
    nonce: str = ""
    # Each change of an operation has a number; `seen` is the last that the function was told.
    change: int = 0
    seen: int = 0
    operation_count: int = 1  # as AWS meters them: retries of invocations count
    last_number: int = 0
    event_count: int = 0
    stored_bytes: int = 0
    # Operations that the service has to complete.
    pending: int = 0
    invocation: Invocation | None = None
    checkpoint: Checkpoint | None = None
    failures: int = 0
    retry_at: int = 0
    pause: Pause | None = None
    resumption: Resumption | None = None
    must_run: bool = False

    @property
    def arn(self) -> str:
        return f"{self.function_arn}:{self.version}/durable-execution/{self.name}/{self.id}"

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One operation; `number` orders them by their start, `change` by their last change."""

    id: str
    kind: str  # STEP, WAIT, ...
    status: str
    number: int
    change: int
    started_at: int
    ended_at: int = 0
    parent: str = ""
    name: str = ""
    subtype: str = ""
    result: str | None = None
    error: dict[str, Any] | None = None
    replays_children: bool = False
    attempts: int = 0  # that have ended
    due_at: int = 0  # when the service does the next thing with it
    wait_seconds: int = 0
    callback_id: str = ""
    timeout_at: int = 0
    heartbeat_seconds: int = 0
    heartbeat_at: int = 0
    timeout_seconds: int = 0
    function_name: str = ""
    tenant_id: str = ""
    trace_id: str = ""
    input: str | None = None
    event_number: int = 0  # of the event of its start

    @property
    def is_complete(self) -> bool:
        return self.status not in ("STARTED", "PENDING", "READY")

    @property
    def is_pending(self) -> bool:
        """Whether the service has to complete it before the function can go on."""
        if self.kind == "STEP":
            return self.status == "PENDING"
        return self.kind in ("WAIT", "CALLBACK", "CHAINED_INVOKE") and self.status == "STARTED"


def replace(execution: Execution, **changes: Any) -> Execution:
    return msgspec.structs.replace(execution, **changes)


def show(operation: Operation) -> dict[str, Any]:
    """As checkpoints, states and the events of invocations show it; instants in milliseconds."""
    shown: dict[str, Any] = {
        "Id": operation.id,
        "Type": operation.kind,
        "StartTimestamp": operation.started_at,
        "Status": operation.status,
    }
    for member, value in (
        ("ParentId", operation.parent),
        ("Name", operation.name),
        ("SubType", operation.subtype),
        ("EndTimestamp", operation.ended_at),
    ):
        if value:
            shown[member] = value
    name, details = _details(operation)
    if operation.kind != "WAIT":
        if operation.result is not None:
            details["Result"] = operation.result
        if operation.error is not None:
            details["Error"] = operation.error
    shown[name] = details
    return shown


def _details(operation: Operation) -> tuple[str, dict[str, Any]]:
    match operation.kind:
        case "STEP":
            details: dict[str, Any] = {"Attempt": operation.attempts}
            if operation.status == "PENDING":
                details["NextAttemptTimestamp"] = operation.due_at
            return "StepDetails", details
        case "WAIT":
            end = operation.started_at + operation.wait_seconds * 1000
            return "WaitDetails", {"ScheduledEndTimestamp": end}
        case "CALLBACK":
            return "CallbackDetails", {"CallbackId": operation.callback_id}
        case "CONTEXT":
            shown = {"ReplayChildren": True} if operation.replays_children else {}
            return "ContextDetails", dict(shown)
        case _:
            return "ChainedInvokeDetails", {}


def show_execution(execution: Execution, payload: str) -> dict[str, Any]:
    """The operation that stands first: the execution itself, with its input."""
    return {
        "Id": execution.id,
        "Type": "EXECUTION",
        "StartTimestamp": execution.started_at,
        "Status": "STARTED",
        "ExecutionDetails": {"InputPayload": payload},
    }
