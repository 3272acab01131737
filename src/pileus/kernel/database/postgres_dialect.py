"""Our one SQL dialect in PostgreSQL's words: parameters, and the types of schemas."""

from __future__ import annotations

import re
from functools import lru_cache

# What must not be looked into comes first: literals, quoted names, comments, casts. Types are in
# capitals; a column may be called `text`.
STATEMENT_PARTS = re.compile(
    r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::)"
    r"|:([A-Za-z_]\w*)|(%)|\bAS\s+(INTEGER|BLOB|REAL)\s*\)",
    re.DOTALL,
)
SCHEMA_PARTS = re.compile(
    r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/)"
    r"|\b(INTEGER|TEXT|BLOB|REAL|WITHOUT\s+ROWID|STRICT)\b",
    re.DOTALL,
)
SCHEMA_WORDS = {
    "INTEGER": "BIGINT",
    # Keys are compared byte by byte, as SQLite does, whatever the database's language is.
    "TEXT": 'TEXT COLLATE "C"',
    "BLOB": "BYTEA",
    "REAL": "DOUBLE PRECISION",
    "WITHOUT ROWID": "",
    "STRICT": "",
}


@lru_cache(maxsize=4096)
def statement(sql: str) -> bytes:
    """Translate `:name` and casts; strings, quoted names and comments stay as they are."""
    return STATEMENT_PARTS.sub(_statement_part, sql).encode()


def schema(sql: str) -> str:
    """Translate the types of a schema; PostgreSQL has no rowid and is always strict."""
    words = SCHEMA_PARTS.sub(_schema_part, sql)
    # What followed the closing parenthesis of a table is gone, a comma may be left.
    return re.sub(r"\)[\s,]*;", ");", words)


def _statement_part(match: re.Match[str]) -> str:
    untouched, name, percent, cast = match.groups()
    if untouched is not None:
        return untouched.replace("%", "%%")
    if cast is not None:
        return f"AS {SCHEMA_WORDS[cast]})"
    return f"%({name})s" if percent is None else "%%"


def _schema_part(match: re.Match[str]) -> str:
    untouched, word = match.groups()
    if untouched is not None:
        return untouched
    return SCHEMA_WORDS[" ".join(word.split())]
