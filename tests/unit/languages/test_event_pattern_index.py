"""The index of event patterns finds what trying them one by one finds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.languages import event_patterns
from pileus.languages.event_patterns import Pattern, PatternIndex, split_names


def compiled(pattern: Any) -> Pattern:
    return event_patterns.compile(json.dumps(pattern))


def matching(index: PatternIndex[Any], event: Any) -> list[Any]:
    """The keys of the patterns that match, by way of the index."""
    fields = split_names(event)
    return [key for key in index.candidates(fields) if index.judge(key, fields).matches]


def test_patterns_are_found_until_they_are_removed() -> None:
    index: PatternIndex[str] = PatternIndex()
    index.add("one", compiled({"source": ["a"]}))
    index.add("two", compiled({"source": ["a", "b"]}))
    index.add("none", compiled({"source": [{"exists": False}]}))
    index.add("any", compiled({"source": [{"prefix": "a"}]}))
    assert {"one", "two", "any"} == set(matching(index, {"source": "a"}))
    assert ["none"] == matching(index, {})
    index.remove("two")
    index.remove("unknown")
    assert {"one", "any"} == set(matching(index, {"source": "a"}))
    assert 3 == len(index)


def test_a_pattern_of_the_same_key_is_replaced() -> None:
    index: PatternIndex[str] = PatternIndex()
    index.add("one", compiled({"source": ["a"]}))
    index.add("one", compiled({"source": ["b"]}))
    assert [] == matching(index, {"source": "a"})
    assert ["one"] == matching(index, {"source": "b"})


def test_a_key_with_alternatives_is_given_once() -> None:
    index: PatternIndex[str] = PatternIndex()
    index.add("one", compiled({"$or": [{"a": [1]}, {"b": [1]}]}))
    assert ["one"] == matching(index, {"a": 1, "b": 1})


def test_values_are_found_however_they_are_spelled() -> None:
    index: PatternIndex[str] = PatternIndex()
    index.add("number", compiled({"a": {"b": [1.0]}}))
    index.add("address", compiled({"ip": ["::1"]}))
    index.add("boolean", compiled({"a": {"b": [True]}}))
    assert ["number"] == matching(index, {"a.b": [[1]]})
    assert ["address"] == matching(index, {"ip": "0:0:0:0:0:0:0:1"})
    assert ["boolean"] == matching(index, {"a": [{"b": True}]})


def test_most_patterns_are_never_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    judge = Pattern.judge

    def counting(pattern: Pattern, event: Any) -> Any:
        nonlocal tried
        tried += 1
        return judge(pattern, event)

    monkeypatch.setattr(Pattern, "judge", counting)
    index: PatternIndex[int] = PatternIndex()
    for number in range(2000):
        pattern = {
            "source": ["app"],
            "detail-type": [f"kind {number % 20}"],
            "detail": {"tenant": [f"tenant {number}"], "size": [{"numeric": [">", 0]}]},
        }
        index.add(number, compiled(pattern))
    event = {
        "source": "app",
        "detail-type": "kind 5",
        "detail": {"tenant": "tenant 1005", "size": 5},
    }
    assert [1005] == matching(index, event)
    assert tried < 10


NAMES = st.sampled_from(["a", "b", "a.b", "c"])
SCALARS = st.sampled_from(["x", "y", "", 1, 1.0, 2, True, False, None, "::1", "0:0:0:0:0:0:0:1"])
CONDITIONS = SCALARS | st.sampled_from(
    [
        {"exists": True},
        {"exists": False},
        {"prefix": "x"},
        {"anything-but": ["x"]},
        {"numeric": [">=", 1]},
    ]
)
FIELDS = st.lists(CONDITIONS, min_size=1, max_size=3)
OBJECTS = st.recursive(
    st.dictionaries(NAMES, FIELDS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(NAMES, FIELDS | inner, min_size=1, max_size=3),
    max_leaves=4,
)
PATTERNS = OBJECTS | st.builds(
    lambda outer, one, two: {**outer, "$or": [one, two]}, OBJECTS, OBJECTS, OBJECTS
)
EVENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PATTERNS, max_size=8), st.lists(EVENTS, max_size=4), st.sets(st.integers(0, 7)))
def test_the_index_agrees_with_trying_all(
    patterns: list[Any], events: list[Any], removed: set[int]
) -> None:
    index: PatternIndex[int] = PatternIndex()
    left = {}
    for number, pattern in enumerate(patterns):
        left[number] = compiled(pattern)
        index.add(number, left[number])
    for number in removed:
        left.pop(number, None)
        index.remove(number)
    for event in events:
        expected = {number for number, pattern in left.items() if pattern.matches(event)}
        assert expected == set(matching(index, event))
    for number in list(left):
        index.remove(number)
    assert index._root.is_empty
