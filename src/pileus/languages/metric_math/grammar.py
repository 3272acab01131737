"""Reads an expression of metric math into a tree.

docs: AmazonCloudWatch/latest/monitoring/using-metric-math
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<mark>\|\||&&|[<>=!]=|[-+*/^()\[\],<>]))"
)
_DEPTH_MAX = 50
_LEVELS: tuple[dict[str, str], ...] = (
    {"OR": "OR", "||": "OR"},
    {"AND": "AND", "&&": "AND"},
    {mark: mark for mark in ("==", "!=", "<=", ">=", "<", ">")},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/"},
)
UNSUPPORTED = frozenset(
    {
        "SEARCH", "SELECT", "ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "LAMBDA",
        "DB_PERF_INSIGHTS", "SERVICE_QUOTA",
    }
)  # fmt: skip


class InvalidExpression(Exception):
    """The expression means nothing; the message says why."""


class Unsupported(Exception):
    """A part of AWS's language that is not built; the message is its name."""


class Number(NamedTuple):
    value: float


class Text(NamedTuple):
    value: str


class Reference(NamedTuple):
    id: str


class Listing(NamedTuple):
    items: tuple[Expression, ...]


class Function(NamedTuple):
    name: str
    arguments: tuple[Expression, ...]


class Operation(NamedTuple):
    mark: str
    left: Expression
    right: Expression


Expression = Number | Text | Reference | Listing | Function | Operation


def parse(text: str) -> Expression:
    """The tree of an expression; raises InvalidExpression or Unsupported."""
    reader = _Reader(_tokens(text))
    tree = reader.level(0, 0)
    if reader.peek():
        raise InvalidExpression(f"Unexpected '{reader.peek()}'")
    return tree


def references(tree: Expression) -> set[str]:
    """The ids that an expression names."""
    match tree:
        case Reference(name):
            return {name}
        case Listing(items) | Function(_, items):
            return set().union(*map(references, items)) if items else set()
        case Operation(_, left, right):
            return references(left) | references(right)
    return set()


def size(tree: Expression) -> int:
    """How many parts an expression has: what it costs for each datapoint."""
    match tree:
        case Listing(items) | Function(_, items):
            return 1 + sum(map(size, items))
        case Operation(_, left, right):
            return 1 + size(left) + size(right)
    return 1


def names_all(tree: Expression) -> bool:
    """Whether METRICS() occurs: it stands for every metric of the request."""
    match tree:
        case Function("METRICS", _):
            return True
        case Listing(items) | Function(_, items):
            return any(map(names_all, items))
        case Operation(_, left, right):
            return names_all(left) or names_all(right)
    return False


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidExpression(f"Unexpected '{text[position:].lstrip()[:1]}'")
        assert match.lastgroup is not None
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise InvalidExpression("Unexpected end of the expression")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, mark: str) -> None:
        found = self._take()[1]
        if found != mark:
            raise InvalidExpression(f"Expected '{mark}', found '{found}'")

    def level(self, number: int, depth: int) -> Expression:
        """Operators of one precedence, and all that bind more tightly."""
        if depth > _DEPTH_MAX:
            raise InvalidExpression("The expression is nested too deeply")
        if number == len(_LEVELS):
            return self._signed(depth)
        left = self.level(number + 1, depth)
        while self.peek() in _LEVELS[number]:
            mark = _LEVELS[number][self._take()[1]]
            left = Operation(mark, left, self.level(number + 1, depth))
        return left

    def _signed(self, depth: int) -> Expression:
        if self.peek() == "-":
            self._take()
            return Operation("-", Number(0.0), self._signed(depth + 1))
        if depth > _DEPTH_MAX:
            raise InvalidExpression("The expression is nested too deeply")
        base = self._primary(depth)
        if self.peek() == "^":
            self._take()
            return Operation("^", base, self._signed(depth + 1))
        return base

    def _primary(self, depth: int) -> Expression:
        kind, text = self._take()
        if kind == "number":
            return Number(float(text))
        if kind == "text":
            return Text(text[1:-1])
        if text == "(":
            inner = self.level(0, depth + 1)
            self._expect(")")
            return inner
        if text == "[":
            return Listing(self._items("]", depth))
        if kind == "name":
            return self._named(text, depth)
        raise InvalidExpression(f"Unexpected '{text}'")

    def _named(self, text: str, depth: int) -> Expression:
        name = text.upper()
        if name in UNSUPPORTED and text[0].isupper():
            raise Unsupported(name)
        if self.peek() != "(":
            return Reference(text)
        self._take()
        return Function(name, self._items(")", depth))

    def _items(self, end: str, depth: int) -> tuple[Expression, ...]:
        items: list[Expression] = []
        while self.peek() != end:
            if items:
                self._expect(",")
            items.append(self.level(0, depth + 1))
        self._take()
        return tuple(items)
