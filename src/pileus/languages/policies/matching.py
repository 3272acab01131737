"""Texts of policies that stand for many: wildcards, policy variables, ARNs.

What a variable brings in is literal: an asterisk in a user's name matches an asterisk only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache

# Values of the request by condition key; keys are in lower case, as they are case-insensitive.
Context = Mapping[str, Sequence[str]]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]+?)\s*,\s*'([^']*)'\s*")


class Unresolved(Exception):
    """A variable has no value in this request: the statement does not apply to it."""


class Wildcard(Enum):
    ANY_TEXT = auto()
    ANY_CHARACTER = auto()


class Variable:
    """A place that the request fills in."""

    __slots__ = ("default", "key")

    def __init__(self, text: str) -> None:
        found = _DEFAULT.fullmatch(text)
        self.key = (found[1] if found else text).strip().lower()
        self.default = found[2] if found else None

    def value(self, context: Context) -> str:
        values = context.get(self.key)
        if values:
            return values[0]
        if self.default is None:
            raise Unresolved(self.key)
        return self.default


Token = str | Wildcard | Variable  # a text is always of one character or more


class Pattern:
    """A text with wildcards and variables, ready to be compared."""

    __slots__ = ("_tokens",)

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tuple(tokens)

    def matches(self, text: str, context: Context) -> bool:
        return _matches(_characters(self._tokens, context), text)

    def split(self) -> list[Pattern] | None:
        """The six parts of an ARN; None where the text has fewer."""
        parts: list[list[Token]] = [[]]
        for token in self._tokens:
            if not isinstance(token, str):
                parts[-1].append(token)
                continue
            pieces = token.split(":", 6 - len(parts))
            for index, piece in enumerate(pieces):
                if index:
                    parts.append([])
                if piece:
                    parts[-1].append(piece)
        return [Pattern(part) for part in parts] if len(parts) == 6 else None


def literal(text: str) -> list[Token]:
    return [text] if text else []


@lru_cache(maxsize=4096)
def tokens_of(text: str, has_wildcards: bool, has_variables: bool) -> tuple[Token, ...]:
    """Take a policy's text apart; without wildcards or variables these signs are literal."""
    if not has_variables:
        return tuple(_wildcards(text) if has_wildcards else literal(text))
    tokens: list[Token] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        between = text[end : found.start()]
        tokens += _wildcards(between) if has_wildcards else literal(between)
        # docs: ${*}, ${?} and ${$} stand for the characters themselves.
        tokens += [found[1]] if found[1] in ("*", "?", "$") else [Variable(found[1])]
        end = found.end()
    rest = text[end:]
    tokens += _wildcards(rest) if has_wildcards else literal(rest)
    return tuple(tokens)


def pattern(text: str, *, has_wildcards: bool = True, has_variables: bool = True) -> Pattern:
    return Pattern(tokens_of(text, has_wildcards, has_variables))


def arn_matcher(text: str, *, has_variables: bool) -> Callable[[str, Context], bool]:
    """Compares ARNs part by part, so that an asterisk does not reach over a colon into another.

    The sixth part, the resource, may hold colons of its own.
    """
    whole = pattern(text, has_variables=has_variables)
    parts = whole.split()
    if parts is None:
        return whole.matches

    def matches(arn: str, context: Context) -> bool:
        pieces = arn.split(":", 5)
        return len(pieces) == 6 and all(
            part.matches(piece, context) for part, piece in zip(parts, pieces, strict=True)
        )

    return matches


def action_matches(wanted: str, action: str) -> bool:
    """Say whether an Action element's text covers an action; case does not count."""
    return _matches(_characters(tokens_of(wanted.lower(), True, False), {}), action.lower())


def _wildcards(text: str) -> list[Token]:
    tokens: list[Token] = []
    for piece in re.split(r"([*?])", text):
        if piece == "*":
            tokens.append(Wildcard.ANY_TEXT)
        elif piece == "?":
            tokens.append(Wildcard.ANY_CHARACTER)
        elif piece:
            tokens.append(piece)
    return tokens


def _characters(tokens: Sequence[Token], context: Context) -> list[str | Wildcard]:
    characters: list[str | Wildcard] = []
    for token in tokens:
        if isinstance(token, Variable):
            characters += token.value(context)
        elif isinstance(token, Wildcard):
            characters.append(token)
        else:
            characters += token
    return characters


def _matches(wanted: Sequence[str | Wildcard], text: str) -> bool:
    """Match with one place to go back to: enough for asterisks, and never exponential."""
    at = position = 0
    last_any = resume = -1
    while position < len(text):
        if at < len(wanted) and (
            wanted[at] == text[position] or wanted[at] is Wildcard.ANY_CHARACTER
        ):
            at += 1
            position += 1
        elif at < len(wanted) and wanted[at] is Wildcard.ANY_TEXT:
            last_any, resume = at, position
            at += 1
        elif last_any >= 0:
            resume += 1
            at, position = last_any + 1, resume
        else:
            return False
    return all(token is Wildcard.ANY_TEXT for token in wanted[at:])
