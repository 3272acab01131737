"""PartiQL statements: what they are read as, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages.item_expressions import conditions, updates
from pileus.languages.item_expressions.errors import ExpressionError, UpdateInvalid, ValueInvalid
from pileus.languages.partiql.constants import Constants
from pileus.languages.partiql.errors import StatementInvalid
from pileus.languages.partiql.statements import (
    Delete,
    Exists,
    Insert,
    Order,
    Select,
    Source,
    Update,
    parse,
)

MALFORMED = "Statement wasn't well formed, can't be processed: "
TOO_DEEP = MALFORMED + "The statement contains too many nested levels"
STAR = "Other attributes should not be present in the projection when '*' is used."
ARGUMENTS = "Incorrect number of arguments for function contains: 1"
ITEM: dict[str, Any] = {
    "n": {"N": "10"},
    "word": {"S": "hello"},
    "colours": {"SS": ["red", "blue"]},
    "list": {"L": [{"N": "0"}, {"N": "1"}]},
    "box": {"M": {"a b": {"N": "1"}}},
    "nothing": {"NULL": True},
    "is ok": {"BOOL": True},
}


def holds(where: str, *parameters: dict[str, Any]) -> bool:
    statement = parse(f"SELECT * FROM t WHERE {where}")
    assert isinstance(statement.body, Select) and statement.body.where is not None
    constants = Constants(statement.constants, statement.parameters, parameters)
    return conditions.bind(statement.body.where, constants)(ITEM)


def value_of(text: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    statement = parse(f"INSERT INTO t VALUE {text}")
    assert isinstance(statement.body, Insert)
    constants = Constants(statement.constants, statement.parameters, parameters)
    return constants.value(statement.body.item)


def updated(change: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    statement = parse(f"UPDATE t {change}")
    assert isinstance(statement.body, Update)
    constants = Constants(statement.constants, statement.parameters, parameters)
    after = updates.bind(statement.body.actions, constants).apply(ITEM)
    return {name: value for name, value in after.items() if ITEM.get(name) != value}


def refusal(text: str) -> str:
    with pytest.raises(StatementInvalid) as caught:
        parse(text)
    return str(caught.value)


def test_a_select_names_its_source_projection_and_order() -> None:
    statement = parse("""
        select a, b.c[0], "d""e"['f g'] -- what
        FROM "my-table"."by-name" /* where from */ ORDER BY a, b DESC;
    """)
    expected = Select(
        Source("my-table", "by-name"),
        (("a",), ("b", "c", 0), ('d"e', "f g")),
        None,
        (Order("a", True), Order("b", False)),
    )
    assert expected == statement.body


def test_the_other_statements_are_read() -> None:
    assert Delete(Source("t", None), None, "") == parse("DELETE FROM t").body
    deleted = parse("delete from t returning all old *").body
    assert Delete(Source("t", None), None, "ALL_OLD") == deleted
    exists = parse("EXISTS(SELECT * FROM t)").body
    assert isinstance(exists, Exists) and exists.select.source == Source("t", None)
    for written, kind in (("MODIFIED OLD", "UPDATED_OLD"), ("ALL NEW", "ALL_NEW")):
        update = parse(f"UPDATE t SET a=1 RETURNING {written} *").body
        assert isinstance(update, Update) and update.returning == kind


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("n = 10", True),
        ("10 < n", False),
        ("n <> 10", False),
        ("n != 9.5e0", True),
        ("n > -1 AND NOT word = 'hello'", False),
        ("word = 'it''s' OR n >= 10", True),
        ("n BETWEEN 1 AND 10", True),
        ("n NOT BETWEEN 1 AND 10", False),
        ("n IN [1, 10]", True),
        ("n IN (1, 2)", False),
        ("n NOT IN (1, 2)", True),
        ("gone IS MISSING", True),
        ("n IS NOT MISSING", True),
        ("nothing IS NULL", True),
        ("gone IS NULL", False),
        ("n IS NOT NULL", True),
        ('"is ok" = TRUE', True),
        ('"box"."a b" = 1 AND box[\'a b\'] = 1', True),
        ("list[1] = 1", True),
        ("begins_with(word, 'he')", True),
        ("BEGINS_WITH(\"word\", 'lo')", False),
        ("contains(colours, 'red')", True),
        ("attribute_type(colours, 'SS')", True),
        ("size(word) > 4 and (size(colours) = 2)", True),
        ("colours = <<'blue', 'red'>>", True),
        ("list = [0, 1]", True),
        ("box = {'a b': 1}", True),
        ("list[0] < n", True),
    ],
)
def test_a_where_clause_holds_or_not(where: str, expected: bool) -> None:
    assert expected == holds(where)


def test_question_marks_stand_for_parameters_in_their_order() -> None:
    assert holds("n = ? AND word IN [?, ?]", {"N": "10"}, {"S": "a"}, {"S": "hello"})
    written = "{'a': ?, 'b': [?, 1, {'c': ?}], 'd': << ? >>}"
    expected = {
        "M": {
            "a": {"S": "x"},
            "b": {"L": [{"BOOL": True}, {"N": "1"}, {"M": {"c": {"NULL": True}}}]},
            "d": {"BS": [b"y"]},
        }
    }
    given = [{"S": "x"}, {"BOOL": True}, {"NULL": True}, {"B": b"y"}]
    assert expected == value_of(written, *given)
    assert expected == value_of("?", expected)
    with pytest.raises(StatementInvalid, match="Number of parameters in request and statement"):
        holds("n = ? AND word = ?", {"N": "10"})


def test_literals_have_the_types_of_items() -> None:
    assert {"M": {"a": {"N": "-15"}, "b": {"NULL": True}, "c": {"BOOL": False}}} == value_of(
        "{'a': -1.5e1, 'b': null, \"c\": False}"
    )
    assert {"M": {"a": {"NS": ["1", "0.5"]}, "b": {"L": []}, "c": {"M": {}}}} == value_of(
        "{'a': <<1, .5>>, 'b': [], 'c': {}}"
    )
    for text in ("<<1, 'a'>>", "<<TRUE>>", "<<[1]>>"):
        with pytest.raises(StatementInvalid, match="Elements of a set"):
            value_of(text)
    for text in ("<<>>", "<<1, 1.0>>", "[1e200]"):
        with pytest.raises(ValueInvalid):
            value_of(text)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("SET n = 1", {"n": {"N": "1"}}),
        ("SET n = n + 1, fresh = n", {"n": {"N": "11"}, "fresh": {"N": "10"}}),
        ("SET n = n - 1 + 5 SET word = 'x'", {"n": {"N": "14"}, "word": {"S": "x"}}),
        ("SET n = 1 + (n - 2)", {"n": {"N": "9"}}),
        ("SET list[1] = -1", {"list": {"L": [{"N": "0"}, {"N": "-1"}]}}),
        ("REMOVE list[0] REMOVE list[1]", {"list": {"L": []}}),
        ("SET list = list_append(list, ['x'])", {"list": {"L": [*ITEM["list"]["L"], {"S": "x"}]}}),
        ("SET list = LIST_APPEND([2], list)", {"list": {"L": [{"N": "2"}, *ITEM["list"]["L"]]}}),
        (
            "SET colours = set_add(colours, <<'red', 'grey'>>)",
            {"colours": {"SS": ["red", "blue", "grey"]}},
        ),
        ("SET colours = SET_DELETE(colours, <<'red'>>)", {"colours": {"SS": ["blue"]}}),
        ("SET fresh = set_add(fresh, <<1>>)", {"fresh": {"NS": ["1"]}}),
        ('SET box."new" = ?', {"box": {"M": {"a b": {"N": "1"}, "new": {"S": "p"}}}}),
    ],
)
def test_an_update_changes_an_item(change: str, expected: dict[str, Any]) -> None:
    assert expected == updated(change, {"S": "p"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MALFORMED + "Expected data manipulation"),
        ("SHOW TABLES", MALFORMED + "Expected data manipulation"),
        ("UPDATE my-table SET a=1", MALFORMED + "Expected data manipulation"),
        ("SELECT * FROM t t", MALFORMED + "Unexpected token after expression"),
        ("SELECT * FROM t WHERE a = 1 garbage", MALFORMED + "Unexpected token after expression"),
        ("SELECT * FROM t WHERE (a = 1", MALFORMED + "Expected RIGHT_PAREN"),
        ("SELECT * FROM (SELECT * FROM t)", MALFORMED + "Expected identifier"),
        ("SELECT * FROM t WHERE user = 1", MALFORMED + "Unexpected keyword"),
        ("SELECT * FROM t WHERE", MALFORMED + "Unexpected term"),
        ("SELECT * FROM t WHERE a", MALFORMED + "Unexpected term"),
        ("SELECT * FROM t WHERE a[x] = 1", MALFORMED + "Unexpected path component"),
        ("SELECT * FROM t WHERE a = 'x", MALFORMED + "Unexpected character"),
        ("SELECT * WHERE a = 1", MALFORMED + "Expected FROM"),
        ("SELECT *, a FROM t", STAR),
        ("SELECT * FROM t LIMIT 1", "Unsupported clause: LIMIT"),
        ("SELECT * FROM t WHERE a LIKE 'x'", "Unsupported clause: LIKE"),
        ("SELECT size(a) FROM t", "Unsupported function: size"),
        ("SELECT * FROM t WHERE lower(a) = 'x'", "Unsupported function: lower"),
        ("SELECT * FROM t WHERE f(a) = 'x'", "Unsupported function: f"),
        ("DELETE FROM t WHERE size(a,b)=1", MALFORMED + "Unexpected term"),
        ("DELETE FROM t WHERE contains(a)", ARGUMENTS),
        ("INSERT INTO t (a) VALUES (1)", MALFORMED + "Expected VALUE"),
        ("INSERT INTO t VALUES {}", MALFORMED + "Unexpected keyword"),
        (
            "UPDATE t SET a = set_add(b, <<1>>)",
            "set_add must be given the path that it is assigned to",
        ),
        ("UPDATE t SET a = if_not_exists(a, 1)", "Unsupported function: if_not_exists"),
        ("DELETE FROM t RETURNING ALL NEW *", MALFORMED + "Unexpected term"),
        ("UPDATE t SET a=1 RETURNING ALL NEW", MALFORMED + "Expected STAR"),
        ("SELECT * FROM t WHERE " + "(" * 60 + "a=1" + ")" * 60, TOO_DEEP),
        ("INSERT INTO t VALUE " + "[" * 60, TOO_DEEP),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(text: str, expected: str) -> None:
    assert expected == refusal(text)


_WORDS = """
    SELECT * FROM t WHERE a = 1 AND OR NOT ( ) [ ] { } << >> 'x' "y" ? , . : + - IS MISSING NULL
    BETWEEN IN INSERT INTO VALUE UPDATE SET REMOVE DELETE RETURNING ALL OLD EXISTS ORDER BY DESC
    size( contains( begins_with( set_add( list_append( ; ' " <> 1e9 -- /*
"""
_PIECES = st.lists(st.sampled_from(_WORDS.split()), max_size=30)
_STARTS = st.sampled_from(["", "SELECT * FROM t WHERE", "UPDATE t SET"])


@given(_PIECES, _STARTS)
def test_whatever_is_written_is_run_or_refused(pieces: list[str], start: str) -> None:
    try:
        statement = parse(" ".join([start, *pieces]))
        constants = Constants(statement.constants, statement.parameters, [{"N": "1"}] * 30)
        if isinstance(statement.body, Select) and statement.body.where is not None:
            assert conditions.bind(statement.body.where, constants)(ITEM) in (True, False)
        if isinstance(statement.body, Update):
            updates.bind(statement.body.actions, constants).apply(ITEM)
    except (StatementInvalid, ExpressionError, ValueInvalid, UpdateInvalid):
        pass


_VALUES = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs",))).map(lambda text: {"S": text}),
        st.integers(-(10**30), 10**30).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda truth: {"BOOL": truth}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda found: {"L": found}),
        st.dictionaries(st.text(max_size=5), inner, max_size=4).map(lambda found: {"M": found}),
    ),
    max_leaves=12,
)


def written(value: dict[str, Any]) -> str:
    ((kind, content),) = value.items()
    if kind == "S":
        return "'" + content.replace("'", "''") + "'"
    if kind == "L":
        return f"[{', '.join(map(written, content))}]"
    if kind == "M":
        members = (f"{written({'S': name})}: {written(each)}" for name, each in content.items())
        return "{" + ", ".join(members) + "}"
    return str(content)


@given(_VALUES)
def test_a_value_that_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert value == value_of(written(value))
