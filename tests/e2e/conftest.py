"""Fixtures of the end-to-end tests: a server for each module, a frozen clock for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.running import Running


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running Pileus whose clock is frozen; advance it with `pileus.advance(seconds)`."""
    running = Running(tmp_path_factory.mktemp("pileus")).start()
    running.freeze()
    yield running
    running.stop()


_accounts = iter(range(100_000_000_001, 999_999_999_999))


@pytest.fixture
def account() -> str:
    """An account of its own: tests of a module do not see each other's resources."""
    return str(next(_accounts))


@pytest.fixture
def aws(pileus: Running, account: str) -> Any:
    """`aws("sqs")`: a boto3 client in the test's own account."""
    return lambda service, **options: pileus.client(service, account=account, **options)
