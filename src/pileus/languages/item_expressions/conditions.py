"""Conditions and filters: read once for each text, bound to a request, asked about items."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from pileus.languages.item_expressions import errors, paths, values
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.placeholders import Placeholders
from pileus.languages.item_expressions.tokens import Tokens
from pileus.languages.item_expressions.values import ORDERED, TYPES, Item, Value

Condition = Callable[[Item], bool]
Finder = Callable[[Item], Value | None]
Compare = Callable[[Any, Any], bool]

OPERATORS_MAX = 300  # docs: ServiceQuotas, "Expression parameters"
_DEPTH_MAX = 100
_IN_MAX = 100
_COMPARED: dict[str, Compare] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COMPARATORS = frozenset({"=", "<>", *_COMPARED})
# The functions that are conditions, with the number of their operands.
_FUNCTIONS = {
    "attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2,
    "contains": 2,
}  # fmt: skip
_SIZE = "size"
_OTHER_FUNCTIONS = frozenset({"if_not_exists", "list_append"})


class PathOperand(NamedTuple):
    path: Path


class ValueOperand(NamedTuple):
    name: str


class SizeOperand(NamedTuple):
    of: PathOperand | ValueOperand


Operand = PathOperand | ValueOperand | SizeOperand


class Test(NamedTuple):
    """A comparator, BETWEEN, IN or a function, and its operands."""

    name: str
    operands: tuple[Operand, ...]


class Combined(NamedTuple):
    """AND, OR or NOT of others."""

    name: str
    parts: tuple[Node, ...]


Node = Test | Combined


@lru_cache(maxsize=2048)
def parse(expression: str) -> Node:
    """Raises ExpressionError."""
    tokens = Tokens(expression)
    found = _Reader(tokens).condition(0)
    tokens.expect_end()
    return found


class _Reader:
    """Recursive descent; OR binds least, then AND, then NOT."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._operators = 0
        # Where the parentheses stand that were closed last.
        self._closed = (0, 0)

    def condition(self, depth: int) -> Node:
        if depth > _DEPTH_MAX:
            raise errors.is_too_deep()
        return self._chain("OR", depth, lambda: self._chain("AND", depth, lambda: self._not(depth)))

    def _chain(self, word: str, depth: int, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._tokens.accept_word(word):
            self._count()
            parts.append(read())
        return parts[0] if len(parts) == 1 else Combined(word, tuple(parts))

    def _count(self) -> None:
        self._operators += 1
        if self._operators > OPERATORS_MAX:
            raise errors.has_too_many_operators(self._operators, OPERATORS_MAX)

    def _not(self, depth: int) -> Node:
        if depth > _DEPTH_MAX:
            raise errors.is_too_deep()
        if self._tokens.accept_word("NOT"):
            self._count()
            return Combined("NOT", (self._not(depth + 1),))
        start = self._tokens.place
        if not self._tokens.accept("("):
            return self._test()
        inside = self.condition(depth + 1)
        is_redundant = self._closed == (start + 1, self._tokens.place)
        self._tokens.expect(")")
        if is_redundant:
            raise errors.redundant_parentheses()
        self._closed = (start, self._tokens.place)
        return inside

    def _test(self) -> Node:
        self._count()
        name = self._function()
        if name in _FUNCTIONS:
            operands = self._operands()
            return _checked_function(name, operands)
        first = self._operand()
        token = self._tokens.next
        if token.kind == "sign" and token.text in _COMPARATORS:
            self._tokens.take()
            second = self._operand()
            if first == second:
                raise errors.operands_equal(token.text, _shown(first))
            return Test(token.text, (first, second))
        if self._tokens.accept_word("BETWEEN"):
            lower = self._operand()
            if not self._tokens.accept_word("AND"):
                raise self._tokens.error()
            return Test("BETWEEN", (first, lower, self._operand()))
        if self._tokens.accept_word("IN"):
            choices = self._operands()
            if len(choices) > _IN_MAX:
                raise errors.operand_count("IN", len(choices) + 1)
            return Test("IN", (first, *choices))
        if isinstance(first, SizeOperand):
            raise errors.misplaced_function(_SIZE)
        raise self._tokens.error()

    def _function(self) -> str:
        """The name of the function that begins here, or nothing."""
        token = self._tokens.next
        if token.kind != "word" or not self._tokens.follows("(", ahead=1):
            return ""
        if token.text not in _FUNCTIONS and token.text != _SIZE:
            if token.text in _OTHER_FUNCTIONS:
                raise errors.misplaced_function(token.text)
            raise errors.unknown_function(token.text)
        return token.text

    def _operands(self) -> tuple[Operand, ...]:
        if self._tokens.next.kind == "word":
            self._tokens.take()
        self._tokens.expect("(")
        found = [self._operand()]
        while self._tokens.accept(","):
            found.append(self._operand())
        self._tokens.expect(")")
        return tuple(found)

    def _operand(self) -> Operand:
        name = self._function()
        if name in _FUNCTIONS:
            raise errors.misplaced_function(name)
        if name == _SIZE:
            operands = self._operands()
            if len(operands) != 1:
                raise errors.operand_count(_SIZE, len(operands))
            if isinstance(operands[0], SizeOperand):
                raise errors.misplaced_function(_SIZE)
            return SizeOperand(operands[0])
        return read_operand(self._tokens)


def read_operand(tokens: Tokens) -> PathOperand | ValueOperand:
    if tokens.next.kind == "value":
        return ValueOperand(tokens.take().text)
    return PathOperand(paths.read(tokens))


def _checked_function(name: str, operands: tuple[Operand, ...]) -> Test:
    if len(operands) != _FUNCTIONS[name]:
        raise errors.operand_count(name, len(operands))
    first = operands[0]
    if name in ("attribute_exists", "attribute_not_exists") and not isinstance(first, PathOperand):
        raise errors.path_needed(name)
    if name in ("contains", "begins_with", "attribute_type") and first in operands[1:]:
        raise errors.operands_equal(name, _shown(first))
    return Test(name, operands)


def _shown(operand: Operand) -> str:
    if isinstance(operand, PathOperand):
        return paths.shown(operand.path)
    return operand.name if isinstance(operand, ValueOperand) else f"{_SIZE}({_shown(operand.of)})"


# Binding: an expression and a request's placeholders become a function of items.


def bind(node: Node, placeholders: Placeholders) -> Condition:
    """Raises ExpressionError for placeholders and operand types that do not fit."""
    if isinstance(node, Test):
        return _bind_test(node, placeholders)
    parts = [bind(part, placeholders) for part in node.parts]
    if node.name == "NOT":
        negated = parts[0]
        return lambda item: not negated(item)
    if node.name == "AND":
        return lambda item: all(part(item) for part in parts)
    return lambda item: any(part(item) for part in parts)


def _bind_test(test: Test, placeholders: Placeholders) -> Condition:
    name, operands = test
    bound = [_bind_operand(operand, placeholders) for operand in operands]
    finders = [finder for finder, _ in bound]
    constants = [constant for _, constant in bound]
    if name in _FUNCTIONS:
        return _bind_function(name, finders, constants)
    if name == "BETWEEN":
        return _bind_between(finders, constants)
    if name == "IN":
        first, others = finders[0], finders[1:]
        return lambda item: any(_is_equal(first(item), other(item)) for other in others)
    one, two = finders
    if name == "=":
        return lambda item: _is_equal(one(item), two(item))
    if name == "<>":
        return lambda item: _is_unequal(one(item), two(item))
    for constant in constants:
        _check_ordered(name, constant)
    compare = _COMPARED[name]
    return lambda item: _compares(compare, one(item), two(item))


def _bind_operand(operand: Operand, placeholders: Placeholders) -> tuple[Finder, Value | None]:
    """How it is found in an item; its value where that is the same for all items."""
    if isinstance(operand, ValueOperand):
        value = placeholders.value(operand.name)
        return (lambda item: value), value
    if isinstance(operand, PathOperand):
        path = paths.bind(operand.path, placeholders)
        if len(path) == 1:
            name = path[0]
            return (lambda item: item.get(name)), None
        return (lambda item: paths.find(item, path)), None
    finder, constant = _bind_operand(operand.of, placeholders)
    if constant is not None and values.size(constant) is None:
        raise errors.operand_type(_SIZE, values.type_of(constant))
    return (lambda item: _size_of(finder(item))), None


def _size_of(value: Value | None) -> Value | None:
    size = None if value is None else values.size(value)
    return None if size is None else {"N": str(size)}


def _is_equal(one: Value | None, other: Value | None) -> bool:
    return one is not None and other is not None and values.are_equal(one, other)


def _is_unequal(one: Value | None, other: Value | None) -> bool:
    """What is not there differs from what is; two that are not there are not compared."""
    if one is None or other is None:
        return one is not other
    return not values.are_equal(one, other)


def _compares(compare: Compare, one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return False
    kind = values.type_of(one)
    if kind not in ORDERED or kind not in other:
        return False
    return compare(values.order(one), values.order(other))


def _check_ordered(name: str, constant: Value | None) -> None:
    if constant is not None and values.type_of(constant) not in ORDERED:
        raise errors.operand_type(name, values.type_of(constant))


def _bind_between(finders: list[Finder], constants: list[Value | None]) -> Condition:
    for constant in constants:
        _check_ordered("BETWEEN", constant)
    lower, upper = constants[1:]
    if lower is not None and upper is not None:
        check_bounds(lower, upper)
    of, low, high = finders

    def is_between(item: Item) -> bool:
        value = of(item)
        return _compares(operator.ge, value, low(item)) and _compares(
            operator.le, value, high(item)
        )

    return is_between


def check_bounds(lower: Value, upper: Value) -> None:
    if values.type_of(lower) != values.type_of(upper):
        raise errors.bounds_types(values.described(lower), values.described(upper))
    if values.order(lower) > values.order(upper):
        raise errors.bounds_order(values.described(lower), values.described(upper))


def _bind_function(name: str, finders: list[Finder], constants: list[Value | None]) -> Condition:
    first = finders[0]
    if name == "attribute_exists":
        return lambda item: first(item) is not None
    if name == "attribute_not_exists":
        return lambda item: first(item) is None
    second, constant = finders[1], constants[1]
    if name == "attribute_type":
        return _bind_type(first, constant)
    if name == "begins_with":
        for each in constants:
            if each is not None and values.type_of(each) not in ("S", "B"):
                raise errors.operand_type(name, values.type_of(each))
        return lambda item: _begins(first(item), second(item))
    return lambda item: _contains(first(item), second(item))


def _bind_type(finder: Finder, constant: Value | None) -> Condition:
    if constant is None:
        raise errors.operand_type("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
    kind = constant.get("S")
    if kind is None:
        raise errors.operand_type("attribute_type", values.type_of(constant))
    if kind not in TYPES:
        raise errors.attribute_type_unknown(kind)

    def is_of_type(item: Item) -> bool:
        value = finder(item)
        return value is not None and values.type_of(value) == kind

    return is_of_type


def _begins(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None:
        return False
    kind = values.type_of(value)
    if kind not in ("S", "B") or kind not in prefix:
        return False
    return bool(value[kind].startswith(prefix[kind]))


def _contains(value: Value | None, wanted: Value | None) -> bool:
    return value is not None and wanted is not None and values.contains(value, wanted)
