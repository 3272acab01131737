"""How runs are counted in a trace header."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pileus.services.lambda_.running import lineage

ARN = "arn:aws:lambda:us-east-1:111111111111:function:one"
OTHER = "arn:aws:lambda:us-east-1:111111111111:function:two"
HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_each_run_is_counted_and_the_rest_of_the_header_stays() -> None:
    header = HEADER
    for count in range(20):
        assert count == lineage.runs(header, ARN)
        header = lineage.extended(header, ARN)
    assert header.startswith(HEADER + ";Lineage=")
    assert 1 == header.count("Lineage")


def test_functions_are_counted_apart() -> None:
    header = lineage.extended(lineage.extended(HEADER, ARN), OTHER)
    header = lineage.extended(header, ARN)
    assert (2, 1) == (lineage.runs(header, ARN), lineage.runs(header, OTHER))


def test_a_chain_through_many_functions_stays_short() -> None:
    header = HEADER
    for number in range(100):
        header = lineage.extended(header, f"{ARN}-{number}")
    assert 16 == header.count(":") == header.count("|") + 1
    assert 1 == lineage.runs(header, f"{ARN}-99")


@given(st.text())
def test_any_text_is_a_header(text: str) -> None:
    assert lineage.runs(text, ARN) >= 0
    assert lineage.runs(lineage.extended(text, ARN), ARN) >= 1


@given(st.text(alphabet="Lineage=:;|0123456789abcdef "))
def test_odd_lineages_are_counted_on(text: str) -> None:
    header = f"{HEADER};Lineage={text}"
    assert lineage.runs(lineage.extended(header, ARN), ARN) >= 1
