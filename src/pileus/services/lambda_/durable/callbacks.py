"""Operations by which others answer a callback that an execution waits for."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.services.lambda_.durable import durable_errors, execution_names, journal, rules
from pileus.services.lambda_.durable.executions import PAYLOAD_BYTES_MAX, Operation
from pileus.services.lambda_.durable.journal import Journal


def send_durable_execution_callback_success(
    call: Call, *, callback_id: str, result: bytes | None = None
) -> dict[str, Any]:
    if result is not None and len(result) > PAYLOAD_BYTES_MAX:
        raise durable_errors.payload_too_large("CALLBACK", "output", PAYLOAD_BYTES_MAX)
    found, operation = _waiting(call, callback_id)
    text = None if result is None else result.decode("utf-8", "replace")
    found.change(stored_bytes=found.execution.stored_bytes + len(result or b""))
    found.completed(operation, rules.succeed(_moved(found, operation), text, call.now))
    return {}


def send_durable_execution_callback_failure(
    call: Call, *, callback_id: str, error: dict[str, Any] | None = None
) -> dict[str, Any]:
    rules.check_error(error)
    found, operation = _waiting(call, callback_id)
    found.change(stored_bytes=found.execution.stored_bytes + rules.error_size(error or {}))
    found.completed(operation, rules.fail(_moved(found, operation), error or {}, call.now))
    return {}


def send_durable_execution_callback_heartbeat(call: Call, *, callback_id: str) -> dict[str, Any]:
    found, operation = _waiting(call, callback_id)
    found.put(operation, rules.Applied(rules.heartbeat(operation, call.now), ()))
    found.save()
    return {}


def _waiting(call: Call, text: str) -> tuple[Journal, Operation]:
    """The callback, if its execution still waits for it."""
    named = execution_names.read_callback(text)
    found = journal.find(call.tx, named.function_arn, named.execution)
    operation = None if found is None else found.operation(named.operation)
    if found is None or operation is None or operation.kind != "CALLBACK":
        raise durable_errors.callback_not_there()
    if operation.is_complete or found.execution.is_terminal:
        raise durable_errors.callback_over()
    return found, operation


def _moved(found: Journal, operation: Operation) -> Operation:
    return msgspec.structs.replace(operation, change=found.next_change())
