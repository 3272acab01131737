"""What was parsed of settings, in memory for as long as their row names the same revision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

T = TypeVar("T")


class Revised(Generic[T]):
    """Settings by ARN. A revision is never used twice, so what an undone attempt left is harmless.

    `read(tx, arn)` reads what is not known.
    """

    def __init__(self, read: Callable[[Transaction, str], T], at_most: int) -> None:
        self._read = read
        self._at_most = at_most
        self._known: dict[str, tuple[int, T]] = {}

    def of(self, tx: Transaction, arn: str, revision: int) -> T:
        """The settings of a resource whose row has this revision."""
        known = self._known.get(arn)
        if known is not None and known[0] == revision:
            return known[1]
        settings = self._read(tx, arn)
        if len(self._known) >= self._at_most:
            self.clear()
        self._known[arn] = (revision, settings)
        return settings

    def clear(self) -> None:
        """Forget all."""
        self._known = {}
