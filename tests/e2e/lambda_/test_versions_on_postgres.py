"""Versions, aliases, what hangs on them, and streams that feed functions, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.postgres import Server
from support.refusals import refusal
from support.streaming import Event, Streams, bodies


@pytest.fixture(scope="module")
def pileus(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningLambda]:
    url = postgres_server.new_database()
    running = RunningLambda(tmp_path_factory.mktemp("pileus"), store=url)
    running.start()
    running.freeze()
    yield running
    running.stop()
    postgres_server.drop_database(url)


def test_a_function_with_all_that_hangs_on_it(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: 1)
    for timeout in (4, 5, 6):
        client.update_function_configuration(FunctionName=name, Timeout=timeout)
        client.publish_version(FunctionName=name)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0
    )
    client.add_permission(
        FunctionName=name, Qualifier="live", StatementId="s", Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )  # fmt: skip
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=2
    )
    pileus.idle()
    found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    assert "READY" == found["Status"]
    assert functions.invoke(name, Qualifier="live")["ExecutedVersion"] in ("1", "2")
    assert ["live"] == [
        each["Name"]
        for each in client.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]
    ]
    assert 409 == refusal(client.delete_function, FunctionName=name, Qualifier="2").status
    client.delete_function(FunctionName=name, Qualifier="3")
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert ["$LATEST", "1", "2"] == [each["Version"] for each in listed]
    assert 3 == len(client.list_functions(FunctionVersion="ALL")["Functions"])
    client.delete_function(FunctionName=name)
    pileus.idle()
    functions.create(FunctionName=name)
    assert "4" == client.publish_version(FunctionName=name)["Version"]
    assert [] == client.list_aliases(FunctionName=name)["Aliases"]


def test_code_signing_configs(client: Any) -> None:
    profile = "arn:aws:signer:us-east-1:111111111111:/signing-profiles/mine/abcdefghij"
    made = client.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [profile]}
    )["CodeSigningConfig"]
    listed = client.list_code_signing_configs()["CodeSigningConfigs"]
    assert [made] == listed
    client.delete_code_signing_config(CodeSigningConfigArn=made["CodeSigningConfigArn"])
    assert [] == client.list_code_signing_configs()["CodeSigningConfigs"]


def test_a_stream_feeds_a_function(functions: Functions, aws: Any, pileus: RunningLambda) -> None:
    streams = Streams(functions, aws)
    url = aws("sqs").create_queue(QueueName="failures")["QueueUrl"]
    to = f"arn:aws:sqs:us-east-1:{functions.account}:failures"

    def answer(event: Event) -> None:
        if "bad" in bodies(event):
            raise ValueError

    arn = streams.create()
    made = streams.map(
        arn, answer, BatchSize=1, MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": to}},
    )  # fmt: skip
    streams.put("a", "bad", "b")
    pileus.advance(1)
    assert ["a", "bad", "bad", "b"] == streams.seen()
    assert 1 == len(aws("sqs").receive_message(QueueUrl=url)["Messages"])
    client = aws("lambda")
    client.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    streams.put("c")
    client.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    assert ["c"] == streams.seen()[4:]
    client.delete_event_source_mapping(UUID=made["UUID"])
