"""All conditions of one field as one look: they agree with each by itself, and take little time."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import event_patterns

LETTERS = st.text(alphabet="abAB", max_size=4)
NUMBERS = st.sampled_from([-1, 0, 1, 1.5, 2, 3, 5_000_000_000, 5_000_000_001])
BOUNDS = st.sampled_from([-1, 0, 1, 1.5, 2, 3])
ADDRESSES = st.sampled_from(
    ["10.0.0.1", "10.0.1.1", "11.0.0.0", "::1", "::ffff:10.0.0.1", "::ffff:a00:1"]
)
NETWORKS = st.sampled_from(["10.0.0.0/24", "10.0.0.0/8", "10.0.1.1/31", "::/8", "::1/127"])
WILDCARDS = st.lists(LETTERS, min_size=1, max_size=4).map("*".join).filter(lambda t: "**" not in t)
RANGES = st.one_of(
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), BOUNDS),
    st.tuples(st.sampled_from([">", ">="]), BOUNDS, st.sampled_from(["<", "<="]), BOUNDS).filter(
        lambda each: each[1] < each[3]
    ),
)
LIKES = st.one_of(
    *(st.tuples(st.just(name), LETTERS.filter(bool)) for name in ("prefix", "suffix")),
    st.tuples(st.just("equals-ignore-case"), LETTERS),
    st.tuples(st.just("wildcard"), WILDCARDS),
)
CONDITIONS = st.one_of(
    LETTERS,
    NUMBERS.filter(lambda each: each < 5_000_000_001),
    ADDRESSES,
    st.sampled_from([True, False, None, {"exists": True}, {"exists": False}]),
    LIKES.map(lambda each: dict([each])),
    st.tuples(st.sampled_from(["prefix", "suffix"]), LETTERS).map(
        lambda each: {each[0]: {"equals-ignore-case": each[1]}}
    ),
    RANGES.map(lambda each: {"numeric": list(each)}),
    NETWORKS.map(lambda each: {"cidr": each}),
    st.one_of(st.lists(LETTERS, min_size=1), st.lists(BOUNDS, min_size=1)).map(
        lambda each: {"anything-but": each}
    ),
    LIKES.map(lambda each: {"anything-but": dict([each])}),
    st.lists(WILDCARDS, min_size=1).map(lambda each: {"anything-but": {"wildcard": each}}),
)
VALUES = st.one_of(LETTERS, NUMBERS, ADDRESSES, st.sampled_from([True, False, None]))


def is_like(name: str, wanted: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    match name:
        case "prefix":
            return value.startswith(wanted)
        case "suffix":
            return value.endswith(wanted)
        case "equals-ignore-case":
            return value.lower() == wanted.lower()
    parts = ".*".join(re.escape(part) for part in wanted.split("*"))
    return re.fullmatch(parts, value, re.DOTALL) is not None


def address(text: Any) -> Any:
    """AWS knows addresses by their letters: with colons and dots a text is none."""
    if isinstance(text, str) and ":" in text and "." in text:
        return None
    try:
        found = ipaddress.ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return found if mapped is None else mapped


def equals(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    return wanted == value or (address(wanted) is not None and address(wanted) == address(value))


def is_in_range(chain: list[Any], value: Any) -> bool:
    compare = {
        "=": lambda limit: value == limit,
        "<": lambda limit: value < limit,
        "<=": lambda limit: value <= limit,
        ">": lambda limit: value > limit,
        ">=": lambda limit: value >= limit,
    }
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    within = -5_000_000_000 <= value <= 5_000_000_000
    pairs = zip(chain[::2], chain[1::2], strict=True)
    return within and all(compare[symbol](limit) for symbol, limit in pairs)


def is_in_network(network: str, value: Any) -> bool:
    found = address(value)
    low, bits = network.split("/")
    first = ipaddress.ip_address(low)
    if found is None or found.version != first.version:
        return False
    last = int(first) | ((1 << (first.max_prefixlen - int(bits))) - 1)
    return int(first) <= int(found) <= last


def holds(condition: Any, value: Any) -> bool:
    """One condition as the specification has it, without any haste."""
    if not isinstance(condition, dict):
        return equals(condition, value)
    [(name, wanted)] = condition.items()
    if name == "exists":
        return bool(wanted)
    if name == "numeric":
        return is_in_range(wanted, value)
    if name == "cidr":
        return is_in_network(wanted, value)
    if name == "anything-but":
        if isinstance(wanted, dict):
            [(kind, texts)] = wanted.items()
            texts = texts if isinstance(texts, list) else [texts]
            return not any(is_like(kind, text, value) for text in texts)
        return isinstance(value, bool) or value not in wanted
    if isinstance(wanted, dict):
        folded = wanted["equals-ignore-case"].lower()
        return isinstance(value, str) and is_like(name, folded, value.lower())
    return is_like(name, wanted, value)


def is_met(conditions: list[Any], values: list[Any]) -> bool:
    if not values:
        return {"exists": False} in conditions
    return any(holds(each, value) for each in conditions for value in values)


def matches(pattern: Any, event: dict[str, Any]) -> bool:
    return event_patterns.compile(json.dumps(pattern)).matches(event)


@given(st.lists(CONDITIONS, min_size=1, max_size=8), st.lists(VALUES, max_size=3))
def test_the_conditions_of_a_field_agree_with_the_specification(
    conditions: list[Any], values: list[Any]
) -> None:
    assert is_met(conditions, values) == matches({"a": conditions}, {"a": values})


@given(
    st.lists(st.lists(CONDITIONS, min_size=1, max_size=4), min_size=2, max_size=5),
    st.lists(VALUES, max_size=3),
)
def test_the_conditions_of_alternatives_agree_with_the_specification(
    branches: list[list[Any]], values: list[Any]
) -> None:
    expected = any(is_met(each, values) for each in branches)
    assert expected == matches({"$or": [{"a": each} for each in branches]}, {"a": values})


@given(st.lists(WILDCARDS, min_size=4, max_size=20), LETTERS)
def test_many_wildcards_on_a_short_text_agree_with_each_alone(
    wildcards: list[str], text: str
) -> None:
    conditions = [{"wildcard": each} for each in wildcards]
    expected = [is_like("wildcard", each, text) for each in wildcards]
    assert any(expected) == matches({"a": conditions}, {"a": text})
    assert all(expected) != matches(
        {"a": [{"anything-but": each} for each in conditions]}, {"a": text}
    )


@given(st.lists(st.lists(CONDITIONS, min_size=1, max_size=3), min_size=9, max_size=12), st.data())
def test_objects_are_asked_for_many_fields(fields: list[list[Any]], data: st.DataObject) -> None:
    names = [f"x{number}" for number in range(len(fields))]
    objects = data.draw(
        st.lists(st.dictionaries(st.sampled_from(names), VALUES, max_size=12), max_size=3)
    )
    pattern = dict(zip(names, fields, strict=True))
    is_there = {name for each in objects for name in each}

    def is_satisfied(fields_of_one: dict[str, Any]) -> bool:
        return all(
            is_met(conditions, [fields_of_one[name]] if name in fields_of_one else [])
            if name in fields_of_one or name not in is_there
            else False
            for name, conditions in pattern.items()
        )

    expected = any(is_satisfied(each) for each in objects or [{}])
    assert expected == matches({"a": pattern}, {"a": objects})


ALL_PAIRS = [a + b for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
HOSTILE = {
    "numbers": ([{"numeric": ["=", 1000 + n]} for n in range(120)], 7),
    "wildcards": ([{"wildcard": f"*{p[0]}*{p[1]}*"} for p in ALL_PAIRS[:150]], "ABAB"),
    "networks": ([{"cidr": f"10.{n}.0.0/16"} for n in range(120)], "11.0.0.1"),
    "exclusions": (
        [{"anything-but": {"wildcard": f"*{'a*' * n}b*"}} for n in range(1, 60)], "a" * 60 + "b",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("is_in_branches", [False, True])
def test_many_conditions_on_many_values_take_little_time(name: str, is_in_branches: bool) -> None:
    """Held one by one, each of these takes ten seconds and more."""
    conditions, value = HOSTILE[name]
    elements = [value] * (400_000 // len(json.dumps(value)))
    pattern: Any = {"a": conditions}
    if is_in_branches:
        pattern = {"$or": [{"a": [each]} for each in conditions]}
    assert not matches(pattern, {"a": elements})


def test_many_fields_of_many_objects_take_little_time() -> None:
    pattern = {"a": {f"x{number}": [{"exists": False}] for number in range(170)} | {"y": [1]}}
    assert not matches(pattern, {"a": [{"y": 2}] * 50_000})
    assert not matches(pattern, {"a": [{}] * 100_000})
    assert matches(pattern, {"a": [{"y": 2}] * 50_000 + [{"y": 1}]})


@pytest.mark.parametrize(
    ("matcher", "value"),
    [
        ({"wildcard": "*a" * 50 + "*b"}, "a" * 10_000),
        ({"numeric": [">", 5]}, [1] * 10_000),
        ({"cidr": "10.0.0.0/8"}, ["11.0.0.1"] * 10_000),
        ({"prefix": "b"}, [["a"] * 5_000] * 2),
        ("x", [{"b": 1}] * 10_000),
    ],
)
def test_the_effort_of_long_values_is_counted(matcher: Any, value: Any) -> None:
    pattern = event_patterns.compile(json.dumps({"a": [matcher], "b": [1]}))
    assert pattern.judge({"a": value, "b": 1}).effort >= 10_000


def test_short_values_take_no_effort() -> None:
    pattern = event_patterns.compile(json.dumps({"a": [{"prefix": "a"}, {"wildcard": "*b*"}]}))
    assert (True, 0) == pattern.judge({"a": "ab"})
