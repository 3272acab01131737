"""INSERT, UPDATE, DELETE and EXISTS as the writes that items know."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import updates
from pileus.languages.item_expressions.conditions import Condition
from pileus.languages.item_expressions.values import Item
from pileus.languages.partiql import errors as partiql_errors
from pileus.languages.partiql.statements import Body, Delete, Exists, Insert, Update
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import keys, operations
from pileus.services.dynamodb.items.capacity import Consumed
from pileus.services.dynamodb.items.operations import Intent
from pileus.services.dynamodb.items.requests import NO_EXPRESSIONS
from pileus.services.dynamodb.partiql.bound import Bound, bind, in_aws_words, needs_keys, one_item
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table


def intent_of(table: Table, bound: Bound) -> Intent:
    """Raises AWS's errors for what cannot be done."""
    body = bound.statement.body
    if bound.statement.source.index_name is not None:
        raise errors.invalid(str(partiql_errors.index_is_written()))
    if isinstance(body, Insert):
        return _insert(table, body, bound)
    if isinstance(body, Update):
        return _update(table, body, bound)
    if isinstance(body, Delete):
        found = one_item(table, body.where, bound.constants, needs_keys)
        key_item, place = keys.of_request(table, found.key)
        # Nothing is done, and nothing is wrong, where there is no item.
        return Intent(place, key_item, _if_there(found.rest))
    assert isinstance(body, Exists)
    found = one_item(
        table, body.select.where, bound.constants, partiql_errors.exists_needs_condition
    )
    if found.rest is None:
        raise errors.invalid(str(partiql_errors.exists_needs_condition()))
    key_item, place = keys.of_request(table, found.key)
    return Intent(place, key_item, _there(found.rest))


def _insert(table: Table, body: Insert, bound: Bound) -> Intent:
    item = bound.constants.value(body.item).get("M")
    if item is None:
        raise errors.invalid(str(partiql_errors.item_needed()))
    intent = operations.put_intent(table, item, NO_EXPRESSIONS)
    intent.apply(table, None)
    return intent._replace(condition=_is_absent, is_insert=True)


def _update(table: Table, body: Update, bound: Bound) -> Intent:
    with in_aws_words():
        update = updates.bind(body.actions, bound.constants)
    found = one_item(table, body.where, bound.constants, needs_keys)
    key_item, place = keys.of_request(table, found.key)
    operations.check_no_key(table, update)
    condition = _there(found.rest)
    return Intent(place, key_item, condition, update=update, is_update=True)


def _is_absent(item: Item) -> bool:
    return not item


def _there(rest: Condition | None) -> Condition:
    """That there is an item, for which the rest holds."""
    return lambda item: bool(item) and (rest is None or rest(item))


def _if_there(rest: Condition | None) -> Condition | None:
    return None if rest is None else lambda item: not item or rest(item)


def returning_of(body: Body) -> str:
    return body.returning if isinstance(body, Update | Delete) else ""


class Changed(NamedTuple):
    """What a statement returns, and what it cost."""

    items: list[Item]
    capacity: dict[str, Any]


def change(
    tx: Transaction,
    text: str,
    parameters: list[dict[str, Any]] | None,
    shows_indexes: bool,
    on_failure: str | None,
) -> Changed:
    """Step about a table: carry out one statement that changes an item."""
    bound = bind(text, parameters)
    table = table_store.find(tx, tx.about)
    intent = intent_of(table, bound)
    consumed = Consumed(table)
    members = {"return_values_on_condition_check_failure": on_failure}
    old, new = operations.carry_out(tx, table, intent, members, consumed)
    found = operations.returned(returning_of(bound.statement.body), intent.update, old, new)
    return Changed([] if found is None else [found], consumed.shown(shows_indexes))
