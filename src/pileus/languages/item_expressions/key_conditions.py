"""Key conditions: which partition a query reads, and which part of it."""

from __future__ import annotations

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
    partition: Value
    sort: SortCondition | None


class _OnKey(NamedTuple):
    attribute: str
    name: str
    values: tuple[Value, ...]


def bind(
    node: Node, placeholders: Placeholders, partition_key: str, sort_key: str | None
) -> KeyCondition:
    """Raises ExpressionError or ValueInvalid."""
    found: dict[str, _OnKey] = {}
    for test in _tests(node):
        on_key = _on_key(test, placeholders)
        if on_key.attribute in found:
            raise ValueInvalid("KeyConditionExpressions must only contain one condition per key")
        found[on_key.attribute] = on_key
    if len(found) > _CONDITIONS_MAX:
        raise ValueInvalid("Conditions can be of length 1 or 2 only")
    return _key_condition(found, partition_key, sort_key)


def _key_condition(
    found: dict[str, _OnKey], partition_key: str, sort_key: str | None
) -> KeyCondition:
    partition = found.pop(partition_key, None)
    if partition is None:
        raise ValueInvalid(f"Query condition missed key schema element: {partition_key}")
    if partition.name != "=":
        raise ValueInvalid("Query key condition not supported")
    if not found:
        return KeyCondition(partition.values[0], None)
    sort = found.get(sort_key or "")
    if sort is None:
        if sort_key is None:
            raise ValueInvalid("Query key condition not supported")
        raise ValueInvalid(f"Query condition missed key schema element: {sort_key}")
    return KeyCondition(partition.values[0], SortCondition(sort.name, sort.values))


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
