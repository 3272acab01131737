"""Updates and projections of DynamoDB: what becomes of items."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.item_expressions import projections, updates
from pileus.languages.item_expressions.errors import (
    ExpressionError,
    UpdateInvalid,
    ValueInvalid,
)
from pileus.languages.item_expressions.placeholders import Placeholders

ITEM: dict[str, Any] = {
    "n": {"N": "10"},
    "word": {"S": "hello"},
    "colours": {"SS": ["red", "blue"]},
    "things": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
    "box": {"M": {"a": {"N": "1"}, "within_": {"M": {"x": {"S": "y"}}}}},
}
VALUES: dict[str, Any] = {
    ":one": {"N": "1"},
    ":text": {"S": "new"},
    ":list": {"L": [{"S": "end"}]},
    ":red": {"SS": ["red"]},
    ":all": {"SS": ["red", "blue"]},
    ":more": {"SS": ["blue", "green"]},
    ":ns": {"NS": ["1"]},
    ":box": {"M": {}},
}


def updated(expression: str) -> dict[str, Any]:
    return updates.bind(updates.parse(expression), Placeholders({"#t": "word"}, VALUES)).apply(ITEM)


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        ("SET n = :one", {"n": {"N": "1"}}),
        ("SET n = n + :one", {"n": {"N": "11"}}),
        ("SET n = n - :one, fresh = n", {"n": {"N": "9"}, "fresh": {"N": "10"}}),
        ("set n = if_not_exists(n, :one)", {}),
        ("SET fresh = if_not_exists(fresh, :one) + :one", {"fresh": {"N": "2"}}),
        (
            "SET things = list_append(things, :list)",
            {"things": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"S": "end"}]}},
        ),
        (
            "SET fresh = list_append(if_not_exists(fresh, :list), :list)",
            {"fresh": {"L": [{"S": "end"}, {"S": "end"}]}},
        ),
        (
            "SET things[9] = :text, things[5] = :one REMOVE things[0]",
            {"things": {"L": [{"N": "1"}, {"N": "2"}, {"N": "1"}, {"S": "new"}]}},
        ),
        ("REMOVE things[0], things[2]", {"things": {"L": [{"N": "1"}]}}),
        ("REMOVE things[7], absent", {}),
        (
            "SET #t = :text REMOVE box.within_.x",
            {
                "word": {"S": "new"},
                "box": {"M": {"a": {"N": "1"}, "within_": {"M": {}}}},
            },
        ),
        ("ADD n :one, fresh :one", {"n": {"N": "11"}, "fresh": {"N": "1"}}),
        ("ADD colours :more", {"colours": {"SS": ["red", "blue", "green"]}}),
        ("DELETE colours :red", {"colours": {"SS": ["blue"]}}),
        ("DELETE colours :all", {"colours": None}),
        ("DELETE absent :red", {}),
    ],
)
def test_an_update_changes_what_it_names(expression: str, changes: dict[str, Any]) -> None:
    before = copy.deepcopy(ITEM)
    expected = {**ITEM, **changes}
    assert {name: value for name, value in expected.items() if value} == updated(expression)
    assert before == ITEM


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (
            "SET n = absent",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET n = word + :one",
            "An operand in the update expression has an incorrect data type",
        ),
        ("ADD word :one", "An operand in the update expression has an incorrect data type"),
        ("DELETE colours :ns", "An operand in the update expression has an incorrect data type"),
        (
            "SET absent.a = :one",
            "The document path provided in the update expression is invalid for update",
        ),
        (
            "SET box[0] = :one",
            "The document path provided in the update expression is invalid for update",
        ),
        (
            "SET things.a = :one",
            "The document path provided in the update expression is invalid for update",
        ),
    ],
)
def test_an_update_that_does_not_suit_the_item_is_refused(expression: str, said: str) -> None:
    with pytest.raises(UpdateInvalid) as caught:
        updated(expression)
    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "The expression can not be empty;"),
        ("SET", 'Syntax error; token: "<EOF>", near: "SET"'),
        ("PUT n = :one", 'Syntax error; token: "PUT", near: "PUT n"'),
        ("SET n = :one SET #t = :text",
         'The "SET" section can only be used once in an update expression;'),
        ("SET n = :one, n = :text",
         "Two document paths overlap with each other; must remove or rewrite one of these paths; "
         "path one: [n], path two: [n]"),
        ("SET box.a = :one, box = :box",
         "Two document paths overlap with each other; must remove or rewrite one of these paths; "
         "path one: [box, a], path two: [box]"),
        ("SET box.a = :one, box[0] = :box",
         "Two document paths conflict with each other; must remove or rewrite one of these paths; "
         "path one: [box, a], path two: [box, [0]]"),
        ("SET n = :text + :one",
         "Incorrect operand type for operator or function; "
         "operator or function: +, operand type: S"),
        ("ADD n :text",
         "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
         "typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("DELETE n :one",
         "Incorrect operand type for operator or function; operator: DELETE, "
         "operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        ("SET n = size(#t)",
         "The function is not allowed to be used this way in an expression; function: size"),
        ("SET n = list_append(:list)",
         "Incorrect number of operands for operator or function; "
         "operator or function: list_append, number of operands: 1"),
        ("SET n = if_not_exists(:one, :one)",
         "Operator or function requires a document path; operator or function: if_not_exists"),
    ],
)  # fmt: skip
def test_a_malformed_update_is_refused_in_aws_s_words(expression: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        updated(expression)
    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("n, absent", {"n": {"N": "10"}}),
        ("box.within_.x", {"box": {"M": {"within_": {"M": {"x": {"S": "y"}}}}}}),
        ("things[2], things[0]", {"things": {"L": [{"N": "0"}, {"N": "2"}]}}),
        ("word.a, things.a, box[0]", {}),
    ],
)
def test_a_projection_keeps_structure(expression: str, expected: dict[str, Any]) -> None:
    wanted = projections.bind(projections.parse(expression), Placeholders(None, None))
    assert expected == projections.project(ITEM, wanted)


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20),
                      max_value=10**20)  # fmt: skip


@given(NUMBERS, NUMBERS)
def test_sums_are_exact(one: Any, another: Any) -> None:
    values = {":a": {"N": str(one)}, ":b": {"N": str(another)}}
    update = updates.bind(updates.parse("SET s = :a + :b, d = :a - :b"), Placeholders(None, values))
    found = update.apply({})
    from decimal import Decimal

    assert (one + another, one - another) == (Decimal(found["s"]["N"]), Decimal(found["d"]["N"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("1e126", "Number overflow. Attempting to store a number with magnitude larger than "
                  "supported range"),
        ("1e-131", "Number underflow. Attempting to store a number with magnitude smaller than "
                   "supported range"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_held_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueInvalid) as caught:
        Placeholders(None, {":n": {"N": text}})
    assert said in str(caught.value)
