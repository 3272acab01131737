"""Event patterns: every rule, how lists and missing fields are treated, and what is no pattern."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import event_patterns
from pileus.languages.event_patterns import InvalidPattern


def matches(pattern: Any, event: Any) -> bool:
    return event_patterns.compile_text(json.dumps(pattern)).matches(event)


@pytest.mark.parametrize(
    ("alternatives", "taken", "left"),
    [
        (["a", "b"], ["a", "b", ["x", "a"]], ["c", "", None, 1, ["x"], {"a": "a"}]),
        ([""], [""], [" ", None]),
        ([None], [None], ["", 0, False]),
        ([1], [1, 1.0], ["1", True, 2]),
        ([1.5e1], [15, 15.0], ["15"]),
        ([True], [True], [1, "true", False]),
        ([False], [False], [0, None]),
        ([{"prefix": "eu-"}], ["eu-west-1", "eu-"], ["us-east-1", "EU-", 1, None]),
        ([{"prefix": {"equals-ignore-case": "EU-"}}], ["eu-west-1", "Eu-x"], ["us"]),
        ([{"suffix": ".png"}], ["a.png", ".png"], ["a.PNG", "png", 1]),
        ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.gif"]),
        ([{"equals-ignore-case": "Alice"}], ["ALICE", "alice"], ["alic", 1]),
        ([{"wildcard": "a*"}], ["a", "abc"], ["ba", "", 1]),
        ([{"wildcard": "*/x/*.txt"}], ["a/x/b.txt", "/x/.txt"], ["a/x/b.png", "x/.txt"]),
        ([{"wildcard": "ab*ab"}], ["abab", "abcab"], ["ab", "aba"]),
        ([{"wildcard": "a*b*c"}], ["abc", "axbxc", "abbcc"], ["ac", "acb"]),
        ([{"wildcard": r"\*\\"}], ["*\\"], ["x\\", "*"]),
        ([{"anything-but": "a"}], ["b", 1, None, ["a", "b"]], ["a", ["a"]]),
        ([{"anything-but": ["a", 1]}], ["b", 2], ["a", 1, 1.0]),
        ([{"anything-but": {"prefix": "a"}}], ["b"], ["ab"]),
        ([{"anything-but": {"prefix": ["a", "b"]}}], ["c"], ["ab", "ba"]),
        ([{"anything-but": {"suffix": "a"}}], ["ab"], ["ba"]),
        ([{"anything-but": {"equals-ignore-case": ["A"]}}], ["b"], ["a", "A"]),
        ([{"anything-but": {"wildcard": "*x*"}}], ["a"], ["axb"]),
        ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.1], [0, 5.1, "1", True, None]),
        ([{"numeric": ["=", 3]}], [3, 3.0], [4]),
        ([{"numeric": ["<", -1]}], [-2], [-1]),
        ([{"numeric": [">=", 2]}], [2], [1]),
        ([{"exists": True}], ["", None, 0, [1]], [{"nested": 1}]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", 1]),
        ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        (["a", {"prefix": "b"}], ["a", "bc"], ["c"]),
    ],
)
def test_alternatives(alternatives: list[Any], taken: list[Any], left: list[Any]) -> None:
    found = {
        json.dumps(value): matches({"f": alternatives}, {"f": value}) for value in taken + left
    }
    assert {**{json.dumps(v): True for v in taken}, **{json.dumps(v): False for v in left}} == found


def test_all_fields_must_match() -> None:
    pattern = {"a": ["1"], "b": {"c": ["2"]}}
    assert matches(pattern, {"a": "1", "b": {"c": "2", "d": 3}, "e": 4})
    assert not matches(pattern, {"a": "1", "b": {"c": "3"}})
    assert not matches(pattern, {"a": "1"})
    assert not matches(pattern, {"a": "1", "b": "2"})


def test_a_missing_field_matches_only_where_it_shall_not_exist() -> None:
    assert matches({"a": [{"exists": False}]}, {"b": 1})
    assert matches({"a": {"b": [{"exists": False}]}}, {"c": 1})
    assert matches({"a": [{"exists": False}, "x"]}, {"a": "x"})
    assert not matches({"a": [{"exists": False}]}, {"a": None})
    assert not matches({"a": [{"anything-but": "x"}]}, {})


def test_fields_of_one_object_in_a_list_belong_together() -> None:
    pattern = {"items": {"kind": ["a"], "size": [1]}}
    assert matches(pattern, {"items": [{"kind": "b"}, {"kind": "a", "size": 1}]})
    assert not matches(pattern, {"items": [{"kind": "a", "size": 2}, {"kind": "b", "size": 1}]})


def test_one_of_several_objects() -> None:
    pattern = {"a": ["1"], "$or": [{"b": ["2"]}, {"c": [{"numeric": [">", 3]}]}]}
    assert matches(pattern, {"a": "1", "b": "2"})
    assert matches(pattern, {"a": "1", "c": 4})
    assert not matches(pattern, {"a": "1", "c": 3})
    assert not matches(pattern, {"b": "2"})


def test_or_can_be_a_name_of_a_field() -> None:
    assert matches({"$or": ["x"]}, {"$or": "x"})


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "[]", '"a"', "{}", '{"a": {}}', '{"a": []}', '{"a": "b"}', '{"a": 1}',
        '{"a": [["b"]]}', '{"a": [{"unknown": "b"}]}', '{"a": [{"prefix": "b", "suffix": "c"}]}',
        '{"a": [{"prefix": 1}]}', '{"a": [{"prefix": {"suffix": "b"}}]}', '{"a": [{}]}',
        '{"a": [{"numeric": []}]}', '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"numeric": [">", "1"]}]}',
        '{"a": [{"numeric": ["~", 1]}]}', '{"a": [{"numeric": [">", 1, "<"]}]}',
        '{"a": [{"exists": "true"}]}', '{"a": [{"cidr": "10.0.0.0/40"}]}', '{"a": [{"cidr": 1}]}',
        '{"a": [{"wildcard": "a**b"}]}', '{"a": [{"wildcard": "a\\\\b"}]}',
        '{"a": [{"wildcard": "a\\\\"}]}',
        '{"a": [{"wildcard": ""}]}', '{"a": [{"anything-but": []}]}',
        '{"a": [{"anything-but": {"numeric": ["<", 1]}}]}', '{"a": [{"anything-but": [["x"]]}]}',
        '{"a": [{"anything-but": {"prefix": []}}]}', '{"a": [{"anything-but": {}}]}',
        '{"a":' * 200 + '["b"]' + "}" * 200, '{"a":' * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(InvalidPattern):
        event_patterns.compile_text(text)


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_events = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_events, _scalars)
def test_any_event_can_be_asked(event: Any, wanted: Any) -> None:
    pattern = event_patterns.compile_document(
        {"a": [wanted, {"exists": True}], "$or": [{"b": [wanted]}, {"c": {"d": [wanted]}}]}
    )
    assert pattern.matches(event) in (True, False)


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=8))
def test_wildcards_agree_with_regular_expressions(wanted: str, value: str) -> None:
    import re

    wanted = re.sub(r"\*+", "*", wanted)
    if wanted:
        expression = ".*".join(re.escape(part) for part in wanted.split("*"))
        expected = re.fullmatch(expression, value) is not None
        assert expected == matches({"f": [{"wildcard": wanted}]}, {"f": value})
