"""Records beside a function: recursion, runtime management, code signing, the account's limits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.lambdas import Functions, package
from support.refusals import Refusal, refusal

PROFILE = "arn:aws:signer:us-east-1:111111111111:/signing-profiles/mine/abcdefghij"
PUBLISHERS = {"SigningProfileVersionArns": [PROFILE]}
RUNTIME = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def not_found(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def test_loops_are_ended_unless_they_are_allowed(functions: Functions, client: Any) -> None:
    name = functions.create()
    get = client.get_function_recursion_config
    assert "Terminate" == get(FunctionName=name)["RecursiveLoop"]
    put = client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert "Allow" == put["RecursiveLoop"] == get(FunctionName=name)["RecursiveLoop"]
    client.update_function_configuration(FunctionName=name, Timeout=4)
    assert "Allow" == get(FunctionName=name)["RecursiveLoop"]
    missing = not_found(f"Function not found: {functions.arn('nothing')}")
    assert missing == refusal(get, FunctionName="nothing")
    assert missing == refusal(
        client.put_function_recursion_config, FunctionName="nothing", RecursiveLoop="Allow"
    )


def test_a_loop_must_be_one_of_two(functions: Functions, aws: Any) -> None:
    client = aws("lambda", parameter_validation=False)
    found = refusal(
        client.put_function_recursion_config,
        FunctionName=functions.create(),
        RecursiveLoop="InvalidValue",
    )
    assert ("ValidationException", 400) == (found.code, found.status)
    assert found.message.startswith(
        "1 validation error detected: Value 'InvalidValue' at 'recursiveLoop' failed to satisfy "
        "constraint: Member must satisfy enum value set: ["
    )


def test_runtime_management_of_a_function_and_a_version(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    found = client.get_runtime_management_config(FunctionName=name)
    assert ("Auto", f"{functions.arn(name)}:$LATEST") == (
        found["UpdateRuntimeOn"],
        found["FunctionArn"],
    )
    client.put_runtime_management_config(
        FunctionName=name, Qualifier="1", UpdateRuntimeOn="Manual", RuntimeVersionArn=RUNTIME
    )
    found = client.get_runtime_management_config(FunctionName=name, Qualifier="1")
    found.pop("ResponseMetadata")
    assert {
        "UpdateRuntimeOn": "Manual",
        "FunctionArn": f"{functions.arn(name)}:1",
        "RuntimeVersionArn": RUNTIME,
    } == found
    client.put_runtime_management_config(FunctionName=name, UpdateRuntimeOn="FunctionUpdate")
    assert "1" == client.publish_version(FunctionName=name)["Version"]
    put = client.put_runtime_management_config
    assert "is required" in refusal(put, FunctionName=name, UpdateRuntimeOn="Manual").message
    assert "is only allowed" in (
        refusal(put, FunctionName=name, UpdateRuntimeOn="Auto", RuntimeVersionArn=RUNTIME).message
    )
    for qualifier in ("live", "9"):
        assert not_found(f"Function not found: {functions.arn(name)}:{qualifier}") == refusal(
            client.get_runtime_management_config, FunctionName=name, Qualifier=qualifier
        )


def test_a_code_signing_config_lives(client: Any) -> None:
    made = client.create_code_signing_config(
        AllowedPublishers=PUBLISHERS, Description="ours", Tags={"a": "b"}
    )["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    assert re.fullmatch(r"csc-[a-z0-9]{17}", made["CodeSigningConfigId"])
    assert arn.endswith(f":code-signing-config:{made['CodeSigningConfigId']}")
    assert {"UntrustedArtifactOnDeployment": "Warn"} == made["CodeSigningPolicies"]
    assert {"a": "b"} == client.list_tags(Resource=arn)["Tags"]
    changed = client.update_code_signing_config(
        CodeSigningConfigArn=arn,
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
    )["CodeSigningConfig"]
    assert "ours" == changed["Description"]
    found = client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert changed == found
    client.create_code_signing_config(AllowedPublishers=PUBLISHERS)
    pages = client.get_paginator("list_code_signing_configs").paginate(
        PaginationConfig={"PageSize": 1}
    )
    assert 2 == len([each for page in pages for each in page["CodeSigningConfigs"]])
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    gone = not_found(f"The Lambda code signing configuration {arn} can not be found.")
    for operation in (
        client.get_code_signing_config, client.update_code_signing_config,
        client.delete_code_signing_config, client.list_functions_by_code_signing_config,
    ):  # fmt: skip
        assert gone == refusal(operation, CodeSigningConfigArn=arn)
    assert gone == refusal(client.list_tags, Resource=arn)


@pytest.mark.parametrize("policy", ["Warn", "Enforce"])
def test_unsigned_code_is_refused_where_signatures_are_enforced(
    functions: Functions, client: Any, policy: str
) -> None:
    arn = client.create_code_signing_config(
        AllowedPublishers=PUBLISHERS,
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy},
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    name = functions.create()
    client.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
    found = client.get_function_code_signing_config(FunctionName=name)
    assert (arn, name) == (found["CodeSigningConfigArn"], found["FunctionName"])
    users = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert [functions.arn(name)] == users["FunctionArns"]
    in_use = refusal(client.delete_code_signing_config, CodeSigningConfigArn=arn)
    assert ("ResourceConflictException", 409) == (in_use.code, in_use.status)
    if policy == "Warn":
        client.update_function_code(FunctionName=name, ZipFile=package("new"))
    else:
        unsigned = Refusal(
            "CodeVerificationFailedException",
            "Lambda cannot deploy the function. The function or layer might be signed using a "
            "signature that the client is not configured to accept. Check the provided signature "
            "for unsigned.",
            400,
        )
        assert unsigned == refusal(
            client.update_function_code, FunctionName=name, ZipFile=package("new")
        )
        assert unsigned == refusal(
            client.create_function, FunctionName="other", Runtime="python3.12", Handler="a.b",
            Role=functions.role, Code={"ZipFile": package("x")}, CodeSigningConfigArn=arn,
        )  # fmt: skip
    client.delete_function_code_signing_config(FunctionName=name)
    assert "" == client.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"]
    client.update_function_code(FunctionName=name, ZipFile=package("newer"))
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    missing = Refusal(
        "CodeSigningConfigNotFoundException",
        "The code signing configuration cannot be found. Check that the provided configuration is "
        f"not deleted: {arn}.",
        404,
    )
    assert missing == refusal(
        client.put_function_code_signing_config, FunctionName=name, CodeSigningConfigArn=arn
    )


def test_an_account_tells_its_limits_and_what_it_uses(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.publish_version(FunctionName=name)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    size = client.get_function_configuration(FunctionName=name)["CodeSize"]
    found = client.get_account_settings()
    assert {
        "TotalCodeSize": 80530636800,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 995,
    } == found["AccountLimit"]
    assert {"TotalCodeSize": size * 2, "FunctionCount": 1} == found["AccountUsage"]
