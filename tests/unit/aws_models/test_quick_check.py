"""A quick yes is the validator's yes, and what it does not know is looked at one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.aws_models import load, quick_check, validate

ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "Data": st.one_of(st.binary(max_size=3), st.none()),
        "PartitionKey": st.one_of(st.sampled_from(["", "k", "x" * 256, "x" * 257]), st.none()),
        "ExplicitHashKey": st.sampled_from(["0", "01", "7"]),
    },
)
RIGHT = {"Data": b"x", "PartitionKey": "k"}
FEW = quick_check.ITEMS_MIN


def put_records() -> Any:
    operation = load.load("kinesis").operation("PutRecords")
    assert operation is not None
    return operation


def violations(records: list[Any]) -> list[str]:
    return validate.validator(put_records())({"StreamName": "s", "Records": records})


def is_met(records: list[Any]) -> bool:
    return quick_check.is_met(put_records().input.members["Records"].shape.member.shape, records)


@given(st.lists(ENTRY, min_size=1, max_size=3))
def test_a_yes_is_the_validators_yes(entries: list[Any]) -> None:
    records = entries + [RIGHT] * FEW
    each = [violations([entry]) for entry in entries]
    if is_met(records):
        assert [[]] * len(entries) == each
    assert any(each) == bool(violations(records))


def test_usual_records_are_taken_at_once() -> None:
    assert is_met([RIGHT] * FEW)


@pytest.mark.parametrize("entry", [{**RIGHT, "ExplicitHashKey": "7"}, {**RIGHT, "Data": None}, {}])
def test_patterns_and_holes_are_looked_at_one_by_one(entry: dict[str, Any]) -> None:
    assert not is_met([RIGHT] * FEW + [entry])


def test_what_is_wrong_is_said_with_its_number() -> None:
    records = [RIGHT] * FEW + [{"Data": b"x", "PartitionKey": ""}]
    assert [
        f"Value '' at 'records.{FEW + 1}.member.partitionKey' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    ] == violations(records)


def test_numbers_are_held_to_their_range() -> None:
    operation = load.load("logs").operation("PutLogEvents")
    assert operation is not None
    assert operation.input is not None
    item = operation.input.members["logEvents"].shape.member.shape
    right = {"timestamp": 1_700_000_000_000, "message": "x"}
    assert quick_check.is_met(item, [right] * FEW)
    assert not quick_check.is_met(item, [right] * FEW + [{**right, "timestamp": -1}])
    assert not quick_check.is_met(item, [right] * FEW + [{"timestamp": 1}])
