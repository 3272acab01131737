"""The stores that contract tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pileus.kernel.database import batches
from support.postgres import Server
from support.stores import Engine, postgres_engine, sqlite_engine


@pytest.fixture(autouse=True)
def unhurried_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, functions that are asked for together share a batch."""
    monkeypatch.setattr(batches, "BATCH_SECONDS", 60.0)


@pytest.fixture(params=["sqlite", "two sqlite files", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store of each kind."""
    match request.param:
        case "sqlite":
            yield sqlite_engine("sqlite", tmp_path / "data")
        case "two sqlite files":
            yield sqlite_engine("two sqlite files", tmp_path / "data", files=2)
        case _:
            server: Server = request.getfixturevalue("postgres_server")
            url = server.new_database()
            yield postgres_engine(url)
            server.drop_database(url)
