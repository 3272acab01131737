"""Attribute values in their wire form, one member each: `{"S": "text"}`, `{"N": "1"}`, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.languages.item_expressions import numbers
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
    if len(value) != 1:
        how = "is empty" if not value else "has more than one datatypes set"
        raise ValueInvalid(
            f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B" | "BOOL":
            return {kind: content}
        case "N":
            return {"N": numbers.canonical(content)}
        case "M":
            _check_depth(depth)
            return {"M": {name: checked(each, depth + 1) for name, each in content.items()}}
        case "L":
            _check_depth(depth)
            return {"L": [checked(each, depth + 1) for each in content]}
        case "NULL":
            if content is not True:
                raise _invalid("Null attribute value types must have the value of true")
            return {"NULL": True}
    return {kind: _checked_set(kind, content)}


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
