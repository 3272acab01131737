"""Keys of tables and indexes: checked, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pileus.kernel.errors import AwsError
from pileus.languages.item_expressions import values
from pileus.languages.item_expressions.errors import ValueInvalid
from pileus.languages.item_expressions.values import Item, Value
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import key_bytes
from pileus.services.dynamodb.items.key_bytes import (
    PARTITION_KEY_BYTES_MAX,
    SORT_KEY_BYTES_MAX,
    hashed,
    hashed_all,
    ordered,
    ordered_all,
)
from pileus.services.dynamodb.tables.settings import Index, Table


class Key(NamedTuple):
    """Where an item lies in a table or an index."""

    hash: bytes
    sort: bytes


# Keys of tables.


def of_request(table: Table, key: Mapping[str, Any]) -> tuple[Item, Key]:
    """The key of a request, checked; raises AWS's errors."""
    given = checked_values(key)
    if len(given) == len(table.keys):
        place = _place(table, given)
        if place is not None:
            return given, place
    if given.keys() != set(table.keys):
        raise errors.key_mismatch()
    for name in table.keys:
        if table.types[name] not in given[name]:
            raise errors.key_mismatch()
    _check_key_values(table, given)
    return given, key_of(table, given)


def of_item(table: Table, item: Item) -> Key:
    """The key of an item to be stored; raises AWS's errors, also for keys of indexes."""
    place = _place(table, item)
    if place is not None:
        check_index_values(table, item)
        return place
    for name in table.keys:
        if name not in item:
            raise errors.key_missing(name)
        wanted, found = table.types[name], values.type_of(item[name])
        if wanted != found:
            raise errors.key_type_differs(name, wanted, found)
    _check_key_values(table, item)
    check_index_values(table, item)
    return key_of(table, item)


def _place(table: Table, item: Item) -> Key | None:
    """Where an item lies whose key is right; None where it is not, or where that is not sure."""
    name = table.partition_key
    kind = table.types[name]
    raw = _raw(kind, item.get(name))
    if not raw or len(raw) > PARTITION_KEY_BYTES_MAX:
        return None
    hash_ = key_bytes.hashed_raw(kind, raw)
    name = table.sort_key or ""
    if not name:
        return Key(hash_, b"")
    kind = table.types[name]
    raw = _raw(kind, item.get(name))
    if not raw or len(raw) > SORT_KEY_BYTES_MAX:
        return None
    return Key(hash_, key_bytes.ordered_number(item[name]["N"]) if kind == "N" else raw)


def _raw(kind: str, value: Value | None) -> bytes | None:
    """The bytes of a value of a type; None where it is of another."""
    content = None if value is None else value.get(kind)
    if content is None or kind == "B":
        return content
    raw: bytes = content.encode("utf-8", "surrogatepass")
    return raw


def key_of(table: Table, item: Item) -> Key:
    sort = b"" if table.sort_key is None else ordered(item[table.sort_key])
    return Key(hashed(item[table.partition_key]), sort)


def key_item(table: Table, item: Item) -> Item:
    """The key's attributes alone."""
    return {name: item[name] for name in table.keys}


def weighed_item(item: Mapping[str, Any]) -> tuple[Item, int]:
    """As `checked_values`, and the item's size."""
    try:
        return values.weighed_item(item)
    except ValueInvalid as problem:
        raise errors.invalid(str(problem)) from None


def checked_values(item: Mapping[str, Any]) -> Item:
    try:
        return {name: values.checked(value) for name, value in item.items()}
    except ValueInvalid as problem:
        raise errors.invalid(str(problem)) from None


def _check_key_values(table: Table, item: Item) -> None:
    for name in table.keys:
        ((kind, content),) = item[name].items()
        if kind == "N":
            continue
        if not content:
            what = "string" if kind == "S" else "binary"
            raise errors.invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty {what} value. Key: {name}"
            )
        _check_size(content, name == table.partition_key)


def _check_size(content: str | bytes, is_partition_key: bool) -> None:
    if _fits(content, is_partition_key):
        return
    raise _partition_too_long() if is_partition_key else _sort_too_long()


def _partition_too_long() -> AwsError:
    return errors.invalid_values(
        f"Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_BYTES_MAX} bytes"
    )


def _sort_too_long() -> AwsError:
    return errors.invalid_values(
        "Aggregated size of all range keys has exceeded the size limit of "
        f"{SORT_KEY_BYTES_MAX} bytes"
    )


# Keys of indexes: an item that lacks one of them is not in the index.


def check_index_types(
    table: Table, item: Item, changed: frozenset[str | int] | None = None
) -> None:
    """Raises AWS's error; of an update, only what it has changed is looked at."""
    if not table.indexes:
        return
    for index, name, value in _index_values(table, item, changed):
        wanted, found = table.types[name], values.type_of(value)
        if wanted != found:
            raise errors.invalid_values(
                f"Type mismatch for Index Key {name} Expected: {wanted} Actual: {found} "
                f"IndexName: {index.name}"
            )


def check_index_values(
    table: Table, item: Item, changed: frozenset[str | int] | None = None
) -> None:
    """That keys of indexes are neither empty nor too long; their types may still be wrong."""
    if not table.indexes:
        return
    for index, name, value in _index_values(table, item, changed):
        content = value.get(table.types[name])
        if content is None or table.types[name] == "N":
            continue
        if not content:
            what = "string" if table.types[name] == "S" else "binary"
            raise errors.empty_index_key(what, index.name, name, changed is not None)
        if not index.has_several:
            _check_size(content, name == index.partition_key)
    for index in table.indexes:
        if index.has_several and (changed is None or not changed.isdisjoint(index.keys)):
            _check_sizes(index, item)


def _index_values(
    table: Table, item: Item, changed: frozenset[str | int] | None
) -> Iterator[tuple[Index, str, Value]]:
    """The keys of indexes that an item has; the first index by name is the one that is told."""
    for index in table.indexes_by_name:
        for name in index.keys:
            value = item.get(name)
            if value is not None and (changed is None or name in changed):
                yield index, name, value


def index_key(table: Table, index: Index, item: Item) -> Key | None:
    """Where an item lies in an index; None for items without its keys.

    An item that was there before the index may have values that could not be written now.
    """
    for name in index.keys:
        value = item.get(name)
        if value is None:
            return None
        kind = table.types[name]
        content = value.get(kind)
        if not content:
            return None
        if kind != "N" and not _fits(content, name in index.partition_keys):
            return None
    hash_ = hashed_all([item[name] for name in index.partition_keys])
    if len(index.sort_keys) > 1:
        sort = ordered_all([item[name] for name in index.sort_keys])
    else:
        sort = b"" if index.sort_key is None else ordered(item[index.sort_key])
    if index.has_several and not all(_size_is_right(index, item)):
        return None
    return Key(hash_, sort)


def _size_is_right(index: Index, item: Item) -> tuple[bool, bool]:
    """Of the partition and of the sort key of an index with several attributes: their sum counts.

    A zero byte counts twice, as it is kept.
    """
    partition = sum(_bytes_of(item, name) for name in index.partition_keys)
    sort = sum(_bytes_of(item, name) for name in index.sort_keys)
    return partition <= PARTITION_KEY_BYTES_MAX, sort <= SORT_KEY_BYTES_MAX


def _bytes_of(item: Item, name: str) -> int:
    ((kind, content),) = item.get(name, {"S": ""}).items()
    if kind not in ("S", "B"):
        return 0
    raw: bytes = content if kind == "B" else content.encode("utf-8", "surrogatepass")
    return len(raw) + raw.count(0)


def _check_sizes(index: Index, item: Item) -> None:
    is_partition_right, is_sort_right = _size_is_right(index, item)
    if not is_partition_right:
        raise _partition_too_long()
    if not is_sort_right:
        raise _sort_too_long()


def _fits(content: str | bytes, is_partition_key: bool) -> bool:
    size = len(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return size <= (PARTITION_KEY_BYTES_MAX if is_partition_key else SORT_KEY_BYTES_MAX)
