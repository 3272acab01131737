"""BatchGetItem and BatchWriteItem: many items, each for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import (
    kept_items,
    keys,
    operations,
    store,
    throttles,
    writes,
)
from pileus.services.dynamodb.items.capacity import Consumed, read_halves
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.operations import Intent
from pileus.services.dynamodb.items.requests import NO_EXPRESSIONS, Expressions, by_keyword
from pileus.services.dynamodb.items.throttles import Refusal
from pileus.services.dynamodb.table_names import arn_of
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

# docs: API_BatchGetItem, API_BatchWriteItem
GET_KEYS_MAX = 100
GET_BYTES_MAX = 16 * 1024 * 1024
WRITES_MAX = 25


class Reading(NamedTuple):
    """What one table gave: its items, the first key that had to wait, what it cost."""

    items: list[Any]
    size: int
    done: int
    capacity: dict[str, Any]
    # Why the first key that had to wait had to, where not for the size of what came before.
    refusal: Refusal | None


async def batch_get_item(
    call: Call, *, request_items: dict[str, Any], return_consumed_capacity: str | None = None
) -> dict[str, Any]:
    if sum(len(wanted["Keys"]) for wanted in request_items.values()) > GET_KEYS_MAX:
        raise errors.invalid("Too many items requested for the BatchGetItem call")
    responses: dict[str, Any] = {}
    unprocessed: dict[str, Any] = {}
    capacity = []
    left = GET_BYTES_MAX
    is_unread = kept_items.is_handed_out(call)
    refusal: Refusal | None = None
    for name, wanted in request_items.items():
        shows = return_consumed_capacity == "INDEXES"
        found: Reading = await call.read(
            read_batch, wanted, left, shows, is_unread, about=arn_of(call, name)
        )
        left = max(0, left - found.size)
        refusal = refusal or found.refusal
        responses[name] = found.items
        capacity.append(found.capacity)
        if found.done < len(wanted["Keys"]):
            unprocessed[name] = {**wanted, "Keys": wanted["Keys"][found.done :]}
    keys_done = sum(len(wanted["Keys"]) for wanted in request_items.values()) - sum(
        len(wanted["Keys"]) for wanted in unprocessed.values()
    )
    if refusal is not None and not keys_done:
        raise refusal.error
    answer: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        answer["ConsumedCapacity"] = capacity
    return answer


def read_batch(
    tx: Transaction,
    wanted: Mapping[str, Any],
    bytes_left: int,
    shows_indexes: bool,
    is_unread: bool,
) -> Reading:
    """Step about a table: read items by their keys, as many as fit."""
    table = table_store.find(tx, tx.about)
    expressions = Expressions.of(by_keyword(wanted))
    projection = expressions.projection()
    expressions.finish()
    places = [keys.of_request(table, key)[1] for key in wanted["Keys"]]
    if len(set(places)) < len(places):
        raise errors.invalid("Provided list of item keys contains duplicates")
    is_consistent = bool(wanted.get("ConsistentRead"))
    consumed = Consumed(table)
    items: list[Any] = []
    size = done = 0
    refusal: Refusal | None = None
    for place in places:
        found = store.find(tx, table.number, place)
        if found is not None and size + found.size > bytes_left:
            break
        halves = read_halves(0 if found is None else found.size, is_consistent)
        if tx.kernel.quotas.is_enforced:
            each = Consumed(table)
            each.add(halves)
            refusal = throttles.refused(tx, table, each, "Read")
            if refusal is not None:
                break
        done += 1
        consumed.add(halves)
        if found is not None:
            size += found.size
            items.append(
                kept_items.whole(found.packed)
                if is_unread and projection is None
                else operations.shown(found.item, projection)
            )
    return Reading(items, size, done, consumed.shown(shows_indexes), refusal)


class Written(NamedTuple):
    """What a table took; `left` exceeded its throughput."""

    capacity: dict[str, Any]
    metrics: list[dict[str, Any]]
    left: list[Mapping[str, Any]]
    refusal: Refusal | None


async def batch_write_item(
    call: Call,
    *,
    request_items: dict[str, Any],
    return_consumed_capacity: str | None = None,
    return_item_collection_metrics: str | None = None,
) -> dict[str, Any]:
    _check_writes(request_items)
    tables = [(name, arn_of(call, name)) for name in request_items]
    if len(tables) > 1:
        # Nothing is written where anything is malformed.
        for name, arn in tables:
            await call.read(check_batch, request_items[name], about=arn)
    shows = return_consumed_capacity == "INDEXES"
    capacity: list[dict[str, Any]] = []
    metrics: dict[str, list[dict[str, Any]]] = {}
    unprocessed: dict[str, Any] = {}
    refusal: Refusal | None = None
    for name, arn in tables:
        done: Written = await call.transaction(write_batch, request_items[name], shows, about=arn)
        capacity.append(done.capacity)
        if done.metrics:
            metrics[name] = done.metrics
        if done.left:
            unprocessed[name] = done.left
            refusal = refusal or done.refusal
    if refusal is not None and unprocessed == request_items:
        raise refusal.error
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if return_consumed_capacity in ("TOTAL", "INDEXES"):
        answer["ConsumedCapacity"] = capacity
    if return_item_collection_metrics == "SIZE" and metrics:
        answer["ItemCollectionMetrics"] = metrics
    return answer


def _check_writes(request_items: Mapping[str, Any]) -> None:
    if sum(map(len, request_items.values())) > WRITES_MAX:
        raise errors.invalid("Too many items requested for the BatchWriteItem call")
    for requests in request_items.values():
        for request in requests:
            if len(request) != 1:
                raise errors.invalid(
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly "
                    "one of the supported datatypes"
                    if len(request) > 1
                    else "Supplied WriteRequest is empty, must contain exactly one of PutRequest "
                    "and DeleteRequest"
                )


def check_batch(tx: Transaction, requests: Sequence[Mapping[str, Any]]) -> None:
    """Step about a table: refuse what cannot be written."""
    _intents(table_store.find(tx, tx.about), requests)


def _intents(table: Table, requests: Sequence[Mapping[str, Any]]) -> list[Intent]:
    found: list[Intent] = []
    seen: set[Key] = set()
    for request in requests:
        put = request.get("PutRequest")
        if put is not None:
            intent = _put_intent(table, put["Item"])
        else:
            key = request["DeleteRequest"]["Key"]
            intent = operations.delete_intent(table, key, NO_EXPRESSIONS)
        if intent.key in seen:
            raise errors.invalid("Provided list of item keys contains duplicates")
        seen.add(intent.key)
        found.append(intent)
    return found


def _put_intent(table: Table, item: Mapping[str, Any]) -> Intent:
    try:
        intent = operations.put_intent(table, item, NO_EXPRESSIONS)
    except errors.KeyUnsuitable:
        raise errors.key_mismatch() from None
    intent.apply(table, None)
    return intent


def write_batch(
    tx: Transaction, requests: Sequence[Mapping[str, Any]], shows_indexes: bool
) -> Written:
    """Step about a table: put and delete."""
    table = table_store.find(tx, tx.about)
    consumed = Consumed(table)
    metrics = []
    left: list[Mapping[str, Any]] = []
    refusal: Refusal | None = None
    for intent, request in zip(_intents(table, requests), requests, strict=True):
        found = _write_one(tx, table, intent, consumed)
        if found is not None:
            left.append(request)
            refusal = refusal or found
            continue
        each = operations.collection_metrics(table, intent.key_item)
        if each is not None and each not in metrics:
            metrics.append(each)
    return Written(consumed.shown(shows_indexes), metrics, left, refusal)


def _write_one(tx: Transaction, table: Table, intent: Intent, consumed: Consumed) -> Refusal | None:
    """Write an item, or none of it where it exceeds the throughput."""
    old = writes.followed(tx, table, intent.key)
    if not tx.kernel.quotas.is_enforced:
        writes.write(tx, table, intent.key, old, intent.item, consumed, size=intent.size)
        return None
    mine = Consumed(table)

    def write() -> None:
        writes.write(tx, table, intent.key, old, intent.item, mine, size=intent.size)
        refusal = throttles.refused(tx, table, mine, "Write")
        if refusal is not None:
            raise _Exceeded(refusal)

    effects = len(tx.effects)
    try:
        tx.statements.savepoint(write)
    except _Exceeded as exceeded:
        del tx.effects[effects:]
        return exceeded.refusal
    consumed.add_all(mine)
    return None


class _Exceeded(Exception):
    """Takes back what one item of a batch has written."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
