"""Journeys through queues, functions and logs in real sandboxes, and through a crash."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import skips
from support.lambdas import log_lines, make_role, package
from support.running import Running

PYTHON = """
print("cold")

def handler(event, context):
    for record in event["Records"]:
        print("got", record["body"])
        if int(record["body"]) % 100 == 0:
            raise ValueError("not a hundred")
"""
NODE = """
exports.handler = async (event) => {
    const failures = [];
    for (const record of event.Records) {
        console.log("got " + record.body);
        if (Number(record.body) % 100 === 0) failures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures: failures };
};
"""
SENDER = """
import boto3

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event["url"], MessageBody="from inside")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus")).start()
    running.freeze()
    yield running
    running.stop()


class Journey:
    """One traveller's queues and functions."""

    def __init__(self, aws: Callable[..., Any], account: str) -> None:
        self.sqs, self.client, self.logs = aws("sqs"), aws("lambda"), aws("logs")
        self.account = account
        self.role = make_role(aws("iam"), "worker")

    def function(self, name: str, runtime: str, file: str, code: str) -> None:
        self.client.create_function(
            FunctionName=name, Runtime=runtime, Handler="index.handler", Role=self.role,
            MemorySize=1769, Timeout=30, Code={"ZipFile": package(code, file)},
        )  # fmt: skip

    def queue(self, name: str, **attributes: Any) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{self.account}:{name}"

    def send(self, url: str, numbers: range) -> None:
        bodies = [str(number) for number in numbers]
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(place), "MessageBody": body}
                for place, body in enumerate(bodies[start : start + 10])
            ]
            self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def bodies(self, url: str) -> set[str]:
        """Everything that can be received from a queue."""
        found: set[str] = set()
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found |= {message["Body"] for message in messages}
        return found


@pytest.fixture
def journey(pileus: Running, aws: Callable[..., Any], account: str) -> Journey:
    return Journey(aws, account)


@pytest.mark.parametrize(
    ("runtime", "file", "code", "response_types", "batch_size"),
    [
        ("python3.12", "index.py", PYTHON, [], 1),
        ("nodejs20.x", "index.js", NODE, ["ReportBatchItemFailures"], 10),
    ],
)
def test_a_thousand_messages_reach_a_function(
    pileus: Running,
    journey: Journey,
    runtime: str,
    file: str,
    code: str,
    response_types: list[str],
    batch_size: int,
) -> None:
    if runtime.startswith("nodejs"):
        skips.program("node", "Node.js")
    dead_url, dead_arn = journey.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn = journey.queue("source", RedrivePolicy=redrive)
    journey.function("consumer", runtime, file, code)
    journey.client.create_event_source_mapping(
        FunctionName="consumer", EventSourceArn=arn, BatchSize=batch_size,
        FunctionResponseTypes=response_types,
    )  # fmt: skip
    journey.send(url, range(1, 1001))
    pileus.advance(120)
    failing = {str(number) for number in range(100, 1001, 100)}
    assert set() == journey.bodies(url)
    assert failing == journey.bodies(dead_url)
    lines = log_lines(journey.logs, "consumer")
    got = Counter(line.split("got ")[1].strip() for line in lines if "got " in line)
    assert {str(n): 2 if str(n) in failing else 1 for n in range(1, 1001)} == got
    reports = [line for line in lines if line.startswith("REPORT ")]
    cold = [line for line in reports if "Init Duration" in line]
    assert 1 <= len(cold) < len(reports)
    # An event that waits for a cold start takes an environment that has become free earlier.
    assert len(cold) <= sum(line.startswith("INIT_START ") for line in lines)
    assert len(reports) == sum(line.startswith("START ") for line in lines)
    assert len(reports) == sum(line.startswith("END ") for line in lines)


def test_a_function_uses_its_role_and_the_endpoint(journey: Journey) -> None:
    url, _ = journey.queue("inbox")
    journey.function("sender", "python3.12", "index.py", SENDER)
    answer = journey.client.invoke(FunctionName="sender", Payload=json.dumps({"url": url}).encode())
    assert f"arn:aws:sts::{journey.account}:assumed-role/worker/sender" == json.loads(
        answer["Payload"].read()
    )
    assert {"from inside"} == journey.bodies(url)


def test_what_was_acknowledged_goes_on_after_a_restart(tmp_path: Path, account: str) -> None:
    first = Running(tmp_path).start()
    journey = Journey(lambda name: first.client(name, account=account), account)
    url, arn = journey.queue("source")
    journey.function("consumer", "python3.12", "index.py", PYTHON)
    uuid = journey.client.create_event_source_mapping(
        FunctionName="consumer", EventSourceArn=arn, Enabled=False
    )["UUID"]
    journey.client.put_function_concurrency(FunctionName="consumer", ReservedConcurrentExecutions=3)
    journey.send(url, range(1, 51))
    journey.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    first.stop()
    second = Running(tmp_path).start()
    try:
        client = second.client("lambda", account=account)
        second.freeze()
        second.advance(60)
        assert "Enabled" == client.get_event_source_mapping(UUID=uuid)["State"]
        assert {"ReservedConcurrentExecutions": 3} == (
            client.get_function(FunctionName="consumer")["Concurrency"]
        )
        lines = log_lines(second.client("logs", account=account), "consumer")
        got = {line.split()[1] for line in lines if line.startswith("got ")}
        assert {str(number) for number in range(1, 51)} == got
    finally:
        second.stop()


EXTENSION = """#!/usr/bin/env python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"

def ask(path, body=None, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib.request.urlopen(urllib.request.Request(f"{api}{path}", body, names))

me = ask("/register", b'{"events": ["INVOKE"]}', Lambda_Extension_Name="watch")
me = me.headers["Lambda-Extension-Identifier"]
while True:
    event = json.load(ask("/event/next", Lambda_Extension_Identifier=me))
    print("watched", event["eventType"], flush=True)
"""


def test_a_layers_extension_watches_a_function(journey: Journey, pileus: Running) -> None:
    layer = journey.client.publish_layer_version(
        LayerName="watch", Content={"ZipFile": package(EXTENSION, "extensions/watch", 0o755)}
    )
    code = "def handler(event, context): return event"
    journey.client.create_function(
        FunctionName="watched", Runtime="python3.12", Handler="index.handler", Role=journey.role,
        Layers=[layer["LayerVersionArn"]], Code={"ZipFile": package(code)},
    )  # fmt: skip
    answer = journey.client.invoke(FunctionName="watched", Payload=b"7")
    assert b"7" == answer["Payload"].read()
    pileus.advance(0)
    lines = log_lines(journey.logs, "watched")
    assert "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE]\n" in lines
    assert "watched INVOKE\n" in lines


def test_a_package_without_a_program_fails_as_on_aws(journey: Journey, pileus: Running) -> None:
    journey.function("empty", "provided.al2023", "index.txt", "nothing")
    answer = journey.client.invoke(FunctionName="empty")
    document = json.load(answer["Payload"])
    text = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    assert ("Unhandled", "Runtime.InvalidEntrypoint") == (
        answer["FunctionError"],
        document["errorType"],
    )
    assert document["errorMessage"].endswith(f" Error: {text}")
    pileus.advance(0)
    lines = log_lines(journey.logs, "empty")
    assert any(line.endswith(f"Error: {text}\nRuntime.InvalidEntrypoint\n") for line in lines)
    assert lines[-1].endswith("Status: error\tError Type: Runtime.InvalidEntrypoint\n")
