"""Patterns of terms: words and phrases that an event must, must not, or may contain."""

from __future__ import annotations

import re
from collections.abc import Callable

from pileus.languages.log_filters.conditions import regex, unquoted
from pileus.languages.log_filters.errors import InvalidPattern, invalid_characters

_TERM = re.compile(
    r"""\s*(?P<sign>[-?]?)(?:
      (?P<quoted>"(?:[^"\\]|\\.)*")
    | %(?P<regex>(?:[^%\\]|\\.)+)%
    | (?P<word>[^\W-][\w.-]*)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_INVALID = re.compile(r"\s*[-?]?([^\sA-Za-z0-9_]+)")

Test = Callable[[str], bool]


def compile_terms(pattern: str) -> Test:
    """A function that says whether a message fits all the terms."""
    required: list[Test] = []
    excluded: list[Test] = []
    optional: list[Test] = []
    lists = {"": required, "-": excluded, "?": optional}
    at, end = 0, len(pattern.rstrip())
    while at < end:
        found = _TERM.match(pattern, at)
        if found is None:
            invalid = _INVALID.match(pattern, at)
            raise invalid_characters(invalid[1]) if invalid else InvalidPattern()
        lists[found["sign"]].append(_test(found))
        at = found.end()
    return _matcher(required, excluded, optional)


def _test(found: re.Match[str]) -> Test:
    if found["regex"] is not None:
        return regex(found["regex"])
    text = found["word"] if found["word"] is not None else unquoted(found["quoted"])
    return lambda message: text in message


def _matcher(required: list[Test], excluded: list[Test], optional: list[Test]) -> Test:
    if required or excluded:
        # docs: combined with other terms, those with a question mark are ignored.
        return lambda message: (
            all(test(message) for test in required) and not any(test(message) for test in excluded)
        )
    if optional:
        return lambda message: any(test(message) for test in optional)
    return lambda message: True
