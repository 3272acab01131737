"""Operations on one item: put, get, update, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypedDict, Unpack

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import paths, projections, sizes
from pileus.languages.item_expressions.conditions import Condition
from pileus.languages.item_expressions.errors import UpdateInvalid, ValueInvalid
from pileus.languages.item_expressions.updates import Update
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import (
    kept_items,
    keys,
    legacy,
    store,
    throttles,
    writes,
)
from pileus.services.dynamodb.items.capacity import Consumed, read_halves, write_units
from pileus.services.dynamodb.items.kept_items import Stored
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.requests import Expressions
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table


class WriteMembers(TypedDict, total=False):
    """What PutItem and DeleteItem may leave out."""

    expected: dict[str, Any]
    conditional_operator: str
    return_values: str
    return_consumed_capacity: str
    return_item_collection_metrics: str
    condition_expression: str
    expression_attribute_names: dict[str, str]
    expression_attribute_values: dict[str, Any]
    return_values_on_condition_check_failure: str


class UpdateMembers(WriteMembers, total=False):
    """What UpdateItem may leave out."""

    attribute_updates: dict[str, Any]
    update_expression: str


class GetMembers(TypedDict, total=False):
    """What GetItem may leave out."""

    attributes_to_get: list[str]
    projection_expression: str
    expression_attribute_names: dict[str, str]


class Made(NamedTuple):
    """What a write makes of an item, and its size; without an item, it goes."""

    item: Item | None
    size: int


NOTHING = Made(None, 0)


class Intent(NamedTuple):
    """One write as it was asked for; `apply` makes the new item of the old one."""

    key: Key
    # The attributes of the key; of an item to put, others too.
    key_item: Item
    condition: Condition | None
    # The item to put, the update to make, or neither: then the item goes.
    item: Item | None = None
    update: Update | None = None
    # Of the item to put, which is known where it was checked.
    size: int | None = None
    is_update: bool = False
    may_create: bool = True
    # PartiQL's INSERT, which says in its own words that there is an item.
    is_insert: bool = False

    def holds(self, old: Stored | None) -> bool:
        return self.condition is None or self.condition({} if old is None else old.item)

    def apply(self, table: Table, old: Stored | None) -> Made:
        """The item after it; raises AWS's errors."""
        if not self.is_update:
            if self.item is None:
                return NOTHING
            if table.indexes:
                keys.check_index_types(table, self.item)
            return Made(self.item, sizes.of_item(self.item) if self.size is None else self.size)
        if old is None and not self.may_create:
            return NOTHING
        before = self.key_item if old is None else old.item
        if self.update is None:
            return Made(before, sizes.of_item(before) if old is None else old.size)
        try:
            item = self.update.apply(before)
        except (UpdateInvalid, ValueInvalid) as problem:
            raise errors.invalid(str(problem)) from None
        size = sizes.of_item(item)
        if size > writes.ITEM_BYTES_MAX:
            raise errors.invalid("Item size to update has exceeded the maximum allowed size")
        changed = frozenset(path[0] for path in self.update.paths)
        keys.check_index_types(table, item, changed)
        keys.check_index_values(table, item, changed)
        return Made(item, size)


def table_of(
    call: Call, expressions: Expressions, given: Callable[[], object] | None = None
) -> Table:
    """The table of a request, whose faults are told before that there is none.

    `given` raises what can be said against the rest of the request.
    """
    try:
        table = table_store.find(call.tx, call.about)
    except AwsError:
        if given is not None:
            given()
        expressions.check()
        raise
    return table


def checked_item(item: Mapping[str, Any]) -> tuple[Item, int]:
    """The item and its size; raises AWS's errors for one that no table could store."""
    checked, size = keys.weighed_item(item)
    if size > writes.ITEM_BYTES_MAX:
        raise errors.invalid("Item size has exceeded the maximum allowed size")
    return checked, size


def put_intent(table: Table, item: Mapping[str, Any], expressions: Expressions) -> Intent:
    """Raises AWS's errors for an item that cannot be stored."""
    checked, size = checked_item(item)
    condition = expressions.condition()
    expressions.finish()
    key = keys.of_item(table, checked)
    return Intent(key, checked, condition, item=checked, size=size)


def delete_intent(table: Table, key: Mapping[str, Any], expressions: Expressions) -> Intent:
    condition = expressions.condition()
    expressions.finish()
    key_item, place = keys.of_request(table, key)
    return Intent(place, key_item, condition)


def update_intent(
    table: Table,
    key: Mapping[str, Any],
    expressions: Expressions,
    attribute_updates: Mapping[str, Any] | None = None,
) -> Intent:
    update, condition = expressions.update(), expressions.condition()
    expressions.finish()
    key_item, place = keys.of_request(table, key)
    if update is not None:
        check_no_key(table, update)
    may_create = not legacy.only_removes(attribute_updates)
    return Intent(place, key_item, condition, update=update, is_update=True, may_create=may_create)


def check_no_key(table: Table, update: Update) -> None:
    for path in update.paths:
        if path[0] in table.keys:
            raise errors.invalid_values(
                f"Cannot update attribute {path[0]}. This attribute is part of the key"
            )


def put_item(
    call: Call, *, table_name: str, item: dict[str, Any], **members: Unpack[WriteMembers]
) -> dict[str, Any]:
    _check_return_values(members)
    expressions = Expressions.of(members, "condition_expression")
    table = table_of(call, expressions, lambda: checked_item(item))
    intent = put_intent(table, item, expressions)
    if table.indexes:
        # What does not suit them is told before that the condition fails.
        intent.apply(table, None)
    return _replace(call, table, intent, members)


def delete_item(
    call: Call, *, table_name: str, key: dict[str, Any], **members: Unpack[WriteMembers]
) -> dict[str, Any]:
    _check_return_values(members)
    expressions = Expressions.of(members, "condition_expression")
    table = table_of(call, expressions, lambda: keys.checked_values(key))
    return _replace(call, table, delete_intent(table, key, expressions), members)


def _replace(
    call: Call, table: Table, intent: Intent, members: Mapping[str, Any]
) -> dict[str, Any]:
    """Put or delete; the answer."""
    consumed = Consumed.where_counted(call.tx, table, members.get("return_consumed_capacity"))
    wants_old = members.get("return_values") == "ALL_OLD"
    old: Stored | None = None
    if wants_old or table.is_followed or intent.condition is not None:
        old, _ = carry_out(call.tx, table, intent, members, consumed)
    else:
        writes.write_unseen(call.tx, table, intent.key, intent.item, intent.size or 0, consumed)
        throttles.take_write(call.tx, table, consumed)
    if not members:
        return {}
    answer = _answer(table, intent, members, consumed)
    if wants_old and old is not None:
        answer["Attributes"] = as_answered(call, old)
    return answer


def update_item(
    call: Call, *, table_name: str, key: dict[str, Any], **members: Unpack[UpdateMembers]
) -> dict[str, Any]:
    expressions = Expressions.of(members, "update_expression", "condition_expression")
    table = table_of(call, expressions, lambda: keys.checked_values(key))
    intent = update_intent(table, key, expressions, members.get("attribute_updates"))
    consumed = Consumed.where_counted(call.tx, table, members.get("return_consumed_capacity"))
    old, new = carry_out(call.tx, table, intent, members, consumed)
    answer = _answer(table, intent, members, consumed)
    attributes = returned(members.get("return_values"), intent.update, old, new)
    if attributes:
        answer["Attributes"] = attributes
    return answer


def returned(
    wanted: str | None, update: Update | None, old: Stored | None, new: Item | None
) -> Item | None:
    before = None if old is None else old.item
    if wanted == "ALL_OLD":
        return before
    if wanted == "ALL_NEW":
        return new
    found = before if wanted == "UPDATED_OLD" else new if wanted == "UPDATED_NEW" else None
    if found is None or update is None:
        return None
    return projections.project(found, update.paths)


def _check_return_values(members: Mapping[str, Any]) -> None:
    if members.get("return_values") not in (None, "NONE", "ALL_OLD"):
        raise errors.invalid("ReturnValues can only be ALL_OLD or NONE")


def carry_out(
    tx: Transaction,
    table: Table,
    intent: Intent,
    members: Mapping[str, Any],
    consumed: Consumed | None,
) -> tuple[Stored | None, Item | None]:
    """Do what is intended if its condition holds; the item before and after."""
    old = store.find(tx, table.number, intent.key)
    if not intent.holds(old):
        # A write that is refused by its condition costs what a write would.
        if consumed is not None:
            consumed.add(2 * write_units(0 if old is None else old.size))
        throttles.take_write(tx, table, consumed)
        if intent.is_insert:
            raise errors.duplicate_item()
        wants = members.get("return_values_on_condition_check_failure") == "ALL_OLD"
        raise errors.condition_failed(old.item if wants and old is not None else None)
    new = intent.apply(table, old)
    writes.write(tx, table, intent.key, old, new.item, consumed, size=new.size)
    throttles.take_write(tx, table, consumed)
    return old, new.item


def _answer(
    table: Table, intent: Intent, members: Mapping[str, Any], consumed: Consumed | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if consumed is not None:
        answer = consumed.answer(members.get("return_consumed_capacity"))
    if members.get("return_item_collection_metrics") == "SIZE":
        metrics = collection_metrics(table, intent.key_item)
        if metrics is not None:
            answer["ItemCollectionMetrics"] = metrics
    return answer


def collection_metrics(table: Table, key_item: Item) -> dict[str, Any] | None:
    """Tables with local indexes have item collections."""
    if all(index.is_global for index in table.indexes):
        return None
    name = table.partition_key
    return {"ItemCollectionKey": {name: key_item[name]}, "SizeEstimateRangeGB": [0.0, 1.0]}


def get_item(
    call: Call,
    *,
    table_name: str,
    key: dict[str, Any],
    consistent_read: bool = False,
    return_consumed_capacity: str | None = None,
    **members: Unpack[GetMembers],
) -> dict[str, Any]:
    tx = call.tx
    expressions = Expressions.of(members)
    table = table_of(call, expressions, lambda: keys.checked_values(key))
    wanted = expressions.projection()
    expressions.finish()
    _, place = keys.of_request(table, key)
    found = store.find(tx, table.number, place)
    answer: dict[str, Any] = {}
    consumed = Consumed.where_counted(tx, table, return_consumed_capacity)
    if consumed is not None:
        consumed.add(read_halves(0 if found is None else found.size, consistent_read))
        throttles.take_read(tx, table, consumed)
        answer = consumed.answer(return_consumed_capacity)
    if found is not None:
        answer["Item"] = as_answered(call, found) if wanted is None else shown(found.item, wanted)
    return answer


def as_answered(call: Call, found: Stored) -> Any:
    """A whole item for the answer: unread, where the answer is written as rows are."""
    return kept_items.whole(found.packed) if kept_items.is_handed_out(call) else found.item


def shown(item: Item, wanted: list[paths.Path] | None) -> Item:
    return item if wanted is None else projections.project(item, wanted)
