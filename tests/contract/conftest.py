"""The stores that contract tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import Server
from support.stores import Engine, postgres_engine, sqlite_engine


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
