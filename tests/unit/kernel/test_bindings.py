"""Values go to SQLite in its own order."""

from __future__ import annotations

import apsw
import pytest

from pileus.kernel.database.bindings import in_order


@pytest.fixture
def connection():
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE things (a, b, c)")
    return connection


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ()),
        ("SELECT a FROM things WHERE b = :y", (2,)),
        ("INSERT INTO things VALUES (:z, :x, :z)", (3, 1)),
        ("INSERT INTO things VALUES (':no', :y, ':x' || :x)", (2, 1)),
        ("UPDATE things SET a = :z WHERE b IN (:y, :x) RETURNING c", (3, 2, 1)),
    ],
)
def test_values_stand_where_their_names_come_first(connection, sql, expected):
    values = {"x": 1, "y": 2, "z": 3, "unused": 4}
    # The second time the order is known.
    assert expected == in_order(connection, sql, values)
    assert expected == in_order(connection, sql, values)
    assert [] == list(connection.execute("SELECT * FROM things")), "asking runs nothing"


def test_a_missing_value_is_not_taken_for_null(connection):
    sql = "INSERT INTO things VALUES (:x, :missing, 0)"
    with pytest.raises(KeyError):
        in_order(connection, sql, {"x": 1})


def test_what_is_no_sql_is_refused_as_it_would_be(connection):
    with pytest.raises(apsw.SQLError):
        in_order(connection, "SELEKT 1", {})
