"""Keys as bytes: partition keys hashed, sort keys so that their bytes sort as the values do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from pileus.languages.item_expressions import numbers, values
from pileus.languages.item_expressions.errors import ValueInvalid
from pileus.languages.item_expressions.values import Item, Value
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables.settings import Index, Table

# docs: ServiceQuotas, partition and sort keys
PARTITION_KEY_BYTES_MAX = 2048
SORT_KEY_BYTES_MAX = 1024
# Above every sort key that can be.
SORT_END = b"\xff" * (SORT_KEY_BYTES_MAX + 1)

_ZERO, _POSITIVE, _NEGATIVE = b"\x80", b"\xc0", b"\x40"
_MAGNITUDE_BIAS = 0x4000
_COMPLEMENT = bytes(255 - byte for byte in range(256))


class Key(NamedTuple):
    """Where an item lies in a table or an index."""

    hash: bytes
    sort: bytes


# One for each type, to be copied: that takes half the time of making one.
_HASHES = {kind: blake2b(digest_size=16, person=kind.encode()) for kind in "SNB"}


def hashed(value: Value) -> bytes:
    """A partition key's value, as items are found by it."""
    ((kind, content),) = value.items()
    return _hashed(kind, content if kind == "B" else content.encode("utf-8", "surrogatepass"))


def _hashed(kind: str, raw: bytes) -> bytes:
    hashing = _HASHES[kind].copy()
    hashing.update(raw)
    return hashing.digest()


def ordered(value: Value) -> bytes:
    """A sort key's value: these bytes sort as values of its type do."""
    ((kind, content),) = value.items()
    if kind == "S":
        encoded: bytes = content.encode("utf-8", "surrogatepass")
        return encoded
    return bytes(content) if kind == "B" else _ordered_number(content)


def _ordered_number(text: str) -> bytes:
    """Sign, magnitude, and the digits by two; a longer one of equal beginning is larger."""
    number = numbers.parse(text)
    if not number:
        return _ZERO
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    digits += "0" * (len(digits) % 2)
    pairs = bytes(int(digits[place : place + 2]) + 1 for place in range(0, len(digits), 2))
    magnitude = (number.adjusted() + _MAGNITUDE_BIAS).to_bytes(2, "big")
    if number > 0:
        return _POSITIVE + magnitude + pairs
    # The end makes of two with equal beginnings the longer one the smaller.
    return _NEGATIVE + (magnitude + pairs).translate(_COMPLEMENT) + b"\xff"


def following(prefix: bytes) -> bytes:
    """The first bytes that do not begin with a prefix any more."""
    shortened = prefix.rstrip(b"\xff")
    if not shortened:
        return SORT_END
    return shortened[:-1] + bytes([shortened[-1] + 1])


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
    hash_ = _hashed(kind, raw)
    name = table.sort_key or ""
    if not name:
        return Key(hash_, b"")
    kind = table.types[name]
    raw = _raw(kind, item.get(name))
    if not raw or len(raw) > SORT_KEY_BYTES_MAX:
        return None
    return Key(hash_, _ordered_number(item[name]["N"]) if kind == "N" else raw)


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
    if is_partition_key:
        raise errors.invalid_values(
            f"Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_BYTES_MAX} bytes"
        )
    raise errors.invalid_values(
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
        _check_size(content, name == index.partition_key)


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
        if kind != "N" and not _fits(content, name == index.partition_key):
            return None
    sort = b"" if index.sort_key is None else ordered(item[index.sort_key])
    return Key(hashed(item[index.partition_key]), sort)


def _fits(content: str | bytes, is_partition_key: bool) -> bool:
    size = len(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return size <= (PARTITION_KEY_BYTES_MAX if is_partition_key else SORT_KEY_BYTES_MAX)
