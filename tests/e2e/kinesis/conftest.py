"""Streams for the tests of Kinesis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from support.running import Running

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


Metric = Callable[..., float | None]


@pytest.fixture
def metric(aws: Any, pileus: Running, stream: str) -> Metric:
    """`metric(name, statistic, **dimensions)`: its value over the last day and the next."""
    cloudwatch = aws("cloudwatch")

    def read(name: str, statistic: str = "Sum", **dimensions: str) -> float | None:
        dimensions = {"StreamName": stream, **dimensions}
        now = datetime.fromtimestamp(pileus.now / 1000, UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Kinesis", MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(days=1), EndTime=now + timedelta(days=1),
            Period=172_800, Statistics=[statistic],
        )["Datapoints"]  # fmt: skip
        return found[0][statistic] if found else None

    return read
