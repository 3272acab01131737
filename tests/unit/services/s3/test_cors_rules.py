"""Which pages may send what, by the rules of a bucket."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.services.s3.settings import cors_rules

ONE = {"AllowedOrigins": ["http://a"], "AllowedMethods": ["GET"], "AllowedHeaders": ["X-*"]}
ALL = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"]}


@pytest.mark.parametrize(
    ("origin", "method", "headers", "expected"),
    [
        ("http://a", "GET", [], (ONE, False)),
        ("http://a", "GET", ["x-b"], (ONE, False)),
        ("http://a", "GET", ["y"], None),
        ("http://a", "PUT", [], (ALL, True)),
        ("http://A", "GET", [], (ALL, True)),
        ("http://b", "DELETE", [], None),
        ("http://b", "PUT", ["x-b"], None),
    ],
)
def test_the_first_rule_that_fits_holds(
    origin: str, method: str, headers: list[str], expected: tuple[object, bool] | None
) -> None:
    assert expected == cors_rules.match([ONE, ALL], origin, method, headers)


@given(
    pattern=st.text("ab*", max_size=5).filter(lambda text: text.count("*") < 2), text=st.text("ab")
)
def test_a_star_is_for_any_letters(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert expected == cors_rules.fits(pattern, text)
