"""JSON bodies decoded straight into what operations see, in one pass and without Python's help.

Only for shapes whose values need no other conversion than base64. What such a decoder refuses may
still be right (null for "not given") and is left to `json_values`, which also says what is wrong.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Required, TypedDict

import msgspec

from pileus.aws_models.shapes import Shape
from pileus.aws_models.validate import Met

Decode = Callable[[bytes], dict[str, Any]]
# Of smaller bodies so many come before a decoder is made: it costs as much as some dozens.
BODY_BYTES_MIN = 2_048
USES_MIN = 16
_FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error)
# Types are made from data here, which the type checker does not follow.
_list_type: Any = list
_map_type: Any = dict
_literal_type: Any = Literal
_required_type: Any = Required
_structure_type: Any = TypedDict
_KEY, _KEY_OF_MET = "read json text", "read met json text"
_INTEGER_BITS = {"integer": 31, "long": 63}
# Read alike by every engine, and in linear time.
_SIMPLE_PATTERN = re.compile(r"\[[A-Za-z0-9_.\-/]+\][+*]")


class _Unfit(Exception):
    """A shape that msgspec cannot decode into."""


class _Unread:
    """A member of such a shape, inside one that it can."""


def _refuse(wanted: type, value: Any) -> Any:
    raise ValueError


def decode(shape: Shape, body: bytes) -> dict[str, Any] | None:
    """What `json_values.reader` makes of the body; None where that must be asked.

    It is `Met` where the body surely meets the model's constraints.
    """
    checked: Decode | int | None = shape.compiled.get(_KEY_OF_MET, 0)
    if isinstance(checked, int):
        if checked < USES_MIN and len(body) < BODY_BYTES_MIN:
            shape.compiled[_KEY_OF_MET] = checked + 1
            return None
        checked = shape.compiled[_KEY_OF_MET] = _Types(is_checked=True).decoder(shape)
    try:
        if checked is not None:
            return Met(checked(body))
    except _FAILURES:
        pass
    if _KEY not in shape.compiled:
        shape.compiled[_KEY] = _Types(is_checked=False).decoder(shape)
    plain: Decode | None = shape.compiled[_KEY]
    try:
        return None if plain is None else plain(body)
    except _FAILURES:
        return None


class _Types:
    """The types that msgspec shall decode into, of one shape and those inside it.

    With `is_checked` they have the model's constraints, too.
    """

    def __init__(self, *, is_checked: bool) -> None:
        self._is_checked = is_checked
        self._structures: dict[str, Any] = {}
        # Structures may be inside themselves: met again before it is known whether they can be.
        self._unfinished: set[str] = set()
        self._has_met_again = False

    def decoder(self, shape: Shape) -> Decode | None:
        try:
            wanted = self._of(shape) if shape.type == "structure" else None
        except _Unfit:
            return None
        return None if wanted is None else msgspec.json.Decoder(wanted, dec_hook=_refuse).decode

    def _of(self, shape: Shape) -> Any:
        """None where msgspec cannot."""
        if shape.traits.document:
            return None
        if shape.type in ("string", "character"):
            return self._text(shape)
        if shape.type == "boolean":
            return bool
        if shape.type == "blob":
            return self._limited(bytes, shape)
        if shape.type in _INTEGER_BITS:
            return self._number(shape)
        if shape.type == "list":
            item = self._of(shape.member.shape)
            return None if item is None else self._limited(_list_type[item], shape)
        if shape.type == "map":
            key, value = self._of(shape.key.shape), self._of(shape.value.shape)
            if key is None or value is None:
                return None
            return self._limited(_map_type[key, value], shape)
        return self._structure(shape) if shape.type == "structure" else None

    def _text(self, shape: Shape) -> Any:
        if not self._is_checked:
            return str
        if shape.traits.enum:
            return _literal_type[tuple(shape.traits.enum)]
        pattern = shape.traits.pattern
        if not pattern:
            return self._limited(str, shape)
        if _SIMPLE_PATTERN.fullmatch(pattern) is None:
            return None
        whole = msgspec.Meta(pattern=rf"\A{pattern}\Z")
        return Annotated[self._limited(str, shape), whole]

    def _limited(self, of: Any, shape: Shape) -> Any:
        low, high = shape.traits.min, shape.traits.max
        if not self._is_checked or not (low or high is not None):
            return of
        return Annotated[
            of,
            msgspec.Meta(
                min_length=int(low) if low else None,
                max_length=None if high is None else int(high),
            ),
        ]

    def _number(self, shape: Shape) -> Any:
        limit = 1 << _INTEGER_BITS[shape.type]
        low, high = -limit, limit - 1
        if self._is_checked and shape.traits.min is not None:
            low = max(low, int(shape.traits.min))
        if self._is_checked and shape.traits.max is not None:
            high = min(high, int(shape.traits.max))
        return Annotated[int, msgspec.Meta(ge=low, le=high)]

    def _structure(self, shape: Shape) -> Any:
        name = shape.name
        if name in self._structures:
            self._has_met_again = self._has_met_again or name in self._unfinished
            return self._structures[name]
        made = self._structures[name] = _structure_type(name, {}, total=False)
        self._unfinished.add(name)
        if not self._add_members(shape, made.__annotations__):
            if self._has_met_again:
                # Something holds what is not whole.
                raise _Unfit
            self._structures[name] = None
        self._unfinished.remove(name)
        return self._structures[name]

    def _add_members(self, shape: Shape, types: dict[str, Any]) -> bool:
        for name, member in shape.members.items():
            found = self._of(member.shape)
            is_required = self._is_checked and name in shape.required
            if member.wire_name != name or (found is None and is_required):
                return False
            if found is None and not self._is_checked:
                return False
            # Bodies are taken where what cannot be read so is not there, not even as null.
            found = _Unread if found is None else found
            types[name] = _required_type[found] if is_required else found
        return True
