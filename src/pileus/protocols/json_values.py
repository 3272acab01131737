"""JSON and CBOR values of a shape, from and to what operations see; compiled once per shape.

Operations see blobs as bytes and timestamps as epoch milliseconds.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from pileus.aws_models.shapes import Member, Shape
from pileus.protocols import timestamps
from pileus.protocols.failures import TypeMismatch, WireError

Convert = Callable[[Any], Any]


class Dialect(NamedTuple):
    """In what JSON and CBOR differ, once a body is decoded."""

    name: str
    timestamp: Callable[[str | None], Convert]
    number: Convert


DOCUMENT_DEPTH_MAX = 128
_INTEGER_LIMITS = {"integer": 2**31, "long": 2**63}
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def reader(shape: Shape) -> Convert:
    """Checks the types of a decoded value and turns it into what operations see."""
    found: Convert | None = shape.compiled.get("read json")
    if found is None:
        shape.compiled["read json"] = _Later(shape, "read json")
        found = shape.compiled["read json"] = _make_reader(shape)
    return found


def writer(shape: Shape, dialect: Dialect) -> Convert | None:
    """Turns what operations see into an encodable value; None where it is one as it stands."""
    key = f"write {dialect.name}"
    if key not in shape.compiled:
        if _is_plain(shape, set()):
            shape.compiled[key] = None
        else:
            shape.compiled[key] = _Later(shape, key)
            shape.compiled[key] = _make_writer(shape, dialect)
    found: Convert | None = shape.compiled[key]
    return found


def member_writer(member: Member, dialect: Dialect) -> Convert | None:
    """As `writer`; a member may have a timestamp format of its own."""
    if member.shape.type == "timestamp":
        return dialect.timestamp(member.timestamp_format)
    return writer(member.shape, dialect)


class _Later:
    """Stands for the codec of a shape inside its own definition."""

    def __init__(self, shape: Shape, key: str) -> None:
        self._shape = shape
        self._key = key

    def __call__(self, value: Any) -> Any:
        return self._shape.compiled[self._key](value)


def _make_reader(shape: Shape) -> Convert:
    if shape.traits.document:
        return _read_document
    if shape.type == "structure":
        return _structure_reader(shape.members.values())
    if shape.type == "list":
        return _list_reader(reader(shape.member.shape))
    if shape.type == "map":
        return _map_reader(reader(shape.value.shape))
    if shape.type in _INTEGER_LIMITS:
        return _integer_reader(shape.type)
    return _SCALAR_READERS[shape.type]


def body_reader(shape: Shape) -> Convert:
    """As `reader`, of those members only that REST has in the body."""
    return _structure_reader([each for each in shape.members.values() if each.location is None])


def body_writer(shape: Shape, dialect: Dialect) -> Convert:
    """As `writer`, of those members only that REST has in the body."""
    return _structure_writer(
        [each for each in shape.members.values() if each.location is None], dialect
    )


def _structure_reader(members: Iterable[Member]) -> Convert:
    readers = {member.wire_name: (member.name, reader(member.shape)) for member in members}

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise TypeMismatch(value, "structure")
        found = {}
        for wire_name, item in value.items():
            known = readers.get(wire_name)
            # Members that AWS does not know are passed over, and null means not given.
            if known is not None and item is not None:
                found[known[0]] = known[1](item)
        return found

    return read


def _list_reader(read_item: Convert) -> Convert:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise TypeMismatch(value, "list")
        # No list of these services is sparse, and no operation looks for holes in one.
        return [read_item(item) for item in value]

    return read


def _map_reader(read_item: Convert) -> Convert:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise TypeMismatch(value, "map")
        return {key: read_item(item) for key, item in value.items() if item is not None}

    return read


def _read_string(value: Any) -> str:
    if type(value) is str:
        return value
    raise TypeMismatch(value, "string")


def _read_boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise TypeMismatch(value, "boolean")


def _integer_reader(type_name: str) -> Convert:
    limit = _INTEGER_LIMITS[type_name]

    def read(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not -limit <= value < limit:
            raise TypeMismatch(value, type_name)
        return value

    return read


def _read_float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int and abs(value) < 2**1023:
        return float(value)
    if type(value) is str and value in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[value]
    raise TypeMismatch(value, "double")


def _read_blob(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise WireError("a blob is not in base64") from error
    raise TypeMismatch(value, "blob")


def _read_document(value: Any) -> Any:
    level = [value]
    for _ in range(DOCUMENT_DEPTH_MAX):
        deeper: list[Any] = []
        for item in level:
            if type(item) is dict:
                deeper.extend(item.values())
            elif type(item) is list:
                deeper.extend(item)
        if not deeper:
            return value
        level = deeper
    raise WireError(f"a document is nested deeper than {DOCUMENT_DEPTH_MAX} levels")


_SCALAR_READERS: dict[str, Convert] = {
    "string": _read_string,
    "character": _read_string,
    "boolean": _read_boolean,
    "float": _read_float,
    "double": _read_float,
    "blob": _read_blob,
    "timestamp": timestamps.parse,
}


def _is_plain(shape: Shape, seen: set[str]) -> bool:
    """Whether the encoder's own form of every value below is already the right one."""
    if shape.name in seen or shape.traits.document:
        return True
    seen.add(shape.name)
    if shape.type in ("timestamp", "float", "double"):
        return False
    parts: list[Member] = list(shape.members.values())
    if shape.type == "list":
        parts = [shape.member]
    elif shape.type == "map":
        parts = [shape.value]
    return all(
        (shape.type != "structure" or part.wire_name == part.name) and _is_plain(part.shape, seen)
        for part in parts
    )


def _make_writer(shape: Shape, dialect: Dialect) -> Convert:
    if shape.type == "structure":
        return _structure_writer(shape.members.values(), dialect)
    if shape.type == "list":
        write_item = member_writer(shape.member, dialect)
        assert write_item is not None
        return _list_writer(write_item)
    if shape.type == "map":
        write_value = member_writer(shape.value, dialect)
        assert write_value is not None
        return lambda value: {
            key: write_value(item) for key, item in value.items() if item is not None
        }
    if shape.type == "timestamp":
        return dialect.timestamp(shape.traits.timestamp_format)
    return dialect.number


def _list_writer(write_item: Convert) -> Convert:
    def write_list(value: Any) -> Any:
        # Operations may have written a long list themselves, whole or in pieces.
        if type(value) is msgspec.Raw:
            return value
        if type(value) is list and value and type(value[0]) is msgspec.Raw:
            return value
        return [None if item is None else write_item(item) for item in value]

    return write_list


def _structure_writer(members: Iterable[Member], dialect: Dialect) -> Convert:
    writers = {
        member.name: (member.wire_name, member_writer(member, dialect)) for member in members
    }

    def write_structure(value: dict[str, Any]) -> dict[str, Any]:
        written = {}
        for name, item in value.items():
            known = writers.get(name)
            if known is not None and item is not None:
                written[known[0]] = item if known[1] is None else known[1](item)
        return written

    return write_structure


def _json_timestamp(format_name: str | None) -> Convert:
    if format_name in ("iso8601", "rfc822"):
        return partial(timestamps.to_text, format_name=format_name)
    return timestamps.to_seconds


def _json_number(value: Any) -> Any:
    """JSON has no NaN and no infinity: AWS writes them as text."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


JSON = Dialect("json", _json_timestamp, _json_number)
