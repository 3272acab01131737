"""Patterns with many alternatives: held against an event at once, and in bounded time."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import event_patterns


def matches(pattern: Any, event: dict[str, Any]) -> bool:
    return event_patterns.compile(json.dumps(pattern)).matches(event)


def test_many_alternatives_within_many_elements_take_no_time() -> None:
    def branches(name: str) -> dict[str, Any]:
        return {"$or": [{f"{name}{number}": [1]} for number in range(10)]}

    pattern = {"a": {name: branches(name) for name in "xyz"}}
    elements = [{"x": {"x1": 1}}, {"y": {"y1": 1}}, {"z": {"z1": 1}}] * 5_000
    assert not matches(pattern, {"a": elements})
    whole = {"x": {"x1": 1}, "y": {"y1": 1}, "z": {"z1": 1}}
    assert matches(pattern, {"a": [*elements, whole]})


FIELDS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.sampled_from([1, 2]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner)
        ),
        max_leaves=8,
    ),
)
CONDITIONS = st.lists(st.sampled_from([1, 2, {"exists": False}, {"exists": True}]), min_size=1)
BRANCHES = st.dictionaries(
    st.sampled_from("abc"),
    st.one_of(CONDITIONS, st.dictionaries(st.sampled_from("abc"), CONDITIONS, min_size=1)),
    min_size=1,
)


@given(st.lists(BRANCHES, min_size=2, max_size=4), FIELDS)
def test_alternatives_agree_with_each_alone(branches: list[Any], event: dict[str, Any]) -> None:
    assert any(matches(each, event) for each in branches) == matches({"$or": branches}, event)
    nested = [{"a": each} for each in branches]
    assert any(matches(each, event) for each in nested) == matches({"a": {"$or": branches}}, event)
