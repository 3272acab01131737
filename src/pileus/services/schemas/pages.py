"""Pages of lists: NextToken and Limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pileus.kernel import pagination
from pileus.services.schemas import errors

PAGE_MAX = 100

T = TypeVar("T")


def size(limit: int | None) -> int:
    """How many a page holds."""
    if limit is None:
        return PAGE_MAX
    if not 1 <= limit <= PAGE_MAX:
        raise errors.invalid_limit()
    return limit


def after(next_token: str | None, *types: type) -> tuple[Any, ...] | None:
    """Where the page before ended; None at the beginning."""
    if not next_token:
        return None
    try:
        return pagination.decode(next_token, *types)
    except pagination.InvalidToken:
        raise errors.invalid_token() from None


def after_name(next_token: str | None) -> str:
    found = after(next_token, str)
    return found[0] if found else ""


def cut(
    found: Sequence[T], page_size: int, position_of: Callable[[T], Any]
) -> tuple[Sequence[T], dict[str, str]]:
    """The page, and NextToken where something was found beyond it."""
    if len(found) <= page_size:
        return found, {}
    page = found[:page_size]
    return page, {"NextToken": pagination.encode(position_of(page[-1]))}
