"""The parameters from before there were expressions, as the same tests and changes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from pileus.languages.item_expressions import values
from pileus.languages.item_expressions.conditions import Condition
from pileus.languages.item_expressions.errors import UpdateInvalid, ValueInvalid
from pileus.languages.item_expressions.key_conditions import (
    KeyCondition,
    SortCondition,
    on_sort_keys,
)
from pileus.languages.item_expressions.updates import BoundAction, Update
from pileus.languages.item_expressions.values import ORDERED, SETS, Value
from pileus.services.dynamodb import errors

Test = Callable[[Value | None], bool]

_COMPARED = {"LE": operator.le, "LT": operator.lt, "GE": operator.ge, "GT": operator.gt}
_SORT_NAMES = {
    "EQ": "=", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">", "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}  # fmt: skip
# How many arguments an operator takes; -1 for one or more.
_ARGUMENTS = {
    "EQ": 1, "NE": 1, "IN": -1, "LE": 1, "LT": 1, "GE": 1, "GT": 1, "BETWEEN": 2, "NOT_NULL": 0,
    "NULL": 0, "CONTAINS": 1, "NOT_CONTAINS": 1, "BEGINS_WITH": 1,
}  # fmt: skip


def expected(given: Mapping[str, Any] | None, combine: str | None) -> Condition | None:
    """`Expected` as a condition."""
    if not given:
        _check_combined(0, combine)
        return None
    tests = {name: _expected_test(name, each) for name, each in given.items()}
    return _combined(tests, combine)


def filtered(
    given: Mapping[str, Any] | None, combine: str | None, key_names: tuple[str, ...]
) -> Condition | None:
    """`QueryFilter` or `ScanFilter` as a filter."""
    if not given:
        _check_combined(0, combine)
        return None
    for name in given:
        if name in key_names:
            raise errors.invalid(
                "QueryFilter can only contain non-primary key attributes: Primary key attribute: "
                f"{name}"
            )
    tests = {
        name: _test(each["ComparisonOperator"], _arguments(each)) for name, each in given.items()
    }
    return _combined(tests, combine)


def _check_combined(count: int, combine: str | None) -> None:
    if combine is None:
        return
    if not count:
        raise errors.invalid("ConditionalOperator cannot be used without Filter or Expected")
    if count == 1:
        raise errors.invalid(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def _combined(tests: Mapping[str, Test], combine: str | None) -> Condition:
    _check_combined(len(tests), combine)
    wanted = any if combine == "OR" else all
    pairs = list(tests.items())
    return lambda item: wanted(test(item.get(name)) for name, test in pairs)


def _expected_test(name: str, given: Mapping[str, Any]) -> Test:
    exists, value = given.get("Exists"), given.get("Value")
    comparison = given.get("ComparisonOperator")
    if comparison is not None:
        if exists is not None:
            raise errors.invalid_values(
                "Exists and ComparisonOperator cannot be used together for Attribute: " + name
            )
        if value is not None and given.get("AttributeValueList") is not None:
            raise errors.invalid_values(
                "Value and AttributeValueList cannot be used together for Attribute: " + name
            )
        arguments = [_checked(value)] if value is not None else _arguments(given)
        return _test(comparison, arguments)
    if given.get("AttributeValueList") is not None:
        raise errors.invalid_values(
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: " + name
        )
    if exists is False:
        if value is not None:
            raise errors.invalid_values(
                f"Value cannot be used when Exists is set to false for Attribute: {name}"
            )
        return lambda found: found is None
    if value is None:
        said = "null" if exists is None else "true"
        raise errors.invalid_values(
            f"Value must be provided when Exists is {said} for Attribute: {name}"
        )
    wanted = _checked(value)
    return lambda found: found is not None and values.are_equal(found, wanted)


def _checked(value: Mapping[str, Any]) -> Value:
    try:
        return values.checked(value)
    except ValueInvalid as problem:
        raise errors.invalid(str(problem)) from None


def _arguments(given: Mapping[str, Any]) -> list[Value]:
    return [_checked(value) for value in given.get("AttributeValueList") or ()]


def _check_arguments(name: str, arguments: list[Value]) -> None:
    count = _ARGUMENTS[name]
    if len(arguments) != count and not (count < 0 and arguments):
        raise errors.invalid_values(
            f"Invalid number of argument(s) for the {name} ComparisonOperator"
        )
    kinds = [values.type_of(argument) for argument in arguments]
    ordered_only = name in _COMPARED or name in ("BETWEEN", "IN")
    allowed = ("S", "B") if name == "BEGINS_WITH" else ORDERED
    for kind in kinds:
        if (ordered_only or name == "BEGINS_WITH") and kind not in allowed:
            raise errors.invalid_values(
                f"ComparisonOperator {name} is not valid for {kind} AttributeValue type"
            )
    if name == "BETWEEN":
        _check_between(kinds, arguments)


def _check_between(kinds: list[str], arguments: list[Value]) -> None:
    if kinds[0] != kinds[1]:
        raise errors.invalid_values(
            "AttributeValues inside AttributeValueList must be of same type"
        )
    if values.order(arguments[0]) > values.order(arguments[1]):
        raise errors.invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the "
            "upper bound"
        )


def _test(name: str, arguments: list[Value]) -> Test:
    _check_arguments(name, arguments)
    if name == "NULL":
        return lambda found: found is None
    if name == "NOT_NULL":
        return lambda found: found is not None
    first = arguments[0]
    if name == "EQ":
        return lambda found: found is not None and values.are_equal(found, first)
    if name == "NE":
        return lambda found: found is None or not values.are_equal(found, first)
    if name == "IN":
        return lambda found: (
            found is not None and any(values.are_equal(found, each) for each in arguments)
        )
    if name == "CONTAINS":
        return lambda found: found is not None and values.contains(found, first)
    if name == "NOT_CONTAINS":
        return lambda found: found is not None and not values.contains(found, first)
    if name == "BEGINS_WITH":
        ((kind, prefix),) = first.items()
        return lambda found: found is not None and found.get(kind, prefix[:0]).startswith(prefix)
    if name == "BETWEEN":
        low, high = arguments
        return lambda found: (
            _compares(operator.ge, found, low) and _compares(operator.le, found, high)
        )
    compare = _COMPARED[name]
    return lambda found: _compares(compare, found, first)


def _compares(compare: Callable[[Any, Any], Any], found: Value | None, wanted: Value) -> bool:
    if found is None or values.type_of(found) != values.type_of(wanted):
        return False
    return bool(compare(values.order(found), values.order(wanted)))


# Keys.


def key_condition(
    given: Mapping[str, Any], partition_keys: tuple[str, ...], sort_keys: tuple[str, ...]
) -> KeyCondition:
    """`KeyConditions` as a key condition."""
    if not 1 <= len(given) <= max(2, len(partition_keys) + len(sort_keys)):
        raise errors.invalid("Conditions can be of length 1 or 2 only")
    partition: list[Value] = []
    for key in partition_keys:
        if key not in given:
            raise errors.invalid(f"Query condition missed key schema element: {key}")
        arguments = _arguments(given[key])
        if given[key]["ComparisonOperator"] != "EQ":
            raise errors.invalid("Query key condition not supported")
        _check_arguments("EQ", arguments)
        partition.append(arguments[0])
    tests: dict[str, SortCondition] = {}
    for key, condition in given.items():
        if key in partition_keys:
            continue
        if key not in sort_keys:
            missed = sort_keys[0] if sort_keys else None
            raise errors.invalid(f"Query condition missed key schema element: {missed}")
        name, found = condition["ComparisonOperator"], _arguments(condition)
        if name not in _SORT_NAMES:
            raise errors.invalid("Query key condition not supported")
        _check_arguments(name, found)
        tests[key] = SortCondition(_SORT_NAMES[name], tuple(found))
    try:
        return KeyCondition(tuple(partition), on_sort_keys(tests, sort_keys))
    except ValueInvalid as problem:
        raise errors.invalid(str(problem)) from None


# Updates.


def update(given: Mapping[str, Any] | None) -> Update | None:
    """`AttributeUpdates` as an update."""
    if given is None:
        return None
    return Update([_action(name, each) for name, each in given.items()])


def _action(name: str, given: Mapping[str, Any]) -> BoundAction:
    action, value = given.get("Action") or "PUT", given.get("Value")
    if value is None:
        if action != "DELETE":
            raise errors.invalid_values(
                "Only DELETE action is allowed when no attribute value is specified"
            )
        return BoundAction("REMOVE", (name,), None)
    checked = _checked(value)
    kind = values.type_of(checked)
    if action == "PUT":
        return BoundAction("SET", (name,), lambda item: checked)
    if action == "DELETE":
        if kind not in SETS:
            raise errors.invalid_values(f"DELETE action is not supported for the type {kind}")
        return BoundAction("DELETE", (name,), lambda item: checked)
    if kind == "L":
        return BoundAction("SET", (name,), lambda item: _appended(item.get(name), checked))
    if kind != "N" and kind not in SETS:
        raise errors.invalid_values(f"ADD action is not supported for the type {kind}")
    return BoundAction("ADD", (name,), lambda item: checked)


def _appended(found: Value | None, added: Value) -> Value:
    if found is None:
        return added
    if "L" not in found:
        raise UpdateInvalid("Type mismatch for attribute to update")
    return {"L": [*found["L"], *added["L"]]}


def only_removes(given: Mapping[str, Any] | None) -> bool:
    """Whether AttributeUpdates would make no item where there is none."""
    return bool(given) and all((each.get("Action") == "DELETE") for each in (given or {}).values())
