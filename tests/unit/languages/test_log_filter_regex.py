"""Regular expressions of filter patterns mean what Python's mean, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.log_filters.regex import InvalidRegex, compile_regex

ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\s", r"\D", r"\x61", r"\."]
REPEATS = ["", "", "?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}"]


@st.composite
def sequences(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATS)), max_size=6))
    body = "".join(atom + repeat for atom, repeat in pieces)
    return f"{draw(st.sampled_from(['', '^']))}{body}{draw(st.sampled_from(['', '$']))}"


expressions = st.lists(sequences(), min_size=1, max_size=3).map("|".join).filter(bool)


@given(expressions, st.text("abc1 .é\n", max_size=12))
def test_it_agrees_with_pythons_expressions(expression: str, text: str) -> None:
    oracle = re.compile(expression.replace("$", r"\Z"), re.DOTALL | re.ASCII)
    assert bool(oracle.search(text)) == compile_regex(expression)(text)


@pytest.mark.parametrize(
    "expression",
    ["", "(a)", "a!", "é", "a**", "a{3,1}", "a{", "[a", "a$b", "b^a", "*a", "\\", r"\xzz", "[z-a]"],
)
def test_what_awss_dialect_lacks_is_refused(expression: str) -> None:
    with pytest.raises(InvalidRegex):
        compile_regex(expression)


def test_an_expression_of_too_many_positions_is_refused() -> None:
    with pytest.raises(InvalidRegex):
        compile_regex("a{1000}b{1000}")


@pytest.mark.timeout(10)
def test_a_hostile_expression_takes_linear_time() -> None:
    # Python's own engine would need longer than the age of the world for this one.
    assert not compile_regex("a*" * 200 + "b")("a" * 200_000)
    assert not compile_regex("[ab]{0,400}c[ab]{0,400}d")("abcba" * 40_000)
