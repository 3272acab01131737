"""Checks that parameters have the model's types: for calls that did not come over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Shape

# Says what is wrong with a value, in the words of AWS's front end; None if nothing is.
Check = Callable[[Any], str | None]

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int,),
}
_INTEGER_LIMITS = {"integer": 2**31, "long": 2**63}
_JAVA_NAMES = {"boolean": "Boolean", "integer": "Integer", "long": "Long", "double": "Double"}


def type_checker(operation: OperationModel) -> Callable[[dict[str, Any]], str | None]:
    """A function that says which type is wrong first; None for parameters of the right types."""
    if operation.input is None:
        return lambda params: None
    return _check_of(operation.input)


def _check_of(shape: Shape) -> Check:
    key = "check types"
    found: Check | None = shape.compiled.get(key)
    if found is None:
        # A shape inside itself comes back to the finished check.
        shape.compiled[key] = lambda value: shape.compiled[key](value)
        found = shape.compiled[key] = _make_check(shape)
    return found


def _make_check(shape: Shape) -> Check:
    if shape.traits.document or shape.traits.eventstream or shape.type == "blob":
        # A blob may be a stream, which is read by whoever wants it.
        return lambda value: None
    if shape.type == "structure":
        return _structure_check(shape)
    if shape.type == "list":
        return _list_check(_check_of(shape.member.shape))
    if shape.type == "map":
        return _map_check(_check_of(shape.value.shape))
    return _scalar_check(shape)


def _structure_check(shape: Shape) -> Check:
    checks = {name: _check_of(member.shape) for name, member in shape.members.items()}

    def check(value: Any) -> str | None:
        if type(value) is not dict:
            return "Expected null"
        for name, item in value.items():
            known = checks.get(name)
            if known is None:
                return f"Unknown member {name}"
            wrong = known(item) if item is not None else None
            if wrong is not None:
                return wrong
        return None

    return check


def _list_check(check_item: Check) -> Check:
    def check(value: Any) -> str | None:
        if type(value) is not list:
            return "Expected list or null"
        for item in value:
            wrong = "NULL_VALUE found where not expected" if item is None else check_item(item)
            if wrong is not None:
                return wrong
        return None

    return check


def _map_check(check_value: Check) -> Check:
    def check(value: Any) -> str | None:
        if type(value) is not dict:
            return "Expected map or null"
        for key, item in value.items():
            wrong = check_value(item) if type(key) is str else "Expected a string as a key"
            if wrong is not None:
                return wrong
        return None

    return check


def _scalar_check(shape: Shape) -> Check:
    types = _PYTHON_TYPES[shape.type]
    limit = _INTEGER_LIMITS.get(shape.type)
    wanted = _JAVA_NAMES.get(shape.type, "String")

    def check(value: Any) -> str | None:
        if type(value) not in types or (limit is not None and not -limit <= value < limit):
            return f"{_java_token(value)} cannot be converted to {wanted}"
        return None

    return check


def _java_token(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, int | float):
        return "NUMBER_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "Start of structure or map"
