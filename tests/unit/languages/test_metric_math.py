"""Metric math: what expressions give, and that no text does harm."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.metric_math import (
    Grid,
    InvalidExpression,
    Unsupported,
    evaluate,
    parse,
)

GRID = Grid(0, 300_000, 60)
M1 = {0: 1.0, 60_000: 2.0, 180_000: 4.0}
M2 = {0: 10.0, 60_000: 0.0, 120_000: 5.0}


def run(text: str) -> Any:
    known = {"m1": M1, "m2": M2}
    found = evaluate(parse(text), known, known, GRID)
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1 + m2", {0: 11.0, 60_000: 2.0}),
        ("m1 / m2", {0: 0.1}),
        ("2 * m1 ^ 2 - 1", {0: 1.0, 60_000: 7.0, 180_000: 31.0}),
        ("-m1", {0: -1.0, 60_000: -2.0, 180_000: -4.0}),
        ("m1 >= 2 AND m1 < 4", {0: 0.0, 60_000: 1.0, 180_000: 0.0}),
        ("m1 == 1 || m1 == 2", {0: 1.0, 60_000: 1.0, 180_000: 0.0}),
        ("m1 - AVG(m1)", {0: pytest.approx(-4 / 3), 60_000: pytest.approx(-1 / 3),
                          180_000: pytest.approx(5 / 3)}),
        ("SUM([m1, m2])", {0: 11.0, 60_000: 2.0, 120_000: 5.0, 180_000: 4.0}),
        ("MAX(METRICS('m'))", {0: 10.0, 60_000: 2.0, 120_000: 5.0, 180_000: 4.0}),
        ("FILL(m1, REPEAT)", {0: 1.0, 60_000: 2.0, 120_000: 2.0, 180_000: 4.0, 240_000: 4.0}),
        ("FILL(m1, LINEAR)", {0: 1.0, 60_000: 2.0, 120_000: 3.0, 180_000: 4.0}),
        ("FILL(m1, m2)", {0: 1.0, 60_000: 2.0, 120_000: 5.0, 180_000: 4.0}),
        ("IF(m1 > 1, m1)", {60_000: 2.0, 180_000: 4.0}),
        ("IF(m1 > 1, 7, m2)", {0: 10.0, 60_000: 7.0, 180_000: 7.0}),
        ("DIFF(m1)", {60_000: 1.0, 180_000: 2.0}),
        ("RATE(m1)", {60_000: 1 / 60, 180_000: 2 / 120}),
        ("RUNNING_SUM(m1)", {0: 1.0, 60_000: 3.0, 180_000: 7.0}),
        ("TIME_SERIES(PERIOD(m1))", dict.fromkeys(GRID.instants, 60.0)),
        ("MINUTE(m1)", {0: 0.0, 60_000: 1.0, 180_000: 3.0}),
        ("SORT(METRICS(), MAX, DSC, 1)", M2),
        ("LAST([m1, m2])", M2),
    ],
)  # fmt: skip
def test_an_expression_gives(text: str, expected: Any) -> None:
    assert expected == run(text)


def test_an_array_gives_several_series() -> None:
    assert [{at: 2 * value for at, value in each.items()} for each in (M1, M2)] == run(
        "METRICS() * 2"
    )


@pytest.mark.parametrize(
    "text",
    ["", "1", "m1 +", "m3", "(m1", "m1)", "[m1", "NOPE(m1)", "AVG()", "AVG(m1, m2)", "FILL(m1)",
     "SORT(m1)", "m1 $ 2", "'a' + m1", "SLICE(m1, 9)", "LAST(m1)", "SUM(1)", "IF()",
     "METRICS(1)", "TIME_SERIES(m1)", "(" * 60 + "m1" + ")" * 60, "-" * 100 + "m1"],
)  # fmt: skip
def test_an_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        run(text)


def test_what_is_not_built_is_named() -> None:
    with pytest.raises(Unsupported, match="SEARCH"):
        parse("SUM(SEARCH('{A}', 'Sum', 60))")


_PIECES = st.sampled_from(
    ["m1", "m2", "1", "0", "'x'", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "<", "AND",
     "AVG(", "FILL(", "IF(", "SORT(", "SLICE(", "RATE(", "LOG(", "METRICS()", "LINEAR", "1e300"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map(" ".join))
def test_any_text_gives_series_or_is_refused(text: str) -> None:
    try:
        found = evaluate(parse(text), {"m1": M1, "m2": M2}, {"m1": M1, "m2": M2}, GRID)
    except InvalidExpression:
        return
    assert all(isinstance(series, dict) for series in found)
