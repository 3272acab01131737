"""The language of statistics: what each name means, and which names mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel import histograms
from pileus.services.cloudwatch.statistics import Summary, parse

TEN = {float(value): 1.0 for value in range(1, 11)}


def told(text: str, histogram: dict[float, float]) -> float | None:
    statistic = parse(text)
    assert statistic is not None
    total = sum(value * count for value, count in histogram.items())
    samples = sum(histogram.values())
    found = Summary(samples, total, min(histogram), max(histogram), dict(histogram))
    return statistic(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p0", 1.0),
        ("p10", 1.0),
        ("p50", 5.0),
        ("p50.1", 6.0),
        ("p100", 10.0),
        ("tm90", 5.0),
        ("tc90", 9.0),
        ("ts90", 45.0),
        ("wm90", 5.4),
        ("TM(10%:90%)", 5.5),
        ("TC(2:4)", 2.0),
        ("TS(:3)", 6.0),
        ("WM(20%:80%)", 5.5),
        ("PR(5:)", 50.0),
        ("IQM", 5.5),
        ("Average", 5.5),
    ],
)
def test_a_statistic_of_one_to_ten(text: str, expected: float) -> None:
    assert expected == pytest.approx(told(text, TEN))


@pytest.mark.parametrize(
    "text",
    ["p", "p101", "p-1", "P50", "TM", "TM()", "TM(:)", "TM(90%:10%)", "PR(10%:20%)", "TM(5:10%)",
     "mean", "tm50%", "TM(%:5)"],
)  # fmt: skip
def test_other_names_mean_nothing(text: str) -> None:
    assert parse(text) is None


def test_samples_without_values_have_no_percentile() -> None:
    statistic = parse("p50")
    assert statistic is not None
    assert statistic(Summary(3, 6, 1, 3, {1.0: 1.0}, unknown=2)) is None


@given(st.lists(st.floats(-1e100, 1e100, allow_subnormal=False), min_size=1, max_size=600))
def test_a_histogram_is_bounded_and_counts_all(values: list[float]) -> None:
    histogram: dict[float, float] = {}
    for value in values:
        histograms.add(histogram, value)
    histograms.shrink(histogram)
    assert len(values) == sum(histogram.values())
    assert len(histogram) <= max(histograms.KEPT, 1441)


@given(st.lists(st.floats(1, 1000), min_size=300, max_size=600))
def test_rounded_values_are_near(values: list[float]) -> None:
    histogram: dict[float, float] = {}
    for value in values:
        histograms.add(histogram, value)
    wanted = sorted(values)[(len(values) + 1) // 2 - 1]
    assert wanted == pytest.approx(told("p50", histogram), rel=0.2)
