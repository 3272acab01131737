"""The parameters from before there were expressions, by boto3."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, invalid, plain, put, wire
from support.refusals import refusal

PREFIX = "One or more parameter values were invalid: "
A = {"TableName": "things", "Key": wire(pk="a")}


@pytest.fixture
def things(dynamodb: Any) -> Any:
    create(dynamodb)
    put(dynamodb, pk="a", n=5, text="hello", colours={"red"}, l=[1])
    return dynamodb


def compared(operator: str, *arguments: Any) -> dict[str, Any]:
    found = [wire(v=each)["v"] for each in arguments]
    return {"ComparisonOperator": operator, **({"AttributeValueList": found} if found else {})}


@pytest.mark.parametrize(
    ("name", "expected", "holds"),
    [
        ("n", {"Value": {"N": "5"}}, True),
        ("n", {"Value": {"N": "6"}}, False),
        ("x", {"Exists": False}, True),
        ("n", {"Exists": False}, False),
        ("n", compared("EQ", 5), True),
        ("n", compared("NE", 5), False),
        ("n", compared("LT", 6), True),
        ("n", compared("GE", 6), False),
        ("n", compared("BETWEEN", 1, 5), True),
        ("n", compared("IN", 1, 5), True),
        ("n", compared("NULL"), False),
        ("n", compared("NOT_NULL"), True),
        ("text", compared("BEGINS_WITH", "he"), True),
        ("text", compared("CONTAINS", "ell"), True),
        ("text", compared("NOT_CONTAINS", "ell"), False),
        ("colours", compared("CONTAINS", "red"), True),
        ("text", compared("LT", 6), False),
    ],
)
def test_expected_is_a_condition(things: Any, name: str, expected: Any, holds: bool) -> None:
    members = {**A, "Expected": {name: expected}}
    if holds:
        things.delete_item(**members)
        assert get(things, pk="a") is None
    else:
        assert "ConditionalCheckFailedException" == refusal(things.delete_item, **members).code


def test_expectations_are_combined(things: Any) -> None:
    both = {"n": compared("EQ", 5), "text": compared("EQ", "no")}
    assert "ConditionalCheckFailedException" == refusal(things.delete_item, **A, Expected=both).code
    things.delete_item(**A, Expected=both, ConditionalOperator="OR")
    assert (
        "ConditionalOperator can only be used when Filter or Expected has two or more elements"
    ) == invalid(
        things.delete_item, **A, Expected={"n": compared("EQ", 5)}, ConditionalOperator="OR"
    )


def test_attribute_updates_change_items(things: Any) -> None:
    answer = things.update_item(
        **A,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "2"}},
            "text": {"Action": "DELETE"},
            "new": {"Value": {"S": "x"}},
            "colours": {"Action": "ADD", "Value": {"SS": ["blue"]}},
            "l": {"Action": "ADD", "Value": {"L": [{"N": "2"}]}},
        },
        ReturnValues="ALL_NEW",
    )
    assert {"pk": "a", "n": 7, "new": "x", "colours": {"red", "blue"}, "l": [1, 2]} == plain(
        answer["Attributes"]
    )
    assert PREFIX + "ADD action is not supported for the type S" == invalid(
        things.update_item, **A,
        AttributeUpdates={"n": {"Action": "ADD", "Value": {"S": "x"}}},
    )  # fmt: skip
    things.update_item(
        TableName="things", Key=wire(pk="none"), AttributeUpdates={"x": {"Action": "DELETE"}}
    )
    assert get(things, pk="none") is None


def test_key_conditions_and_filters_read(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:N")
    for number in range(6):
        put(dynamodb, pk="a", sk=number, x=number % 2)
    answer = dynamodb.query(
        TableName="things",
        KeyConditions={"pk": compared("EQ", "a"), "sk": compared("GT", 1)},
        QueryFilter={"x": compared("EQ", 1)},
        AttributesToGet=["sk"],
    )
    assert [wire(sk=3), wire(sk=5)] == answer["Items"]
    assert 3 == dynamodb.scan(TableName="things", ScanFilter={"x": compared("EQ", 0)})["Count"]
    found = dynamodb.get_item(
        TableName="things", Key=wire(pk="a", sk=0), AttributesToGet=["x", "none"]
    )
    assert wire(x=0) == found["Item"]


def test_older_parameters_and_expressions_do_not_mix(things: Any) -> None:
    assert (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
    ) == invalid(
        things.delete_item, **A, Expected={"n": compared("EQ", 5)},
        ConditionExpression="attribute_exists(n)",
    )  # fmt: skip
