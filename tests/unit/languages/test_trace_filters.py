"""X-Ray's filter expressions: no text does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.trace_filters import InvalidFilter, compile_filter

SEGMENTS = [
    {"name": "a", "start_time": 1.0, "end_time": 3.0, "http": {"response": {"status": 200}},
     "annotations": {"n": 1, "t": "x", "b": True},
     "subsegments": [{"annotations": {"deep": "y"}}, 7]},
    {"name": "b", "start_time": 2.0, "fault": True, "http": 5},
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("fault AND !error", True),
        ("fault = false", False),
        ("ok", True),
        ("responsetime = 2", True),
        ("duration > 5 OR (http.status >= 200 AND http.status < 300)", True),
        ('annotation.deep = "y"', True),
        ("annotation.b = true", True),
        ("annotation.b = 1", False),
        ('annotation.n CONTAINS "1"', False),
        ("annotation.none", False),
        ('service("b") { fault }', True),
        ('service("a") { fault }', False),
    ],
)
def test_a_filter_holds(text: str, expected: bool) -> None:
    assert expected is compile_filter(text)(SEGMENTS, 4.0)


@pytest.mark.parametrize(
    "text",
    ["(", "fault AND", "colour = 1", "http.status = x", 'http.url > "x"', "service(a)",
     'service("a") {', "fault fault", "#", "annotation", "(" * 60, "!" * 60 + "ok", "ok " * 900],
)  # fmt: skip
def test_a_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter):
        compile_filter(text)


_PIECES = st.sampled_from(
    ["fault", "ok", "!", "(", ")", "AND", "OR", "=", ">", "{", "}", '"a"', "1", "service(",
     "annotation.n", "annotation[", "]", "http.status", "http.url", "CONTAINS", "duration", "true"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map(" ".join))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        matches = compile_filter(text)
    except InvalidFilter:
        return
    assert matches(SEGMENTS, 1.0) in (True, False)
