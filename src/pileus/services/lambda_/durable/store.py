"""Rows of durable executions, their operations and their history, beside their function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.lambda_.durable.executions import Execution, Operation

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# Executions.

_ADD = """
INSERT INTO lambda_executions (part, id, owner, name, version, started_at, status, execution, input)
VALUES (:part, :id, :owner, :name, :version, :started_at, :status, :execution, :input)
"""
_CHANGE = """
UPDATE lambda_executions SET status = :status, execution = :execution
WHERE part = :part AND id = :id
"""
_CLOSE = """
UPDATE lambda_executions
SET status = :status, execution = :execution, result = :result, error = :error
WHERE part = :part AND id = :id
"""
_READ = "SELECT execution FROM lambda_executions WHERE part = :part AND id = :id"
_READ_DATA = "SELECT input, result, error FROM lambda_executions WHERE part = :part AND id = :id"
_BY_NAME = """
SELECT execution, input FROM lambda_executions
WHERE part = :part AND owner = :owner AND name = :name
"""
_LIST = """
SELECT execution, started_at, id FROM lambda_executions
WHERE part = :part AND owner = :owner
  AND (started_at < :started_at OR (started_at = :started_at AND id < :id))
ORDER BY started_at DESC, id DESC LIMIT :limit
"""
_LIST_FORWARD = """
SELECT execution, started_at, id FROM lambda_executions
WHERE part = :part AND owner = :owner
  AND (started_at > :started_at OR (started_at = :started_at AND id > :id))
ORDER BY started_at, id LIMIT :limit
"""
_OF_OWNER = """
SELECT id FROM lambda_executions WHERE part = :part AND owner = :owner
ORDER BY started_at, id LIMIT 1
"""
_REMOVE = "DELETE FROM lambda_executions WHERE part = :part AND id = :id"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def add(tx: Transaction, execution: Execution, payload: str) -> None:
    tx.run(
        _ADD, id=execution.id, owner=execution.owner, name=execution.name,
        version=execution.version, started_at=execution.started_at, status=execution.status,
        execution=_text(execution), input=payload,
    )  # fmt: skip


def save(tx: Transaction, execution: Execution) -> None:
    tx.run(_CHANGE, id=execution.id, status=execution.status, execution=_text(execution))


def close(
    tx: Transaction, execution: Execution, result: str | None, error: dict[str, Any] | None
) -> None:
    """Save an execution that has ended; JSON, since a text may hold what columns must not."""
    tx.run(
        _CLOSE, id=execution.id, status=execution.status, execution=_text(execution),
        result=None if result is None else _text(result),
        error=None if error is None else _text(error),
    )  # fmt: skip


def load(tx: Transaction, id: str) -> Execution | None:
    row = tx.one(_READ, id=id)
    return None if row is None else msgspec.json.decode(row[0], type=Execution)


def load_data(tx: Transaction, id: str) -> tuple[str, str | None, dict[str, Any] | None]:
    """The input, the result and the error of an execution that is there."""
    row = tx.one(_READ_DATA, id=id)
    assert row is not None
    payload, result, error = row
    return (
        payload,
        None if result is None else msgspec.json.decode(result),
        None if error is None else msgspec.json.decode(error),
    )


def find(tx: Transaction, owner: str, name: str) -> tuple[Execution, str] | None:
    """The execution of a function by its name, and its input."""
    row = tx.one(_BY_NAME, owner=owner, name=name)
    return None if row is None else (msgspec.json.decode(row[0], type=Execution), row[1])


def page(
    tx: Transaction, owner: str, after: tuple[int, str], is_forward: bool, limit: int
) -> list[Execution]:
    """Executions of a function in order of their start, after a place in that order."""
    rows = tx.all(
        _LIST_FORWARD if is_forward else _LIST, at_most=limit, owner=owner, started_at=after[0],
        id=after[1], limit=limit,
    )  # fmt: skip
    return [msgspec.json.decode(row[0], type=Execution) for row in rows]


# Operations.

_WRITE_OPERATION = """
INSERT INTO lambda_execution_operations (part, execution, number, id, change, operation)
VALUES (:part, :execution, :number, :id, :change, :operation)
ON CONFLICT (part, execution, number) DO UPDATE
SET change = excluded.change, operation = excluded.operation
"""
_READ_OPERATION = """
SELECT operation FROM lambda_execution_operations
WHERE part = :part AND execution = :execution AND id = :id
"""
_LIST_OPERATIONS = """
SELECT operation FROM lambda_execution_operations
WHERE part = :part AND execution = :execution AND number > :after
ORDER BY number LIMIT :limit
"""
_CHANGED = """
SELECT operation FROM lambda_execution_operations
WHERE part = :part AND execution = :execution AND change > :since AND change <= :until
ORDER BY change LIMIT :limit
"""
_SWEEP_OPERATIONS = """
DELETE FROM lambda_execution_operations
WHERE part = :part AND execution = :execution AND number IN (
    SELECT number FROM lambda_execution_operations
    WHERE part = :part AND execution = :execution ORDER BY number LIMIT :limit
)
"""


def save_operation(tx: Transaction, execution: str, operation: Operation) -> None:
    tx.run(
        _WRITE_OPERATION, execution=execution, number=operation.number, id=operation.id,
        change=operation.change, operation=_text(operation),
    )  # fmt: skip


def load_operation(tx: Transaction, execution: str, id: str) -> Operation | None:
    row = tx.one(_READ_OPERATION, execution=execution, id=id)
    return None if row is None else msgspec.json.decode(row[0], type=Operation)


def operations(tx: Transaction, execution: str, after: int, limit: int) -> list[Operation]:
    """In order of their start."""
    rows = tx.all(_LIST_OPERATIONS, at_most=limit, execution=execution, after=after, limit=limit)
    return [msgspec.json.decode(text, type=Operation) for (text,) in rows]


def changed(
    tx: Transaction, execution: str, since: int, limit: int, until: int = 2**53
) -> list[Operation]:
    """In order of their last change."""
    rows = tx.all(
        _CHANGED, at_most=limit, execution=execution, since=since, until=until, limit=limit
    )
    return [msgspec.json.decode(text, type=Operation) for (text,) in rows]


# History.

_ADD_EVENT = """
INSERT INTO lambda_execution_events (part, execution, number, event)
VALUES (:part, :execution, :number, :event)
"""
_CHANGE_EVENT = """
UPDATE lambda_execution_events SET event = :event
WHERE part = :part AND execution = :execution AND number = :number
"""
_READ_EVENT = """
SELECT event FROM lambda_execution_events
WHERE part = :part AND execution = :execution AND number = :number
"""
_LIST_EVENTS = """
SELECT event FROM lambda_execution_events
WHERE part = :part AND execution = :execution AND number > :after
ORDER BY number LIMIT :limit
"""
_LIST_EVENTS_BACK = """
SELECT event FROM lambda_execution_events
WHERE part = :part AND execution = :execution AND number < :after
ORDER BY number DESC LIMIT :limit
"""
_SWEEP_EVENTS = """
DELETE FROM lambda_execution_events
WHERE part = :part AND execution = :execution AND number IN (
    SELECT number FROM lambda_execution_events
    WHERE part = :part AND execution = :execution ORDER BY number LIMIT :limit
)
"""


def add_event(tx: Transaction, execution: str, number: int, event: dict[str, Any]) -> None:
    tx.run(_ADD_EVENT, execution=execution, number=number, event=_text(event))


def load_event(tx: Transaction, execution: str, number: int) -> dict[str, Any] | None:
    row = tx.one(_READ_EVENT, execution=execution, number=number)
    return None if row is None else msgspec.json.decode(row[0])


def change_event(tx: Transaction, execution: str, number: int, event: dict[str, Any]) -> None:
    tx.run(_CHANGE_EVENT, execution=execution, number=number, event=_text(event))


def events(
    tx: Transaction, execution: str, after: int, is_back: bool, limit: int
) -> list[dict[str, Any]]:
    rows = tx.all(
        _LIST_EVENTS_BACK if is_back else _LIST_EVENTS, at_most=limit, execution=execution,
        after=after, limit=limit,
    )  # fmt: skip
    return [msgspec.json.decode(text) for (text,) in rows]


# What goes.


def remove_some(tx: Transaction, execution: str, limit: int) -> int:
    """Remove rows of an execution, itself last; how many there were."""
    removed = tx.run(_SWEEP_OPERATIONS, execution=execution, limit=limit)
    if removed < limit:
        removed += tx.run(_SWEEP_EVENTS, execution=execution, limit=limit - removed)
    if removed < limit:
        removed += tx.run(_REMOVE, id=execution)
    return removed


def sweep(tx: Transaction, owner: str, limit: int) -> int:
    """Remove what a deleted function has left, one execution at a time."""
    row = tx.one(_OF_OWNER, owner=owner)
    return 0 if row is None else max(remove_some(tx, row[0], limit), 1)
