"""Checks parameters against the model's constraints, and says what is wrong in AWS's words.

The wording, the paths and the order are those of recorded answers: members in lower camel case,
elements of lists by number, and the constraints of scalars in lists and maps said all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pileus.aws_models import overrides, patterns, quick_check
from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Member, Shape

Params = dict[str, Any]
# A path is the violated member's parent path and its own name; it is joined only when printed.
Path = tuple[Any, str] | None
Check = Callable[[Any, Path, list[str]], None]

NOT_NULL = "Member must not be null"


class Met(dict[str, Any]):
    """A request's members that are known to violate nothing: whoever read them has looked."""


def validator(operation: OperationModel) -> Callable[[Params], list[str]]:
    """A function that lists what a request's members violate; empty for valid ones.

    It expects members of the model's types: those of requests are checked when they are read.
    """
    style = overrides.validation_style(operation.service.name)
    shape = operation.input
    if shape is None or style == "none":
        return lambda params: []
    if style == "parameters":
        return _missing_parameters(tuple(shape.traits.required))
    check = _structure_check(shape, _prefixes(operation, shape))
    if check is None:
        return lambda params: []

    def violations(params: Params) -> list[str]:
        found: list[str] = []
        check(params, None, found)
        return found

    return violations


def error_code(operation: OperationModel) -> str:
    """The code of the error that tells of violations."""
    service = operation.service
    style = overrides.validation_style(service.name)
    if style == "parameters":
        return "MissingParameter"
    if service.name in overrides.VALIDATION_CODES:
        code = overrides.VALIDATION_CODES[service.name]
        if code in operation.errors:
            return code
    is_query = "query" in service.protocols
    return "ValidationError" if is_query else "ValidationException"


def message(operation: OperationModel, violations: Sequence[str]) -> str:
    """The whole sentence that AWS answers."""
    service = operation.service
    if overrides.validation_style(service.name) == "parameters":
        return violations[0]
    count = len(violations)
    noun = "error" if count == 1 else "errors"
    return f"{count} validation {noun} detected: {'; '.join(violations)}"


def _missing_parameters(required: tuple[str, ...]) -> Callable[[Params], list[str]]:
    def violations(params: Params) -> list[str]:
        return [
            f"The request must contain the parameter {name}."
            for name in required
            if params.get(name) is None
        ]

    return violations


def _prefixes(operation: OperationModel, shape: Shape) -> dict[str, Path]:
    """What stands before each member of the request."""
    if operation.service.name not in overrides.BODY_PREFIX_SERVICES:
        return {}
    first = operation.name[:1].lower() + operation.name[1:]
    return {
        name: (None, f"{first}Input")
        for name, member in shape.members.items()
        if member.location is None
    }


def _shape_check(member: Member) -> Check | None:
    """The check of a member's shape; None if it has no constraints. Kept on the shape."""
    shape = member.shape
    key = "validate"
    if key not in shape.compiled:
        # A shape inside itself finds this and comes back to the finished check.
        shape.compiled[key] = lambda value, path, found: shape.compiled[key](value, path, found)
        check = _make_check(shape)
        shape.compiled[key] = check or _no_check
        return check
    found: Check = shape.compiled[key]
    return None if found is _no_check else found


def _no_check(value: Any, path: Path, found: list[str]) -> None:
    pass


def _make_check(shape: Shape) -> Check | None:
    if shape.type == "structure":
        return None if shape.traits.document else _structure_check(shape, {})
    if shape.type == "list":
        return _collection_check(shape, _items_check(shape))
    if shape.type == "map":
        return _collection_check(shape, _entries_check(shape))
    constraints = _scalar_constraints(shape)
    return _scalar_check(shape, constraints) if constraints else None


def _structure_check(shape: Shape, prefixes: dict[str, Path]) -> Check | None:
    required = shape.required
    members = []
    for name, member in shape.members.items():
        check = None if member.shape.traits.eventstream else _shape_check(member)
        if check is not None or name in required:
            shown = name[:1].lower() + name[1:]
            members.append((name, shown, name in required, check, prefixes.get(name)))
    if not members:
        return None
    if not required:
        return _optional_members_check({each[0]: each for each in members})

    def check_structure(value: Any, path: Path, found: list[str]) -> None:
        for name, shown, is_required, check, prefix in members:
            item = value.get(name)
            if item is None:
                if is_required:
                    found.append(_violation(None, (path or prefix, shown), NOT_NULL))
            elif check is not None:
                check(item, (path or prefix, shown), found)

    return check_structure


def _optional_members_check(
    members: dict[str, tuple[str, str, bool, Check | None, Path]],
) -> Check:
    """Looks at what is there only: unions have many members, and one of them at a time."""

    def check_structure(value: Any, path: Path, found: list[str]) -> None:
        for name, item in value.items():
            known = members.get(name)
            if known is not None and item is not None:
                _, shown, _, check, prefix = known
                if check is not None:
                    check(item, (path or prefix, shown), found)

    return check_structure


def _collection_check(shape: Shape, check_elements: Check | None) -> Check | None:
    limits = _length_constraints(shape)
    if not limits:
        return check_elements

    def check(value: Any, path: Path, found: list[str]) -> None:
        for is_met, text in limits:
            if not is_met(value):
                found.append(_violation(value, path, text, shape))
        if check_elements is not None:
            check_elements(value, path, found)

    return check


def _items_check(shape: Shape) -> Check | None:
    item = shape.member.shape
    if item.type in ("structure", "list", "map"):
        check_item = _shape_check(shape.member)
        if check_item is None:
            return None

        def check_each(value: Any, path: Path, found: list[str]) -> None:
            if quick_check.is_met(item, value):
                return
            for number, element in enumerate(value, 1):
                if element is not None:
                    check_item(element, ((path, str(number)), "member"), found)

        return check_each
    constraints = _scalar_constraints(item)
    if not constraints:
        return None
    text = f"Member must satisfy constraint: [{_all_of(constraints, item)}]"

    def check_scalars(value: Any, path: Path, found: list[str]) -> None:
        for element in value:
            if element is not None and not all(is_met(element) for is_met, _ in constraints):
                found.append(_violation(value, path, text, shape))
                return

    return check_scalars


def _entries_check(shape: Shape) -> Check | None:
    key_constraints = _scalar_constraints(shape.key.shape)
    key_text = f"Map keys must satisfy constraint: [{_all_of(key_constraints, shape.key.shape)}]"
    item = shape.value.shape
    is_nested = item.type in ("structure", "list", "map")
    check_nested = _shape_check(shape.value) if is_nested else None
    value_constraints = [] if is_nested else _scalar_constraints(item)
    value_text = f"Map value must satisfy constraint: [{_all_of(value_constraints, item)}]"
    if not key_constraints and check_nested is None and not value_constraints:
        return None

    def check(value: Any, path: Path, found: list[str]) -> None:
        for is_met, _ in key_constraints:
            if not all(map(is_met, value)):
                found.append(_violation(value, path, key_text, shape))
                break
        for is_met, _ in value_constraints:
            if not all(map(is_met, value.values())):
                found.append(_violation(value, path, value_text, shape))
                break
        if check_nested is not None:
            for key, element in value.items():
                check_nested(element, ((path, key), "member"), found)

    return check


Constraint = tuple[Callable[[Any], bool], str]


def _scalar_check(shape: Shape, constraints: list[Constraint]) -> Check:
    def check(value: Any, path: Path, found: list[str]) -> None:
        for is_met, text in constraints:
            if not is_met(value):
                found.append(_violation(value, path, text, shape))

    return check


def _scalar_constraints(shape: Shape) -> list[Constraint]:
    traits = shape.traits
    if traits.enum:
        allowed = frozenset(traits.enum)
        text = f"Member must satisfy enum value set: [{', '.join(traits.enum)}]"
        return [(allowed.__contains__, text)]
    if shape.type in ("string", "blob"):
        constraints = _length_constraints(shape)
        if traits.pattern and shape.type == "string":
            text = f"Member must satisfy regular expression pattern: {traits.pattern}"
            constraints.append((patterns.matcher(traits.pattern), text))
        return constraints
    if shape.type in ("integer", "long", "float", "double"):
        return _range_constraints(shape)
    return []


def _length_constraints(shape: Shape) -> list[Constraint]:
    constraints: list[Constraint] = []
    low, high = shape.traits.min, shape.traits.max
    if high is not None:
        text = f"Member must have length less than or equal to {high:.0f}"
        constraints.append((lambda value: len(value) <= high, text))
    if low:
        text = f"Member must have length greater than or equal to {low:.0f}"
        constraints.append((lambda value: len(value) >= low, text))
    return constraints


def _range_constraints(shape: Shape) -> list[Constraint]:
    constraints: list[Constraint] = []
    low, high = shape.traits.min, shape.traits.max
    if high is not None:
        text = f"Member must have value less than or equal to {_number(high, shape)}"
        constraints.append((lambda value: value <= high, text))
    if low is not None:
        text = f"Member must have value greater than or equal to {_number(low, shape)}"
        constraints.append((lambda value: value >= low, text))
    return constraints


def _all_of(constraints: list[Constraint], shape: Shape) -> str:
    texts = [text for _, text in constraints]
    traits = shape.traits
    if shape.type in ("string", "blob") and traits.max is not None and not traits.min:
        # Recorded for Lambda's subnets: a least length of 0 is said here too.
        texts.insert(1, "Member must have length greater than or equal to 0")
    if texts and (traits.enum or shape.type in ("integer", "long", "float", "double")):
        texts.append(NOT_NULL)
    return ", ".join(texts)


def _number(value: float, shape: Shape) -> str:
    return repr(float(value)) if shape.type in ("float", "double") else str(int(value))


def _violation(value: Any, path: Path, text: str, shape: Shape | None = None) -> str:
    at = f"at '{_joined(path)}' failed to satisfy constraint: {text}"
    if value is None:
        return f"Value null {at}"
    if shape is not None and shape.traits.sensitive:
        return f"Value {at}"
    return f"Value '{_printed(value, shape)}' {at}"


def _joined(path: Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, name = path
        parts.append(name)
    return ".".join(reversed(parts))


def _printed(value: Any, shape: Shape | None) -> str:
    """A value as Java prints it."""
    if shape is not None and shape.traits.sensitive:
        return "***Sensitive Data Redacted***"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        item = shape.member.shape if shape is not None else None
        return f"[{', '.join(_printed(each, item) for each in value)}]"
    if isinstance(value, dict) and shape is not None and shape.type == "structure":
        members = (
            f"{name[:1].lower()}{name[1:]}={_printed(value.get(name), member.shape)}"
            for name, member in shape.members.items()
        )
        return f"{shape.name}({', '.join(members)})"
    if isinstance(value, dict):
        item = shape.value.shape if shape is not None and shape.type == "map" else None
        return "{" + ", ".join(f"{key}={_printed(each, item)}" for key, each in value.items()) + "}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value)
