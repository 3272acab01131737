"""Patterns in square brackets: conditions on the space-delimited fields of an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pileus.languages.log_filters.conditions import (
    COMPARISONS,
    Condition,
    Tokens,
    comparison,
    expression,
)
from pileus.languages.log_filters.errors import InvalidPattern, invalid_characters

FIELDS_MAX = 256
# What stands between double quotes or square brackets is one field.
_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_NAME = re.compile(r"\w+", re.ASCII)


class _Field:
    """One place of the pattern: a name (perhaps empty) and a condition (perhaps none)."""

    __slots__ = ("condition", "name")

    def __init__(self, name: str, condition: Condition | None) -> None:
        self.name = name
        self.condition = condition


Extract = Callable[[str], "dict[str, str] | None"]


def compile_fields(text: str) -> Extract:
    """A function that gives the values of the fields by name, or None where it does not match."""
    tokens = Tokens(text)
    before: list[_Field] = []
    after: list[_Field] | None = None
    while True:
        if tokens.take("operator", "..."):
            if after is not None:
                raise InvalidPattern
            after = []
        else:
            (before if after is None else after).append(_field(tokens))
        if not tokens.take("operator", ","):
            break
    if tokens.peek() != ("", "") or len(before) + len(after or ()) > FIELDS_MAX:
        raise InvalidPattern
    return _extractor(before, after)


def split_fields(message: str) -> list[str]:
    """The fields of an event; quotes and brackets around them are not part of them."""
    return [found[found.lastindex or 0] for found in _FIELD.finditer(message)]


def _field(tokens: Tokens) -> _Field:
    kind, text = tokens.peek()
    if kind == "" or (kind, text) == ("operator", ","):
        return _Field("", None)
    if (kind, text) == ("operator", "("):
        name = _name_within(tokens)
        return _Field(name, expression(tokens, _term(name)))
    name = _name(kind, text)
    if tokens.peek(1)[1] in COMPARISONS and tokens.peek(1)[0] == "operator":
        return _Field(name, expression(tokens, _term(name)))
    tokens.next()
    return _Field(name, None)


def _name_within(tokens: Tokens) -> str:
    ahead = 0
    while tokens.peek(ahead) == ("operator", "("):
        ahead += 1
    return _name(*tokens.peek(ahead))


def _name(kind: str, text: str) -> str:
    if kind != "word" or not _NAME.fullmatch(text):
        raise invalid_characters(text) if text else InvalidPattern()
    return text


def _term(name: str) -> Callable[[Tokens], Condition]:
    def term(tokens: Tokens) -> Condition:
        # Each condition of a field repeats the field's own name.
        if tokens.next() != ("word", name):
            raise InvalidPattern
        return comparison(tokens)

    return term


def _extractor(before: Sequence[_Field], after: Sequence[_Field] | None) -> Extract:
    places = [*enumerate(before)]
    if after is not None:
        places += [(index - len(after), field) for index, field in enumerate(after)]
    least = len(places)

    def extract(message: str) -> dict[str, str] | None:
        values = split_fields(message)
        if len(values) < least or (after is None and len(values) > least):
            return None
        names = [str(index + 1) for index in range(len(values))]
        for index, field in places:
            if field.condition is not None and not field.condition(values[index]):
                return None
            if field.name:
                names[index] = field.name
        return {f"${name}": value for name, value in zip(names, values, strict=True)}

    return extract
