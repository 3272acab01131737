"""What shape JSON values have had so far: inferred from one, merged over many."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

# docs: GetDiscoveredSchema; what lies deeper is ignored.
LEVELS_MAX = 255

_DATE_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
)
_INT64_MAX = 2**63 - 1


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """The types that were seen in one place, and what lies below.

    No types at all: nothing has been seen there yet. `any`: a place that is too deep to look at.
    """

    types: frozenset[str] = frozenset()
    # Strings only: all of them were instants.
    is_instant: bool = False
    properties: dict[str, Shape] = {}
    # Properties that every object had.
    required: frozenset[str] = frozenset()
    items: Shape | None = None


NOTHING = Shape()
ANYTHING = Shape(frozenset({"any"}))


def infer(value: Any, level: int = 1) -> Shape:
    """The shape of one JSON value."""
    if level > LEVELS_MAX:
        return ANYTHING
    if isinstance(value, dict):
        properties = {name: infer(below, level + 1) for name, below in value.items()}
        return Shape(frozenset({"object"}), False, properties, frozenset(properties))
    if isinstance(value, list):
        return Shape(frozenset({"array"}), items=merge(infer(item, level + 1) for item in value))
    if isinstance(value, str):
        return Shape(frozenset({"string"}), is_instant=_DATE_TIME.fullmatch(value) is not None)
    return Shape(frozenset({_type_of(value)}))


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    is_integer = isinstance(value, int) and -_INT64_MAX - 1 <= value <= _INT64_MAX
    return "integer" if is_integer else "number"


def merge(shapes: Iterable[Shape]) -> Shape:
    """The shape that fits whatever any of these fits."""
    merged = NOTHING
    for shape in shapes:
        merged = _merge(merged, shape)
    return merged


def _merge(one: Shape, other: Shape) -> Shape:
    if not one.types or one == other:
        return other
    if not other.types:
        return one
    properties = dict(one.properties)
    for name, below in other.properties.items():
        properties[name] = _merge(properties[name], below) if name in properties else below
    return Shape(
        one.types | other.types,
        _is_instant(one, other),
        properties,
        _required(one, other),
        _items(one, other),
    )


def _is_instant(one: Shape, other: Shape) -> bool:
    return all(shape.is_instant for shape in (one, other) if "string" in shape.types)


def _required(one: Shape, other: Shape) -> frozenset[str]:
    if "object" not in one.types:
        return other.required
    if "object" not in other.types:
        return one.required
    return one.required & other.required


def _items(one: Shape, other: Shape) -> Shape | None:
    if one.items is None or other.items is None:
        return one.items or other.items
    return _merge(one.items, other.items)


class _Written(msgspec.Struct, omit_defaults=True):
    """A shape as it is kept: sets in order, so that equal shapes have equal texts."""

    types: list[str] = []
    instant: bool = False
    properties: dict[str, _Written] = {}
    required: list[str] = []
    items: _Written | None = None


def dump(shape: Shape) -> str:
    """A text that `load` reads."""
    return msgspec.json.encode(_written(shape), order="deterministic").decode()


def load(text: str) -> Shape:
    return _read(msgspec.json.decode(text, type=_Written))


def _written(shape: Shape) -> _Written:
    return _Written(
        sorted(shape.types),
        shape.is_instant,
        {name: _written(below) for name, below in shape.properties.items()},
        sorted(shape.required),
        None if shape.items is None else _written(shape.items),
    )


def _read(written: _Written) -> Shape:
    return Shape(
        frozenset(written.types),
        written.instant,
        {name: _read(below) for name, below in written.properties.items()},
        frozenset(written.required),
        None if written.items is None else _read(written.items),
    )
