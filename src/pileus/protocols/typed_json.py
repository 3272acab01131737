"""JSON bodies decoded straight into what operations see, in one pass and without Python's help.

Only for shapes whose values need no other conversion than base64. What such a decoder refuses may
still be right (null for "not given") and is left to `json_values`, which also says what is wrong.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import msgspec

from pileus.aws_models.shapes import Shape

Decode = Callable[[bytes], dict[str, Any]]
# Of smaller bodies so many come before a decoder is made: it costs as much as some dozens.
BODY_BYTES_MIN = 2_048
USES_MIN = 16
# Types are made from data here, which the type checker does not follow.
_list_type: Any = list
_map_type: Any = dict
_structure_type: Any = TypedDict
_KEY = "read json text"
_INTEGER_BITS = {"integer": 31, "long": 63}


def decode(shape: Shape, body: bytes) -> dict[str, Any] | None:
    """What `json_values.reader` makes of the body; None where that must be asked."""
    found: Decode | int | None = shape.compiled.get(_KEY, 0)
    if isinstance(found, int):
        if found < USES_MIN and len(body) < BODY_BYTES_MIN:
            shape.compiled[_KEY] = found + 1
            return None
        found = shape.compiled[_KEY] = _make(shape)
    if found is None:
        return None
    try:
        return found(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error):
        return None


def _make(shape: Shape) -> Decode | None:
    wanted = _type_of(shape, {}) if shape.type == "structure" else None
    return None if wanted is None else msgspec.json.Decoder(wanted).decode


def _type_of(shape: Shape, above: dict[str, Any]) -> Any:
    """The type that msgspec shall decode into; None where it cannot.

    `above` has the structures that this one is inside of, by name: itself may be among them.
    """
    if shape.traits.document:
        return None
    if shape.name in above:
        return above[shape.name]
    if shape.type in ("string", "character"):
        return str
    if shape.type == "boolean":
        return bool
    if shape.type == "blob":
        return bytes
    if shape.type in _INTEGER_BITS:
        limit = 1 << _INTEGER_BITS[shape.type]
        return Annotated[int, msgspec.Meta(ge=-limit, le=limit - 1)]
    if shape.type != "structure":
        above = {**above, shape.name: None}
    if shape.type == "list":
        item = _type_of(shape.member.shape, above)
        return None if item is None else _list_type[item]
    if shape.type == "map":
        value = _type_of(shape.value.shape, above)
        return None if value is None else _map_type[str, value]
    if shape.type == "structure":
        return _type_of_members(shape, above)
    return None


def _type_of_members(shape: Shape, above: dict[str, Any]) -> Any:
    made = _structure_type(shape.name, {}, total=False)
    above = {**above, shape.name: made}
    for name, member in shape.members.items():
        found = _type_of(member.shape, above)
        if found is None or member.wire_name != name:
            return None
        made.__annotations__[name] = found
    return made
