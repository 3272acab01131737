"""Works out a tree of metric math: scalars, time series, and arrays of these."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pileus.languages.metric_math import functions
from pileus.languages.metric_math.grammar import (
    Expression,
    Function,
    InvalidExpression,
    Listing,
    Number,
    Operation,
    Reference,
    Text,
)

Series = dict[int, float]
Value = Any  # float, str, Series, or a list of Series


class Grid(NamedTuple):
    """The instants (epoch milliseconds) of the request's periods."""

    start: int
    stop: int
    period_seconds: int

    @property
    def instants(self) -> range:
        return range(self.start, self.stop, self.period_seconds * 1000)


# Arguments that are written without quotes.
_WORDS = ("REPEAT", "LINEAR", "ASC", "DSC", "AVG", "MAX", "MIN", "STDDEV", "SUM")


def _divide(left: float, right: float) -> float:
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return result if isinstance(result, float) else math.nan


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<": lambda left, right: float(left < right),
    ">": lambda left, right: float(left > right),
    "<=": lambda left, right: float(left <= right),
    ">=": lambda left, right: float(left >= right),
    "AND": lambda left, right: float(bool(left) and bool(right)),
    "OR": lambda left, right: float(bool(left) or bool(right)),
}


def evaluate(
    tree: Expression, known: Mapping[str, Value], metrics: Mapping[str, Series], grid: Grid
) -> list[Series]:
    """The series that an expression gives; raises InvalidExpression.

    `known` has the results that ids stand for, `metrics` those that are no expressions.
    """
    result = _value(tree, known, metrics, grid)
    if isinstance(result, dict):
        return [result]
    if isinstance(result, list) and all(isinstance(each, dict) for each in result):
        return result
    raise InvalidExpression("The expression must return a time series or an array of time series")


def _value(
    tree: Expression, known: Mapping[str, Value], metrics: Mapping[str, Series], grid: Grid
) -> Value:
    match tree:
        case Number(value) | Text(value):
            return value
        case Reference(name):
            if name in known:
                return known[name]
            if name in _WORDS:
                return name
            raise InvalidExpression(f"Undefined variable '{name}'")
        case Listing(items):
            return [
                series for item in items for series in _as_list(_value(item, known, metrics, grid))
            ]
        case Operation(mark, left, right):
            return combine(
                _OPERATORS[mark],
                _value(left, known, metrics, grid),
                _value(right, known, metrics, grid),
            )
        case Function("METRICS", arguments):
            return functions.chosen(metrics, [_value(a, known, metrics, grid) for a in arguments])
        case Function(name, arguments):
            values = [_value(argument, known, metrics, grid) for argument in arguments]
            return functions.call(name, values, grid)
    raise AssertionError(tree)


def _as_list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply to each pair: instants that both have, and each series of an array."""
    if isinstance(left, str) or isinstance(right, str):
        raise InvalidExpression("Text cannot be calculated with")
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise InvalidExpression("Arrays of different lengths cannot be combined")
        return [combine(function, one, other) for one, other in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [combine(function, each, right) for each in left]
    if isinstance(right, list):
        return [combine(function, left, each) for each in right]
    if isinstance(left, dict) and isinstance(right, dict):
        found = {at: _safe(function, left[at], right[at]) for at in left if at in right}
    elif isinstance(left, dict):
        found = {at: _safe(function, value, right) for at, value in left.items()}
    elif isinstance(right, dict):
        found = {at: _safe(function, left, value) for at, value in right.items()}
    else:
        return _safe(function, left, right)
    return {at: value for at, value in found.items() if math.isfinite(value)}


def _safe(function: Callable[[float, float], float], left: float, right: float) -> float:
    try:
        return function(left, right)
    except OverflowError:
        return math.nan
