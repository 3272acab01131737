"""Condition operators: what each compares, and how absent and repeated values count."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pileus.languages.policies.matching import Context, arn_matcher, pattern

# A test compares one value of the request with one value of the policy.
Test = Callable[[str, Context], bool]
MakeTest = Callable[[str, bool], Test]

_FOR_ALL = "ForAllValues:"
_FOR_ANY = "ForAnyValue:"
_IF_EXISTS = "IfExists"
NULL = "Null"


def _string(wanted: str, has_variables: bool) -> Test:
    return pattern(wanted, has_wildcards=False, has_variables=has_variables).matches


def _string_ignoring_case(wanted: str, has_variables: bool) -> Test:
    if not has_variables or "${" not in wanted:
        lowered = wanted.lower()
        return lambda value, context: value.lower() == lowered
    exact = pattern(wanted.lower(), has_wildcards=False).matches

    def matches(value: str, context: Context) -> bool:
        lowered = {key: [text.lower() for text in texts] for key, texts in context.items()}
        return exact(value.lower(), lowered)

    return matches


def _like(wanted: str, has_variables: bool) -> Test:
    return pattern(wanted, has_variables=has_variables).matches


def _arn(wanted: str, has_variables: bool) -> Test:
    return arn_matcher(wanted, has_variables=has_variables)


def _bool(wanted: str, has_variables: bool) -> Test:
    return _string_ignoring_case(wanted, has_variables)


def _binary(wanted: str, has_variables: bool) -> Test:
    def matches(value: str, context: Context) -> bool:
        try:
            return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
        except (binascii.Error, ValueError):
            return False

    return matches


def _address(wanted: str, has_variables: bool) -> Test:
    try:
        network = ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return lambda value, context: False

    def matches(value: str, context: Context) -> bool:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        return address.version == network.version and address in network

    return matches


def _ordered(
    parse: Callable[[str], float | None], compare: Callable[[float, float], bool]
) -> MakeTest:
    def make(wanted: str, has_variables: bool) -> Test:
        limit = parse(wanted)

        def matches(value: str, context: Context) -> bool:
            known = parse(value)
            return known is not None and limit is not None and compare(known, limit)

        return matches

    return make


def parse_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parse_date(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 date (W3C's forms) or of a number of them."""
    seconds = parse_number(text)
    if seconds is not None and not (len(text) == 4 and text.isdigit()):
        return seconds
    padded = f"{text}-01" if len(text) in (4, 7) else text
    padded = f"{padded}-01" if len(padded) == 7 else padded
    try:
        instant = datetime.fromisoformat(padded)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
# Operators by name: how to test, and whether the outcome is turned round.
OPERATORS: dict[str, tuple[MakeTest, bool]] = {
    "StringEquals": (_string, False),
    "StringNotEquals": (_string, True),
    "StringEqualsIgnoreCase": (_string_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_string_ignoring_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn, False),
    "ArnLike": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnNotLike": (_arn, True),
    "Bool": (_bool, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_address, False),
    "NotIpAddress": (_address, True),
    **{
        f"{kind}{name}": (_ordered(parse, compare), False)
        for kind, parse in (("Numeric", parse_number), ("Date", parse_date))
        for name, compare in _COMPARISONS.items()
    },
    "NumericNotEquals": (_ordered(parse_number, operator.eq), True),
    "DateNotEquals": (_ordered(parse_date, operator.eq), True),
}


@dataclass(frozen=True)
class Condition:
    """One operator on one key: holds if the request's values fit the policy's."""

    key: str
    tests: Sequence[Test]
    is_negated: bool
    qualifier: str
    if_exists: bool

    def holds(self, context: Context) -> bool:
        values = context.get(self.key) or ()
        if not values:
            if self.if_exists or self.qualifier == _FOR_ALL:
                return True
            # docs: an absent key fits only what must not match.
            return self.is_negated and self.qualifier != _FOR_ANY
        outcomes = (
            any(test(value, context) for test in self.tests) is not self.is_negated
            for value in values
        )
        if self.qualifier == _FOR_ALL or (self.is_negated and not self.qualifier):
            return all(outcomes)
        return any(outcomes)


@dataclass(frozen=True)
class NullCondition:
    """Holds if the key is absent (`true`) or present (`false`)."""

    key: str
    is_absent: bool

    def holds(self, context: Context) -> bool:
        return (not context.get(self.key)) is self.is_absent


AnyCondition = Condition | NullCondition


def condition(name: str, key: str, values: Sequence[str], has_variables: bool) -> AnyCondition:
    """Compile one entry of a Condition element; raises KeyError for an unknown operator."""
    qualifier = next((prefix for prefix in (_FOR_ALL, _FOR_ANY) if name.startswith(prefix)), "")
    bare = name.removeprefix(qualifier)
    if bare == NULL and not qualifier:
        return NullCondition(key.lower(), any(value.lower() == "true" for value in values))
    if_exists = bare.endswith(_IF_EXISTS)
    make, is_negated = OPERATORS[bare.removesuffix(_IF_EXISTS)]
    tests = [make(value, has_variables) for value in values]
    return Condition(key.lower(), tests, is_negated, qualifier, if_exists)
