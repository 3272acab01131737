"""A release in real sandboxes: two versions behind an alias, traffic shifted, and rolled back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.lambdas import log_lines, make_role, package
from support.running import Running

CODE = """
import os

def handler(event, context):
    print("release {number}")
    return [
        context.function_version,
        context.invoked_function_arn.rpartition(":")[2],
        os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        context.log_stream_name.split("]")[0].split("[")[1],
        {number},
    ]
"""


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus")).start()
    running.freeze()
    yield running
    running.stop()


def code(number: int) -> bytes:
    return package(CODE.replace("{number}", str(number)))


def test_a_release_is_tried_on_some_of_the_events_and_rolled_back(
    pileus: Running, aws: Callable[..., Any]
) -> None:
    client, logs = aws("lambda"), aws("logs")
    client.create_function(
        FunctionName="shop", Runtime="python3.12", Handler="index.handler", MemorySize=1769,
        Timeout=20, Role=make_role(aws("iam"), "worker"), Code={"ZipFile": code(1)}, Publish=True,
    )  # fmt: skip
    client.get_waiter("published_version_active").wait(FunctionName="shop", Qualifier="1")
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    second = client.update_function_code(FunctionName="shop", ZipFile=code(2), Publish=True)
    assert "2" == second["Version"]

    def ask() -> list[Any]:
        answer = client.invoke(FunctionName="shop", Qualifier="live")
        found: list[Any] = json.loads(answer["Payload"].read())
        assert answer["ExecutedVersion"] == found[0]
        return found

    assert ["1", "live", "on-demand", "1", 1] == ask()
    client.update_alias(
        FunctionName="shop", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}
    )
    ran = Counter(ask()[0] for _ in range(200))
    # Of 200 events a tenth: fewer than two or more than sixty come once in many million runs.
    assert 2 <= ran["2"] <= 60
    client.update_alias(
        FunctionName="shop", Name="live", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert {"1"} == {ask()[0] for _ in range(20)}
    pileus.advance(1)
    lines = log_lines(logs, "shop")
    starts = Counter(
        line.split("Version: ")[1].strip() for line in lines if line.startswith("START")
    )
    assert {"1": 1 + ran["1"] + 20, "2": ran["2"]} == starts
    printed = Counter(line.strip() for line in lines if line.startswith("release"))
    assert {"release 1": starts["1"], "release 2": starts["2"]} == printed


def test_events_that_are_provided_for_never_begin_cold(
    pileus: Running, aws: Callable[..., Any]
) -> None:
    client, logs = aws("lambda"), aws("logs")
    client.create_function(
        FunctionName="ready", Runtime="python3.12", Handler="index.handler", MemorySize=1769,
        Timeout=20, Role=make_role(aws("iam"), "ready"), Code={"ZipFile": code(1)}, Publish=True,
    )  # fmt: skip
    client.put_provisioned_concurrency_config(
        FunctionName="ready", Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    pileus.advance(1)
    found = client.get_provisioned_concurrency_config(FunctionName="ready", Qualifier="1")
    assert ("READY", 2) == (found["Status"], found["AvailableProvisionedConcurrentExecutions"])
    for _ in range(5):
        answer = client.invoke(FunctionName="ready", Qualifier="1")
        assert "provisioned-concurrency" == json.loads(answer["Payload"].read())[2]
    pileus.advance(1)
    lines = log_lines(logs, "ready")
    reports = [line for line in lines if line.startswith("REPORT")]
    assert 5 == len(reports)
    assert not [line for line in reports if "Init Duration" in line]
