"""EventBridge's event patterns, which also filter what event source mappings hand on. Pure.

A pattern is a JSON object that mirrors the event: objects nest, and each leaf is a list of
alternatives, of which one must match. In an event, a list stands for each of its elements. A number
equals another of the same value however it is written; text is compared by characters.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Test = Callable[[Any], bool]

OR = "$or"
# Not AWS's: so deep nothing is nested that somebody wrote by hand.
DEPTH_MAX = 100
_MISSING = object()
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class InvalidPattern(Exception):
    """The pattern is not one; the message says where and why."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, test: Test) -> None:
        self._test = test

    def matches(self, event: Any) -> bool:
        try:
            return self._test(event)
        except RecursionError:
            # Nested deeper than any pattern reaches.
            return False


def compile_text(text: str) -> Pattern:
    """Read a pattern from JSON; raises InvalidPattern."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise InvalidPattern(f"not JSON: {problem}") from problem
    return compile_document(document)


def compile_document(document: Any) -> Pattern:
    """Take a pattern that was read from JSON before; raises InvalidPattern."""
    if not isinstance(document, Mapping):
        raise InvalidPattern("a pattern is a JSON object")
    return Pattern(_object(document, "", 0))


# Objects and lists.


def _object(document: Mapping[str, Any], path: str, depth: int) -> Test:
    if not document:
        raise InvalidPattern(f"{path or 'the pattern'} is empty")
    if depth > DEPTH_MAX:
        raise InvalidPattern("the pattern is nested too deeply")
    fields: list[tuple[str, Test]] = []
    alternatives: list[Test] = []
    for key, value in document.items():
        where = f"{path}.{key}" if path else key
        if key == OR and _is_or(value):
            alternatives = [_object(each, where, depth + 1) for each in value]
        elif isinstance(value, Mapping):
            fields.append((key, _nested(_object(value, where, depth + 1))))
        elif isinstance(value, list):
            fields.append((key, _leaf(value, where)))
        else:
            raise InvalidPattern(f"{where} is neither an object nor a list")

    def test(event: Any) -> bool:
        if not isinstance(event, Mapping):
            return False
        if not all(check(event.get(key, _MISSING)) for key, check in fields):
            return False
        return not alternatives or any(check(event) for check in alternatives)

    return test


def _is_or(value: Any) -> bool:
    """A list of two or more objects; any other `$or` is a key like others."""
    return isinstance(value, list) and len(value) > 1 and all(map(_is_object, value))


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _nested(check: Test) -> Test:
    """An object of the pattern meets an object of the event, or one in a list."""

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(test(each) for each in value)
        # What is missing has no fields either, which `exists: false` may ask for.
        return check({} if value is _MISSING else value)

    return test


def _leaf(alternatives: list[Any], path: str) -> Test:
    if not alternatives:
        raise InvalidPattern(f"{path} has no alternatives")
    tests = [_alternative(each, path) for each in alternatives]
    takes_missing = any(each == {"exists": False} for each in alternatives)

    def test(value: Any) -> bool:
        if value is _MISSING:
            return takes_missing
        if isinstance(value, list):
            return any(test(each) for each in value)
        if isinstance(value, Mapping):
            return False
        return any(check(value) for check in tests)

    return test


def _alternative(wanted: Any, path: str) -> Test:
    if isinstance(wanted, Mapping):
        if len(wanted) != 1:
            raise InvalidPattern(f"{path}: a rule has exactly one key")
        ((name, value),) = wanted.items()
        make = _RULES.get(name)
        if make is None:
            raise InvalidPattern(f"{path}: {name} is no rule")
        return make(value, f"{path}.{name}")
    if isinstance(wanted, list):
        raise InvalidPattern(f"{path}: a list within a list")
    return _equals(wanted)


def _equals(wanted: Any) -> Test:
    # True equals 1 in Python, and nowhere else.
    is_flag = isinstance(wanted, bool)
    return lambda value: isinstance(value, bool) is is_flag and bool(value == wanted)


# Rules.


def _text(value: Any, path: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or may_be_empty):
        raise InvalidPattern(f"{path} needs a text")
    return value


def _of_text(check: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and check(value)


def _prefix(wanted: Any, path: str) -> Test:
    if isinstance(wanted, Mapping):
        start = _ignoring_case(wanted, path).casefold()
        return _of_text(lambda value: value.casefold().startswith(start))
    start = _text(wanted, path, may_be_empty=True)
    return _of_text(lambda value: value.startswith(start))


def _suffix(wanted: Any, path: str) -> Test:
    if isinstance(wanted, Mapping):
        end = _ignoring_case(wanted, path).casefold()
        return _of_text(lambda value: value.casefold().endswith(end))
    end = _text(wanted, path, may_be_empty=True)
    return _of_text(lambda value: value.endswith(end))


def _ignoring_case(wanted: Mapping[str, Any], path: str) -> str:
    if list(wanted) != ["equals-ignore-case"]:
        raise InvalidPattern(f"{path} knows only equals-ignore-case")
    return _text(wanted["equals-ignore-case"], path)


def _equals_ignore_case(wanted: Any, path: str) -> Test:
    text = _text(wanted, path, may_be_empty=True).casefold()
    return _of_text(lambda value: value.casefold() == text)


def _wildcard(wanted: Any, path: str) -> Test:
    parts = _wildcard_parts(_text(wanted, path), path)
    if len(parts) == 1:
        return _equals(parts[0])
    first, *middle, last = parts

    def test(value: str) -> bool:
        if len(value) < len(first) + len(last):
            return False
        if not (value.startswith(first) and value.endswith(last)):
            return False
        position, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    return _of_text(test)


def _wildcard_parts(text: str, path: str) -> list[str]:
    r"""The texts between the stars; `\*` is a star, `\\` a backslash."""
    parts, position = [""], 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            following = text[position + 1 : position + 2]
            if following not in ("*", "\\") or not following:
                raise InvalidPattern(f"{path}: a backslash stands before a star or a backslash")
            parts[-1] += following
            position += 1
        elif character == "*":
            if text[position + 1 : position + 2] == "*":
                raise InvalidPattern(f"{path}: two stars in a row")
            parts.append("")
        else:
            parts[-1] += character
        position += 1
    return parts


def _anything_but(wanted: Any, path: str) -> Test:
    refused = _refused(wanted, path)
    return lambda value: not any(check(value) for check in refused)


def _refused(wanted: Any, path: str) -> list[Test]:
    if isinstance(wanted, Mapping):
        if len(wanted) != 1:
            raise InvalidPattern(f"{path}: a rule has exactly one key")
        ((name, value),) = wanted.items()
        make = _REFUSABLE.get(name)
        if make is None:
            raise InvalidPattern(f"{path}: {name} is no rule here")
        values = value if isinstance(value, list) else [value]
        if not values:
            raise InvalidPattern(f"{path}.{name} has no alternatives")
        return [make(each, f"{path}.{name}") for each in values]
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values:
        raise InvalidPattern(f"{path} has no alternatives")
    if any(isinstance(each, Mapping | list) for each in values):
        raise InvalidPattern(f"{path} takes texts and numbers only")
    return [_equals(each) for each in values]


def _numeric(wanted: Any, path: str) -> Test:
    if not isinstance(wanted, list) or len(wanted) not in (2, 4):
        raise InvalidPattern(f"{path} needs one or two comparisons")
    comparisons = []
    for name, limit in zip(wanted[::2], wanted[1::2], strict=True):
        compare = _COMPARISONS.get(name) if isinstance(name, str) else None
        if compare is None or not _is_number(limit):
            raise InvalidPattern(f"{path}: a comparison is an operator and a number")
        comparisons.append((compare, limit))
    return lambda value: (
        _is_number(value) and all(compare(value, limit) for compare, limit in comparisons)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _exists(wanted: Any, path: str) -> Test:
    if not isinstance(wanted, bool):
        raise InvalidPattern(f"{path} is true or false")
    return lambda value: wanted


def _cidr(wanted: Any, path: str) -> Test:
    try:
        network = ipaddress.ip_network(_text(wanted, path), strict=False)
    except ValueError as problem:
        raise InvalidPattern(f"{path}: {problem}") from problem

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _of_text(test)


_RULES: dict[str, Callable[[Any, str], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}
_REFUSABLE = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}
