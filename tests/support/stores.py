"""The stores that the contract suite runs on, and a transaction to run on them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pileus.kernel.database.jobs import Job
from pileus.kernel.database.migrations import Schema
from pileus.kernel.database.sqlite import SqliteStore
from pileus.kernel.database.statements import Statements
from pileus.kernel.database.store import Store, StoreSettings

TABLES = Schema(
    "contract",
    """
    CREATE TABLE counters (
        part INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
        PRIMARY KEY (part, name)
    ) WITHOUT ROWID;
    CREATE TABLE bodies (
        part INTEGER NOT NULL, id INTEGER NOT NULL, body BLOB,
        PRIMARY KEY (part, id)
    ) WITHOUT ROWID;
    """,
)


class Tx:
    """The smallest transaction: statements, the partition, and what the attempt wants to happen."""

    def __init__(self, statements: Statements, part: int, about: str) -> None:
        self.statements = statements
        self.part = part
        self.about = about
        self.effects: list[Any] = []


@dataclass
class Engine:
    """One kind of store over one place; a second store on it finds what the first left."""

    name: str
    make: Callable[[StoreSettings], Store]
    committed: list[Any] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    def settings(self) -> StoreSettings:
        """Strict settings, so that the suite itself keeps the rules."""
        return StoreSettings(
            schemas=[TABLES],
            make_transaction=Tx,
            on_commit=self.committed.extend,
            is_strict=True,
            die=self.deaths.append,
            store_id="store-1",
            created_at=1_700_000_000_000,
        )

    def run(self, story: Callable[[Store], Awaitable[Any]], **changed: Any) -> Any:
        """Start a store, tell the story with it, stop it."""

        async def whole() -> Any:
            store = self.make(replace(self.settings(), **changed))
            await store.start()
            try:
                return await story(store)
            finally:
                await store.stop()

        return asyncio.run(whole())


def ask(
    store: Store, function: Callable[..., Any], *args: Any, about: str, is_durable: bool = True
) -> asyncio.Future[Any]:
    """Submit at once; the future is the answer."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def done(result: Any, error: BaseException | None) -> None:
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    store.submit(Job(function, args, store.partition(about), about, done, is_durable))
    return answer


class Gate:
    """Holds the writer in a function while others queue behind it, so that they share a batch."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()
        self._passed: asyncio.Future[Any]

    @classmethod
    async def held(cls, store: Store, about: str) -> Gate:
        """Hold the writer of this name's partition."""
        gate = cls()
        gate._passed = ask(store, gate._wait, about=about)
        assert await asyncio.to_thread(gate._entered.wait, 10)
        return gate

    def _wait(self, tx: Tx) -> None:
        self._entered.set()
        assert self._opened.wait(10)

    async def open(self, *answers: asyncio.Future[Any]) -> list[Any]:
        """Let the writer go on; return what became of each, exceptions too."""
        self._opened.set()
        await self._passed
        return await asyncio.gather(*answers, return_exceptions=True)


def sqlite_engine(name: str, directory: Path, **options: Any) -> Engine:
    """SQLite in a directory of its own."""
    return Engine(name, lambda settings: SqliteStore(directory, settings, **options))


def postgres_engine(url: str, **options: Any) -> Engine:
    """PostgreSQL in a database of its own."""
    from pileus.kernel.database.postgres import PostgresStore

    return Engine("postgres", lambda settings: PostgresStore(url, settings, **options))


def add(tx: Tx, name: str, amount: int) -> int:
    """Read a counter, then write it: the race that partitions must exclude."""
    row = tx.statements.one(
        "SELECT value FROM counters WHERE part = :part AND name = :name",
        {"part": tx.part, "name": name},
    )
    value = (row[0] if row else 0) + amount
    tx.statements.run(
        "INSERT INTO counters (part, name, value) VALUES (:part, :name, :value)"
        " ON CONFLICT (part, name) DO UPDATE SET value = excluded.value",
        {"part": tx.part, "name": name, "value": value},
    )
    return value


def value_of(tx: Tx, name: str) -> int:
    """Read a counter."""
    row = tx.statements.one(
        "SELECT value FROM counters WHERE part = :part AND name = :name",
        {"part": tx.part, "name": name},
    )
    return row[0] if row else 0
