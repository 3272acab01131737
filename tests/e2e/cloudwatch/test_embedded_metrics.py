"""Metrics that log events carry, in CloudWatch's embedded metric format."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.running import Running


@pytest.fixture
def put(aws: Any, pileus: Running) -> Any:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")

    def put(*messages: Any) -> None:
        texts = [each if type(each) is str else json.dumps(each) for each in messages]
        logs.put_log_events(
            logGroupName="g", logStreamName="s",
            logEvents=[{"timestamp": pileus.now, "message": text} for text in texts],
        )  # fmt: skip
        pileus.advance(0)

    return put


@pytest.fixture
def total(aws: Any, pileus: Running) -> Any:
    def total(name: str, unit: str = "Milliseconds", **dimensions: str) -> float:
        now = datetime.fromtimestamp(pileus.now / 1000, UTC)
        found = aws("cloudwatch").get_metric_statistics(
            Namespace="Shop", MetricName=name, StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1), Period=3600, Statistics=["Sum"], Unit=unit,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        )["Datapoints"]  # fmt: skip
        return float(sum(each["Sum"] for each in found))

    return total


def event(dimensions: Any = ((), ("Page",)), metrics: Any = None, **members: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "Shop", "Dimensions": dimensions,
        "Metrics": metrics or [{"Name": "time", "Unit": "Milliseconds"}],
    }  # fmt: skip
    return {"_aws": {"CloudWatchMetrics": [directive]}, "Page": "cart", "time": 7, **members}


def test_each_set_of_dimensions_is_a_metric(put: Any, total: Any) -> None:
    put(event(), event(time=[1, 2]), "plain text", {"_aws": "unlike"})
    assert [10.0, 10.0, 0.0] == [total("time"), total("time", Page="cart"), total("time", Page="x")]


def test_what_the_specification_forbids_is_left_out(put: Any, total: Any) -> None:
    put(
        event(time="7"), event(time=[1] * 101), event(time=True),
        event(Page=5, dimensions=[["Page"]]),
        event(metrics=[{"Name": "time", "Unit": "Miles"}]), event(metrics=[{"Name": "none"}]),
        event(metrics=[{"Name": "time", "StorageResolution": 5}]), '{"_aws": ' + "[" * 5000,
    )  # fmt: skip
    assert [0.0, 0.0] == [total("time"), total("time", unit="None")]


def test_a_batch_may_carry_thousands(put: Any, total: Any) -> None:
    put(*(event(time=1, Page=f"page-{number}") for number in range(700)))
    assert [700.0, 1.0] == [total("time"), total("time", Page="page-699")]
