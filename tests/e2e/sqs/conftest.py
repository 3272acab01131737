"""Fixtures of the tests of queues."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from e2e.sqs.asking import bodies
from support.postgres import Server
from support.running import Running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module's STORES names the stores that all its tests run on."""
    stores = getattr(metafunc.module, "STORES", None)
    if stores is not None and "pileus" in metafunc.fixturenames:
        metafunc.parametrize("pileus", stores, indirect=True, scope="module")


@pytest.fixture(scope="module")
def pileus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A running Pileus with a frozen clock, on one SQLite file or what STORES says."""
    settings: dict[str, Any] = {}
    server: Server | None = None
    match getattr(request, "param", "sqlite"):
        case "two sqlite files":
            settings["store_files"] = 2
        case "postgres":
            server = request.getfixturevalue("postgres_server")
            settings["store"] = server.new_database()
    running = Running(tmp_path_factory.mktemp("pileus"), **settings).start()
    running.freeze()
    yield running
    running.stop()
    if server is not None:
        server.drop_database(settings["store"])


@pytest.fixture
def sqs(aws: Any) -> Any:
    return aws("sqs")


@pytest.fixture
def poll(sqs: Any) -> Iterator[Any]:
    """Start a receive on a thread of its own; the bodies are its result."""
    with ThreadPoolExecutor(8) as pool:

        def start(url: str, seconds: int | None = 20, **params: Any) -> Future[list[str]]:
            if seconds is not None:
                params["WaitTimeSeconds"] = seconds
            return pool.submit(bodies, sqs, url, **params)

        yield start
