"""AWS's transitional states, played in platform time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda, package
from support.refusals import Refusal, refusal
from support.streaming import Streams


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"), aws_delays=True, strict=True)
    running.start()
    running.freeze()
    yield running
    running.stop()


def conflict(message: str) -> Refusal:
    return Refusal("ResourceConflictException", message, 409)


def test_a_function_is_pending_until_time_has_passed(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: "ran")
    assert "Pending" == client.get_function_configuration(FunctionName=name)["State"]
    pending = conflict(
        "The operation cannot be performed at this time. The function is currently in the "
        "following state: Pending"
    )
    assert pending == refusal(client.invoke, FunctionName=name)
    assert pending == refusal(client.invoke, FunctionName=name, InvocationType="Event")
    assert pending == refusal(
        client.update_function_code, FunctionName=name, ZipFile=package("new")
    )
    pileus.advance(5)
    assert "Active" == client.get_function_configuration(FunctionName=name)["State"]
    assert b'"ran"' == functions.invoke(name)["Payload"]


def test_one_update_at_a_time(functions: Functions, client: Any, pileus: RunningLambda) -> None:
    name = functions.create(lambda event, context: "ran")
    pileus.advance(5)
    client.update_function_configuration(FunctionName=name, Timeout=5)
    read = client.get_function_configuration(FunctionName=name)
    assert ("Active", "InProgress") == (read["State"], read["LastUpdateStatus"])
    busy = conflict(
        "The operation cannot be performed at this time. An update is in progress for resource: "
        f"{functions.arn(name)}"
    )
    assert busy == refusal(client.update_function_configuration, FunctionName=name, Timeout=6)
    assert busy == refusal(client.update_function_code, FunctionName=name, ZipFile=package("new"))
    assert b'"ran"' == functions.invoke(name)["Payload"]
    pileus.advance(3)
    read = client.get_function_configuration(FunctionName=name)
    assert "Successful" == read["LastUpdateStatus"]


def test_a_version_is_pending_and_what_is_provisioned_waits_for_it(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: "ran")
    assert "Pending" in refusal(client.publish_version, FunctionName=name).message
    pileus.advance(5)
    client.update_function_configuration(FunctionName=name, Timeout=5)
    assert conflict(
        "The operation cannot be performed at this time. An update is in progress for resource: "
        f"{functions.arn(name)}"
    ) == refusal(client.publish_version, FunctionName=name)
    pileus.advance(3)
    assert "Pending" == client.publish_version(FunctionName=name)["State"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert "Pending" in refusal(client.invoke, FunctionName=name, Qualifier="live").message
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    pileus.advance(1)
    get = client.get_provisioned_concurrency_config
    assert "IN_PROGRESS" == get(FunctionName=name, Qualifier="live")["Status"]
    pileus.advance(4)
    assert "Active" == client.get_function_configuration(FunctionName=f"{name}:1")["State"]
    assert "READY" == get(FunctionName=name, Qualifier="live")["Status"]
    assert b'"ran"' == functions.invoke(name, Qualifier="live")["Payload"]


def test_a_function_deleted_while_pending_stays_deleted(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create()
    client.delete_function(FunctionName=name)
    pileus.advance(5)
    assert [] == client.list_functions()["Functions"]


def test_strictness_refuses_retired_runtimes(functions: Functions, client: Any) -> None:
    found = refusal(
        client.create_function,
        FunctionName="f",
        Runtime="python3.7",
        Handler="h",
        Role=functions.role,
        Code={"ZipFile": package()},
    )
    assert (
        Refusal(
            "InvalidParameterValueException",
            "The runtime parameter of python3.7 is no longer supported for creating or updating "
            "AWS Lambda functions. We recommend you use a supported runtime while creating or "
            "updating functions.",
            400,
        )
        == found
    )


def test_mappings_take_time_too(
    functions: Functions, client: Any, aws: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: None)
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="source")["QueueUrl"]
    pileus.advance(5)
    arn = f"arn:aws:sqs:us-east-1:{functions.account}:source"
    uuid = client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)["UUID"]

    def state() -> str:
        return str(client.get_event_source_mapping(UUID=uuid)["State"])

    assert "Creating" == state()
    in_use = Refusal(
        "ResourceInUseException",
        "Cannot delete the event source mapping because it is in use.",
        400,
    )
    assert in_use == refusal(client.delete_event_source_mapping, UUID=uuid)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    pileus.advance(4)
    assert "Creating" == state()
    pileus.advance(1)
    assert "Enabled" == state()
    assert "Disabling" == client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"]
    assert "Disabling" == state()
    pileus.advance(5)
    assert "Disabled" == state()
    assert "Updating" == client.update_event_source_mapping(UUID=uuid, BatchSize=2)["State"]
    pileus.advance(5)
    assert "Enabling" == client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"]
    pileus.advance(5)
    assert "Enabled" == state()
    assert "Deleting" == client.delete_event_source_mapping(UUID=uuid)["State"]
    assert "Deleting" == state()
    pileus.advance(5)
    gone = Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert gone == refusal(client.get_event_source_mapping, UUID=uuid)


def test_a_version_with_snap_start_takes_events_when_its_snapshot_is_made(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(
        lambda event, context: "ran", SnapStart={"ApplyOn": "PublishedVersions"}
    )
    pileus.advance(5)
    client.publish_version(FunctionName=name)
    not_ready = Refusal(
        "SnapStartNotReadyException",
        "Lambda is initializing your function. It will be ready to invoke once your function "
        "state becomes ACTIVE.",
        409,
    )
    asked: dict[str, Any] = {"FunctionName": name, "Qualifier": "1"}
    assert not_ready == refusal(client.invoke, **asked)
    assert not_ready == refusal(client.invoke, **asked, InvocationType="Event")
    pileus.advance(5)
    assert b'"ran"' == functions.invoke(name, Qualifier="1")["Payload"]


def test_a_mapping_of_a_stream_takes_its_time(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    streams = Streams(functions, aws)
    arn = streams.create()
    pileus.advance(15)
    uuid = streams.map(arn, StartingPosition="LATEST")["UUID"]
    streams.put("a")
    assert [] == streams.seen()
    pileus.advance(5)
    assert "Enabled" == streams.client.get_event_source_mapping(UUID=uuid)["State"]
    assert ["a"] == streams.seen()
    made = streams.client.update_event_source_mapping(UUID=uuid, BatchSize=1)
    assert "Updating" == made["State"]
    streams.put(*"bc")
    pileus.advance(5)
    assert [["a"], ["b", "c"]] == streams.batches()
    streams.put(*"de")
    assert [["d"], ["e"]] == streams.batches()[2:]
    streams.client.delete_event_source_mapping(UUID=uuid)
    streams.put("f")
    pileus.advance(5)
    assert "f" not in streams.seen()
