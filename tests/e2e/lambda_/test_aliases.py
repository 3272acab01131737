"""Aliases: what they point at, how they share events between two versions, what they refuse."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from support.fake_fleet import Context
from support.lambdas import TRUST, Functions, make_role
from support.refusals import Refusal, refusal


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def not_found(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def answer_names(event: Any, context: Context) -> Any:
    return [context.spec.variables["AWS_LAMBDA_FUNCTION_VERSION"], context.invoked_arn]


def with_versions(functions: Functions, count: int) -> str:
    name = functions.create(answer_names)
    for number in range(count):
        functions.client.update_function_configuration(FunctionName=name, Timeout=10 + number)
        functions.client.publish_version(FunctionName=name)
    return name


def test_an_alias_is_made_moved_and_removed(functions: Functions, client: Any) -> None:
    name = with_versions(functions, 2)
    made = client.create_alias(
        FunctionName=name, Name="live", FunctionVersion="1", Description="what users see"
    )
    assert 201 == made.pop("ResponseMetadata")["HTTPStatusCode"]
    revision = made.pop("RevisionId")
    assert {
        "AliasArn": f"{functions.arn(name)}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "what users see",
    } == made
    assert revision == client.get_alias(FunctionName=name, Name="live")["RevisionId"]
    arn = f"{functions.arn(name)}:live"
    assert ["1", arn] == json.loads(functions.invoke(name, Qualifier="live")["Payload"])
    moved = client.update_alias(
        FunctionName=name, Name="live", FunctionVersion="2", RevisionId=revision
    )
    assert ("2", "what users see") == (moved["FunctionVersion"], moved["Description"])
    assert revision != moved["RevisionId"]
    assert ["2", arn] == json.loads(functions.invoke(arn)["Payload"])
    shown = client.get_function_configuration(FunctionName=name, Qualifier="live")
    assert (arn, "2") == (shown["FunctionArn"], shown["Version"])
    client.delete_alias(FunctionName=name, Name="live")
    client.delete_alias(FunctionName=name, Name="live")
    gone = not_found(f"Cannot find alias arn: {arn}")
    assert gone == refusal(client.get_alias, FunctionName=name, Name="live")
    missing = not_found(f"Function not found: {arn}")
    assert missing == refusal(client.invoke, FunctionName=name, Qualifier="live")


def test_events_are_shared_by_weight(functions: Functions, client: Any) -> None:
    name = with_versions(functions, 2)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    made = client.create_alias(
        FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights
    )
    assert weights == made["RoutingConfig"]
    ran = Counter(functions.invoke(name, Qualifier="live")["ExecutedVersion"] for _ in range(60))
    # Fewer than five of sixty by a fair coin: less than once in a million million runs.
    assert {"1", "2"} == set(ran)
    assert min(ran.values()) >= 5
    for weight, version in ((0.0, "1"), (1.0, "2")):
        client.update_alias(
            FunctionName=name, Name="live",
            RoutingConfig={"AdditionalVersionWeights": {"2": weight}},
        )  # fmt: skip
        answers = [functions.invoke(name, Qualifier="live") for _ in range(5)]
        assert {version} == {answer["ExecutedVersion"] for answer in answers}
    for nothing in ({"AdditionalVersionWeights": {}}, {}):
        client.update_alias(FunctionName=name, Name="live", RoutingConfig=weights)
        plain = client.update_alias(FunctionName=name, Name="live", RoutingConfig=nothing)
        assert "RoutingConfig" not in plain
    assert "1" == functions.invoke(name, Qualifier="live")["ExecutedVersion"]


def test_what_an_alias_must_not_point_at(functions: Functions, client: Any, aws: Any) -> None:
    name = with_versions(functions, 2)

    def refused(version: str, weights: dict[str, float] | None = None, **members: Any) -> Refusal:
        if weights is not None:
            members["RoutingConfig"] = {"AdditionalVersionWeights": weights}
        return refusal(
            client.create_alias, FunctionName=name, Name="live", FunctionVersion=version, **members
        )

    assert not_found(f"Function not found: {functions.arn(name)}:9") == refused("9")
    assert not_found(f"Function not found: {functions.arn(name)}:9") == refused("1", {"9": 0.1})
    assert invalid(
        "$LATEST is not supported for an alias pointing to more than 1 version"
    ) == refused("$LATEST", {"1": 0.1})
    assert invalid(
        "Invalid function version 1. Function version 1 is already included in routing "
        "configuration."
    ) == refused("1", {"1": 0.1})
    assert invalid(
        "Number of items in AdditionalVersionWeights cannot be greater than 1"
    ) == refused("1", {"1": 0.1, "2": 0.1})
    other = make_role(aws("iam"), "other", TRUST)
    client.update_function_configuration(FunctionName=name, Role=other)
    client.publish_version(FunctionName=name)
    assert "different execution roles" in refused("1", {"3": 0.1}).message
    dead = {"TargetArn": f"arn:aws:sqs:us-east-1:{functions.account}:dead"}
    client.update_function_configuration(FunctionName=name, DeadLetterConfig=dead)
    client.publish_version(FunctionName=name)
    assert "different dead-letter queue" in refused("3", {"4": 0.1}).message
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    assert Refusal(
        "ResourceConflictException", f"Alias already exists: {functions.arn(name)}:live", 409
    ) == refused("1")
    assert "4" == client.get_function(FunctionName=name, Qualifier="4")["Configuration"]["Version"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Name": "2024"}, "'2024' at 'name' failed to satisfy constraint: Member must satisfy "
         "regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"),
        ({"Name": "a:b"}, "'a:b' at 'name' failed to satisfy constraint"),
        ({"Name": "n" * 129}, "have length less than or equal to 128"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 2.0}}},
         "'{2=2.0}' at 'routingConfig.additionalVersionWeights'"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": -1.0}}},
         "'{2=-1.0}' at 'routingConfig.additionalVersionWeights'"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}}},
         "'{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights'"),
        ({"FunctionVersion": "one"}, "'one' at 'functionVersion' failed to satisfy constraint"),
    ],
)  # fmt: skip
def test_limits_of_an_alias(
    functions: Functions, aws: Any, members: dict[str, Any], words: str
) -> None:
    client = aws("lambda", parameter_validation=False)
    asked = {"FunctionName": functions.create(), "Name": "live", "FunctionVersion": "1", **members}
    found = refusal(client.create_alias, **asked)
    assert ("ValidationException", 400) == (found.code, found.status)
    assert words in found.message


def test_an_alias_that_is_not_there_or_has_changed(functions: Functions, client: Any) -> None:
    name = with_versions(functions, 1)
    assert not_found(f"Alias not found: {functions.arn(name)}:live") == refusal(
        client.update_alias, FunctionName=name, Name="live", FunctionVersion="1"
    )
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert Refusal(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the "
        "GetFunction/GetAlias API to retrieve the latest Revision Id",
        412,
    ) == refusal(client.update_alias, FunctionName=name, Name="live", RevisionId="old")
    nothing = not_found(f"Function not found: {functions.arn('nothing')}")
    for operation in (client.create_alias, client.update_alias):
        assert nothing == refusal(
            operation, FunctionName="nothing", Name="live", FunctionVersion="1"
        )
    assert nothing == refusal(client.list_aliases, FunctionName="nothing")
    assert not_found(f"Cannot find alias arn: {functions.arn('nothing')}:live") == refusal(
        client.get_alias, FunctionName="nothing", Name="live"
    )


def test_aliases_are_listed_by_name_and_by_version(functions: Functions, client: Any) -> None:
    name = with_versions(functions, 2)
    for alias, version in (("c", "1"), ("a", "2"), ("b", "1")):
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion=version)
    client.update_alias(
        FunctionName=name, Name="a", RoutingConfig={"AdditionalVersionWeights": {"1": 0.1}}
    )

    def listed(**members: Any) -> list[str]:
        pages = client.get_paginator("list_aliases").paginate(
            FunctionName=name, PaginationConfig={"PageSize": 2}, **members
        )
        return [each["Name"] for page in pages for each in page["Aliases"]]

    assert ["a", "b", "c"] == listed()
    assert ["a", "b", "c"] == listed(FunctionVersion="1")
    assert ["a"] == listed(FunctionVersion="2")


def test_a_deleted_function_leaves_no_alias(functions: Functions, client: Any) -> None:
    name = with_versions(functions, 1)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.invoke(name, Qualifier="live")
    client.delete_function(FunctionName=name)
    functions.pileus.idle()
    functions.create(answer_names, FunctionName=name)
    missing = not_found(f"Function not found: {functions.arn(name)}:live")
    assert missing == refusal(client.invoke, FunctionName=name, Qualifier="live")
    assert [] == client.list_aliases(FunctionName=name)["Aliases"]
