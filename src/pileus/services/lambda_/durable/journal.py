"""One execution within a transaction: what changes of it, its operations and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.lambda_.durable import durable_errors, execution_names, store
from pileus.services.lambda_.durable.executions import Execution, Operation, replace
from pileus.services.lambda_.durable.rules import Applied
from pileus.services.lambda_.functions import store as functions_store

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# An invocation of an execution; its key is the execution's id.
RUN_TIMER = "lambda:durable-run"
# An operation falls due: `EXECUTION/OPERATION`.
DUE_TIMER = "lambda:durable-due"
# An operation that invokes a function: `EXECUTION/OPERATION`.
CHAIN_TIMER = "lambda:durable-chain"
TIMEOUT_TIMER = "lambda:durable-timeout"
# An execution that another one waits for has ended.
ANSWER_TIMER = "lambda:durable-answer"
EXPIRY_TIMER = "lambda:durable-expiry"
_DAY_MS = 86_400_000


class Journal:
    """Collects changes of an execution; `save` writes its record. Within one transaction only."""

    def __init__(self, tx: Transaction, execution: Execution) -> None:
        self.tx = tx
        self.execution = execution

    def change(self, **changes: Any) -> None:
        self.execution = replace(self.execution, **changes)

    def save(self) -> None:
        store.save(self.tx, self.execution)
        self.tx.wake(self.execution.arn)

    def note(self, event: dict[str, Any]) -> int:
        """Add an event to the history; its number."""
        number = self.execution.event_count + 1
        self.change(event_count=number)
        event = {"EventId": number, "EventTimestamp": self.tx.now, **event}
        store.add_event(self.tx, self.execution.id, number, event)
        return number

    def next_change(self) -> int:
        self.change(change=self.execution.change + 1)
        return self.execution.change

    def operation(self, id: str) -> Operation | None:
        return store.load_operation(self.tx, self.execution.id, id)

    def put(self, before: Operation | None, applied: Applied) -> Operation:
        """Keep what became of an operation, with its events and its due instant."""
        operation, numbers = applied.operation, [self.note(event) for event in applied.events]
        if before is None:
            self.change(last_number=max(self.execution.last_number, operation.number))
            if operation.kind == "CHAINED_INVOKE":
                operation = _with_event(operation, numbers[0])
        delta = operation.is_pending - (before is not None and before.is_pending)
        if delta:
            self.change(pending=self.execution.pending + delta)
        store.save_operation(self.tx, self.execution.id, operation)
        self._set_timers(before, operation)
        return operation

    def _set_timers(self, before: Operation | None, operation: Operation) -> None:
        key = f"{self.execution.id}/{operation.id}"
        if operation.due_at and operation.is_pending:
            if before is None or before.due_at != operation.due_at:
                self.tx.set_timer(DUE_TIMER, key, operation.due_at)
        elif before is not None and before.due_at:
            self.tx.finish_timer(DUE_TIMER, key)
        if operation.kind == "CHAINED_INVOKE" and before is None and not operation.is_complete:
            self.tx.set_timer(CHAIN_TIMER, key, self.tx.now)

    def run_soon(self) -> None:
        """Invoke the function as soon as it may be, unless an invocation is under way.

        One under way is told by its next checkpoint, or is followed by another one.
        """
        execution = self.execution
        if execution.status == "RUNNING" and execution.invocation is None:
            at = max(self.tx.now, execution.retry_at)
            self.tx.set_timer(RUN_TIMER, execution.id, at)
        elif execution.status == "PAUSED":
            self.change(must_run=True)

    def completed(self, before: Operation, applied: Applied) -> None:
        """The service has completed an operation, which lets the function go on."""
        self.put(before, applied)
        self.run_soon()
        self.save()


def _with_event(operation: Operation, number: int) -> Operation:
    return msgspec.structs.replace(operation, event_number=number)


def open_execution(tx: Transaction, named: execution_names.Named) -> Journal:
    """The execution that a request names; raises AWS's error where there is none."""
    journal = find(tx, named.function_arn, named.id)
    if journal is None or journal.execution.arn != named.arn:
        raise durable_errors.not_there(named.arn)
    return journal


def find(tx: Transaction, function_arn: str, id: str) -> Journal | None:
    """An execution, if it and its function are still there."""
    execution = store.load(tx, id)
    if execution is None or execution.function_arn != function_arn:
        return None
    function = functions_store.load_function(tx, function_arn)
    if function is None or function.id != execution.owner:
        return None
    return Journal(tx, execution)


def expire_later(journal: Journal) -> None:
    """The history goes when its retention ends."""
    execution = journal.execution
    at = execution.ended_at + execution.retention_days * _DAY_MS
    journal.tx.set_timer(EXPIRY_TIMER, execution.id, at)
