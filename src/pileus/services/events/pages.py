"""Pages of lists: NextToken and Limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pileus.kernel import pagination
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names

if TYPE_CHECKING:
    from pileus.kernel.call import Call

PAGE_MAX = 100

T = TypeVar("T")


def after(next_token: str | None) -> str:
    """The name that the page before ended with."""
    if not next_token:
        return ""
    try:
        [name] = pagination.decode(next_token, str)
    except pagination.InvalidToken:
        raise errors.invalid_token() from None
    found: str = name
    return found


def cut(
    found: Sequence[T], limit: int | None, name_of: Callable[[T], str]
) -> tuple[Sequence[T], dict[str, str]]:
    """The page, and NextToken where something was found beyond it."""
    size = limit or PAGE_MAX
    if len(found) <= size:
        return found, {}
    page = found[:size]
    return page, {"NextToken": pagination.encode(name_of(page[-1]))}


class Listing(NamedTuple):
    """Which of an account's resources a request lists."""

    kind: str
    prefix: str
    next_token: str | None
    limit: int | None


async def listed(
    call: Call,
    listing: Listing,
    seek: Callable[[Transaction], Any],
    wanted: Callable[[Any], bool],
) -> tuple[Sequence[tuple[str, Any]], dict[str, str]]:
    """A page of ARNs with what `seek` finds in each one's partition, of those that are wanted."""
    account = names.account_arn(call.about)
    size = listing.limit or PAGE_MAX
    last = after(listing.next_token)
    found: list[tuple[str, tuple[str, Any]]] = []
    while len(found) <= size:
        rows = await call.read(_names, listing.kind, listing.prefix, last, about=account)
        for name, arn in rows:
            value = await call.read(seek, about=arn)
            if value is not None and wanted(value):
                found.append((name, (arn, value)))
        if len(rows) < PAGE_MAX:
            break
        last = rows[-1][0]
    page, token = cut(found, listing.limit, lambda each: each[0])
    return [each for _, each in page], token


def _names(tx: Transaction, kind: str, prefix: str, after: str) -> list[tuple[str, str]]:
    return tx.listed(kind, at_most=PAGE_MAX, prefix=prefix, after=after)
