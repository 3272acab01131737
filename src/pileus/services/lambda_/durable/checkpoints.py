"""Operations by which a function, while it runs, saves how far it has come and reads its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.services.lambda_.durable import (
    durable_errors,
    endings,
    execution_names,
    journal,
    pauses,
    rules,
    states,
    store,
)
from pileus.services.lambda_.durable.executions import (
    FAILED,
    OPERATIONS_MAX,
    PAUSING,
    STORED_BYTES_MAX,
    SUCCEEDED,
    Checkpoint,
    Operation,
    show_execution,
)
from pileus.services.lambda_.durable.journal import Journal
from pileus.services.lambda_.durable.rules import Place, Update

# SDKs send 250 updates at once at most.
UPDATES_MAX = 250
REPEATED_MS_MAX = 15 * 60_000
_PAGE_DEFAULT = 100


def checkpoint_durable_execution(
    call: Call,
    *,
    durable_execution_arn: str,
    checkpoint_token: str,
    updates: Sequence[dict[str, Any]] | None = None,
    client_token: str | None = None,
) -> dict[str, Any]:
    found = _open(call, durable_execution_arn)
    execution = found.execution
    number = execution_names.token_number(execution, checkpoint_token)
    last = execution.checkpoint
    if (
        last is not None
        and number == last.consumed
        and client_token
        and client_token == last.client_token
        and call.now - last.at <= REPEATED_MS_MAX
    ):
        return _answer(found, last.since, has_token=execution.token == last.consumed + 1)
    if number != execution.token or execution.is_terminal or execution.invocation is None:
        raise durable_errors.token_invalid()
    known: dict[str, Operation | None] = {}
    end = _apply_all(found, updates or [], known)
    since = execution.seen
    found.change(
        token=execution.token + 1, seen=found.execution.change,
        checkpoint=Checkpoint(execution.token, client_token or "", call.now, since),
    )  # fmt: skip
    is_pausing = execution.status == PAUSING
    if end is not None:
        _end(found, end)
    elif is_pausing:
        # What the invocation still does is not seen: it goes on from here after the pause.
        found.change(must_run=True)
        pauses.begin(found)
        found.change(token=found.execution.token + 1)
    if end is None:
        found.save()
    ids = dict.fromkeys(each["Id"] for each in updates or [])
    mine = [each for id in ids if (each := known.get(id)) is not None]
    mine.sort(key=lambda each: each.change)
    return _answer(found, since, mine, has_token=end is None and not is_pausing)


def _open(call: Call, arn: str) -> Journal:
    named = execution_names.read(arn)
    found = journal.find(call.tx, named.function_arn, named.id)
    if found is None or found.execution.arn != arn:
        # The operations of the protocol know no ResourceNotFoundException.
        raise durable_errors.token_invalid()
    return found


def _answer(
    found: Journal, since: int, mine: Sequence[Operation] = (), *, has_token: bool
) -> dict[str, Any]:
    page = states.by_change(found, since, mine)
    state: dict[str, Any] = {"Operations": page.operations}
    if page.marker:
        state["NextMarker"] = page.marker
    answer: dict[str, Any] = {"NewExecutionState": state}
    if has_token:
        answer["CheckpointToken"] = execution_names.token(found.execution)
    return answer


def _apply_all(
    found: Journal, updates: Sequence[Update], known: dict[str, Operation | None]
) -> Update | None:
    """Apply updates in their order; the one that ends the execution, if there is one."""
    if len(updates) > UPDATES_MAX:
        raise durable_errors.too_many_updates(UPDATES_MAX)
    stored = found.execution.stored_bytes
    for update in updates:
        rules.check(update)
        stored += rules.stored_bytes(update)
    if stored > STORED_BYTES_MAX:
        raise durable_errors.too_much_stored(STORED_BYTES_MAX)
    found.change(stored_bytes=stored)
    for index, update in enumerate(updates):
        if update["Type"] == "EXECUTION":
            if index + 1 < len(updates):
                raise durable_errors.update_invalid("EXECUTION checkpoint must be the last update.")
            return update
        _apply(found, update, known)
    return None


def _apply(found: Journal, update: Update, known: dict[str, Operation | None]) -> None:
    before = _known(found, update["Id"], known)
    if before is None:
        if parent := update.get("ParentId"):
            rules.check_parent(_known(found, parent, known))
        _count(found)
    elif update["Action"] == "RETRY":
        _count(found)
    place = Place(
        found.execution.last_number + 1, found.next_change(), found.tx.now,
        execution_names.callback_id(found.execution, update["Id"]),
    )  # fmt: skip
    known[update["Id"]] = found.put(before, rules.apply(before, update, place))


def _known(found: Journal, id: str, known: dict[str, Operation | None]) -> Operation | None:
    if id not in known:
        known[id] = found.operation(id)
    return known[id]


def _count(found: Journal) -> None:
    count = found.execution.operation_count + 1
    if count > OPERATIONS_MAX:
        raise durable_errors.too_many_operations(OPERATIONS_MAX)
    found.change(operation_count=count)


def _end(found: Journal, update: Update) -> None:
    if update["Action"] == "SUCCEED":
        endings.close(found, SUCCEEDED, result=update.get("Payload"))
    else:
        endings.close(found, FAILED, error=dict(update.get("Error") or {}))


def get_durable_execution_state(
    call: Call,
    *,
    durable_execution_arn: str,
    checkpoint_token: str,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    found = _open(call, durable_execution_arn)
    number = execution_names.token_number(found.execution, checkpoint_token)
    if number != found.execution.token or found.execution.is_terminal:
        raise durable_errors.token_invalid()
    page = states.at(found, marker or "", max_items or _PAGE_DEFAULT)
    operations = page.operations
    if not marker:
        payload = store.load_data(call.tx, found.execution.id)[0]
        operations = [show_execution(found.execution, payload), *operations]
    answer: dict[str, Any] = {"Operations": operations}
    if page.marker:
        answer["NextMarker"] = page.marker
    return answer
