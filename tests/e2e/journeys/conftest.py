"""Fixtures of journeys through several services: a server whose functions are callables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    """A running Pileus whose clock is frozen; advance it with `pileus.advance(seconds)`."""
    running = RunningLambda(tmp_path_factory.mktemp("pileus"))
    running.start()
    running.freeze()
    yield running
    running.stop()


@pytest.fixture
def functions(pileus: RunningLambda, aws: Any, account: str) -> Functions:
    return Functions(pileus, aws, account)
