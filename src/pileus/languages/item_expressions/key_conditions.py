"""Key conditions: which partition a query reads, and which part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pileus.languages.item_expressions import conditions, errors, paths, values
from pileus.languages.item_expressions.conditions import (
    Combined,
    Node,
    Operand,
    PathOperand,
    Test,
    ValueOperand,
)
from pileus.languages.item_expressions.errors import ValueInvalid
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.values import Value

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SORT_TESTS = frozenset({*_FLIPPED, "BETWEEN", "begins_with"})
_CONDITIONS_MAX = 2


class SortCondition(NamedTuple):
    """`=`, `<`, `<=`, `>`, `>=`, `BETWEEN` (two values) or `begins_with`."""

    name: str
    values: tuple[Value, ...]


class KeyCondition(NamedTuple):
    """A value of each attribute of the partition key; conditions on the first of the sort key."""

    partition: tuple[Value, ...]
    sort: tuple[SortCondition, ...]


class _OnKey(NamedTuple):
    attribute: str
    name: str
    values: tuple[Value, ...]


def bind(
    node: Node,
    placeholders: Placeholders,
    partition_keys: tuple[str, ...],
    sort_keys: tuple[str, ...],
) -> KeyCondition:
    """Raises ExpressionError or ValueInvalid."""
    found: dict[str, _OnKey] = {}
    for test in _tests(node):
        on_key = _on_key(test, placeholders)
        if on_key.attribute in found:
            raise ValueInvalid("KeyConditionExpressions must only contain one condition per key")
        found[on_key.attribute] = on_key
    if len(found) > max(_CONDITIONS_MAX, len(partition_keys) + len(sort_keys)):
        raise ValueInvalid("Conditions can be of length 1 or 2 only")
    partition: list[Value] = []
    for name in partition_keys:
        each = found.pop(name, None)
        if each is None:
            raise ValueInvalid(f"Query condition missed key schema element: {name}")
        if each.name != "=":
            raise ValueInvalid("Query key condition not supported")
        partition.append(each.values[0])
    tests = {name: SortCondition(each.name, each.values) for name, each in found.items()}
    return KeyCondition(tuple(partition), on_sort_keys(tests, sort_keys))


def on_sort_keys(
    found: Mapping[str, SortCondition], sort_keys: tuple[str, ...]
) -> tuple[SortCondition, ...]:
    """Conditions in the order of the key: none left out before another, all but the last equal."""
    if found and not sort_keys:
        raise ValueInvalid("Query key condition not supported")
    conditions_found: list[SortCondition] = []
    for name in sort_keys[: len(found)]:
        each = found.get(name)
        if each is None:
            raise ValueInvalid(f"Query condition missed key schema element: {name}")
        if conditions_found and conditions_found[-1].name != "=":
            raise ValueInvalid("Query key condition not supported")
        conditions_found.append(each)
    if len(conditions_found) < len(found):
        raise ValueInvalid("Query key condition not supported")
    return tuple(conditions_found)


def _tests(node: Node) -> list[Test]:
    if isinstance(node, Test):
        return [node]
    if node.name != "AND":
        raise ValueInvalid(f"Invalid operator used in KeyConditionExpression: {node.name}")
    tests: list[Test] = []
    for part in node.parts:
        if isinstance(part, Combined):
            tests += _tests(part)
        else:
            tests.append(part)
    return tests


def _on_key(test: Test, placeholders: Placeholders) -> _OnKey:
    name, operands = test
    if name not in _SORT_TESTS:
        raise ValueInvalid(f"Invalid operator used in KeyConditionExpression: {name}")
    first, *others = operands
    if name in _FLIPPED and isinstance(first, ValueOperand):
        name, first, others = _FLIPPED[name], others[0], [first]
    attribute = _attribute(first, placeholders)
    found = tuple(_value(other, placeholders) for other in others)
    if name == "BETWEEN":
        for value in found:
            _check_ordered(name, value)
        conditions.check_bounds(*found)
    elif name == "begins_with":
        if values.type_of(found[0]) not in ("S", "B"):
            raise errors.operand_type(name, values.type_of(found[0]))
    elif name != "=":
        _check_ordered(name, found[0])
    return _OnKey(attribute, name, found)


def _check_ordered(name: str, value: Value) -> None:
    if values.type_of(value) not in values.ORDERED:
        raise errors.operand_type(name, values.type_of(value))


def _attribute(operand: Operand, placeholders: Placeholders) -> str:
    if isinstance(operand, ValueOperand):
        raise ValueInvalid(
            "Invalid condition in KeyConditionExpression: No key attribute specified"
        )
    if not isinstance(operand, PathOperand):
        raise ValueInvalid("KeyConditionExpressions cannot contain nested operations")
    path = paths.bind(operand.path, placeholders)
    if len(path) > 1:
        raise ValueInvalid("KeyConditionExpressions cannot have conditions on nested attributes")
    return str(path[0])


def _value(operand: Operand, placeholders: Placeholders) -> Value:
    if isinstance(operand, PathOperand):
        raise ValueInvalid(
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
            "condition"
        )
    if not isinstance(operand, ValueOperand):
        raise ValueInvalid("KeyConditionExpressions cannot contain nested operations")
    return placeholders.value(operand.name)
