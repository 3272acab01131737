"""Provisioned concurrency: environments that are there before events come."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.call import Context as CallContext
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.provisioned import provisioned, store
from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda, log_lines
from support.refusals import Refusal, refusal


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def conflict(message: str) -> Refusal:
    return Refusal("ResourceConflictException", message, 409)


def answer_kind(event: Any, context: Context) -> Any:
    variables = context.spec.variables
    return {
        "type": variables["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "version": variables["AWS_LAMBDA_FUNCTION_VERSION"],
        "environment": context.spec.environment_id,
    }


@pytest.fixture
def name(functions: Functions, client: Any) -> str:
    """A function with the versions 1 and 2, and an alias `live` for the first."""
    made = functions.create(answer_kind)
    client.publish_version(FunctionName=made)
    client.update_function_configuration(FunctionName=made, Timeout=4)
    client.publish_version(FunctionName=made)
    client.create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    return made


def put(client: Any, name: str, qualifier: str, count: int) -> dict[str, Any]:
    return dict(
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
        )
    )


def get(client: Any, name: str, qualifier: str) -> tuple[str, int, int, int]:
    found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return (
        found["Status"],
        found["RequestedProvisionedConcurrentExecutions"],
        found["AllocatedProvisionedConcurrentExecutions"],
        found["AvailableProvisionedConcurrentExecutions"],
    )


def started(pileus: RunningLambda, functions: Functions, name: str) -> list[str]:
    """The versions of a function's environments that live now, in order."""
    return sorted(
        spec.variables["AWS_LAMBDA_FUNCTION_VERSION"]
        for spec in pileus.fleet.started
        if spec.environment_id in pileus.fleet.alive and spec.function_arn == functions.arn(name)
    )


def test_environments_are_there_before_events(
    functions: Functions, client: Any, aws: Any, name: str
) -> None:
    asked = put(client, name, "live", 2)
    assert 202 == asked["ResponseMetadata"]["HTTPStatusCode"]
    assert ("IN_PROGRESS", 2, 0) == (
        asked["Status"],
        asked["RequestedProvisionedConcurrentExecutions"],
        asked["AllocatedProvisionedConcurrentExecutions"],
    )
    functions.pileus.idle()
    assert ("READY", 2, 2, 2) == get(client, name, "live")
    assert ["1", "1"] == started(functions.pileus, functions, name)
    answer = json.loads(functions.invoke(name, Qualifier="live")["Payload"])
    assert ("provisioned-concurrency", "1") == (answer["type"], answer["version"])
    again = json.loads(functions.invoke(name, Qualifier="1")["Payload"])
    assert "provisioned-concurrency" == again["type"]
    assert "on-demand" == json.loads(functions.invoke(name)["Payload"])["type"]
    functions.pileus.idle()
    reports = [line for line in log_lines(aws("logs"), name) if line.startswith("REPORT")]
    # Only $LATEST began cold.
    assert [False, False, True] == sorted("Init Duration" in line for line in reports)


def test_more_events_than_environments_spill_over(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    gate = asyncio.Event()
    inside: list[int] = []

    async def wait(event: Any, context: Context) -> Any:
        inside.append(event)
        if len(inside) == 3:
            gate.set()
        await gate.wait()
        return context.spec.variables["AWS_LAMBDA_INITIALIZATION_TYPE"]

    name = functions.create(wait, Timeout=60)
    client.publish_version(FunctionName=name)
    put(client, name, "1", 1)
    pileus.idle()
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda n: functions.invoke(name, n, Qualifier="1"), range(3)))
    assert [b'"on-demand"', b'"on-demand"', b'"provisioned-concurrency"'] == sorted(
        answer["Payload"] for answer in answers
    )


def test_one_that_dies_is_replaced(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    put(client, name, "live", 2)
    pileus.idle()
    answer = json.loads(functions.invoke(name, Qualifier="live")["Payload"])

    async def die() -> None:
        pileus.fleet.alive[answer["environment"]].die()

    pileus.run(die())
    pileus.idle()
    assert ("READY", 2, 2, 2) == get(client, name, "live")
    assert ["1", "1"] == started(pileus, functions, name)


def test_they_are_started_again_with_the_server(tmp_path: Path) -> None:
    def begin() -> tuple[RunningLambda, Any]:
        running = RunningLambda(tmp_path)
        running.start()
        running.freeze()
        return running, running.client("lambda")

    pileus, client = begin()
    functions = Functions(pileus, pileus.client, "000000000000")
    name = functions.create(answer_kind)
    client.publish_version(FunctionName=name)
    put(client, name, "1", 2)
    pileus.idle()
    pileus.stop()
    pileus, client = begin()
    pileus.idle()
    assert ("READY", 2, 2, 2) == get(client, name, "1")
    assert 2 == len(pileus.fleet.alive)
    pileus.stop()


def test_environments_outlive_idleness_and_credentials(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    put(client, name, "live", 1)
    pileus.idle()
    first = json.loads(functions.invoke(name, Qualifier="live")["Payload"])
    pileus.advance(1800)
    again = json.loads(functions.invoke(name, Qualifier="live")["Payload"])
    assert first == again
    pileus.advance(7200)
    later = json.loads(functions.invoke(name, Qualifier="live")["Payload"])
    assert "provisioned-concurrency" == later["type"]
    assert first["environment"] != later["environment"]
    assert ["1"] == started(pileus, functions, name)


def test_it_follows_an_alias_and_its_weights(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    put(client, name, "live", 4)
    pileus.idle()
    client.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}}
    )
    pileus.idle()
    assert ["1", "1", "1", "2"] == started(pileus, functions, name)
    client.update_alias(
        FunctionName=name, Name="live", FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )  # fmt: skip
    pileus.idle()
    assert ["2", "2", "2", "2"] == started(pileus, functions, name)
    put(client, name, "live", 1)
    pileus.idle()
    assert ["2"] == started(pileus, functions, name)
    assert ("READY", 1, 1, 1) == get(client, name, "live")


@pytest.mark.parametrize("end", ["config", "alias", "function"])
def test_what_ends_takes_its_environments_along(
    functions: Functions, client: Any, pileus: RunningLambda, name: str, end: str
) -> None:
    put(client, name, "live", 2)
    pileus.idle()
    if end == "config":
        client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
        client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    elif end == "alias":
        client.delete_alias(FunctionName=name, Name="live")
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    else:
        client.delete_function(FunctionName=name)
    pileus.idle()
    assert [] == started(pileus, functions, name)
    if end != "function":
        assert Refusal(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            404,
        ) == refusal(client.get_provisioned_concurrency_config, FunctionName=name, Qualifier="live")


def test_an_alias_and_its_version_are_not_both_provisioned(client: Any, name: str) -> None:
    asked = {"FunctionName": name, "ProvisionedConcurrentExecutions": 1}
    put(client, name, "live", 1)
    assert conflict("Version is pointed by a Provisioned Concurrency alias") == refusal(
        client.put_provisioned_concurrency_config, Qualifier="1", **asked
    )
    put(client, name, "2", 1)
    client.create_alias(FunctionName=name, Name="next", FunctionVersion="2")
    assert conflict(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
        "version"
    ) == refusal(client.put_provisioned_concurrency_config, Qualifier="next", **asked)
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 1}
    )
    listed = [each for page in pages for each in page["ProvisionedConcurrencyConfigs"]]
    assert ["2", "live"] == [each["FunctionArn"].rpartition(":")[2] for each in listed]


def test_what_cannot_be_provisioned(functions: Functions, client: Any, name: str) -> None:
    client.create_alias(FunctionName=name, Name="newest", FunctionVersion="$LATEST")

    def refused(qualifier: str, function: str = name, operation: str = "put") -> Refusal:
        members: dict[str, Any] = {"FunctionName": function, "Qualifier": qualifier}
        if operation == "put":
            members["ProvisionedConcurrentExecutions"] = 1
        return refusal(getattr(client, f"{operation}_provisioned_concurrency_config"), **members)

    for qualifier in ("$LATEST", "newest"):
        assert invalid(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        ) == refused(qualifier)
    for operation in ("get", "delete"):
        assert invalid(
            "The function resource provided must be an alias or a published version."
        ) == refused("$LATEST", operation=operation)
    for operation in ("put", "get", "delete"):
        for qualifier, words in (("other", "Cannot find alias arn"), ("9", "Function not found")):
            assert Refusal(
                "ResourceNotFoundException",
                f"{words}: {functions.arn(name)}:{qualifier}",
                404,
            ) == refused(qualifier, operation=operation)
    assert 404 == refused("1", "nothing").status
    client.update_function_configuration(
        FunctionName=name, SnapStart={"ApplyOn": "PublishedVersions"}
    )
    shown = client.publish_version(FunctionName=name)
    assert {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"} == shown["SnapStart"]
    assert "SnapStart" in refused(shown["Version"]).message


def test_limits_of_the_account_and_of_the_function(client: Any, name: str) -> None:
    def refused(count: int) -> Refusal:
        return refusal(
            client.put_provisioned_concurrency_config, FunctionName=name, Qualifier="1",
            ProvisionedConcurrentExecutions=count,
        )  # fmt: skip

    assert invalid(
        "Specified ConcurrentExecutions for function is greater than account's unreserved "
        "concurrency [1000]."
    ) == refused(1001)
    assert invalid(
        "Specified ConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    ) == refused(901)
    put(client, name, "2", 2)
    assert invalid(
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned "
        "concurrency [2]."
    ) == refusal(client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=1)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    assert invalid(
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function"
    ) == refused(2)
    put(client, name, "1", 1)


def test_an_environment_that_cannot_start_is_told(
    functions: Functions, client: Any, pileus: RunningLambda, name: str
) -> None:
    pileus.fleet.refusal = "no room"
    try:
        put(client, name, "live", 1)
        pileus.idle()
        found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    finally:
        pileus.fleet.refusal = ""
    assert ("FAILED", "no room") == (found["Status"], found["StatusReason"])
    pileus.advance(61)
    assert ("READY", 1, 1, 1) == get(client, name, "live")


def test_what_a_crash_left_for_a_deleted_function_ends(
    functions: Functions, client: Any, name: str, pileus: RunningLambda
) -> None:
    """The server ended between provisioning and its look whether the function is still there."""
    account = f"arn:aws:lambda:us-east-1:{functions.account}:"
    named = Named(functions.arn(name), name, "live")
    context = CallContext(functions.account, "us-east-1", "lambda")
    call = pileus.app.kernel.call_for(context, "lambda", "Test", account)
    client.delete_function(FunctionName=name)
    pileus.run(call.transaction(provisioned._provision, named, 3, about=account))
    pileus.idle()
    assert {} == pileus.run(call.read(store.totals, about=account))
    functions.create(answer_kind, FunctionName=name)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    assert Refusal(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function", 404,
    ) == refusal(
        client.get_provisioned_concurrency_config, FunctionName=name, Qualifier="live"
    )  # fmt: skip


def test_what_is_provisioned_goes_with_its_function_page_by_page(
    functions: Functions, client: Any, name: str, pileus: RunningLambda,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(provisioned, "_WITHDRAWN_AT_ONCE", 1)
    put(client, name, "live", 3)
    put(client, name, "2", 2)
    account = f"arn:aws:lambda:us-east-1:{functions.account}:"
    context = CallContext(functions.account, "us-east-1", "lambda")
    call = pileus.app.kernel.call_for(context, "lambda", "Test", account)
    assert {name: 5} == pileus.run(call.read(store.totals, about=account))
    client.delete_function(FunctionName=name)
    assert {} == pileus.run(call.read(store.totals, about=account))
