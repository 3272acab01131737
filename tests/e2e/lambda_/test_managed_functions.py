"""Functions on a capacity provider: what is published runs, in environments that are kept."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda, package
from support.refusals import Refusal, refusal

PUBLISHED = "$LATEST.PUBLISHED"
PERMISSIONS = {"CapacityProviderOperatorRoleArn": "arn:aws:iam::123456789012:role/operator"}


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def conflict(message: str) -> Refusal:
    return Refusal("ResourceConflictException", message, 409)


def in_state(state: str) -> Refusal:
    return conflict(
        "The operation cannot be performed at this time. The function is currently in the "
        f"following state: {state}"
    )


NOT_MANAGED = Refusal(
    "AccessDeniedException",
    "The function provided by the arn does not contain a capacity provider configuration",
    403,
)


def tell(event: Any, context: Context) -> Any:
    variables = context.spec.variables
    return {
        "version": variables["AWS_LAMBDA_FUNCTION_VERSION"],
        "type": variables["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "concurrency": variables.get("AWS_LAMBDA_MAX_CONCURRENCY"),
        "environment": context.spec.environment_id,
    }


@pytest.fixture
def provider(client: Any) -> str:
    made = client.create_capacity_provider(
        CapacityProviderName="fast", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
        PermissionsConfig=PERMISSIONS,
    )  # fmt: skip
    return str(made["CapacityProvider"]["CapacityProviderArn"])


def on(provider: str, **more: Any) -> dict[str, Any]:
    config = {"CapacityProviderArn": provider, **more}
    return {
        "Runtime": "python3.13",
        "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": config},
    }


@pytest.fixture
def name(functions: Functions, client: Any, provider: str) -> str:
    made = functions.create(tell, **on(provider))
    client.publish_version(FunctionName=made, PublishTo="LATEST_PUBLISHED")
    functions.pileus.idle()
    return made


def state_of(client: Any, name: str, **qualified: Any) -> str:
    return str(client.get_function_configuration(FunctionName=name, **qualified)["State"])


def alive(pileus: RunningLambda, functions: Functions, name: str) -> list[str]:
    return [
        spec.variables["AWS_LAMBDA_FUNCTION_VERSION"]
        for spec in pileus.fleet.started
        if spec.environment_id in pileus.fleet.alive and spec.function_arn == functions.arn(name)
    ]


def test_three_environments_are_kept_of_what_is_published(
    functions: Functions, client: Any, pileus: RunningLambda, provider: str, name: str
) -> None:
    found = client.get_function_configuration(FunctionName=name)
    assert ("$LATEST", "ActiveNonInvocable", 2048) == (
        found["Version"], found["State"], found["MemorySize"],
    )  # fmt: skip
    assert on(provider)["CapacityProviderConfig"] == found["CapacityProviderConfig"]
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)
    told = json.loads(functions.invoke(name)["Payload"])
    assert {
        "version": PUBLISHED, "type": "lambda-managed-instances", "concurrency": "1",
        "environment": told["environment"],
    } == told  # fmt: skip
    assert PUBLISHED == functions.invoke(name, Qualifier=PUBLISHED)["ExecutedVersion"]
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)


def test_latest_itself_takes_no_events(functions: Functions, client: Any, name: str) -> None:
    refused = in_state("ActiveNonInvocable")
    assert refused == refusal(client.invoke, FunctionName=name, Qualifier="$LATEST")
    assert refused == refusal(
        client.invoke, FunctionName=name, Qualifier="$LATEST", InvocationType="Event"
    )


def test_what_is_not_published_is_not_found(
    functions: Functions, client: Any, provider: str
) -> None:
    made = functions.create(tell, **on(provider))
    wanted = Refusal(
        "ResourceNotFoundException", f"Function not found: {functions.arn(made)}:{PUBLISHED}", 404
    )
    assert wanted == refusal(client.invoke, FunctionName=made)
    assert wanted == refusal(client.get_function_configuration, FunctionName=f"{made}:{PUBLISHED}")


def test_a_numbered_version_starts_pending_and_ends_with_its_environments(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    made = client.publish_version(FunctionName=name)
    assert ("1", "Pending") == (made["Version"], made["State"])
    pileus.idle()
    assert "Active" == state_of(client, name, Qualifier="1")
    assert "1" == functions.invoke(name, Qualifier="1")["ExecutedVersion"]
    assert 3 == alive(pileus, functions, name).count("1")
    client.delete_function(FunctionName=name, Qualifier="1")
    pileus.idle()
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)


def test_publishing_again_replaces_what_was_published(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    before = client.get_function_configuration(FunctionName=name, Qualifier=PUBLISHED)
    again = client.publish_version(FunctionName=name, PublishTo="LATEST_PUBLISHED")
    assert before["RevisionId"] == again["RevisionId"]
    client.update_function_configuration(FunctionName=name, Description="second")
    unchanged = client.get_function_configuration(FunctionName=name, Qualifier=PUBLISHED)
    assert "" == unchanged["Description"]
    first = json.loads(functions.invoke(name)["Payload"])["environment"]
    client.publish_version(FunctionName=name, PublishTo="LATEST_PUBLISHED")
    pileus.idle()
    changed = client.get_function_configuration(FunctionName=name, Qualifier=PUBLISHED)
    assert ("second", "Active") == (changed["Description"], changed["State"])
    assert first != json.loads(functions.invoke(name)["Payload"])["environment"]
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=PUBLISHED)
    assert PUBLISHED == functions.invoke(name, Qualifier="live")["ExecutedVersion"]
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert ["$LATEST", PUBLISHED] == [each["Version"] for each in listed]


def test_create_and_update_publish_to_it(
    functions: Functions, client: Any, pileus: RunningLambda, provider: str
) -> None:
    made = functions.create(tell, **on(provider), PublishTo="LATEST_PUBLISHED")
    pileus.idle()
    assert "Active" == state_of(client, made, Qualifier=PUBLISHED)
    updated = client.update_function_code(
        FunctionName=made, ZipFile=package("other"), PublishTo="LATEST_PUBLISHED"
    )
    assert PUBLISHED == updated["Version"]
    pileus.idle()
    found = client.get_function_configuration(FunctionName=made, Qualifier=PUBLISHED)
    assert updated["CodeSha256"] == found["CodeSha256"]
    client.delete_function(FunctionName=made)
    pileus.idle()
    assert [] == alive(pileus, functions, made)


def test_events_handed_over_run_in_what_is_published(
    functions: Functions, client: Any, pileus: RunningLambda, provider: str
) -> None:
    ran: list[str] = []

    def note(event: Any, context: Context) -> Any:
        ran.append(context.spec.variables["AWS_LAMBDA_FUNCTION_VERSION"])

    made = functions.create(note, **on(provider), PublishTo="LATEST_PUBLISHED")
    pileus.idle()
    client.invoke(FunctionName=made, InvocationType="Event", Payload=b"{}")
    pileus.idle()
    assert [PUBLISHED] == ran


def put(client: Any, name: str, **config: int) -> str:
    answer = client.put_function_scaling_config(
        FunctionName=name, Qualifier=PUBLISHED, FunctionScalingConfig=config
    )
    assert 202 == answer["ResponseMetadata"]["HTTPStatusCode"]
    return str(answer["FunctionState"])


def test_scaling_says_how_many_are_kept(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    found = client.get_function_scaling_config(FunctionName=name, Qualifier=PUBLISHED)
    assert f"{functions.arn(name)}:{PUBLISHED}" == found["FunctionArn"]
    assert {"MinExecutionEnvironments": 3} == found["AppliedFunctionScalingConfig"]
    assert "RequestedFunctionScalingConfig" not in found
    wanted = {"MinExecutionEnvironments": 5, "MaxExecutionEnvironments": 8}
    assert "Active" == put(client, name, **wanted)
    pileus.idle()
    assert 5 == len(alive(pileus, functions, name))
    found = client.get_function_scaling_config(FunctionName=name, Qualifier=PUBLISHED)
    assert [wanted, wanted] == [
        found["AppliedFunctionScalingConfig"], found["RequestedFunctionScalingConfig"],
    ]  # fmt: skip
    put(client, name, MinExecutionEnvironments=1)
    pileus.idle()
    assert 1 == len(alive(pileus, functions, name))
    put(client, name)
    pileus.idle()
    assert 3 == len(alive(pileus, functions, name))


def test_none_at_the_most_deactivates(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    off = {"MinExecutionEnvironments": 0, "MaxExecutionEnvironments": 0}
    assert "Deactivated" == put(client, name, **off)
    pileus.idle()
    assert [] == alive(pileus, functions, name)
    assert in_state("Deactivated") == refusal(client.invoke, FunctionName=name)
    client.update_function_configuration(FunctionName=name, Description="another")
    client.publish_version(FunctionName=name, PublishTo="LATEST_PUBLISHED")
    pileus.idle()
    assert "Deactivated" == state_of(client, name, Qualifier=PUBLISHED)
    assert "Pending" == put(client, name, MinExecutionEnvironments=2)
    pileus.idle()
    assert "Active" == state_of(client, name, Qualifier=PUBLISHED)
    assert 2 == len(alive(pileus, functions, name))
    assert 200 == functions.invoke(name)["StatusCode"]


def test_more_events_than_the_most_may_take_are_throttled(
    functions: Functions, client: Any, pileus: RunningLambda, provider: str
) -> None:
    gate = asyncio.Event()
    both = threading.Event()
    inside: list[Any] = []

    async def wait(event: Any, context: Context) -> Any:
        inside.append(event)
        if len(inside) == 2:
            both.set()
        await gate.wait()

    made = functions.create(
        wait, **on(provider, PerExecutionEnvironmentMaxConcurrency=2), Timeout=60,
        PublishTo="LATEST_PUBLISHED",
    )  # fmt: skip
    pileus.idle()
    put(client, made, MinExecutionEnvironments=1, MaxExecutionEnvironments=1)

    async def open_gate() -> None:
        gate.set()

    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(functions.invoke, made) for _ in range(2)]
        assert both.wait(30)
        refused = refusal(client.invoke, FunctionName=made)
        pileus.run(open_gate())
        assert [200, 200] == [call.result()["StatusCode"] for call in calls]
    assert ("TooManyRequestsException", 429) == (refused.code, refused.status)
    assert 200 == functions.invoke(made)["StatusCode"]


def test_scaling_is_refused_where_it_makes_no_sense(
    functions: Functions, client: Any, name: str
) -> None:
    assert invalid(
        "MinExecutionEnvironments must not be greater than MaxExecutionEnvironments."
    ) == refusal(
        client.put_function_scaling_config, FunctionName=name, Qualifier=PUBLISHED,
        FunctionScalingConfig={"MinExecutionEnvironments": 4, "MaxExecutionEnvironments": 3},
    )  # fmt: skip
    client.publish_version(FunctionName=name)
    plain = functions.create(tell)
    client.publish_version(FunctionName=plain)
    for ask in (client.put_function_scaling_config, client.get_function_scaling_config):
        assert NOT_MANAGED == refusal(ask, FunctionName=plain, Qualifier="1")
        unknown = refusal(ask, FunctionName="nobody", Qualifier="1")
        assert "ResourceNotFoundException" == unknown.code
    assert invalid(
        "Provisioned concurrency is not supported for functions with a capacity provider "
        "configuration."
    ) == refusal(
        client.put_provisioned_concurrency_config, FunctionName=name, Qualifier="1",
        ProvisionedConcurrentExecutions=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Runtime": "python3.12"}, "Runtime python3.12 is not supported"),
        ({"MemorySize": 2047}, "MemorySize 2047 is too small"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "VpcConfig is not supported"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart is not supported"),
        ({"Architectures": ["arm64"]}, "The capacity provider does not support"),
    ],
)
def test_a_function_that_no_provider_runs_is_refused(
    functions: Functions, provider: str, changed: dict[str, Any], message: str
) -> None:
    refused = refusal(lambda: functions.create(tell, **{**on(provider), **changed}))
    assert ("InvalidParameterValueException", message) == (
        refused.code, refused.message[: len(message)],
    )  # fmt: skip


def test_a_provider_cannot_be_added_and_must_be_there(
    functions: Functions, client: Any, account: str, provider: str
) -> None:
    plain = functions.create(tell)
    config = on(provider)["CapacityProviderConfig"]
    assert invalid(
        "A capacity provider configuration cannot be added to a function that was created without."
    ) == refusal(
        client.update_function_configuration, FunctionName=plain, CapacityProviderConfig=config
    )
    assert invalid(
        "PublishTo is supported only for functions with a capacity provider configuration."
    ) == refusal(client.publish_version, FunctionName=plain, PublishTo="LATEST_PUBLISHED")
    none = provider.replace("fast", "none")
    assert Refusal(
        "ResourceNotFoundException", f"Capacity provider not found: {none}", 404
    ) == refusal(lambda: functions.create(tell, **on(none)))


def test_memory_and_timeouts_may_be_longer_there(
    functions: Functions, client: Any, provider: str
) -> None:
    made = functions.create(tell, **on(provider), MemorySize=32_768, Timeout=5_400)
    client.update_function_configuration(FunctionName=made, Timeout=5_000, MemorySize=20_480)
    found = client.get_function_configuration(FunctionName=made)
    assert (5_000, 20_480) == (found["Timeout"], found["MemorySize"])
    assert "ValidationException" == refusal(lambda: functions.create(tell, Timeout=901)).code


def test_what_is_kept_is_there_again_after_a_restart(tmp_path: Path) -> None:
    first = RunningLambda(tmp_path)
    first.start()
    functions = Functions(first, first.client, "000000000000")
    client = first.client("lambda")
    made = client.create_capacity_provider(
        CapacityProviderName="fast", PermissionsConfig=PERMISSIONS,
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
    )  # fmt: skip
    arn = made["CapacityProvider"]["CapacityProviderArn"]
    name = functions.create(tell, **on(arn), PublishTo="LATEST_PUBLISHED")
    first.stop()
    again = RunningLambda(tmp_path)
    again.fleet.handlers = first.fleet.handlers
    again.start()
    try:
        again.freeze()
        again.idle()
        assert [PUBLISHED] * 3 == alive(again, functions, name)
        assert "Active" == state_of(again.client("lambda"), name, Qualifier=PUBLISHED)
    finally:
        again.stop()


def test_a_function_made_again_under_its_name_has_environments_of_its_own(
    functions: Functions, client: Any, pileus: RunningLambda, provider: str, name: str
) -> None:
    client.delete_function(FunctionName=name)
    functions.create(tell, FunctionName=name, **on(provider), PublishTo="LATEST_PUBLISHED")
    pileus.idle()
    pileus.advance(60)
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)
    assert "Active" == state_of(client, name, Qualifier=PUBLISHED)


def test_one_that_dies_is_replaced(functions: Functions, pileus: RunningLambda, name: str) -> None:
    environment = json.loads(functions.invoke(name)["Payload"])["environment"]

    async def die() -> None:
        pileus.fleet.alive[environment].die()

    pileus.run(die())
    pileus.idle()
    assert [PUBLISHED] * 3 == alive(pileus, functions, name)
