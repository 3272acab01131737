"""TransactWriteItems and TransactGetItems: all or nothing, in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import keys, operations, store, throttles, writes
from pileus.services.dynamodb.items.capacity import Consumed, read_halves
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.operations import Intent
from pileus.services.dynamodb.items.requests import Expressions, by_keyword
from pileus.services.dynamodb.items.store import Stored
from pileus.services.dynamodb.table_names import arn_of
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

# docs: API_TransactWriteItems, transaction-apis
TOKEN_MS = 600_000
FORGET_TOKEN_TIMER = "dynamodb:forget-token"
BYTES_MAX = 4 * 1024 * 1024
_NONE = {"Code": "None"}
# A transaction reads and writes each item twice.
_FACTOR = 2


class Action(NamedTuple):
    tx: Transaction
    table: Table
    intent: Intent
    is_check: bool
    returns_old: bool


class _Tables:
    """The tables of a transaction, each with its partition locked."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._found: dict[str, tuple[Transaction, Table]] = {}
        self.consumed: dict[str, Consumed] = {}

    def of(self, name: str, kind: str) -> tuple[Transaction, Table]:
        arn = arn_of(self._call, name)
        if arn not in self._found:
            tx, kernel = self._call.tx, self._call.kernel
            if arn != tx.about:
                if not kernel.store.is_together(tx.part, kernel.store.partition(arn)):
                    raise errors.tables_apart()
                tx = tx.within(arn)
            table, _ = table_store.find(tx, arn)
            self._found[arn] = tx, table
            self.consumed[arn] = Consumed(table, kind)
        return self._found[arn]

    @property
    def found(self) -> list[tuple[Transaction, Table]]:
        return list(self._found.values())


def transact_write_items(
    call: Call,
    *,
    transact_items: list[dict[str, Any]],
    return_consumed_capacity: str | None = None,
    return_item_collection_metrics: str | None = None,
    client_request_token: str | None = None,
) -> dict[str, Any]:
    tables = _Tables(call)
    actions = [_action(tables, each) for each in transact_items]
    _check_distinct([(action.tx.about, action.intent.key) for action in actions])
    is_repeated = _is_repeated(tables, client_request_token, transact_items)
    if not is_repeated:
        _carry_out(tables, actions)
    else:
        for action in actions:
            found = store.find(action.tx, action.table.number, action.intent.key)
            size = 0 if found is None else found.size
            tables.consumed[action.tx.about].add(_FACTOR * read_halves(size, True))
    answer: dict[str, Any] = {}
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        shows = return_consumed_capacity == "INDEXES"
        answer["ConsumedCapacity"] = [each.shown(shows) for each in tables.consumed.values()]
    if return_item_collection_metrics == "SIZE":
        metrics: dict[str, list[dict[str, Any]]] = {}
        for action in actions:
            each = operations.collection_metrics(action.table, action.intent.key_item)
            if each is not None:
                metrics.setdefault(action.table.name, []).append(each)
        answer |= {"ItemCollectionMetrics": metrics} if metrics else {}
    return answer


def _action(tables: _Tables, item: Mapping[str, Any]) -> Action:
    if len(item) != 1:
        raise errors.invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, members),) = item.items()
    tx, table = tables.of(members["TableName"], "Write")
    keywords = by_keyword(members)
    if kind == "Put":
        offered = Expressions(keywords, "condition_expression")
        intent = operations.put_intent(table, members["Item"], offered)
    elif kind == "Update":
        offered = Expressions(keywords, "update_expression", "condition_expression")
        intent = operations.update_intent(table, members["Key"], offered)
    else:
        offered = Expressions(keywords, "condition_expression")
        intent = operations.delete_intent(table, members["Key"], offered)
    returns_old = members.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Action(tx, table, intent, kind == "ConditionCheck", returns_old)


def _check_distinct(places: Sequence[tuple[str, Key]]) -> None:
    if len(set(places)) < len(places):
        raise errors.invalid("Transaction request cannot include multiple operations on one item")


def _is_repeated(
    tables: _Tables, token: str | None, transact_items: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether this has been done within ten minutes; raises where something else has."""
    if token is None:
        return False
    encoded = msgspec.msgpack.encode(transact_items, order="sorted")
    digest = blake2b(encoded, digest_size=16).digest()
    is_repeated = False
    for tx, _ in tables.found:
        known = store.token_digest(tx, token)
        if known is not None and known != digest:
            raise errors.token_differs()
        is_repeated = is_repeated or known is not None
    if not is_repeated:
        for tx, _ in tables.found:
            until = tx.now + TOKEN_MS
            store.put_token(tx, token, digest, until)
            tx.set_timer(FORGET_TOKEN_TIMER, f"{tx.about} {token}", until)
    return is_repeated


def _carry_out(tables: _Tables, actions: Sequence[Action]) -> None:
    """Look at all items first, then change them: no two actions are about one item."""
    plans: list[tuple[Action, Stored | None, Any]] = []
    reasons: list[dict[str, Any]] = []
    for action in actions:
        old = store.find(action.tx, action.table.number, action.intent.key)
        reason, new = _judge(action, old)
        reasons.append(reason)
        plans.append((action, old, new))
    if any(reason is not _NONE for reason in reasons):
        raise errors.transaction_canceled(reasons)
    if sum(sizes.of_item(new) for _, _, new in plans if new is not None) > BYTES_MAX:
        raise errors.invalid("Collection size of items in the transaction exceeded 4 MB.")
    for action, old, new in plans:
        consumed = tables.consumed[action.tx.about]
        if action.is_check:
            size = 0 if old is None else old.size
            consumed.add(2 * _FACTOR * max(1, -(-size // 1024)))
            continue
        key = action.intent.key
        writes.write(action.tx, action.table, key, old, new, consumed, factor=_FACTOR)
    for tx, table in tables.found:
        throttles.take_write(tx, table, tables.consumed[table.arn])


def _judge(action: Action, old: Stored | None) -> tuple[dict[str, Any], Any]:
    """Why an action cannot be carried out, and what it would make of the item."""
    intent = action.intent
    if intent.condition is not None and not intent.condition({} if old is None else old.item):
        reason: dict[str, Any] = {
            "Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
        }  # fmt: skip
        if action.returns_old and old is not None:
            reason["Item"] = old.item
        return reason, None
    if action.is_check:
        return _NONE, None
    try:
        return _NONE, intent.apply(action.table, old)
    except AwsError as error:
        return {"Code": "ValidationError", "Message": error.message}, None


def forget_token(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a transaction's token may be used again."""
    store.forget_token(call.tx, key.partition(" ")[2])


def transact_get_items(
    call: Call,
    *,
    transact_items: list[dict[str, Any]],
    return_consumed_capacity: str | None = None,
) -> dict[str, Any]:
    tables = _Tables(call)
    places: list[tuple[str, Key]] = []
    responses: list[dict[str, Any]] = []
    size = 0
    for each in transact_items:
        get = each["Get"]
        tx, table = tables.of(get["TableName"], "Read")
        expressions = Expressions(by_keyword(get))
        projection = expressions.projection()
        expressions.finish()
        _, place = keys.of_request(table, get["Key"])
        places.append((tx.about, place))
        found = store.find(tx, table.number, place)
        found_size = 0 if found is None else found.size
        size += found_size
        tables.consumed[tx.about].add(_FACTOR * read_halves(found_size, True))
        item = None if found is None else operations.shown(found.item, projection)
        responses.append({} if item is None else {"Item": item})
    _check_distinct(places)
    if size > BYTES_MAX:
        raise errors.invalid("Collection size of items in the transaction exceeded 4 MB.")
    answer: dict[str, Any] = {"Responses": responses}
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        shows = return_consumed_capacity == "INDEXES"
        answer["ConsumedCapacity"] = [each.shown(shows) for each in tables.consumed.values()]
    return answer
