"""Cuts an expression into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from pileus.languages.item_expressions import errors

EXPRESSION_BYTES_MAX = 4096  # docs: Expressions, service quotas
END = "<EOF>"

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<name>\#[A-Za-z0-9_]+)"
    r"|(?P<value>:[A-Za-z0-9_]+)|(?P<sign><>|<=|>=|[=<>()\[\],.+\-]))",
    re.ASCII,
)
_SPACE = re.compile(r"\s*")


class Token(NamedTuple):
    """`kind` is number, word, name (`#n`), value (`:v`), sign or end; `at` is its place."""

    kind: str
    text: str
    at: int

    @property
    def end(self) -> int:
        return self.at + (0 if self.kind == "end" else len(self.text))


class Tokens:
    """A reader over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        size = len(expression.encode("utf-8", "surrogatepass"))
        if size > EXPRESSION_BYTES_MAX:
            raise errors.is_too_long(size)
        self._expression = expression
        self._tokens = _cut(expression)
        self._place = 0
        if len(self._tokens) == 1:
            raise errors.is_empty()

    @property
    def place(self) -> int:
        """How many tokens have been taken."""
        return self._place

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def take(self) -> Token:
        token = self._tokens[self._place]
        if token.kind != "end":
            self._place += 1
        return token

    def follows(self, text: str, ahead: int = 0) -> bool:
        place = min(self._place + ahead, len(self._tokens) - 1)
        token = self._tokens[place]
        return token.kind == "sign" and token.text == text

    def accept(self, text: str) -> bool:
        if self.follows(text):
            self._place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error()

    def accept_word(self, word: str) -> bool:
        """Words of the language are written in any case."""
        if self.next.kind == "word" and self.next.text.upper() == word:
            self._place += 1
            return True
        return False

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise self.error()

    def error(self) -> errors.ExpressionError:
        """That the next token must not stand where it does."""
        token = self.next
        before = self._tokens[self._place - 1] if self._place else token
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        return errors.syntax(token.text, self._expression[before.at : after.end])


def _cut(expression: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while True:
        match = _TOKEN.match(expression, place)
        if match is None:
            break
        kind = match.lastgroup
        assert kind is not None
        tokens.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    space = _SPACE.match(expression, place)
    assert space is not None
    if space.end() < len(expression):
        wrong = expression[space.end()]
        before = tokens[-1].at if tokens else space.end()
        raise errors.syntax(wrong, expression[before : space.end() + 2])
    tokens.append(Token("end", END, len(expression.rstrip())))
    return tokens
