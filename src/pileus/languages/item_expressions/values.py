"""Attribute values in their wire form, one member each: `{"S": "text"}`, `{"N": "1"}`, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.languages.item_expressions import numbers, sizes
from pileus.languages.item_expressions.errors import ValueInvalid

Value = dict[str, Any]
Item = dict[str, Value]

DEPTH_MAX = 32
SETS = {"SS": "S", "NS": "N", "BS": "B"}
ORDERED = frozenset("SNB")
TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", *SETS})
# What messages about updates call the types.
LONG_NAMES = {
    "S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "L": "LIST",
    "M": "MAP", "SS": "STRING_SET", "NS": "NUMBER_SET", "BS": "BINARY_SET",
}  # fmt: skip
_SET_WORDS = {"SS": "string set", "NS": "number set", "BS": "binary set"}


def type_of(value: Mapping[str, Any]) -> str:
    return next(iter(value))


def checked(value: Mapping[str, Any], depth: int = 0) -> Value:
    """The value as it is stored: numbers in canonical form. Raises ValueInvalid."""
    return weighed(value, depth)[0]


def weighed(value: Mapping[str, Any], depth: int = 0) -> tuple[Value, int]:
    """As `checked`, and how many bytes DynamoDB counts for it; see `sizes`."""
    if len(value) != 1:
        how = "is empty" if not value else "has more than one datatypes set"
        raise ValueInvalid(
            f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    if kind == "S":
        return {kind: content}, len(content) if content.isascii() else sizes.of_text(content)
    if kind == "N":
        number = numbers.canonical(content)
        return {kind: number}, sizes.of_number(number)
    if kind == "M":
        _check_depth(depth)
        inside, size = weighed_item(content, depth + 1)
        return {"M": inside}, sizes.CONTAINER_BYTES + sizes.ELEMENT_BYTES * len(inside) + size
    if kind == "L":
        _check_depth(depth)
        return _weighed_list(content, depth + 1)
    if kind == "NULL" and content is not True:
        raise _invalid("Null attribute value types must have the value of true")
    found = {kind: _checked_set(kind, content) if kind in SETS else content}
    return found, sizes.of_value(found)


def weighed_item(members: Mapping[str, Mapping[str, Any]], depth: int = 0) -> tuple[Item, int]:
    """An item, or the members of a map, as `weighed` has each value."""
    found: Item = {}
    size = 0
    for name, value in members.items():
        found[name], inside = weighed(value, depth)
        size += inside + (len(name) if name.isascii() else sizes.of_text(name))
    return found, size


def _weighed_list(content: Sequence[Any], depth: int) -> tuple[Value, int]:
    found: list[Value] = []
    size = sizes.CONTAINER_BYTES
    for each in content:
        element, inside = weighed(each, depth)
        found.append(element)
        size += sizes.ELEMENT_BYTES + inside
    return {"L": found}, size


def _check_depth(depth: int) -> None:
    if depth >= DEPTH_MAX:
        raise ValueInvalid(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
            "levels beyond supported limit"
        )


def _checked_set(kind: str, members: list[Any]) -> list[Any]:
    words = _SET_WORDS[kind]
    if not members:
        raise _invalid(f"An {words}  may not be empty")
    if kind == "NS":
        members = [numbers.canonical(each) for each in members]
    if len(set(members)) != len(members):
        listed = ", ".join("" if kind == "BS" else str(each) for each in members)
        raise _invalid(f"Input collection [{listed}] contains duplicates.")
    return members


def _invalid(reason: str) -> ValueInvalid:
    return ValueInvalid(f"One or more parameter values were invalid: {reason}")


def are_equal(one: Value, other: Value) -> bool:
    """Numbers are compared by value, which is their text; sets without regard to order."""
    ((kind, content),) = one.items()
    found = other.get(kind)
    if found is None:
        return False
    if kind in SETS:
        return len(found) == len(content) and set(found) == set(content)
    if kind == "L":
        return len(found) == len(content) and all(map(are_equal, content, found))
    if kind == "M":
        return found.keys() == content.keys() and all(
            are_equal(each, found[name]) for name, each in content.items()
        )
    return bool(found == content)


def order(value: Value) -> Any:
    """What two values of one type in `ORDERED` are compared by."""
    ((kind, content),) = value.items()
    if kind == "N":
        return numbers.parse(content)
    return content.encode("utf-8", "surrogatepass") if kind == "S" else content


def size(value: Value) -> int | None:
    """What the function `size` says; None for types that have no size."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode("utf-8", "surrogatepass"))
    if kind in ("N", "BOOL", "NULL"):
        return None
    return len(content)


def contains(value: Value, wanted: Value) -> bool:
    """A part of a text or bytes, or a member of a set or list."""
    ((kind, content),) = value.items()
    ((wanted_kind, wanted_content),) = wanted.items()
    if kind in ("S", "B"):
        return kind == wanted_kind and wanted_content in content
    if kind in SETS:
        return SETS[kind] == wanted_kind and wanted_content in content
    if kind == "L":
        return any(are_equal(each, wanted) for each in content)
    return False


def described(value: Value) -> str:
    """As error messages show a value: `{S:text}`."""
    ((kind, content),) = value.items()
    if kind == "L":
        content = f"[{','.join(map(described, content))}]"
    elif kind == "M":
        content = "{" + ",".join(f"{name}={described(v)}" for name, v in content.items()) + "}"
    elif kind in SETS:
        content = f"[{','.join(map(str, content))}]"
    elif isinstance(content, bool):
        content = str(content).lower()
    return f"{{{kind}:{content}}}"
