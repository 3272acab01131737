"""Finds in a WHERE clause what it says of keys; the rest is asked of each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pileus.languages.item_expressions.conditions import (
    Combined,
    Node,
    PathOperand,
    Test,
    ValueOperand,
)
from pileus.languages.item_expressions.key_conditions import SortCondition
from pileus.languages.item_expressions.values import Item, Value
from pileus.languages.partiql import errors
from pileus.languages.partiql.constants import Constants

# docs: ql-operators
PARTITIONS_MAX = 50
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SORT_TESTS = frozenset({*_FLIPPED, "BETWEEN", "begins_with"})


class ItemKey(NamedTuple):
    """The key of one item, and what else must hold of it."""

    key: Item
    rest: Node | None


class Partitions(NamedTuple):
    """Partitions by their key's values, the part of each, and what else must hold of items."""

    values: list[Value]
    sort: list[SortCondition]
    rest: Node | None


def of_item(where: Node | None, names: Sequence[str], constants: Constants) -> ItemKey | None:
    """The item that a clause names by equality of all keys; None where it does not."""
    left = _terms(where)
    key: Item = {}
    for name in names:
        for place, term in enumerate(left):
            value = _equal_to(term, name, constants)
            if value is not None:
                key[name] = value
                del left[place]
                break
        else:
            return None
    return ItemKey(key, _all_of(left))


def of_partitions(
    where: Node | None, partition_key: str, sort_key: str | None, constants: Constants
) -> Partitions | None:
    """The partitions that a clause limits itself to; None where it does not."""
    left = _terms(where)
    for place, term in enumerate(left):
        found = _alternatives(term, partition_key, constants)
        if found:
            del left[place]
            break
    else:
        return None
    distinct: list[Value] = []
    for value in found:
        if value not in distinct:
            distinct.append(value)
    if len(distinct) > PARTITIONS_MAX:
        raise errors.too_many_partitions(len(distinct), PARTITIONS_MAX)
    sort: list[SortCondition] = []
    rest: list[Node] = []
    for term in left:
        condition = _on_sort_key(term, sort_key, constants)
        if condition is None:
            rest.append(term)
        else:
            sort.append(condition)
    return Partitions(distinct, sort, _all_of(rest))


def _terms(node: Node | None) -> list[Node]:
    """What must all hold."""
    if node is None:
        return []
    if isinstance(node, Combined) and node.name == "AND":
        return [term for part in node.parts for term in _terms(part)]
    return [node]


def _all_of(terms: Sequence[Node]) -> Node | None:
    if len(terms) > 1:
        return Combined("AND", tuple(terms))
    return terms[0] if terms else None


def _equal_to(node: Node, name: str, constants: Constants) -> Value | None:
    """The value that a key must have."""
    if not isinstance(node, Test) or node.name != "=":
        return None
    first, second = node.operands
    if isinstance(first, ValueOperand):
        first, second = second, first
    if first == PathOperand((name,)) and isinstance(second, ValueOperand):
        return constants.value(second.name)
    return None


def _alternatives(node: Node, name: str, constants: Constants) -> list[Value]:
    """The values of which a key must have one; none where the clause does not say so."""
    if isinstance(node, Combined):
        if node.name != "OR":
            return []
        found = [_alternatives(part, name, constants) for part in node.parts]
        return [value for each in found for value in each] if all(found) else []
    value = _equal_to(node, name, constants)
    if value is not None:
        return [value]
    if node.name == "IN" and node.operands[0] == PathOperand((name,)):
        choices = [each for each in node.operands[1:] if isinstance(each, ValueOperand)]
        if len(choices) == len(node.operands) - 1:
            return [constants.value(each.name) for each in choices]
    return []


def _on_sort_key(node: Node, name: str | None, constants: Constants) -> SortCondition | None:
    if name is None or not isinstance(node, Test) or node.name not in _SORT_TESTS:
        return None
    first, *others = node.operands
    test = node.name
    if test in _FLIPPED and isinstance(first, ValueOperand):
        test, first, others = _FLIPPED[test], others[0], [first]
    if first != PathOperand((name,)):
        return None
    given = [each for each in others if isinstance(each, ValueOperand)]
    if len(given) < len(others):
        return None
    return SortCondition(test, tuple(constants.value(each.name) for each in given))
