"""What Lambda states about its functions: CloudWatch's metrics, and `/_pileus/lambda`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from pileus.services.lambda_.running import lineage
from support.lambdas import Functions, RunningLambda


def answer(event: Any, context: Any = None) -> Any:
    return {}


def fail(event: Any, context: Any = None) -> Any:
    raise ValueError("no")


@pytest.fixture
def metric(aws: Any, pileus: RunningLambda) -> Any:
    """`metric(name, statistic, **dimensions)`: its value over the last hours."""
    cloudwatch = aws("cloudwatch")

    def read(name: str, statistic: str = "Sum", **dimensions: str) -> float | None:
        now = datetime.fromtimestamp(pileus.now / 1000, UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda", MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(hours=12), EndTime=now + timedelta(hours=12),
            Period=86_400, Statistics=[statistic],
        )["Datapoints"]  # fmt: skip
        return found[0][statistic] if found else None

    return read


def test_invocations_errors_and_duration(functions: Functions, metric: Any) -> None:
    good, bad = functions.create(answer), functions.create(fail)
    for name in (good, good, bad):
        functions.invoke(name)
    assert [2.0, 0.0] == [metric(each, FunctionName=good) for each in ("Invocations", "Errors")]
    assert [1.0, 1.0] == [metric(each, FunctionName=bad) for each in ("Invocations", "Errors")]
    assert [3.0, 1.0] == [metric(each) for each in ("Invocations", "Errors")]
    assert 2.0 == metric("Duration", "SampleCount", FunctionName=good, Resource=good)
    assert 0.0 == metric("Throttles", FunctionName=good)
    assert 1.0 == metric("ConcurrentExecutions", "Maximum", FunctionName=good)
    assert 1.0 == metric("ConcurrentExecutions", "Maximum")
    assert 1.0 == metric("UnreservedConcurrentExecutions", "Maximum")


def test_an_alias_tells_what_was_invoked_and_what_ran(functions: Functions, metric: Any) -> None:
    name = functions.create(answer)
    functions.client.publish_version(FunctionName=name)
    functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.invoke(name, Qualifier="live")
    functions.invoke(name, Qualifier="1")
    assert 2.0 == metric("Invocations", FunctionName=name)
    assert 1.0 == metric("Invocations", FunctionName=name, Resource=f"{name}:live")
    assert 1.0 == metric("Invocations", FunctionName=name, Resource=f"{name}:1")
    assert 1.0 == metric(
        "Invocations", ExecutedVersion="1", FunctionName=name, Resource=f"{name}:live"
    )


def test_throttles_are_no_invocations(functions: Functions, metric: Any) -> None:
    name = functions.create(answer)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        functions.invoke(name)
    assert 1.0 == metric("Throttles", FunctionName=name)
    assert metric("Invocations", FunctionName=name) is None


def test_requests_to_urls_are_counted(
    functions: Functions, metric: Any, pileus: RunningLambda
) -> None:
    for name, handler, statuses in (
        ("good", answer, [200, 200, 429]), ("bad", fail, [502])
    ):  # fmt: skip
        functions.create(handler, FunctionName=name)
        made = functions.client.create_function_url_config(FunctionName=name, AuthType="NONE")
        for status in statuses:
            functions.client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=0 if status == 429 else 1
            )
            connection = HTTPConnection("127.0.0.1", pileus.port, timeout=30)
            host = urlsplit(made["FunctionUrl"]).netloc
            connection.request("GET", "/", headers={"Host": host})
            assert status == connection.getresponse().status
    counts = ("UrlRequestCount", "Url4xxCount", "Url5xxCount")
    assert [3.0, 1.0, 0.0] == [metric(each, FunctionName="good") for each in counts]
    assert [1.0, 0.0, 1.0] == [metric(each, FunctionName="bad") for each in counts]
    assert 3.0 == metric("UrlRequestLatency", "SampleCount", FunctionName="good")


def test_provisioned_environments_are_told_apart(
    functions: Functions, metric: Any, pileus: RunningLambda
) -> None:
    name = functions.create(answer)
    functions.client.publish_version(FunctionName=name)
    functions.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    pileus.idle()
    functions.invoke(name, Qualifier="1")
    functions.invoke(name)
    for each in ("ProvisionedConcurrentExecutions", "ProvisionedConcurrencyUtilization"):
        assert 1.0 == metric(each, "Maximum", FunctionName=name, Resource=f"{name}:1")
        assert metric(each, "Maximum", FunctionName=name, Resource=name) is None
    assert 1.0 == metric("ProvisionedConcurrencyInvocations", FunctionName=name)
    assert metric("ProvisionedConcurrencySpilloverInvocations", FunctionName=name) is None


def test_half_of_what_is_provisioned_may_be_at_work(
    functions: Functions, metric: Any, pileus: RunningLambda
) -> None:
    name = functions.create(answer)
    functions.client.publish_version(FunctionName=name)
    functions.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    pileus.idle()
    functions.invoke(name, Qualifier="1")
    assert 0.5 == metric("ProvisionedConcurrencyUtilization", "Maximum", FunctionName=name)


def test_what_extensions_take_after_the_function_is_told(
    functions: Functions, metric: Any, pileus: RunningLambda
) -> None:
    plain, extended = functions.create(answer), functions.create(answer)
    functions.invoke(plain)
    pileus.fleet.post_runtime_ms = 12.345
    try:
        functions.invoke(extended)
    finally:
        pileus.fleet.post_runtime_ms = None
    name = "PostRuntimeExtensionsDuration"
    assert 12.35 == pytest.approx(metric(name, FunctionName=extended), abs=0.01)
    assert metric(name, FunctionName=plain) is None


def test_events_that_go_round_are_counted(functions: Functions, metric: Any) -> None:
    name = functions.create(answer)
    arn = functions.arn(name)
    header = "Root=1-5f84c7a9-0000000000000000000000aa"
    for _ in range(lineage.RUNS_MAX):
        header = lineage.extended(header, arn)

    def add(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = header

    events = functions.client.meta.events
    events.register("before-sign", add, unique_id="loop")
    try:
        with pytest.raises(ClientError):
            functions.invoke(name)
    finally:
        events.unregister("before-sign", unique_id="loop")
    assert 1.0 == metric("RecursiveInvocationsDropped", FunctionName=name)
    assert metric("Invocations", FunctionName=name) is None


def test_asynchronous_events_are_counted(
    functions: Functions, metric: Any, pileus: RunningLambda
) -> None:
    gone = functions.arn("nothing").replace(":lambda:", ":sqs:").replace("function:", "")
    name = functions.create(fail, DeadLetterConfig={"TargetArn": gone})
    functions.invoke(name, InvocationType="Event")
    pileus.advance(600)
    assert 1.0 == metric("AsyncEventsReceived", FunctionName=name)
    assert 3.0 == metric("AsyncEventAge", "SampleCount", FunctionName=name)
    assert 180_000.0 == metric("AsyncEventAge", "Maximum", FunctionName=name)
    assert 1.0 == metric("AsyncEventsDropped", FunctionName=name)
    assert 1.0 == metric("DeadLetterErrors", FunctionName=name)
    assert 3.0 == metric("Errors", FunctionName=name)


def test_the_control_plane_shows_environments_and_durations(
    functions: Functions, pileus: RunningLambda
) -> None:
    name = functions.create(answer)
    for _ in range(3):
        functions.invoke(name)
    with urlopen(f"{pileus.url}/_pileus/lambda") as page:
        shown = json.load(page)["functions"][functions.arn(name)]
    assert {"$LATEST": {"alive": 1, "idle": 1, "busy": 0}} == shown["environments"]
    assert (3, 1, 0, 0) == tuple(
        shown[key] for key in ("invocations", "cold_starts", "errors", "throttles")
    )
    assert 1.5 == shown["cpu_ms"]
    assert shown["duration_ms_p50"] <= shown["duration_ms_p99"]
