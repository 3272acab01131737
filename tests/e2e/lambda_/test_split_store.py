"""Functions whose partitions lie in two databases: nothing assumes that all share a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.lambdas import Functions, RunningLambda, log_lines
from support.streaming import Streams


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"), store_files=2)
    running.start()
    running.freeze()
    yield running
    running.stop()


@pytest.fixture
def apart(pileus: RunningLambda, functions: Functions) -> tuple[str, str]:
    """Names of two functions that lie in different databases, whichever way they are named."""
    store = pileus.app.kernel.store

    def part(name: str) -> int:
        return int(store.partition(functions.arn(name)))

    names = [f"f{number}" for number in range(20)]
    other = next(name for name in names if not store.is_together(part("f0"), part(name)))
    return "f0", other


def test_a_record_reaches_a_function_in_the_other_database(
    functions: Functions, client: Any, pileus: RunningLambda, apart: tuple[str, str]
) -> None:
    records: list[Any] = []
    source = functions.create(lambda event, context: "fine", FunctionName=apart[0])
    target = functions.create(lambda event, context: records.append(event), FunctionName=apart[1])
    for qualifier in ("", ":$LATEST"):
        client.put_function_event_invoke_config(
            FunctionName=source,
            DestinationConfig={"OnSuccess": {"Destination": functions.arn(target) + qualifier}},
        )
        functions.invoke(source, 1, InvocationType="Event")
        pileus.advance(5)
    assert ["fine", "fine"] == [record["responsePayload"] for record in records]


def test_both_functions_are_listed_reserved_fed_and_logged(
    functions: Functions, client: Any, aws: Any, pileus: RunningLambda, apart: tuple[str, str]
) -> None:
    seen: list[str] = []
    sqs = aws("sqs")
    for name in apart:
        functions.create(
            lambda event, context: seen.append(event["Records"][0]["body"]), FunctionName=name
        )
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{functions.account}:{name}"
        client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
        sqs.send_message(QueueUrl=url, MessageBody=name)
    pileus.advance(5)
    assert sorted(apart) == sorted(seen)
    listed = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    assert sorted(apart) == listed
    for name in apart:
        assert {"ReservedConcurrentExecutions": 2} == (
            client.get_function(FunctionName=name)["Concurrency"]
        )
        assert log_lines(aws("logs"), name)[-1].startswith("REPORT RequestId: ")


def test_a_url_is_found_and_forgotten_in_the_other_database(
    functions: Functions, client: Any, pileus: RunningLambda, apart: tuple[str, str]
) -> None:
    for name in apart:
        functions.create(lambda event, context: "fine", FunctionName=name)
        made = client.create_function_url_config(FunctionName=name, AuthType="NONE")
        host = urlsplit(made["FunctionUrl"]).netloc
        pileus.advance(1)
        assert 200 == status_of(pileus, host)
        client.delete_function_url_config(FunctionName=name)
        assert 404 == status_of(pileus, host)


def status_of(pileus: RunningLambda, host: str) -> int:
    connection = HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    connection.request("GET", "/", headers={"Host": host})
    return connection.getresponse().status


def test_streams_anywhere_feed_a_function_anywhere(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    streams = Streams(functions, aws)
    sqs = aws("sqs")

    def fail(event: Any) -> None:
        raise ValueError

    for number in range(4):
        sqs.create_queue(QueueName=f"q{number}")
        to = f"arn:aws:sqs:us-east-1:{functions.account}:q{number}"
        streams.map(
            streams.create(name=f"s{number}"), fail, MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": to}},
        )  # fmt: skip
        streams.put(f"body {number}", name=f"s{number}")
    pileus.advance(5)
    assert [f"body {number}" for number in range(4)] == sorted(streams.seen())
    for number in range(4):
        url = sqs.get_queue_url(QueueName=f"q{number}")["QueueUrl"]
        assert 1 == len(sqs.receive_message(QueueUrl=url)["Messages"])
