"""What a transaction function may ask of its database: four verbs, one SQL dialect, two engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")

Row = tuple[Any, ...]
# By the names of a statement's parameters.
Values = Mapping[str, Any]
NO_VALUES: Values = {}
Dialect = Literal["sqlite", "postgres"]


class StatementFailed(Exception):
    """The engine refused a statement; the attempt it belongs to cannot go on.

    A function must not catch this to try something else: PostgreSQL aborts the attempt at the
    first error and SQLite is held to the same. Use `ON CONFLICT`, or `savepoint` for the part that
    may fail.
    """

    def __init__(self, sql: str, cause: BaseException) -> None:
        words = f"{type(cause).__name__}: {cause} [{sql[:200]}]"
        super().__init__(" ".join(words.split()))
        self.cause = cause


class PartitionBusy(Exception):
    """Another transaction works on a partition; the attempt ends and is run again."""

    def __init__(self, part: int) -> None:
        super().__init__(f"partition {part} is busy")
        self.part = part


class TooManyRows(Exception):
    """A query gave more rows than its caller said it would: a programmer's error."""

    def __init__(self, sql: str, at_most: int) -> None:
        super().__init__(f"more than {at_most} rows from [{' '.join(sql.split())[:200]}]")


class TooMuchWork(Exception):
    """A function touched more rows, or took longer, than a transaction may (strict mode only)."""


class Statements(Protocol):
    """The verbs, bound to one attempt of one function; useless once that attempt has ended.

    Values are `str`, `bytes`, `int`, `float`, `bool` (stored as 0 and 1) and `None`. Text must not
    contain U+0000, which PostgreSQL cannot store; bytes may.
    """

    @property
    def dialect(self) -> Dialect: ...

    @property
    def rows(self) -> int:
        """How many rows the attempt has read or changed so far."""
        ...

    # How many deliveries their targets have accepted in this attempt: its bound grows with them.
    handed_over: int

    # What was read before of a reader's snapshot, or of a batch's transaction, by names that have
    # the ARN in them that it is about. Whoever changes what it was read of removes it; all is
    # forgotten where an attempt is undone.
    known: dict[str, Any]

    def one(self, sql: str, values: Values = NO_VALUES) -> Row | None:
        """Return the first row, or None."""
        ...

    def all(self, sql: str, values: Values = NO_VALUES, *, at_most: int) -> list[Row]:
        """Return every row; raise TooManyRows where there are more than `at_most`."""
        ...

    def run(self, sql: str, values: Values = NO_VALUES) -> int:
        """Change rows; return how many were changed."""
        ...

    def run_many(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of `rows`."""
        ...

    def lock(self, part: int) -> None:
        """Be alone on another partition of the same set, before reading or writing its rows.

        May end the attempt, which is then run again when the partition is free.
        """
        ...

    def savepoint(self, function: Callable[[], T]) -> T:
        """Call the function; undo its rows if it raises, and let the exception go on."""
        ...
