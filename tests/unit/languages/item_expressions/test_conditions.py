"""Conditions of DynamoDB: what they say of items, and how malformed ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.languages.item_expressions import conditions, key_conditions
from pileus.languages.item_expressions.errors import ExpressionError, ValueInvalid
from pileus.languages.item_expressions.key_conditions import KeyCondition, SortCondition
from pileus.languages.item_expressions.placeholders import Placeholders

ITEM: dict[str, Any] = {
    "pk": {"S": "one"},
    "n": {"N": "10"},
    "word": {"S": "hello"},
    "bytes": {"B": b"\x01\x02"},
    "flag": {"BOOL": True},
    "none": {"NULL": True},
    "colours": {"SS": ["red", "blue"]},
    "odd": {"NS": ["1", "3"]},
    "things": {"L": [{"N": "1"}, {"M": {"deep": {"S": "x"}}}]},
    "box": {"M": {"a": {"N": "1"}, "b": {"S": "two"}}},
}
NAMES = {"#name": "word", "#box": "box"}
VALUES: dict[str, Any] = {
    ":ten": {"N": "1.0e1"},
    ":two": {"N": "2"},
    ":hello": {"S": "hello"},
    ":he": {"S": "he"},
    ":red": {"S": "red"},
    ":s": {"S": "S"},
    ":one": {"N": "1"},
    ":list": {"L": []},
    ":bad": {"S": "X"},
    ":bytes": {"B": b"\x01"},
    ":swapped": {"SS": ["blue", "red"]},
    ":true": {"BOOL": True},
}


def holds(expression: str) -> bool:
    return conditions.bind(conditions.parse(expression), Placeholders(NAMES, VALUES))(ITEM)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("n = :ten", True),
        ("n <> :two", True),
        ("n > :two AND n <= :ten", True),
        ("n < :hello", False),
        ("n <> :hello", True),
        ("absent = :ten", False),
        ("absent <> :ten", True),
        ("n BETWEEN :two AND :ten", True),
        ("n between :two and :ten OR absent = :ten", True),
        ("NOT n BETWEEN :two AND :ten", False),
        ("n IN (:two, :ten)", True),
        ("n IN (:two)", False),
        ("attribute_exists(box.a) AND attribute_not_exists(box.c)", True),
        ("attribute_exists(things[1].deep)", True),
        ("attribute_exists(things[2])", False),
        ("attribute_exists(word.a)", False),
        ("attribute_type(word, :s)", True),
        ("begins_with(#name, :he)", True),
        ("begins_with(bytes, :bytes)", True),
        ("begins_with(n, :he)", False),
        ("contains(word, :he)", True),
        ("contains(colours, :red)", True),
        ("contains(things, :one)", True),
        ("contains(odd, :one)", True),
        ("contains(n, :one)", False),
        ("colours = :swapped", True),
        ("flag = :true", True),
        ("size(word) > :two", True),
        ("size(things) = :two AND size(bytes) = :two AND size(#box) = :two", True),
        ("size(n) = :two", False),
        ("n = :two OR n = :ten AND word = :hello", True),
        ("(n = :two OR n = :ten) AND NOT word = :hello", False),
        ("NOT (NOT n = :ten)", True),
    ],
)
def test_a_condition_holds_or_not(expression: str, expected: bool) -> None:
    assert expected is holds(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (" ", "The expression can not be empty;"),
        ("n = ", 'Syntax error; token: "<EOF>", near: "="'),
        ("n = = :ten", 'Syntax error; token: "=", near: "= = :ten"'),
        ("n ~ :ten", 'Syntax error; token: "~", near: "n ~ "'),
        ("n :ten", 'Syntax error; token: ":ten", near: "n :ten"'),
        ("(n = :ten", 'Syntax error; token: "<EOF>", near: ":ten"'),
        ("name = :ten", "Attribute name is a reserved keyword; reserved keyword: name"),
        (
            "#no = :ten",
            "An expression attribute name used in the document path is not defined; "
            "attribute name: #no",
        ),
        (
            "n = :no",
            "An expression attribute value used in expression is not defined; "
            "attribute value: :no",
        ),
        ("((n = :ten))", "The expression has redundant parentheses;"),
        ("starts(n, :ten)", "Invalid function name; function: starts"),
        (
            "attribute_exists(n, word)",
            "Incorrect number of operands for operator or function; "
            "operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "attribute_exists(:ten)",
            "Operator or function requires a document path; "
            "operator or function: attribute_exists",
        ),
        (
            "begins_with(word, :ten)",
            "Incorrect operand type for operator or function; "
            "operator or function: begins_with, operand type: N",
        ),
        (
            "n < :list",
            "Incorrect operand type for operator or function; "
            "operator or function: <, operand type: L",
        ),
        (
            "size(word)",
            "The function is not allowed to be used this way in an expression; function: size",
        ),
        (
            "if_not_exists(n, :ten) = :ten",
            "The function is not allowed to be used this way in an expression; "
            "function: if_not_exists",
        ),
        (
            "n = n",
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: =, first operand: [n]",
        ),
        (
            "n BETWEEN :ten AND :two",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:10}, "
            "upper bound operand: AttributeValue: {N:2}",
        ),
        (
            "n BETWEEN :ten AND :he",
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:10}, "
            "upper bound operand: AttributeValue: {S:he}",
        ),
        (
            "attribute_type(n, :bad)",
            "Invalid attribute type name found; type: X, "
            "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
    ],
)  # fmt: skip
def test_a_malformed_condition_is_refused_in_aws_s_words(expression: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        holds(expression)
    assert said == str(caught.value)


def test_an_expression_is_bounded_in_size_depth_and_operators() -> None:
    long = " OR ".join(["a = :ten"] * 500)
    for hostile in (long, "(" * 2000 + "a = :ten" + ")" * 2000, "NOT " * 1000 + "a = :ten"):
        with pytest.raises(ExpressionError):
            conditions.parse(hostile)


def test_placeholders_must_be_used_and_well_formed() -> None:
    placeholders = Placeholders({"#a": "a", "#b": "b"}, {":x": {"N": "1"}, ":y": {"N": "1"}})
    conditions.bind(conditions.parse("#a = :x"), placeholders)
    with pytest.raises(ValueInvalid) as caught:
        placeholders.check_used()
    assert "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}" == str(
        caught.value
    )
    with pytest.raises(ValueInvalid, match="must not be empty"):
        Placeholders({}, None)
    with pytest.raises(ValueInvalid, match='contains invalid key: Syntax error; key: "a"'):
        Placeholders({"a": "b"}, None)


# Key conditions.

KEYS: dict[str, Any] = {
    ":p": {"S": "one"}, ":a": {"S": "a"}, ":b": {"S": "b"}, ":n": {"N": "1"},
}  # fmt: skip


def key_condition(expression: str, sort_key: str | None = "sk") -> KeyCondition:
    placeholders = Placeholders({"#p": "pk"}, KEYS)
    sort_keys = () if sort_key is None else (sort_key,)
    return key_conditions.bind(conditions.parse(expression), placeholders, ("pk",), sort_keys)


@pytest.mark.parametrize(
    ("expression", "sort"),
    [
        ("pk = :p", None),
        (":p = #p", None),
        ("pk = :p AND sk = :a", SortCondition("=", ({"S": "a"},))),
        ("sk > :a AND pk = :p", SortCondition(">", ({"S": "a"},))),
        ("(pk = :p) AND (:a <= sk)", SortCondition(">=", ({"S": "a"},))),
        ("pk = :p AND sk BETWEEN :a AND :b", SortCondition("BETWEEN", ({"S": "a"}, {"S": "b"}))),
        ("pk = :p AND begins_with(sk, :a)", SortCondition("begins_with", ({"S": "a"},))),
    ],
)
def test_a_key_condition_names_a_partition_and_a_part_of_it(
    expression: str, sort: SortCondition | None
) -> None:
    expected = KeyCondition(({"S": "one"},), () if sort is None else (sort,))
    assert expected == key_condition(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sk = :a", "Query condition missed key schema element: pk"),
        ("pk > :p", "Query key condition not supported"),
        ("pk = :p AND another = :a", "Query condition missed key schema element: sk"),
        ("pk = :p OR sk = :a", "Invalid operator used in KeyConditionExpression: OR"),
        ("pk = :p AND NOT sk = :a", "Invalid operator used in KeyConditionExpression: NOT"),
        ("pk = :p AND sk IN (:a)", "Invalid operator used in KeyConditionExpression: IN"),
        ("pk = :p AND sk <> :a", "Invalid operator used in KeyConditionExpression: <>"),
        ("pk = :p AND pk = :a", "KeyConditionExpressions must only contain one condition per key"),
        ("pk = :p AND sk = :a AND z = :a", "Conditions can be of length 1 or 2 only"),
        (
            "pk = :p AND sk.a = :a",
            "KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        ("pk = :p AND size(sk) = :n", "KeyConditionExpressions cannot contain nested operations"),
        (
            "pk = sk",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
            "condition",
        ),
    ],
)
def test_a_key_condition_that_names_no_range_is_refused(expression: str, said: str) -> None:
    with pytest.raises(ValueInvalid) as caught:
        key_condition(expression)
    assert said == str(caught.value)
