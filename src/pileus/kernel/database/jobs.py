"""What is asked of the store: a function to run in a transaction, about a resource."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

PARTITIONS = 4096

Done = Callable[[Any, BaseException | None], None]


def partition(about: str) -> int:
    """Choose the partition of a resource name: the same one for ever, since keys begin with it."""
    return zlib.crc32(about.encode()) % PARTITIONS


class Job:
    """One function to run in a transaction, and whom to tell how it ended.

    `done(result, error)` is called once, on the event loop's thread, after the commit. The function
    may be run several times; only the attempt that commits counts.
    """

    __slots__ = (
        "about", "args", "done", "error", "function", "is_durable", "other_parts", "part",
        "result", "tries", "was_lost",
    )  # fmt: skip

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        part: int,
        about: str,
        done: Done,
        is_durable: bool = True,
    ) -> None:
        self.function = function
        self.args = args
        self.part = part
        self.about = about
        self.done = done
        self.is_durable = is_durable
        self.other_parts: tuple[int, ...] = ()
        self.tries = 0
        self.was_lost = False
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def name(self) -> str:
        """The function's name as the log shows it."""
        # A function that runs another one has it as an argument, and that one is meant.
        inner = (each for each in self.args if callable(each) and hasattr(each, "__qualname__"))
        function = next(inner, self.function)
        return f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
