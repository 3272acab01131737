"""What JSON and space-delimited patterns share: tokens, comparisons, and/or with parentheses."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from pileus.languages.log_filters.errors import InvalidPattern, invalid_characters
from pileus.languages.log_filters.regex import InvalidRegex, compile_regex

DEPTH_MAX = 50
REGEXES_MAX = 2  # docs: "a limit of 2 regex for each filter pattern"

# A condition looks at what the event was parsed into.
Condition = Callable[[Any], bool]
# A comparison looks at one value: a string, number, boolean, or None where there is none.
Comparison = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<quoted>"(?:[^"\\]|\\.)*")
    | %(?P<regex>(?:[^%\\]|\\.)+)%
    | (?P<operator>&&|\|\||!=|<=|>=|=|<|>|!|\(|\)|\[|\]|,|\.\.\.(?![\w.]))
    | (?P<selector>\$(?:\.[\w-]+|\[\d+\])+)
    | (?P<word>[A-Za-z0-9_.*+-]+)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_INVALID = re.compile(r"\s*([^\sA-Za-z0-9_]+)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ORDERINGS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARISONS = frozenset({"=", "!=", *_ORDERINGS})


class Tokens:
    """The tokens of a pattern, read from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_split(text))
        self._at = 0
        self._regexes = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        """The kind and text of a token; both empty past the end."""
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else ("", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self._at += 1
        return token

    def take(self, kind: str, text: str) -> bool:
        if self.peek() != (kind, text):
            return False
        self._at += 1
        return True

    def expect(self, kind: str, text: str) -> None:
        if not self.take(kind, text):
            raise InvalidPattern

    def regex(self, text: str) -> Callable[[str], bool]:
        self._regexes += 1
        if self._regexes > REGEXES_MAX:
            raise InvalidPattern
        return regex(text)


def _split(text: str) -> list[tuple[str, str]]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            invalid = _INVALID.match(text, at)
            raise invalid_characters(invalid[1]) if invalid else InvalidPattern()
        kind = found.lastgroup
        assert kind is not None
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


def regex(text: str) -> Callable[[str], bool]:
    """Compile a regular expression or say that its characters are invalid."""
    try:
        return compile_regex(text)
    except InvalidRegex as error:
        raise invalid_characters(str(error)) from error


def unquoted(text: str) -> str:
    """The text within double quotes, with backslashes resolved."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def expression(tokens: Tokens, term: Callable[[Tokens], Condition]) -> Condition:
    """Terms joined by && and ||, where && binds more tightly."""
    tokens.depth += 1
    if tokens.depth > DEPTH_MAX:
        raise InvalidPattern
    choices = [_conjunction(tokens, term)]
    while tokens.take("operator", "||"):
        choices.append(_conjunction(tokens, term))
    tokens.depth -= 1
    if len(choices) == 1:
        return choices[0]
    return lambda subject: any(choice(subject) for choice in choices)


def _conjunction(tokens: Tokens, term: Callable[[Tokens], Condition]) -> Condition:
    demands = [_factor(tokens, term)]
    while tokens.take("operator", "&&"):
        demands.append(_factor(tokens, term))
    if len(demands) == 1:
        return demands[0]
    return lambda subject: all(demand(subject) for demand in demands)


def _factor(tokens: Tokens, term: Callable[[Tokens], Condition]) -> Condition:
    if tokens.take("operator", "!"):
        tokens.expect("operator", "(")
        denied = expression(tokens, term)
        tokens.expect("operator", ")")
        return lambda subject: not denied(subject)
    if tokens.take("operator", "("):
        inner = expression(tokens, term)
        tokens.expect("operator", ")")
        return inner
    return term(tokens)


def comparison(tokens: Tokens) -> Comparison:
    """An operator and a value: a function that judges a string, number or boolean."""
    kind, symbol = tokens.next()
    if kind != "operator" or symbol not in COMPARISONS:
        raise InvalidPattern
    kind, text = tokens.next()
    if symbol in _ORDERINGS:
        limit = number(text) if kind == "word" else None
        if limit is None:
            raise InvalidPattern
        return _ordering(_ORDERINGS[symbol], limit)
    if kind == "regex":
        search = tokens.regex(text)
        equals = _occurs(search)
    elif kind == "quoted":
        equals = _wildcard(unquoted(text), None)
    elif kind == "word":
        equals = _wildcard(text, number(text))
    else:
        raise InvalidPattern
    if symbol == "=":
        return equals
    return lambda value: not equals(value)


def _occurs(search: Callable[[str], bool]) -> Comparison:
    return lambda value: search(as_text(value))


def number(text: str) -> float | None:
    """The number that a text spells, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ordering(compare: Callable[[Any, Any], bool], limit: float) -> Comparison:
    def judge(value: Any) -> bool:
        if isinstance(value, bool):
            return False
        known = number(value.strip()) if isinstance(value, str) else value
        return known is not None and not math.isnan(known) and compare(known, limit)

    return judge


def _wildcard(text: str, numeric: float | None) -> Comparison:
    """Equality with a text whose first and last asterisks stand for anything."""
    if numeric is not None:
        return lambda value: _is_number(value, numeric) or as_text(value) == text
    starts, ends = text.startswith("*"), text.endswith("*")
    core = text[1 if starts else 0 : -1 if ends and len(text) > 1 else None]
    if text == "*":
        return lambda value: True
    if starts and ends:
        return lambda value: core in as_text(value)
    if starts:
        return lambda value: as_text(value).endswith(core)
    if ends:
        return lambda value: as_text(value).startswith(core)
    return lambda value: as_text(value) == core


def _is_number(value: Any, wanted: float) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return number(value) == wanted
    return bool(value == wanted)
