"""What a WHERE clause says of keys."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.languages.item_expressions import conditions
from pileus.languages.item_expressions.key_conditions import SortCondition
from pileus.languages.partiql import key_tests
from pileus.languages.partiql.constants import Constants
from pileus.languages.partiql.errors import StatementInvalid
from pileus.languages.partiql.key_tests import ItemKey, Partitions
from pileus.languages.partiql.statements import Select, parse


def read(where: str) -> tuple[Any, Constants]:
    statement = parse(f"SELECT * FROM t WHERE {where}")
    assert isinstance(statement.body, Select)
    return statement.body.where, Constants(statement.constants, 0, None)


def item_of(where: str) -> ItemKey | None:
    node, constants = read(where)
    return key_tests.of_item(node, ("pk", "sk"), constants)


def partitions_of(where: str) -> Partitions | None:
    node, constants = read(where)
    return key_tests.of_partitions(node, "pk", "sk", constants)


def numbers(*given: int) -> list[dict[str, str]]:
    return [{"N": str(each)} for each in given]


def test_an_item_is_named_by_equality_of_all_its_keys() -> None:
    found = item_of("sk = 2 AND (1 = pk AND a > 3)")
    assert found is not None
    assert {"pk": {"N": "1"}, "sk": {"N": "2"}} == found.key
    assert isinstance(found.rest, conditions.Test) and found.rest.name == ">"
    for where in ("pk = 1", "pk = 1 AND sk > 2", "pk = 1 OR sk = 2", "pk = 1 AND sk = a"):
        assert item_of(where) is None
    twice = item_of("pk = 1 AND sk = 2 AND sk = 3")
    assert twice is not None and twice.rest is not None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("pk = 1", [1]),
        ("1 = pk AND a = 2", [1]),
        ("pk IN [3, 1, 3]", [3, 1]),
        ("pk = 1 OR (pk = 2 OR pk IN (3, 4))", [1, 2, 3, 4]),
    ],
)
def test_partitions_are_named_by_equality_or_choice(where: str, expected: list[int]) -> None:
    found = partitions_of(where)
    assert found is not None and numbers(*expected) == found.values


@pytest.mark.parametrize(
    "where", ["pk > 1", "a = 1", "pk = 1 OR a = 2", "NOT pk = 1", "pk = a", "pk IN [1, a]"]
)
def test_other_clauses_read_everything(where: str) -> None:
    assert partitions_of(where) is None


def test_the_sort_key_limits_a_partition_and_the_rest_is_a_filter() -> None:
    found = partitions_of("pk = 1 AND 2 < sk AND sk BETWEEN 1 AND 5 AND b = 1 AND sk <> 4")
    assert found is not None
    expected = [
        SortCondition(">", tuple(numbers(2))), SortCondition("BETWEEN", tuple(numbers(1, 5))),
    ]  # fmt: skip
    assert expected == found.sort
    assert isinstance(found.rest, conditions.Combined) and 2 == len(found.rest.parts)


def test_at_most_50_partitions_are_named() -> None:
    many = ", ".join(map(str, range(51)))
    with pytest.raises(StatementInvalid, match="51, at most 50"):
        partitions_of(f"pk IN [{many}]")
