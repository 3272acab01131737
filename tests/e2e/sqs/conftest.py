"""Fixtures of the tests of queues."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from e2e.sqs.asking import bodies


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
