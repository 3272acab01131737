"""How our SQL reads in PostgreSQL's words."""

import pytest

from pileus.kernel.database.postgres_dialect import schema, statement


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT :a, :b_2", "SELECT %(a)s, %(b_2)s"),
        ("WHERE a=:a AND b>=:b", "WHERE a=%(a)s AND b>=%(b)s"),
        ("SELECT ':a' || :a", "SELECT ':a' || %(a)s"),
        ("SELECT 'it''s :a', :a", "SELECT 'it''s :a', %(a)s"),
        ('SELECT ":a" FROM t', 'SELECT ":a" FROM t'),
        ("SELECT 1 -- :a 100%\n, :b", "SELECT 1 -- :a 100%%\n, %(b)s"),
        ("SELECT /* :a */ :b", "SELECT /* :a */ %(b)s"),
        ("SELECT a::text, :a", "SELECT a::text, %(a)s"),
        ("SELECT 7 % 2, 'a%'", "SELECT 7 %% 2, 'a%%'"),
        ("CAST(:a AS INTEGER)", "CAST(%(a)s AS BIGINT)"),
        ("CAST(:a AS BLOB )", "CAST(%(a)s AS BYTEA)"),
        ("SELECT 'x AS REAL)'", "SELECT 'x AS REAL)'"),
        ("SELECT count(*) AS integers", "SELECT count(*) AS integers"),
    ],
)
def test_a_statement_is_translated(ours, theirs):
    assert theirs.encode() == statement(ours)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("a INTEGER NOT NULL", "a BIGINT NOT NULL"),
        ("text TEXT, blob BLOB, c REAL", 'text TEXT COLLATE "C", blob BYTEA, c DOUBLE PRECISION'),
        ("CREATE TABLE t (a TEXT) WITHOUT ROWID;", 'CREATE TABLE t (a TEXT COLLATE "C");'),
        ("CREATE TABLE t (a TEXT) STRICT, WITHOUT  ROWID;", 'CREATE TABLE t (a TEXT COLLATE "C");'),
        ("-- TEXT\na BLOB DEFAULT 'INTEGER'", "-- TEXT\na BYTEA DEFAULT 'INTEGER'"),
        ("context INTEGERS", "context INTEGERS"),
    ],
)
def test_a_schema_is_translated(ours, theirs):
    assert theirs == schema(ours)
