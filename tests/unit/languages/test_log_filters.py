"""CloudWatch Logs' filter patterns decide as AWS's documentation says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.log_filters import InvalidPattern, compile_filter

EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "latency": 750.5,
        "code": "404",
        "status": 404,
        "detail-type": "Order Placed",
        "quoted": 'say "hi" \\o/',
    }
)
REQUEST = (
    '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /products/index.html HTTP/1.0" 404 1534'
)


def matches(pattern: str, message: str) -> bool:
    return compile_filter(pattern).matches(message)


def message_of(pattern: str) -> str:
    with pytest.raises(InvalidPattern) as caught:
        compile_filter(pattern)
    return caught.value.message


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        (True, ""),
        (True, "ERROR"),
        (True, "ERR"),
        (False, "error"),
        (True, "ERROR ARGUMENTS"),
        (False, "ERROR MISSING"),
        (True, '"INVALID ARGUMENTS"'),
        (False, '"ARGUMENTS INVALID"'),
        (False, "ERROR -ARGUMENTS"),
        (True, 'ERROR -"MISSING ARGUMENTS"'),
        (True, "?MISSING ?INVALID"),
        (False, "?MISSING ?WARN"),
        (True, "%4[0-9]{2}%"),
        (False, "%^4[0-9]{2}%"),
        (False, "-%\\d{3}%"),
    ],
)
def test_terms_look_for_words_and_phrases(expected: bool, pattern: str) -> None:
    assert expected == matches(pattern, "[ERROR 419] INVALID ARGUMENTS")


def test_optional_terms_are_ignored_beside_other_terms() -> None:
    assert matches("?ERROR REQUEST", "[INFO] REQUEST FAILED")


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        (True, '{ $.eventType = "UpdateTrail" }'),
        (True, "{ $.eventType = UpdateTrail }"),
        (True, '{ $.eventType = "*Trail" }'),
        (True, "{ $.eventType = Update* }"),
        (True, "{ $.eventType = *dateTr* }"),
        (False, "{ $.eventType = Up*Trail }"),
        (True, "{ $.eventType = * }"),
        (False, "{ $.missing = * }"),
        (True, "{ $.sourceIPAddress != 123.123.* }"),
        (True, '{ $.arrayKey[0] = "value" }'),
        (False, '{ $.arrayKey[5] = "value" }'),
        (False, '{ $.eventType[0] = "U" }'),
        (True, "{ $.objectList[1].id = 2 }"),
        (False, "{ $.arrayKey = 1 }"),
        (False, "{ $.arrayKey != 1 }"),
        (False, "{ $.missing != 1 }"),
        (True, "{ $.SomeObject IS NULL }"),
        (False, "{ $.missing IS NULL }"),
        (False, "{ $.eventType IS NULL }"),
        (True, "{ $.SomeOtherObject NOT EXISTS }"),
        (False, "{ $.SomeObject NOT EXISTS }"),
        (True, "{ $.SomeObject EXISTS }"),
        (True, "{ $.ThisFlag IS TRUE }"),
        (False, "{ $.ThisFlag IS FALSE }"),
        (True, "{ $.latency > 500 }"),
        (True, "{ $.latency <= 7.505e2 }"),
        (False, "{ $.latency < +10 }"),
        (True, "{ $.latency >= -1 }"),
        (False, "{ $.ThisFlag > 0 }"),
        (True, "{ $.status = 404 }"),
        (True, "{ $.status = 404.0 }"),
        (True, "{ $.status = 4* }"),
        (True, "{ $.code = 404 }"),
        (True, '{ $.detail-type = "Order Placed" }'),
        (True, '{ $.quoted = "say \\"hi\\" \\\\o/" }'),
        (True, "{ $.eventType = %Trail$% }"),
        (True, '{ ($.status = 404) && ($.objectList[0].name = "a") }'),
        (False, '{ ($.status = 1 && $.code = "404") || $.eventType = "GET" }'),
        (True, '{ $.status = 404 || $.code = nonmatch && $.eventType = "GET" }'),
        (False, '{ ($.status = 404 || $.code = nonmatch) && $.eventType = "GET" }'),
        (True, "{ !($.status = 500) }"),
    ],
)
def test_json_patterns_judge_properties(expected: bool, pattern: str) -> None:
    assert expected == matches(pattern, EVENT)


@pytest.mark.parametrize("message", ["", "plain", "[1, 2]", '"x"', '{"a": ', "{" * 5000])
def test_a_json_pattern_matches_no_event_that_is_not_an_object(message: str) -> None:
    assert not matches("{ $.a NOT EXISTS }", message)


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        (True, "[ip, user, username, timestamp, request, status_code, bytes]"),
        (False, "[ip, user, username]"),
        (True, "[ip, user, username, timestamp, request, status_code = 404, bytes > 1000]"),
        (False, "[ip, user, username, timestamp, request, status_code = 200, bytes]"),
        (True, "[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]"),
        (
            True,
            "[..., status_code = 4* && status_code < 405, bytes]",
        ),
        (True, "[..., status_code = 403 || status_code = 404, bytes]"),
        (True, "[..., status_code, bytes]"),
        (True, "[ip, user, ..., status_code, bytes]"),
        (True, "[ip, user, ...]"),
        (False, "[a, b, c, d, e, f, ..., g, h]"),
        (True, "[ip=%127\\.0\\.0\\.[1-9]%, ...]"),
        (False, "[ip != 127.0.0.1, ...]"),
        (False, "[ip > 3, ...]"),
        (True, "[..., (status_code = 4* && status_code != 403) || status_code = 500, bytes]"),
    ],
)
def test_field_patterns_judge_fields(expected: bool, pattern: str) -> None:
    assert expected == matches(pattern, REQUEST)


def test_fields_are_extracted_by_name_or_by_number() -> None:
    assert {
        "$1": "127.0.0.1",
        "$2": "-",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$request": "GET /products/index.html HTTP/1.0",
        "$status_code": "404",
        "$7": "1534",
    } == compile_filter("[..., request=*.html*, status_code=4*,]").extract(REQUEST)


def test_terms_and_json_patterns_extract_nothing() -> None:
    assert {} == compile_filter("GET").extract(REQUEST)
    assert compile_filter("POST").extract(REQUEST) is None


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        ("If a filter pattern starts with '{' it must end with '}'", "{ $.a = 1"),
        ("If a filter pattern starts with '[' it must end with ']'", "[a, b"),
        ("Invalid character(s) in term ':'", "?Status: timeout"),
        ("Invalid character(s) in term '['", "a["),
        ("Invalid character(s) in term '('", "player(reason)"),
        ("Invalid character(s) in term '$.\"'", '{ $."sc-status" = 5* }'),
        ("Invalid character(s) in term ','", '{ $.a = "b", $.c = "d" }'),
        ("Invalid character(s) in term '...fields'", "[...fields, status=FAILED]"),
        ("Invalid character(s) in term '('", "%(a|b)%"),
        ("Invalid character(s) in term '!'", "%something!%"),
        ("", "{ }"),
        ("", "{ $.a }"),
        ("", "{ $.a = }"),
        ("", "{ $.a > abc }"),
        ("", "{ $.a IS MAYBE }"),
        ("", "{ ($.a = 1 }"),
        ("", "{ $[0] = 1 }"),
        ("", "{ $.a = %x% && $.b = %y% && $.c = %z% }"),
        ("", "[a = 1 && b = 2]"),
        ("", "[..., a, ...]"),
        ("", "{ " + "(" * 400 + "$.a = 1" + ")" * 400 + " }"),
    ],
)
def test_bad_patterns_are_refused_in_awss_words(expected: str, pattern: str) -> None:
    assert expected == message_of(pattern)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_a_pattern_or_is_refused(pattern: str, message: str) -> None:
    try:
        compiled = compile_filter(pattern)
    except InvalidPattern:
        return
    assert compiled.matches(message) == (compiled.extract(message) is not None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), json_values, max_size=4))
def test_exists_and_not_exists_are_opposites(event: dict[str, Any]) -> None:
    message = json.dumps(event)
    assert matches("{ $.a EXISTS }", message) != matches("{ $.a NOT EXISTS }", message)
    assert ("a" in event) == matches("{ $.a EXISTS }", message)


@given(st.integers(-(2**53), 2**53), st.integers(-(2**53), 2**53))
def test_numbers_are_ordered_as_numbers(value: int, limit: int) -> None:
    message = json.dumps({"n": value})
    assert (value < limit) == matches(f"{{ $.n < {limit} }}", message)
    assert (value >= limit) == matches(f"{{ $.n >= {limit} }}", message)
    assert (value == limit) == matches(f"{{ $.n = {limit} }}", message)
    assert (value != limit) == matches(f"{{ $.n != {limit} }}", message)
