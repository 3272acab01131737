"""Tokens of lists in the order of names: where the next page begins, and when they were made."""

from __future__ import annotations

from typing import Any

from pileus.kernel import pagination
from pileus.services.kinesis import errors

# docs: API_ListShards, NextToken; the same of the other lists.
TOKEN_MS = 300_000


def make(name: str, now: int) -> str:
    return pagination.encode(name, now)


def name_before(token: str, now: int) -> str:
    """The last name of the page before; raises ExpiredNextTokenException, or says it is none."""
    try:
        found: Any = pagination.decode(token, str, int)
    except pagination.InvalidToken:
        raise errors.invalid_token() from None
    name, made_at = found
    check_age(made_at, now)
    return str(name)


def check_age(made_at: int, now: int) -> None:
    if now - made_at > TOKEN_MS:
        raise errors.expired_token()
