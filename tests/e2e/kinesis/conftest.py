"""Streams for the tests of Kinesis."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

_numbers = count()


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws("kinesis")


@pytest.fixture
def stream(kinesis: Any) -> str:
    """The name of a new stream with one shard."""
    name = f"stream-{next(_numbers)}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


@pytest.fixture
def arn(account: str) -> Callable[[str], str]:
    return lambda name: f"arn:aws:kinesis:us-east-1:{account}:stream/{name}"
