"""Cuts a statement into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from pileus.languages.partiql import errors

# SQL-92's reserved words, without the parts of dates, and PartiQL's own: as names they need
# quotation marks.
_WORDS = """
ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN
BETWEEN BIT BIT_LENGTH BOTH BY CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER
CHARACTER_LENGTH CHAR_LENGTH CHECK CLOSE COALESCE COLLATE COLLATION COLUMN COMMIT CONNECT
CONNECTION CONSTRAINT CONSTRAINTS CONTINUE CONVERT CORRESPONDING COUNT CREATE CROSS CURRENT
CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE DEALLOCATE DEC DECIMAL
DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE DESCRIPTOR DIAGNOSTICS DISCONNECT
DISTINCT DOMAIN DOUBLE DROP ELSE END END_EXEC ESCAPE EXCEPT EXCEPTION EXEC EXECUTE EXISTS
EXTERNAL EXTRACT FALSE FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT
GROUP HAVING IDENTITY IMMEDIATE IN INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT
INTEGER INTERSECT INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE
LIMIT LOCAL LOWER MATCH MAX MIN MISSING MODULE NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL
NULLIF NUMERIC OCTET_LENGTH OF OFFSET ON ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD
PARTIAL PIVOT POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVILEGES PROCEDURE PUBLIC READ
REAL REFERENCES RELATIVE REMOVE RESTRICT RETURNING REVOKE RIGHT ROLLBACK ROWS SCHEMA SCROLL
SECTION SELECT SESSION SESSION_USER SET SIZE SMALLINT SOME SPACE SQL SQLCODE SQLERROR SQLSTATE
SUBSTRING SUM SYSTEM_USER TABLE TEMPORARY THEN TIME TIMESTAMP TO TRAILING TRANSACTION TRANSLATE
TRANSLATION TRIM TRUE UNION UNIQUE UNKNOWN UNPIVOT UPDATE UPPER USAGE USER USING VALUE VALUES
VARCHAR VARYING VIEW WHEN WHENEVER WHERE WITH WORK WRITE ZONE
"""
KEYWORDS = frozenset(_WORDS.split())

_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,9})?)"
    r"|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)"
    r'|"(?P<quoted>(?:[^"]|"")*)"'
    r"|'(?P<string>(?:[^']|'')*)'"
    r"|(?P<sign><<|>>|<>|<=|>=|!=|[=<>()\[\]{},.:*+\-?;])",
    re.ASCII,
)
_SPACE = re.compile(r"(?:\s+|--[^\n]*|/\*[\s\S]*?\*/)*")


class Token(NamedTuple):
    """`kind` is number, word, quoted, string, sign or end."""

    kind: str
    text: str


class Tokens:
    """A reader over the tokens of one statement."""

    def __init__(self, statement: str) -> None:
        self._tokens = _cut(statement)
        self._place = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def take(self) -> Token:
        token = self.next
        if token.kind != "end":
            self._place += 1
        return token

    def follows(self, sign: str, ahead: int = 0) -> bool:
        place = min(self._place + ahead, len(self._tokens) - 1)
        return self._tokens[place] == ("sign", sign)

    def accept(self, sign: str) -> bool:
        if self.follows(sign):
            self._place += 1
            return True
        return False

    def expect(self, sign: str, name: str) -> None:
        """`name` is what messages call the sign."""
        if not self.accept(sign):
            raise errors.expected(name)

    def is_word(self, *words: str) -> bool:
        """Whether a keyword comes, in any case."""
        return self.next.kind == "word" and self.next.text.upper() in words

    def accept_word(self, *words: str) -> bool:
        """Take some keywords that follow each other, or none of them."""
        ends = self._place + len(words)
        found = self._tokens[self._place : ends]
        if [(each.kind, each.text.upper()) for each in found] != [("word", w) for w in words]:
            return False
        self._place = ends
        return True

    def name(self) -> str:
        """A name of a table, an index or an attribute."""
        token = self.next
        if token.kind == "word" and token.text.upper() in KEYWORDS:
            raise errors.unexpected_keyword()
        if token.kind not in ("word", "quoted") or not token.text:
            raise errors.expected("identifier")
        self._place += 1
        return token.text


def _cut(statement: str) -> list[Token]:
    tokens: list[Token] = []
    place = _after_space(statement, 0)
    while place < len(statement):
        match = _TOKEN.match(statement, place)
        if match is None or match.lastgroup is None:
            raise errors.malformed("Unexpected character")
        kind = match.lastgroup
        text = match[kind]
        if kind == "quoted":
            text = text.replace('""', '"')
        elif kind == "string":
            text = text.replace("''", "'")
        tokens.append(Token(kind, text))
        place = _after_space(statement, match.end())
    tokens.append(Token("end", ""))
    return tokens


def _after_space(statement: str, place: int) -> int:
    match = _SPACE.match(statement, place)
    assert match is not None
    return match.end()
