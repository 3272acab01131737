"""Reads the text of a pattern into its alternatives: which field must satisfy which conditions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from pileus.languages.event_patterns import values
from pileus.languages.event_patterns.dialects import EVENTBRIDGE, Dialect
from pileus.languages.event_patterns.errors import InvalidPattern, MalformedJson, TooComplex
from pileus.languages.event_patterns.reader import DEPTH_MAX, NAME, NUMBER, STRING, Reader
from pileus.languages.event_patterns.values import Like, Range, Test, Unequal, Unlike

# Both not AWS's; no pattern of a sensible size has so many.
ALTERNATIVES_MAX = 1000
CONDITIONS_MAX = 400_000
OR = "$or"
# docs: sns/latest/dg/and-or-logic, OR operator: names that are no fields within `$or`
RESERVED = frozenset(
    (
        "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard",
        "numeric", "cidr", "=", "<", "<=", ">", ">=", "regex", "not-wildcard",
        "not-equals-ignore-case", "date-after", "date-on-or-after", "date-before",
        "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
    )
)  # fmt: skip
_ONLY_ONE_KEY = "Only one key allowed in match expression"
_TOO_MANY = "Too many elements in numeric expression"

Path = tuple[str, ...]


class Condition(NamedTuple):
    """What a field must satisfy: to equal one of the keys, to pass one of the tests, or not to be
    there.
    """

    exact: frozenset[Hashable]
    tests: tuple[Test, ...]
    may_be_absent: bool


Alternative = dict[Path, Condition]


class _Absent:
    """What `exists: false` reads as."""


class _Exact(NamedTuple):
    """A value that the field may have."""

    key: Hashable


_ABSENT = _Absent()
_Matcher = _Exact | Test | _Absent


def read(text: str, dialect: Dialect = EVENTBRIDGE) -> list[Alternative]:
    """The alternatives of a pattern, of which one must hold. Raises InvalidPattern."""
    try:
        return _Grammar(text, dialect, knows_or=True).read()
    except (MalformedJson, TooComplex):
        raise
    except InvalidPattern as problem:
        # What is no relationship may be a field that happens to have the name.
        if f'"{OR}"' in text:
            try:
                return _Grammar(text, dialect, knows_or=False).read()
            except InvalidPattern:
                pass
        raise problem


class _Grammar:
    """One pattern's reading."""

    def __init__(self, text: str, dialect: Dialect, knows_or: bool) -> None:
        self._reader = Reader(text)
        self._dialect = dialect
        self._knows_or = knows_or
        self._conditions = 0

    def read(self) -> list[Alternative]:
        if self._reader.next() != "{":
            raise self._invalid("Filter is not an object")
        return self._object([{}], (), False)

    def _invalid(self, problem: str) -> InvalidPattern:
        return InvalidPattern(problem, self._reader.location())

    def _next(self) -> str:
        return self._reader.next()

    # Fields.

    def _object(
        self, found: list[Alternative], path: Path, is_within_or: bool
    ) -> list[Alternative]:
        is_empty = True
        while self._next() != "}":
            is_empty = False
            name = self._reader.name
            if name == OR and self._knows_or:
                found = self._or(found, path)
                continue
            if is_within_or and name in RESERVED:
                raise self._invalid(
                    f"{name} is Ruler reserved fieldName which cannot be used inside {OR}."
                )
            # Names with dots and nested names are the same to AWS.
            inner = (*path, *name.split("."))
            if len(inner) > DEPTH_MAX:
                raise self._invalid(f"A field may not lie deeper than {DEPTH_MAX} names")
            kind = self._next()
            if kind == "{":
                found = self._object(found, inner, is_within_or)
            elif kind == "[":
                condition = self._condition()
                self._count_conditions(len(found))
                for alternative in found:
                    alternative[inner] = condition
            else:
                raise self._invalid(f'"{name}" must be an object or an array')
        if is_empty:
            raise self._invalid("Empty objects are not allowed")
        return found

    def _or(self, before: list[Alternative], path: Path) -> list[Alternative]:
        if self._next() != "[":
            raise self._invalid(f"It must be an Array followed with {OR}.")
        found: list[Alternative] = []
        count = 0
        while (kind := self._next()) != "]":
            count += 1
            if kind != "{":
                raise self._invalid(f"Only JSON object is allowed in array of {OR} relationship.")
            self._count_conditions(sum(map(len, before)))
            found += self._object([dict(alternative) for alternative in before], path, True)
            if len(found) > ALTERNATIVES_MAX:
                raise TooComplex(
                    f"Rule is too complex - more than {ALTERNATIVES_MAX} {OR} branches"
                )
        if count < 2:
            raise self._invalid(f"There must have at least 2 Objects in {OR} relationship.")
        return found

    def _count_conditions(self, count: int) -> None:
        self._conditions += count
        if self._conditions > CONDITIONS_MAX:
            raise TooComplex(f"Rule is too complex - more than {CONDITIONS_MAX} conditions")

    def _condition(self) -> Condition:
        exact: set[Hashable] = set()
        tests: list[Test] = []
        may_be_absent = False
        while self._next() != "]":
            matcher = self._matcher()
            if isinstance(matcher, _Exact):
                exact.add(matcher.key)
            elif isinstance(matcher, _Absent):
                may_be_absent = True
            else:
                tests.append(matcher)
        if not (exact or tests or may_be_absent):
            raise self._invalid("Empty arrays are not allowed")
        return Condition(frozenset(exact), tuple(tests), may_be_absent)

    def _matcher(self) -> _Matcher:
        kind = self._reader.kind
        if kind == "{":
            return self._expression()
        if kind == STRING:
            return _Exact(values.exact_key(self._reader.text()))
        if kind == NUMBER:
            return _Exact(values.number(self._reader.text()))
        if kind in ("true", "false"):
            return _Exact(values.exact_key(kind == "true"))
        if kind == "null":
            return _Exact(None)
        raise self._invalid("Match value must be String, number, true, false, or null")

    # Match expressions.

    def _expression(self) -> _Matcher:
        if self._next() != NAME:
            raise self._invalid("Match expression name not found")
        name = self._reader.name
        matcher: _Matcher
        if name == "numeric":
            if self._next() != "[":
                raise self._invalid("Value of numeric must be an array.")
            matcher = self._numeric()
            self._close(_TOO_MANY)
            return matcher
        if name == "anything-but":
            return self._anything_but()
        if name == "exists":
            kind = self._next()
            if kind not in ("true", "false"):
                raise self._invalid("exists match pattern must be either true or false.")
            matcher = values.Present() if kind == "true" else _ABSENT
        elif name in ("prefix", "suffix"):
            matcher = self._affix(name)
        elif name == "exactly":
            matcher = _Exact(values.exact_key(self._string("exact match pattern must be a string")))
        elif name == "cidr":
            # AWS says "prefix" here.
            matcher = values.cidr(self._string("prefix match pattern must be a string"))
        elif name == "equals-ignore-case":
            matcher = values.of_any_case(self._string(_must_be_string(name)))
        elif name == "wildcard" and self._dialect.has_wildcards:
            matcher = self._wildcard(self._string(_must_be_string(name)))
        else:
            raise self._invalid(f"Unrecognized match type {name}")
        self._close(_ONLY_ONE_KEY)
        return matcher

    def _close(self, otherwise: str) -> None:
        if self._next() != "}":
            raise self._invalid(otherwise)

    def _string(self, otherwise: str) -> str:
        if self._next() != STRING:
            raise self._invalid(otherwise)
        return self._reader.text()

    def _affix(self, name: str) -> Test:
        kind = self._next()
        if kind == STRING:
            text = self._reader.text()
            return values.prefix(text) if name == "prefix" else values.suffix(text)
        if kind != "{" or not self._dialect.has_affixes_of_any_case:
            raise self._invalid(_must_be_string(name))
        if self._next() != NAME:
            raise self._invalid(f"{name.capitalize()} expression name not found")
        if self._reader.name != "equals-ignore-case":
            raise self._invalid(f"Unsupported {name} pattern: {self._reader.name}")
        text = self._string(_must_be_string("equals-ignore-case"))
        self._close(_ONLY_ONE_KEY)
        make = values.prefix_of_any_case if name == "prefix" else values.suffix_of_any_case
        return make(text)

    def _wildcard(self, text: str) -> Test:
        try:
            return values.wildcard(text)
        except InvalidPattern as problem:
            raise self._invalid(problem.problem) from problem

    # Numbers.

    def _numeric(self) -> Test:
        if self._next() != STRING:
            raise self._invalid(f"Invalid member in numeric match: {self._reader.text()}")
        operator = self._reader.text()
        kind = self._next()
        if operator not in _RANGES:
            raise self._invalid(f"Unrecognized numeric range operator: {operator}")
        if kind != NUMBER:
            said = "equals" if operator == "=" else operator
            raise self._invalid(f"Value of {said} must be numeric")
        text = self._reader.text()
        is_open = operator in ("<", ">")
        kind = self._next()
        if operator in (">", ">=") and kind != "]":
            return self._range(kind, text, is_open)
        if kind != "]":
            raise self._invalid(_TOO_MANY)
        limit = self._comparable(text)
        return _RANGES[operator](limit, is_open)

    def _range(self, kind: str, bottom_text: str, is_bottom_open: bool) -> Test:
        if kind != STRING:
            raise self._invalid(f"Bad value in numeric range: {self._reader.text()}")
        operator = self._reader.text()
        if operator not in ("<", "<="):
            raise self._invalid(f"Bad numeric range operator: {operator}")
        if self._next() != NUMBER:
            raise self._invalid(f"Value of {operator} must be numeric")
        top_text = self._reader.text()
        if self._next() != "]":
            raise self._invalid("Too many terms in numeric range expression")
        bottom, top = self._comparable(bottom_text), self._comparable(top_text)
        if bottom >= top:
            raise self._invalid("Bottom must be less than top")
        return values.between(bottom, is_bottom_open, top, operator == "<")

    def _comparable(self, text: str) -> int | float:
        try:
            return values.comparable(text)
        except InvalidPattern as problem:
            raise self._invalid(problem.problem) from problem

    # Anything but.

    def _anything_but(self) -> Test:
        kind = self._next()
        operator = ""
        if kind == "{":
            if self._next() != NAME:
                raise self._invalid("Anything-But expression name not found")
            operator = self._reader.name
            allowed = self._dialect.exclusions
            if operator not in (_EXCLUSIONS if allowed is None else allowed):
                raise self._invalid(f"Unsupported anything-but pattern: {operator}")
            if allowed is not None:
                return self._single_exclusion(operator)
            kind = self._next()
        if kind not in ("[", STRING, NUMBER):
            raise self._invalid(
                "Value of anything-but must be an array or single string/number value."
            )
        test = self._exclusion(operator) if operator else self._exclusion_of_values()
        self._close(_TOO_MANY)
        if operator:
            self._close(_TOO_MANY)
        return test

    def _single_exclusion(self, operator: str) -> Test:
        text = self._string(_must_be_string(operator))
        if not text:
            raise self._invalid("Null prefix/suffix not allowed")
        self._close(_ONLY_ONE_KEY)
        self._close(_ONLY_ONE_KEY)
        return Unlike((_EXCLUSIONS[operator][1](text),))

    def _exclusion_of_values(self) -> Test:
        kinds: set[str] = set()
        excluded: set[Hashable] = set()
        for kind in self._each():
            if kind not in (STRING, NUMBER):
                raise self._invalid(
                    "Inside anything but list, start|null|boolean is not supported."
                )
            kinds.add(kind)
            text = self._reader.text()
            excluded.add(text if kind == STRING else self._comparable(text))
        if len(kinds) != 1:
            raise self._invalid(
                "Inside anything but list, either all values are number or string, mixed type is "
                "not supported"
            )
        return Unequal(frozenset(excluded))

    def _exclusion(self, operator: str) -> Test:
        otherwise, make = _EXCLUSIONS[operator]
        texts = []
        for kind in self._each():
            if kind != STRING:
                raise self._invalid(otherwise)
            texts.append(self._reader.text())
            if operator in ("prefix", "suffix") and not texts[-1]:
                raise self._invalid("Null prefix/suffix not allowed")
        try:
            return Unlike(tuple(make(text) for text in texts))
        except InvalidPattern as problem:
            raise self._invalid(problem.problem) from problem

    def _each(self) -> Iterator[str]:
        """The one value, or those of the list."""
        if self._reader.kind != "[":
            yield self._reader.kind
            return
        while (kind := self._next()) != "]":
            yield kind


def _must_be_string(name: str) -> str:
    return f"{name} match pattern must be a string"


_Limit = int | float
_RANGES: dict[str, Callable[[_Limit, bool], Range]] = {
    "=": lambda limit, is_open: values.between(limit, False, limit, False),
    ">": lambda limit, is_open: values.between(limit, is_open, None, False),
    ">=": lambda limit, is_open: values.between(limit, is_open, None, False),
    "<": lambda limit, is_open: values.between(None, False, limit, is_open),
    "<=": lambda limit, is_open: values.between(None, False, limit, is_open),
}
_AFFIX_MUST_BE_STRING = "prefix/suffix match pattern must be a string"
_EXCLUSIONS: dict[str, tuple[str, Callable[[str], Like]]] = {
    "prefix": (_AFFIX_MUST_BE_STRING, values.prefix),
    "suffix": (_AFFIX_MUST_BE_STRING, values.suffix),
    "equals-ignore-case": (
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        values.of_any_case,
    ),
    "wildcard": (_must_be_string("wildcard"), values.wildcard),
}
