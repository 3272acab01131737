"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.languages.partiql import errors as partiql_errors
from pileus.languages.partiql.statements import Exists, Statement
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import keys, store, throttles, transactions
from pileus.services.dynamodb.items.capacity import Consumed, read_halves
from pileus.services.dynamodb.items.transactions import Action, Reading, Tables
from pileus.services.dynamodb.partiql import changes, selects
from pileus.services.dynamodb.partiql.bound import bind, in_transaction, parsed
from pileus.services.dynamodb.partiql.changes import Changed
from pileus.services.dynamodb.partiql.selects import Answer, Asked
from pileus.services.dynamodb.table_names import arn_of, name_of
from pileus.services.dynamodb.tables import store as table_store

_BATCH, _TRANSACTION = "BatchExecuteStatement", "ExecuteTransaction"
# Codes of BatchStatementError, where they are not the exception's name without its ending.
_CODES = {
    "ValidationException": "ValidationError", "ThrottlingException": "ThrottlingError",
    "InternalFailure": "InternalServerError",
}  # fmt: skip


async def execute_statement(
    call: Call,
    *,
    statement: str,
    parameters: list[dict[str, Any]] | None = None,
    consistent_read: bool = False,
    next_token: str | None = None,
    return_consumed_capacity: str | None = None,
    limit: int | None = None,
    return_values_on_condition_check_failure: str | None = None,
) -> dict[str, Any]:
    found = parsed(statement)
    if isinstance(found.body, Exists):
        raise errors.invalid(str(partiql_errors.exists_outside_transaction()))
    shows = return_consumed_capacity == "INDEXES"
    answer: dict[str, Any]
    if found.reads:
        asked = Asked(consistent_read, limit, next_token, shows)
        page: Answer = await call.read(
            selects.select, statement, parameters, asked, about=call.about
        )
        answer = {"Items": page.items}
        if page.next_token:
            answer["NextToken"] = page.next_token
        if page.last_key is not None:
            answer["LastEvaluatedKey"] = page.last_key
        capacity = page.capacity
    else:
        done: Changed = await call.transaction(
            changes.change, statement, parameters, shows,
            return_values_on_condition_check_failure, about=call.about,
        )  # fmt: skip
        answer, capacity = {"Items": done.items}, done.capacity
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        answer["ConsumedCapacity"] = capacity
    return answer


# Batches.


async def batch_execute_statement(
    call: Call, *, statements: list[dict[str, Any]], return_consumed_capacity: str | None = None
) -> dict[str, Any]:
    _check_alike([each["Statement"] for each in statements])
    responses: list[dict[str, Any]] = []
    capacity: list[dict[str, Any]] = []
    shows = return_consumed_capacity == "INDEXES"
    for each in statements:
        try:
            response, consumed = await _one_of_batch(call, each, shows)
        except AwsError as error:
            responses.append({"Error": _error_of(error)})
        else:
            responses.append(response)
            capacity.append(consumed)
    answer: dict[str, Any] = {"Responses": responses}
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        answer["ConsumedCapacity"] = capacity
    return answer


def _check_alike(texts: Sequence[str]) -> None:
    """All of a batch read, or all of it write; what cannot be read is told of alone."""
    kinds: set[bool] = set()
    for text in texts:
        try:
            kinds.add(parsed(text).reads)
        except AwsError:
            continue
    if len(kinds) > 1:
        raise errors.invalid(str(partiql_errors.reads_and_writes(_BATCH)))


async def _one_of_batch(
    call: Call, asked: Mapping[str, Any], shows: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    text, parameters = asked["Statement"], asked.get("Parameters")
    found = parsed(text)
    if isinstance(found.body, Exists):
        raise errors.invalid(str(partiql_errors.exists_outside_transaction()))
    about = arn_of(call, found.source.table)
    if found.reads:
        done: Changed = await call.read(
            read_one, text, parameters, bool(asked.get("ConsistentRead")), shows, about=about
        )
    else:
        on_failure = asked.get("ReturnValuesOnConditionCheckFailure")
        done = await call.transaction(
            changes.change, text, parameters, shows, on_failure, about=about
        )
    response: dict[str, Any] = {"TableName": name_of(about)}
    if done.items:
        response["Item"] = done.items[0]
    return response, done.capacity


def _error_of(error: AwsError) -> dict[str, Any]:
    code = _CODES.get(error.code) or error.code.removesuffix("Exception")
    found = {"Code": code, "Message": error.message}
    item = error.members.get("Item")
    return found if item is None else {**found, "Item": item}


def read_one(
    tx: Transaction,
    text: str,
    parameters: list[dict[str, Any]] | None,
    is_consistent: bool,
    shows_indexes: bool,
) -> Changed:
    """Step about a table: the item that a statement of a batch names."""
    bound = bind(text, parameters)
    table = table_store.find(tx, tx.about)
    if bound.statement.source.index_name is not None:
        raise errors.invalid(str(partiql_errors.select_needs_key(_BATCH)))
    wanted = selects.by_key(table, bound, _BATCH)
    _, place = keys.of_request(table, wanted.key)
    found = store.find(tx, table.number, place)
    consumed = Consumed(table)
    consumed.add(read_halves(0 if found is None else found.size, is_consistent))
    throttles.take_read(tx, table, consumed)
    items: list[Item] = []
    if found is not None and (wanted.rest is None or wanted.rest(found.item)):
        items.append(wanted.show(found.item))
    return Changed(items, consumed.shown(shows_indexes))


# Transactions.


async def execute_transaction(
    call: Call,
    *,
    transact_statements: list[dict[str, Any]],
    client_request_token: str | None = None,
    return_consumed_capacity: str | None = None,
) -> dict[str, Any]:
    found: list[Statement] = []
    for place, each in enumerate(transact_statements):
        with in_transaction(place):
            found.append(parsed(each["Statement"]))
    kinds = {each.reads for each in found}
    if len(kinds) > 1:
        raise errors.invalid(str(partiql_errors.reads_and_writes(_TRANSACTION)))
    if kinds == {True}:
        answer: dict[str, Any] = await call.read(
            read_all, transact_statements, return_consumed_capacity, about=call.about
        )
    else:
        answer = await call.transaction(
            change_all, transact_statements, client_request_token, return_consumed_capacity,
            about=call.about,
        )  # fmt: skip
    return answer


def read_all(
    tx: Transaction, asked: list[dict[str, Any]], wants_capacity: str | None
) -> dict[str, Any]:
    """Step about the first table: read the items that statements name."""
    tables = _tables(tx)
    reading = Reading(tables)
    for place, each in enumerate(asked):
        with in_transaction(place):
            bound = bind(each["Statement"], each.get("Parameters"))
            source = bound.statement.source
            if source.index_name is not None:
                raise errors.invalid(str(partiql_errors.index_in_transaction()))
            _, table = tables.of(source.table, "Read")
            wanted = selects.by_key(table, bound, _TRANSACTION)
            if wanted.rest is not None:
                raise errors.invalid(str(partiql_errors.select_needs_key(_TRANSACTION)))
            reading.read(source.table, wanted.key, wanted.show)
    reading.finish()
    return {"Responses": reading.responses, **tables.capacity(wants_capacity)}


def change_all(
    tx: Transaction, asked: list[dict[str, Any]], token: str | None, wants_capacity: str | None
) -> dict[str, Any]:
    """Step about the first table: carry out statements, all of them or none."""
    tables = _tables(tx)
    actions: list[Action] = []
    for place, each in enumerate(asked):
        with in_transaction(place):
            bound = bind(each["Statement"], each.get("Parameters"))
            body = bound.statement.body
            if changes.returning_of(body):
                raise errors.invalid(str(partiql_errors.returning_in_transaction()))
            within, table = tables.of(bound.statement.source.table, "Write")
            intent = changes.intent_of(table, bound)
            returns_old = each.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            actions.append(Action(within, table, intent, isinstance(body, Exists), returns_old))
    transactions.perform(tables, actions, token, asked)
    return {"Responses": [], **tables.capacity(wants_capacity)}


def _tables(tx: Transaction) -> Tables:
    assert tx.call is not None
    return Tables(tx, tx.call)
