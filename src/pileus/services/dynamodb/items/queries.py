"""Query and Scan: pages of items, in order of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from pileus.kernel.call import Call
from pileus.languages.item_expressions import values
from pileus.languages.item_expressions.key_conditions import KeyCondition, SortCondition
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import kept_items, key_bytes, keys, operations, pages
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.pages import Source, Wanted
from pileus.services.dynamodb.items.requests import Expressions
from pileus.services.dynamodb.items.store import Span
from pileus.services.dynamodb.tables.settings import Index, Table

_SEGMENT_BYTES = 8


class ReadMembers(TypedDict, total=False):
    """What both may leave out."""

    index_name: str
    select: str
    attributes_to_get: list[str]
    limit: int
    consistent_read: bool
    conditional_operator: str
    exclusive_start_key: dict[str, Any]
    return_consumed_capacity: str
    projection_expression: str
    filter_expression: str
    expression_attribute_names: dict[str, str]
    expression_attribute_values: dict[str, Any]


class QueryMembers(ReadMembers, total=False):
    key_conditions: dict[str, Any]
    query_filter: dict[str, Any]
    scan_index_forward: bool
    key_condition_expression: str


class ScanMembers(ReadMembers, total=False):
    scan_filter: dict[str, Any]
    total_segments: int
    segment: int


def query(call: Call, *, table_name: str, **members: Unpack[QueryMembers]) -> dict[str, Any]:
    expressions = Expressions.of(members, "filter_expression", "key_condition_expression")
    source = source_of(operations.table_of(call, expressions), members)
    condition = expressions.key_condition(source.partition_keys, source.sort_keys)
    check_types(source, condition)
    wanted = _wanted(call, source, expressions, members, source.keys)
    expressions.finish()
    span = _span(source, condition, members.get("scan_index_forward", True))
    start = start_of(source, members.get("exclusive_start_key"))
    if start is not None:
        check_within(span, start[0])
    page = pages.query(call.tx, source, span, start, wanted)
    return pages.answer(call.tx, source, page, wanted)


def scan(call: Call, *, table_name: str, **members: Unpack[ScanMembers]) -> dict[str, Any]:
    expressions = Expressions.of(members, "filter_expression")
    segment, segments = members.get("segment"), members.get("total_segments")
    first, until = _segment(segment, segments)
    source = source_of(operations.table_of(call, expressions), members)
    wanted = _wanted(call, source, expressions, members, ())
    expressions.finish()
    start = start_of(source, members.get("exclusive_start_key"))
    if start is None:
        start = (Key(first, b""), Key(b"", b""))
    elif not first < start[0].hash < until:
        raise errors.invalid(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
            f"ExclusiveStartKey with correct Segment. TotalSegments: {segments} Segment: {segment}"
        )
    page = pages.scan(call.tx, source, start, until, wanted)
    return pages.answer(call.tx, source, page, wanted)


def source_of(table: Table, members: Mapping[str, Any]) -> Source:
    name = members.get("index_name")
    if name is None:
        return Source(table, None)
    index = table.index(name)
    if index is None or index.status == "DELETING":
        raise errors.index_not_found(name)
    if index.is_global and members.get("consistent_read"):
        raise errors.invalid("Consistent reads are not supported on global secondary indexes")
    if index.is_filling:
        raise errors.invalid(f"Cannot read from backfilling global secondary index: {name}")
    return Source(table, index)


# Key conditions as parts of partitions.


def check_types(source: Source, condition: KeyCondition) -> None:
    types = source.table.types
    checks = list(zip(source.partition_keys, condition.partition, strict=True))
    of_partition = len(checks)
    for name, test in zip(source.sort_keys, condition.sort, strict=False):
        checks += [(name, value) for value in test.values]
    for place, (name, value) in enumerate(checks):
        kind = values.type_of(value)
        if kind != types[name]:
            raise errors.invalid_values("Condition parameter type does not match schema type")
        if kind != "N" and not value[kind] and place < of_partition:
            what = "string" if kind == "S" else "binary"
            raise errors.invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty {what} value. Key: {name}"
            )


def _span(source: Source, condition: KeyCondition, is_forward: bool) -> Span:
    hash_ = key_bytes.hashed_all(condition.partition)
    low, high = b"", key_bytes.SORT_END
    if len(source.sort_keys) > 1:
        low, high = key_bytes.bounds_of_all(condition.sort)
    elif condition.sort:
        low, high = bounds_of(condition.sort[0])
    return Span(hash_, low, high, is_forward)


def bounds_of(sort: SortCondition) -> tuple[bytes, bytes]:
    """From the first that is meant up to the first that is not any more."""
    first = key_bytes.ordered(sort.values[0])
    after = first + b"\x00"
    match sort.name:
        case "=":
            return first, after
        case "<":
            return b"", first
        case "<=":
            return b"", after
        case ">":
            return after, key_bytes.SORT_END
        case ">=":
            return first, key_bytes.SORT_END
        case "begins_with":
            return first, key_bytes.following(first)
    return first, key_bytes.ordered(sort.values[1]) + b"\x00"


# Where a page begins.


def start_of(source: Source, given: Mapping[str, Any] | None) -> tuple[Key, Key] | None:
    """Where the key lies in the source, and the key of its item in the table."""
    if given is None:
        return None
    item = keys.checked_values(given)
    names = {*source.keys, *source.table.keys}
    if len(item) != len(names):
        raise errors.invalid(
            "The provided starting key is invalid"
            if source.index
            else "Exclusive Start Key must have same size as table's key schema"
        )
    for name in names:
        if name not in item or source.table.types[name] not in item[name]:
            raise errors.invalid(
                "The provided starting key is invalid: The provided key element does not match "
                "the schema"
            )
    item_key = keys.key_of(source.table, item)
    if source.index is None:
        return item_key, item_key
    at = keys.index_key(source.table, source.index, item)
    if at is None:
        raise errors.invalid("The provided starting key is invalid")
    return at, item_key


def check_within(span: Span, start: Key) -> None:
    if start.hash != span.hash:
        raise errors.invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
        )
    if span.low <= start.sort < span.high:
        return
    raise errors.invalid("The provided starting key does not match the range key predicate")


def _segment(segment: int | None, total: int | None) -> tuple[bytes, bytes]:
    """Before the first hash of a segment, and the first one behind it."""
    if total is None and segment is not None:
        raise errors.invalid(
            "The TotalSegments parameter is required but was not present in the request when "
            "Segment parameter is present"
        )
    if segment is None and total is not None:
        raise errors.invalid(
            "The Segment parameter is required but was not present in the request when parameter "
            "TotalSegments is present"
        )
    if segment is None or total is None:
        return b"", b"\xff" * 17
    if segment >= total:
        raise errors.invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    space = 1 << (8 * _SEGMENT_BYTES)
    first = (segment * space // total).to_bytes(_SEGMENT_BYTES, "big") if segment else b""
    if segment + 1 == total:
        return first, b"\xff" * 17
    return first, ((segment + 1) * space // total).to_bytes(_SEGMENT_BYTES, "big")


# What is answered.


def _wanted(
    call: Call,
    source: Source,
    expressions: Expressions,
    members: Mapping[str, Any],
    filter_keys: tuple[str, ...],
) -> Wanted:
    select = members.get("select")
    projection = expressions.projection()
    _check_select(source, select, projection is not None, expressions)
    needs_table = False
    index = source.index
    if index is not None:
        needs_table = needs_table_for(source.table, index, select, projection)
    return Wanted(
        projection=projection,
        filter=expressions.filter(filter_keys),
        counts_only=select == "COUNT",
        needs_table=needs_table,
        limit=members.get("limit"),
        is_consistent=bool(members.get("consistent_read")),
        shows=members.get("return_consumed_capacity"),
        is_handed_out=kept_items.is_handed_out(call),
    )


def _check_select(
    source: Source, select: str | None, has_projection: bool, expressions: Expressions
) -> None:
    member = (
        "ProjectionExpression" if expressions.has("projection_expression") else ("AttributesToGet")
    )
    if select == "SPECIFIC_ATTRIBUTES":
        if not has_projection:
            raise errors.invalid(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                "SPECIFIC_ATTRIBUTES"
            )
        return
    if select is not None and has_projection:
        what = "only the Count" if select == "COUNT" else select
        raise errors.invalid(f"Cannot specify the {member} when choosing to get {what}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and source.index is None:
        raise errors.invalid(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
        )


def needs_table_for(
    table: Table, index: Index, select: str | None, projection: list[Any] | None
) -> bool:
    """Whether items must be read from the table; a global index cannot do that."""
    kept = index.attributes(table)
    if kept is None:
        return False
    if select == "ALL_ATTRIBUTES":
        if index.is_global:
            raise errors.invalid_values(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index "
                f"{index.name} because its projection type is not ALL"
            )
        return True
    missing = [path[0] for path in projection or () if path[0] not in kept]
    if missing and index.is_global:
        raise errors.invalid_values(
            f"Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )
    return bool(missing)
