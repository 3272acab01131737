"""AWS's own SDK for durable functions in Python, in a real sandbox, unchanged."""

from __future__ import annotations

import importlib.metadata
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.lambdas import make_role
from support.running import Running

CODE = """
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryDecision

def flaky(step):
    if step.attempt < 3:
        raise ValueError("not yet")
    return step.attempt

@durable_execution
def order(event, context):
    first = context.step(lambda _: event["n"] + 1, name="first")
    tried = context.step(
        flaky, name="flaky",
        config=StepConfig(retry_strategy=lambda error, attempt: RetryDecision.retry(
            Duration.from_seconds(10))),
    )
    context.wait(Duration.from_days(1), name="night")
    callback = context.create_callback(name="approval")
    approved = callback.result()
    both = context.parallel(
        [lambda c: c.step(lambda _: "a"), lambda c: c.step(lambda _: "b")], name="both"
    ).get_results()
    squares = context.map(
        [1, 2, 3], lambda c, item, index, items: c.step(lambda _: item * item), name="squares"
    ).get_results()
    inner = context.run_in_child_context(lambda c: c.step(lambda _: "deep"), name="child")
    doubled = context.invoke("double", {"n": first}, name="double")
    return [first, tried, approved, both, squares, inner, doubled]

@durable_execution
def fails(event, context):
    context.step(lambda _: 1 / 0, config=StepConfig(
        retry_strategy=lambda error, attempt: RetryDecision.no_retry()))

def double(event, context):
    return event["n"] * 2
"""


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus")).start()
    running.freeze()
    yield running
    running.stop()


def package() -> bytes:
    """The code, and the SDK beside it as a user would pack it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)

        put("index.py", CODE.encode())
        distribution = importlib.metadata.distribution("aws-durable-execution-sdk-python")
        for file in distribution.files or ():
            source = Path(str(distribution.locate_file(file)))
            if not file.parts[0].startswith("..") and source.suffix != ".pyc":
                put(str(file), source.read_bytes())
    return buffer.getvalue()


class Made:
    """The functions of a test, made with the real SDK."""

    def __init__(self, aws: Callable[..., Any]) -> None:
        self.client = aws("lambda")
        role = make_role(aws("iam"), "worker")
        code = {"ZipFile": package()}
        for name in ("order", "fails", "double"):
            durable = {} if name == "double" else {"DurableConfig": {"ExecutionTimeout": 864_000}}
            self.client.create_function(
                FunctionName=name, Runtime="python3.13", Handler=f"index.{name}", Role=role,
                Code=code, Timeout=30, MemorySize=512, **durable,
            )  # fmt: skip

    def start(self, name: str, event: Any) -> str:
        answer = self.client.invoke(
            FunctionName=name, Qualifier="$LATEST", InvocationType="Event",
            Payload=json.dumps(event),
        )  # fmt: skip
        return str(answer["DurableExecutionArn"])

    def get(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_durable_execution(DurableExecutionArn=arn)
        return found

    def events(self, arn: str) -> list[dict[str, Any]]:
        found = self.client.get_durable_execution_history(DurableExecutionArn=arn, MaxItems=1000)
        events: list[dict[str, Any]] = found["Events"]
        return events


@pytest.fixture
def made(aws: Callable[..., Any]) -> Made:
    return Made(aws)


def test_steps_retries_waits_callbacks_and_branches_run_as_on_aws(
    made: Made, pileus: Running
) -> None:
    arn = made.start("order", {"n": 20})
    pileus.advance(0)
    pileus.advance(20)
    pileus.advance(86_399)
    assert "RUNNING" == made.get(arn)["Status"]
    pileus.advance(1)
    started = [e for e in made.events(arn) if e["EventType"] == "CallbackStarted"]
    made.client.send_durable_execution_callback_success(
        CallbackId=started[0]["CallbackStartedDetails"]["CallbackId"], Result=b'"yes"'
    )
    pileus.advance(0)
    found = made.get(arn)
    assert "SUCCEEDED" == found["Status"], found
    expected = [21, 3, '"yes"', ["a", "b"], [1, 4, 9], "deep", 42]
    assert expected == json.loads(found["Result"])
    kinds = [event["EventType"] for event in made.events(arn)]
    assert (2, 1) == (kinds.count("StepFailed"), kinds.count("WaitSucceeded"))


def test_an_error_fails_the_execution_as_on_aws(made: Made, pileus: Running) -> None:
    arn = made.start("fails", {})
    pileus.advance(0)
    found = made.get(arn)
    assert "FAILED" == found["Status"]
    assert "division by zero" == found["Error"]["ErrorMessage"]
