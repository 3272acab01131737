"""Our one SQL dialect in PostgreSQL's words: parameters, and the types of schemas."""

from __future__ import annotations

import re
from functools import lru_cache

# What must not be looked into comes first: literals, quoted names, comments, casts.
STATEMENT_PARTS = re.compile(
    r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::)|:([A-Za-z_]\w*)|(%)", re.DOTALL
)
SCHEMA_PARTS = re.compile(
    r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/)"
    r"|\b(INTEGER|TEXT|BLOB|REAL|WITHOUT\s+ROWID|STRICT)\b",
    re.DOTALL | re.IGNORECASE,
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
    """Translate `:name` into the driver's placeholders; strings and comments stay as they are."""
    return STATEMENT_PARTS.sub(_statement_part, sql).encode()


def schema(sql: str) -> str:
    """Translate the types of a schema; PostgreSQL has no rowid and is always strict."""
    words = SCHEMA_PARTS.sub(_schema_part, sql)
    # What followed the closing parenthesis of a table is gone, a comma may be left.
    return re.sub(r"\)[\s,]*;", ");", words)


def _statement_part(match: re.Match[str]) -> str:
    untouched, name, percent = match.groups()
    if untouched is not None:
        return untouched.replace("%", "%%")
    return f"%({name})s" if percent is None else "%%"


def _schema_part(match: re.Match[str]) -> str:
    untouched, word = match.groups()
    if untouched is not None:
        return untouched
    return SCHEMA_WORDS[" ".join(word.upper().split())]
