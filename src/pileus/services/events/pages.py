"""Pages of lists: NextToken and Limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pileus.kernel import pagination
from pileus.services.events import errors

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
