"""Items in DynamoDB JSON: one object a line, attribute values in their wire form."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from pileus.languages.item_expressions.values import DEPTH_MAX, SETS, Item, Value

_CONTENT: dict[str, Any] = {
    "S": str,
    "N": str,
    "B": str,
    "BOOL": bool,
    "NULL": bool,
    "L": list,
    "M": dict,
}


class LineInvalid(Exception):
    """A line that is no item."""


def line(members: dict[str, Item]) -> bytes:
    """One line of a data file; bytes are written in base 64."""
    return msgspec.json.encode(members) + b"\n"


def item_of(text: bytes) -> Item:
    """The item of `{"Item": {...}}`. Raises LineInvalid."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise LineInvalid(f"The line is no JSON: {problem}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Item"), dict):
        raise LineInvalid("The line has no object named Item")
    return {name: _value(each, 0) for name, each in document["Item"].items()}


def _value(given: Any, depth: int) -> Value:
    if depth > DEPTH_MAX:
        raise LineInvalid("The item is nested too deeply")
    if not isinstance(given, dict) or len(given) != 1:
        raise LineInvalid("An attribute value must have exactly one of the supported datatypes")
    kind: str
    content: Any
    ((kind, content),) = given.items()
    if kind in SETS:
        if not isinstance(content, list):
            raise LineInvalid(f"An attribute value of the type {kind} is not a list")
        return {kind: [_value({SETS[kind]: each}, depth + 1)[SETS[kind]] for each in content]}
    wanted = _CONTENT.get(kind)
    if wanted is None or not isinstance(content, wanted):
        raise LineInvalid(f"An attribute value has the type {kind} and another content")
    if kind == "B":
        return {kind: _bytes(content)}
    if kind == "L":
        return {kind: [_value(each, depth + 1) for each in content]}
    if kind == "M":
        return {kind: {name: _value(each, depth + 1) for name, each in content.items()}}
    return {kind: content}


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise LineInvalid(f"A binary value is not in base 64: {problem}") from None
