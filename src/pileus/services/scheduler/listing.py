"""Pages of an account's lists: where they begin, and the names on them."""

from __future__ import annotations

from pileus.kernel import pagination
from pileus.kernel.transaction import Transaction
from pileus.services.scheduler import errors


def token(after: str) -> str:
    return pagination.encode(after)


def position(next_token: str | None) -> str:
    """The name after which a page begins."""
    if not next_token:
        return ""
    try:
        (after,) = pagination.decode(next_token, str)
    except pagination.InvalidToken as error:
        raise errors.invalid_token() from error
    return str(after)


def listed(
    tx: Transaction, kind: str, prefix: str, after: str, at_most: int
) -> list[tuple[str, str]]:
    """Step: names of the account's list, with their ARNs."""
    return tx.listed(kind, at_most=at_most, prefix=prefix, after=after)
