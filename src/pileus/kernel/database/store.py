"""The store's face: jobs go in, are made durable together, and are answered on the event loop."""

from __future__ import annotations

import asyncio
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pileus.kernel.database.jobs import Done, Job, partition
from pileus.kernel.database.migrations import Schema
from pileus.kernel.database.statements import Statements

log = logging.getLogger(__name__)


class Attempt(Protocol):
    """What `make_transaction` returns: the first argument of every transaction function."""

    effects: list[Any]


MakeTransaction = Callable[[Statements, int, str], Attempt]
OnCommit = Callable[[list[Any]], None]


class Store(Protocol):
    """Rows, on SQLite or PostgreSQL. Every method is for the event loop's thread."""

    async def start(self) -> None:
        """Open, migrate and begin to serve; raises StoreRefused where that must not be."""
        ...

    async def stop(self) -> None:
        """Refuse new jobs, finish those that wait, close."""
        ...

    def partition(self, about: str) -> int: ...

    def is_together(self, part_a: int, part_b: int) -> bool:
        """Say whether rows of both partitions may change in one transaction."""
        ...

    def partition_sets(self) -> Sequence[range]:
        """The partitions by the database that holds them: one range for each."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job that writes; raises AwsError 503 where it cannot be taken."""
        ...

    def submit_read(self, job: Job) -> None:
        """Take a job that only reads; it ends within a second."""
        ...

    def submit_short_read(self, job: Job) -> None:
        """Take a job that reads a row or two; it may be run on this thread."""
        ...

    async def transact(
        self, function: Callable[..., Any], *args: Any, about: str, is_durable: bool = True
    ) -> Any:
        """Run `function(tx, *args)` atomically; a caller that is cancelled does not undo it."""
        ...

    async def read(self, function: Callable[..., Any], *args: Any, about: str) -> Any:
        """Run `function(tx, *args)` on a snapshot that has all that was acknowledged."""
        ...


class StoreRefused(Exception):
    """The store cannot be opened as it is; the message says what to do."""


def end_process(reason: str) -> None:
    """End at once: after a failed fsync nothing that memory says about the disk can be believed."""
    log.critical("ending the process: %s", reason)
    logging.shutdown()
    os._exit(70)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What both engines must be told."""

    schemas: Sequence[Schema]
    make_transaction: MakeTransaction
    on_commit: OnCommit
    # Tests: a function that does too much raises instead of being logged.
    is_strict: bool = False
    die: Callable[[str], None] = end_process
    waiting_max: int = 10_000
    # Recorded when the store is made, never changed.
    store_id: str = ""
    created_at: int = 0


class Asking(ABC):
    """`transact` and `read` in terms of `submit` and `submit_read`, the same for both engines."""

    def partition(self, about: str) -> int:
        """Choose the partition of a resource name."""
        return partition(about)

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job that writes."""

    @abstractmethod
    def submit_read(self, job: Job) -> None:
        """Take a job that only reads."""

    def submit_short_read(self, job: Job) -> None:
        """Take a job that reads a row or two."""
        self.submit_read(job)

    async def transact(
        self, function: Callable[..., Any], *args: Any, about: str, is_durable: bool = True
    ) -> Any:
        """Run `function(tx, *args)` atomically; a caller that is cancelled does not undo it."""
        answer = asyncio.get_running_loop().create_future()
        done = settling(answer)
        self.submit(Job(function, args, partition(about), about, done, is_durable))
        return await answer

    async def read(self, function: Callable[..., Any], *args: Any, about: str) -> Any:
        """Run `function(tx, *args)` on a snapshot that has all that was acknowledged."""
        answer = asyncio.get_running_loop().create_future()
        self.submit_read(Job(function, args, partition(about), about, settling(answer)))
        return await answer


def settling(answer: asyncio.Future[Any]) -> Done:
    """What a job tells whoever waits for the future."""

    def done(result: Any, error: BaseException | None) -> None:
        # A caller that was cancelled has left its future cancelled; the work has happened anyway.
        if answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    return done
