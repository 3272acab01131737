"""TransactWriteItems and TransactGetItems: all or nothing, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import keys, operations, store, throttles, writes
from pileus.services.dynamodb.items.capacity import Consumed, read_halves
from pileus.services.dynamodb.items.kept_items import Stored
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.operations import NOTHING, Intent, Made
from pileus.services.dynamodb.items.requests import Expressions, by_keyword
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


class Tables:
    """The tables of a transaction, each with its partition locked."""

    def __init__(self, tx: Transaction, call: Call) -> None:
        self._tx = tx
        self._call = call
        self._found: dict[str, tuple[Transaction, Table]] = {}
        self.consumed: dict[str, Consumed] = {}

    def of(self, name: str, kind: str) -> tuple[Transaction, Table]:
        arn = arn_of(self._call, name)
        if arn not in self._found:
            tx, kernel = self._tx, self._call.kernel
            if arn != tx.about:
                if not kernel.store.is_together(tx.part, kernel.store.partition(arn)):
                    raise errors.tables_apart()
                tx = tx.within(arn)
            table = table_store.find(tx, arn)
            self._found[arn] = tx, table
            self.consumed[arn] = Consumed(table, kind)
        return self._found[arn]

    def capacity(self, wanted: str | None) -> dict[str, Any]:
        """The answer's member, where the request asks for it."""
        if wanted in (None, "NONE"):
            return {}
        shows = wanted == "INDEXES"
        return {"ConsumedCapacity": [each.shown(shows) for each in self.consumed.values()]}

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
    tables = Tables(call.tx, call)
    actions = _actions(tables, transact_items)
    perform(tables, actions, client_request_token, transact_items)
    answer: dict[str, Any] = {}
    answer |= tables.capacity(return_consumed_capacity)
    if return_item_collection_metrics == "SIZE":
        metrics: dict[str, list[dict[str, Any]]] = {}
        for action in actions:
            each = operations.collection_metrics(action.table, action.intent.key_item)
            if each is not None:
                metrics.setdefault(action.table.name, []).append(each)
        answer |= {"ItemCollectionMetrics": metrics} if metrics else {}
    return answer


def _actions(tables: Tables, asked: Sequence[Mapping[str, Any]]) -> list[Action]:
    """Raises AWS's errors; a key that does not suit its table cancels the transaction."""
    actions: list[Action] = []
    reasons: list[dict[str, Any]] = []
    for each in asked:
        try:
            actions.append(_action(tables, each))
        except errors.KeyUnsuitable as error:
            reasons.append({"Code": "ValidationError", "Message": error.message})
        else:
            reasons.append(_NONE)
    if len(actions) < len(asked):
        raise errors.transaction_canceled(reasons)
    return actions


def _action(tables: Tables, item: Mapping[str, Any]) -> Action:
    if len(item) != 1:
        raise errors.invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, members),) = item.items()
    tx, table = tables.of(members["TableName"], "Write")
    keywords = by_keyword(members)
    if kind == "Put":
        offered = Expressions.of(keywords, "condition_expression")
        intent = operations.put_intent(table, members["Item"], offered)
    elif kind == "Update":
        offered = Expressions.of(keywords, "update_expression", "condition_expression")
        intent = operations.update_intent(table, members["Key"], offered)
    else:
        offered = Expressions.of(keywords, "condition_expression")
        intent = operations.delete_intent(table, members["Key"], offered)
    returns_old = members.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Action(tx, table, intent, kind == "ConditionCheck", returns_old)


def perform(
    tables: Tables, actions: Sequence[Action], token: str | None, asked: Sequence[Mapping[str, Any]]
) -> None:
    """Carry out what was asked, unless its token says that it has been."""
    _check_distinct([(action.tx.about, action.intent.key) for action in actions])
    if not _is_repeated(tables, token, asked):
        _carry_out(tables, actions)
        return
    # To say that it was done before takes reading.
    tables.consumed = {table.arn: Consumed(table, "Read") for _, table in tables.found}
    for action in actions:
        found = store.find(action.tx, action.table.number, action.intent.key)
        size = 0 if found is None else found.size
        tables.consumed[action.tx.about].add(_FACTOR * read_halves(size, True))


def _check_distinct(places: Sequence[tuple[str, Key]]) -> None:
    if len(set(places)) < len(places):
        raise errors.invalid("Transaction request cannot include multiple operations on one item")


def _is_repeated(
    tables: Tables, token: str | None, transact_items: Sequence[Mapping[str, Any]]
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


def _carry_out(tables: Tables, actions: Sequence[Action]) -> None:
    """Look at all items first, then change them: no two actions are about one item."""
    plans: list[tuple[Action, Stored | None, Made]] = []
    reasons: list[dict[str, Any]] = []
    for action in actions:
        old = store.find(action.tx, action.table.number, action.intent.key)
        reason, new = _judge(action, old)
        reasons.append(reason)
        plans.append((action, old, new))
    if any(reason is not _NONE for reason in reasons):
        raise errors.transaction_canceled(reasons)
    if sum(new.size for _, _, new in plans) > BYTES_MAX:
        raise errors.invalid("Collection size of items in the transaction exceeded 4 MB.")
    for action, old, new in plans:
        consumed = tables.consumed[action.tx.about]
        if action.is_check:
            size = 0 if old is None else old.size
            consumed.add(2 * _FACTOR * max(1, -(-size // 1024)))
            continue
        writes.write(
            action.tx, action.table, action.intent.key, old, new.item, consumed, factor=_FACTOR,
            size=new.size,
        )  # fmt: skip
    _take(tables, [action.table for action in actions], throttles.take_write)


def _take(
    tables: Tables,
    of: Sequence[Table],
    take: Callable[[Transaction, Table, Consumed], None],
) -> None:
    """Take the throughput; of each action its table is given. Raises where one has not enough."""
    for tx, table in tables.found:
        try:
            take(tx, table, tables.consumed[table.arn])
        except AwsError as error:
            code = throttles.CANCELLATION_CODES[error.code]
            reason = {"Code": code, "Message": error.message}
            raise errors.transaction_canceled(
                [reason if each.arn == table.arn else _NONE for each in of]
            ) from None


def _judge(action: Action, old: Stored | None) -> tuple[dict[str, Any], Made]:
    """Why an action cannot be carried out, and what it would make of the item."""
    intent = action.intent
    if not intent.holds(old):
        reason: dict[str, Any] = {
            "Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
        }  # fmt: skip
        if intent.is_insert:
            reason = {"Code": "DuplicateItem", "Message": errors.DUPLICATE_ITEM}
        if action.returns_old and old is not None:
            reason["Item"] = old.item
        return reason, NOTHING
    if action.is_check:
        return _NONE, NOTHING
    try:
        return _NONE, intent.apply(action.table, old)
    except AwsError as error:
        return {"Code": "ValidationError", "Message": error.message}, NOTHING


def forget_token(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a transaction's token may be used again."""
    store.forget_token(call.tx, key.partition(" ")[2])


class Reading:
    """The reads of a transaction."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._places: list[tuple[str, Key]] = []
        self._of: list[Table] = []
        self._bytes = 0
        self.responses: list[dict[str, Any]] = []

    def read(self, name: str, key: Mapping[str, Any], show: Callable[[Item], Item]) -> None:
        tx, table = self._tables.of(name, "Read")
        _, place = keys.of_request(table, key)
        self._places.append((tx.about, place))
        self._of.append(table)
        found = store.find(tx, table.number, place)
        size = 0 if found is None else found.size
        self._bytes += size
        self._tables.consumed[tx.about].add(_FACTOR * read_halves(size, True))
        self.responses.append({} if found is None else {"Item": show(found.item)})

    def finish(self) -> None:
        _check_distinct(self._places)
        if self._bytes > BYTES_MAX:
            raise errors.invalid("Collection size of items in the transaction exceeded 4 MB.")
        _take(self._tables, self._of, throttles.take_read)


def transact_get_items(
    call: Call,
    *,
    transact_items: list[dict[str, Any]],
    return_consumed_capacity: str | None = None,
) -> dict[str, Any]:
    tables = Tables(call.tx, call)
    reading = Reading(tables)
    for each in transact_items:
        get = each["Get"]
        tables.of(get["TableName"], "Read")
        expressions = Expressions.of(by_keyword(get))
        projection = expressions.projection()
        expressions.finish()
        reading.read(get["TableName"], get["Key"], partial(operations.shown, wanted=projection))
    reading.finish()
    return {"Responses": reading.responses, **tables.capacity(return_consumed_capacity)}
