"""Whether many structures meet the model's constraints, asked once and without Python's help.

A yes is the validator's yes. A no may be one because of what cannot be said this way (patterns,
members that are None), so `validate` looks again, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Required, TypedDict

import msgspec

from pileus.aws_models.shapes import Shape

# Shorter lists are looked at one by one: asking for all costs as much as a few.
ITEMS_MIN = 8
_KEY = "quick check"
# Types are made from data here, which the type checker does not follow.
_list_type: Any = list
_structure_type: Any = TypedDict


def is_met(item: Shape, values: list[Any]) -> bool:
    """Whether structures of this shape, of the model's types, are surely right."""
    if len(values) < ITEMS_MIN:
        return False
    if _KEY not in item.compiled:
        item.compiled[_KEY] = _make(item)
    check: Callable[[Any], bool] | None = item.compiled[_KEY]
    return check is not None and check(values)


def _make(item: Shape) -> Callable[[Any], bool] | None:
    if item.type != "structure" or item.traits.document:
        return None
    types: dict[str, Any] = {}
    for name, member in item.members.items():
        found = _type_of(member.shape)
        if name not in item.required:
            # Where nothing else can be said of a member, it must not be there.
            types[name] = None if found is None else found
        elif found is None:
            return None
        else:
            types[name] = Required[found]
    wanted = _list_type[_structure_type(item.name, types, total=False)]

    def check(values: Any) -> bool:
        try:
            msgspec.convert(values, wanted)
        except msgspec.ValidationError:
            return False
        return True

    return check


def _type_of(shape: Shape) -> Any:
    traits = shape.traits
    if shape.type == "boolean":
        return bool
    if shape.type in ("integer", "long"):
        low, high = traits.min, traits.max
        bounds = msgspec.Meta(
            ge=None if low is None else int(low), le=None if high is None else int(high)
        )
        return Annotated[int, bounds]
    if shape.type not in ("string", "blob") or traits.enum or traits.pattern:
        return None
    limits = msgspec.Meta(
        min_length=int(traits.min) if traits.min else None,
        max_length=None if traits.max is None else int(traits.max),
    )
    if shape.type == "string":
        return Annotated[str, limits]
    return Annotated[bytes, limits]
