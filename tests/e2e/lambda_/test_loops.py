"""Events that go round in a loop through a queue, a topic or the function itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pileus.services.lambda_.running import lineage
from support.lambdas import log_lines, make_role, package
from support.running import Running

CODE = """
import json, os
import boto3

def handler(event, context):
    print("round")
    way = os.environ["WAY"]
    if way == "queue":
        boto3.client("sqs").send_message(QueueUrl=os.environ["TO"], MessageBody="again")
    elif way == "topic":
        boto3.client("sns").publish(TopicArn=os.environ["TO"], Message="again")
    elif way == "itself":
        boto3.client("lambda").invoke(
            FunctionName=context.function_name, InvocationType="Event", Payload=b"{}"
        )
"""


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus")).start()
    running.freeze()
    yield running
    running.stop()


class Loop:
    """A function that sends on what it gets, and where its failures go."""

    def __init__(self, pileus: Running, aws: Callable[..., Any], account: str) -> None:
        self.pileus, self.account = pileus, account
        self.sqs, self.sns, self.client = aws("sqs"), aws("sns"), aws("lambda")
        self.logs = aws("logs")
        self.role = make_role(aws("iam"), "worker")
        self.dead_url, self.dead_arn = self.queue("dead")

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{self.account}:{name}"

    def function(self, way: str, to: str, **members: Any) -> str:
        made = self.client.create_function(
            FunctionName="looping", Runtime="python3.12", Handler="index.handler", Timeout=20,
            Role=self.role, MemorySize=1769, Code={"ZipFile": package(CODE)},
            Environment={"Variables": {"WAY": way, "TO": to}}, **members,
        )  # fmt: skip
        return str(made["FunctionArn"])

    def rounds(self) -> int:
        lines = log_lines(self.logs, "looping")
        return sum(line.startswith("round") for line in lines)

    def dead(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(found.get("Messages", []))


@pytest.fixture
def loop(pileus: Running, aws: Callable[..., Any], account: str) -> Loop:
    return Loop(pileus, aws, account)


def test_a_loop_through_a_queue_ends_after_sixteen_rounds(loop: Loop) -> None:
    redrive = json.dumps({"deadLetterTargetArn": loop.dead_arn, "maxReceiveCount": 1})
    url, arn = loop.queue("round", RedrivePolicy=redrive)
    loop.function("queue", url)
    loop.client.create_event_source_mapping(FunctionName="looping", EventSourceArn=arn)
    loop.sqs.send_message(QueueUrl=url, MessageBody="first")
    loop.pileus.advance(120)
    assert 16 == loop.rounds()
    assert ["again"] == [message["Body"] for message in loop.dead()]


def test_a_loop_through_a_topic_ends_in_the_dead_letter_queue(loop: Loop) -> None:
    topic = loop.sns.create_topic(Name="round")["TopicArn"]
    arn = loop.function("topic", topic, DeadLetterConfig={"TargetArn": loop.dead_arn})
    loop.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    loop.sns.publish(TopicArn=topic, Message="first")
    loop.pileus.advance(1)
    assert 16 == loop.rounds()
    [dead] = loop.dead()
    assert "again" == json.loads(dead["Body"])["Records"][0]["Sns"]["Message"]
    assert "400" == dead["MessageAttributes"]["ErrorCode"]["StringValue"]


def test_a_function_that_invokes_itself_ends_after_sixteen_rounds(loop: Loop) -> None:
    loop.function("itself", "", DeadLetterConfig={"TargetArn": loop.dead_arn})
    loop.client.invoke(FunctionName="looping", InvocationType="Event", Payload=b"{}")
    loop.pileus.advance(1)
    assert 16 == loop.rounds()
    assert 1 == len(loop.dead())


def test_a_loop_that_is_allowed_goes_on(loop: Loop) -> None:
    loop.function("itself", "")
    loop.client.put_function_recursion_config(FunctionName="looping", RecursiveLoop="Allow")
    loop.client.invoke(FunctionName="looping", InvocationType="Event", Payload=b"{}")
    while loop.rounds() < 20:
        pass
    loop.client.delete_function(FunctionName="looping")
    loop.pileus.advance(1)


def test_a_request_that_has_gone_round_is_refused(loop: Loop, aws: Callable[..., Any]) -> None:
    arn = loop.function("nowhere", "")
    mark = lineage.mark(arn)
    client = aws("lambda")

    def trace(params: dict[str, Any], **others: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = (
            f"Root=1-5759e988-bd862e3fe1be46a994272793;Lineage={mark}:16"
        )

    client.meta.events.register("before-call.lambda.Invoke", trace)
    try:
        with pytest.raises(client.exceptions.RecursiveInvocationException) as refused:
            client.invoke(FunctionName="looping")
    finally:
        client.meta.events.unregister("before-call.lambda.Invoke", trace)
    assert 400 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert 0 == loop.rounds()
