"""Patterns in braces: conditions on properties of events that are JSON objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from pileus.languages.log_filters.conditions import Condition, Tokens, comparison, expression
from pileus.languages.log_filters.errors import InvalidPattern, invalid_characters

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]", re.ASCII)
_MISSING: Any = object()


def compile_json(text: str) -> Callable[[str], bool]:
    """A function that says whether a message is a JSON object of which the condition holds."""
    tokens = Tokens(text)
    condition = expression(tokens, _term)
    kind, rest = tokens.peek()
    if kind:
        raise invalid_characters(rest) if rest in (",", "[", "]") else InvalidPattern

    def matches(message: str) -> bool:
        event = parsed(message)
        return event is not None and condition(event)

    return matches


def parsed(message: str) -> dict[str, Any] | None:
    """The object that a message spells, or None."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        event = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return event if isinstance(event, dict) else None


def _term(tokens: Tokens) -> Condition:
    kind, text = tokens.next()
    if kind != "selector":
        raise InvalidPattern
    find = _selector(text)
    if tokens.peek()[0] == "word":
        return _postfix(tokens, find)
    judge = comparison(tokens)

    def holds(event: Any) -> bool:
        value = find(event)
        # Only strings, numbers and booleans are compared: on anything else even != is false.
        if value is _MISSING or value is None or isinstance(value, list | dict):
            return False
        return judge(value)

    return holds


def _postfix(tokens: Tokens, find: Callable[[Any], Any]) -> Condition:
    words = [tokens.next()[1].upper()]
    if words[0] in ("IS", "NOT"):
        words.append(tokens.next()[1].upper())
    match words:
        case ["IS", "NULL"]:
            return lambda event: find(event) is None
        case ["IS", "TRUE"]:
            return lambda event: find(event) is True
        case ["IS", "FALSE"]:
            return lambda event: find(event) is False
        case ["NOT", "EXISTS"]:
            return lambda event: find(event) is _MISSING
        case ["EXISTS"]:
            return lambda event: find(event) is not _MISSING
    raise InvalidPattern


def _selector(text: str) -> Callable[[Any], Any]:
    steps: list[str | int] = [
        name if name is not None else int(index)
        for name, index in (found.group(1, 2) for found in _STEP.finditer(text))
    ]
    if not isinstance(steps[0], str):
        raise InvalidPattern

    def find(event: Any) -> Any:
        value = event
        for step in steps:
            if isinstance(step, str):
                if not isinstance(value, dict) or step not in value:
                    return _MISSING
            elif not isinstance(value, list) or step >= len(value):
                return _MISSING
            value = value[step]
        return value

    return find
