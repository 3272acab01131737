"""SNS's filter policies: event patterns over a message's attributes or over its body.

The specification is docs/reference/filter_policies.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from pileus.languages.event_patterns.dialects import Dialect
from pileus.languages.event_patterns.errors import InvalidPattern, MalformedJson, TooComplex
from pileus.languages.event_patterns.grammar import OR, RESERVED, read
from pileus.languages.event_patterns.pattern import Event, Pattern, split_names
from pileus.languages.event_patterns.reader import Reader
from pileus.languages.event_patterns.values import number

__all__ = ["SCOPES", "FilterPolicy", "InvalidFilterPolicy", "Message", "compile"]

ATTRIBUTES = "MessageAttributes"
BODY = "MessageBody"
SCOPES = (ATTRIBUTES, BODY)

# docs: sns/latest/dg/subscription-filter-policy-constraints
KEYS_MAX = 5
COMBINATIONS_MAX = 150
SIZE_BYTES_MAX = 256 * 1024

_DIALECT = Dialect(
    has_wildcards=False, has_affixes_of_any_case=False, exclusions=frozenset(["prefix"])
)
_REDACTED = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class InvalidFilterPolicy(Exception):
    """`reason` follows "Invalid parameter: " or "Invalid parameter: Attributes Reason: "."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _InvalidAttributes(Exception):
    """What the attributes say they are, they are not."""


class Message:
    """A message that policies are asked about; read once for all of them."""

    def __init__(self, body: str, attributes: Mapping[str, Mapping[str, Any]]) -> None:
        self._body = body
        self._attributes = attributes

    @cached_property
    def body_event(self) -> Event | None:
        """The JSON object in the body, or None."""
        try:
            document = msgspec.json.decode(self._body)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return None
        return split_names(document) if isinstance(document, dict) else None

    @cached_property
    def attributes_event(self) -> Event | None:
        """The values of the attributes, or None where one of them is not of its type."""
        event: Event = {}
        for name, attribute in self._attributes.items():
            if attribute.get("DataType") in ("String", "String.Array", "Number"):
                try:
                    event[name] = _value(attribute["DataType"], attribute.get("StringValue") or "")
                except _InvalidAttributes:
                    return None
        return split_names(event)


def _value(kind: str, text: str) -> Any:
    if kind == "String":
        return text
    if kind == "Number":
        if not _NUMBER.fullmatch(text):
            raise _InvalidAttributes
        return number(text)
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as problem:
        raise _InvalidAttributes from problem
    if not isinstance(found, list) or any(isinstance(each, list | dict) for each in found):
        raise _InvalidAttributes
    return found


class FilterPolicy:
    """A compiled policy. One that is empty accepts all messages."""

    def __init__(self, scope: str, pattern: Pattern | None) -> None:
        self.scope = scope
        self._pattern = pattern

    @property
    def is_empty(self) -> bool:
        return self._pattern is None

    def accepts(self, message: Message) -> bool:
        if self._pattern is None:
            return True
        event = message.body_event if self.scope == BODY else message.attributes_event
        return event is not None and self._pattern.matches_split(event)


@lru_cache(maxsize=1024)
def compile(text: str, scope: str = ATTRIBUTES) -> FilterPolicy:
    """Compile a policy. Raises InvalidFilterPolicy."""
    check_scope(scope)
    if len(text.encode("utf-8", "surrogatepass")) > SIZE_BYTES_MAX:
        raise InvalidFilterPolicy("FilterPolicy: Filter policy is too complex")
    _check_json(text)
    # Setting the empty policy is AWS's way to remove one.
    if re.fullmatch(r"\s*\{\s*\}\s*", text):
        return FilterPolicy(scope, None)
    try:
        alternatives = read(text, _DIALECT)
    except TooComplex as problem:
        raise InvalidFilterPolicy("FilterPolicy: Filter policy is too complex") from problem
    except InvalidPattern as problem:
        raise InvalidFilterPolicy(f"FilterPolicy: {problem.reason}") from problem
    _check_size(json.JSONDecoder().raw_decode(text.lstrip())[0], scope)
    return FilterPolicy(scope, Pattern(alternatives))


def check_scope(scope: str) -> None:
    """Raises InvalidFilterPolicy."""
    if scope not in SCOPES:
        raise InvalidFilterPolicy(
            f"FilterPolicyScope: Invalid value [{scope}]. Please use either MessageBody or "
            "MessageAttributes"
        )


def _check_json(text: str) -> None:
    """SNS reads the whole policy before it looks at what it means."""
    reader = Reader(text)
    try:
        while reader.next() and reader.depth:
            pass
    except MalformedJson as problem:
        assert problem.location is not None, "what is no JSON has a place"
        reason = problem.reason.replace(problem.location.quoted_source, _REDACTED)
        raise InvalidFilterPolicy(f"FilterPolicy: failed to parse JSON. {reason}") from problem


def _check_size(policy: dict[str, Any], scope: str) -> None:
    names = set(_names(policy))
    if len(names) > KEYS_MAX:
        raise InvalidFilterPolicy(
            f"FilterPolicy: Filter policy can not have more than {KEYS_MAX} keys"
        )
    if scope == ATTRIBUTES and _is_nested(policy):
        raise InvalidFilterPolicy(
            "Filter policy scope MessageAttributes does not support nested filter policy"
        )
    if _combinations(policy, 1) > COMBINATIONS_MAX:
        raise InvalidFilterPolicy("FilterPolicy: Filter policy is too complex")


def _branches(name: str, value: Any) -> list[dict[str, Any]]:
    """The objects of a relationship, or nothing where the name is that of a field."""
    if name != OR or not isinstance(value, list) or len(value) < 2:
        return []
    if not all(isinstance(each, dict) and RESERVED.isdisjoint(each) for each in value):
        return []
    return list(value)


def _names(policy: dict[str, Any]) -> Iterable[str]:
    for name, value in policy.items():
        branches = _branches(name, value)
        if not branches:
            yield name
        for branch in branches:
            yield from _names(branch)


def _is_nested(policy: dict[str, Any]) -> bool:
    return any(
        isinstance(value, dict) or any(_is_nested(branch) for branch in _branches(name, value))
        for name, value in policy.items()
    )


def _combinations(policy: dict[str, Any], depth: int) -> int:
    """How many ways there are to satisfy a policy, as AWS counts: each level counts its values
    once more, and branches add up.
    """
    total = 1
    for name, value in policy.items():
        branches = _branches(name, value)
        if branches:
            total *= sum(_combinations(branch, depth) for branch in branches)
        elif isinstance(value, dict):
            total *= _combinations(value, depth + 1)
        else:
            total *= len(value) * depth
        # The numbers of a long policy would grow without end.
        total = min(total, COMBINATIONS_MAX + 1)
    return total
