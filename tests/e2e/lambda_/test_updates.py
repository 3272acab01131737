"""Changing functions: code, configuration, revisions, reserved concurrency, permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambdas import Functions, package
from support.refusals import Refusal, refusal

STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve "
    "the latest Revision Id"
)


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


def test_new_code_has_a_new_digest_and_revision(functions: Functions, client: Any) -> None:
    name = functions.create()
    before = client.get_function_configuration(FunctionName=name)
    answer = client.update_function_code(
        FunctionName=name, ZipFile=package("new"), Architectures=["arm64"]
    )
    assert "InProgress" == answer["LastUpdateStatus"]
    assert "Creating" == answer["LastUpdateStatusReasonCode"]
    after = client.get_function_configuration(FunctionName=name)
    assert ("Active", "Successful") == (after["State"], after["LastUpdateStatus"])
    assert before["CodeSha256"] != after["CodeSha256"]
    assert before["RevisionId"] != after["RevisionId"]
    assert ["arm64"] == after["Architectures"]


def test_the_same_code_again_is_kept(functions: Functions, client: Any) -> None:
    name = functions.create(Code={"ZipFile": package("same")})
    before = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    client.update_function_code(FunctionName=name, ZipFile=package("same"))
    assert before == client.get_function_configuration(FunctionName=name)["CodeSha256"]


def test_a_dry_run_changes_nothing(functions: Functions, client: Any) -> None:
    name = functions.create()
    before = client.get_function_configuration(FunctionName=name)
    answer = client.update_function_code(FunctionName=name, ZipFile=package("new"), DryRun=True)
    assert before["CodeSha256"] != answer["CodeSha256"]
    after = client.get_function_configuration(FunctionName=name)
    assert before["CodeSha256"] == after["CodeSha256"]
    assert before["RevisionId"] == after["RevisionId"]


def test_only_what_is_named_changes(functions: Functions, client: Any) -> None:
    name = functions.create(Description="first", Environment={"Variables": {"A1": "b"}})
    client.update_function_configuration(FunctionName=name, Timeout=60)
    read = client.get_function_configuration(FunctionName=name)
    assert (60, "first", {"Variables": {"A1": "b"}}) == (
        read["Timeout"], read["Description"], read["Environment"],
    )  # fmt: skip
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {}}, LoggingConfig={"LogFormat": "JSON"}
    )
    read = client.get_function_configuration(FunctionName=name)
    assert {"Variables": {}} == read["Environment"]
    assert "JSON" == read["LoggingConfig"]["LogFormat"]


def test_a_stale_revision_is_refused(functions: Functions, client: Any) -> None:
    name = functions.create()
    stale = client.get_function_configuration(FunctionName=name)["RevisionId"]
    client.update_function_configuration(FunctionName=name, RevisionId=stale, Timeout=4)
    refused = Refusal("PreconditionFailedException", STALE.format("GetFunction/GetAlias"), 412)
    assert refused == refusal(
        client.update_function_configuration, FunctionName=name, RevisionId=stale, Timeout=5
    )
    assert refused == refusal(
        client.update_function_code, FunctionName=name, RevisionId=stale, ZipFile=package()
    )


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            "for modification. Reserved keys used in this request: AWS_REGION",
        ),
        ({"Role": "missing"}, "The role defined for the function cannot be assumed by Lambda."),
        (
            {"Runtime": "ruby3.3"},
            "The runtime ruby3.3 cannot run on this machine: it needs Ruby (`ruby`), and there is "
            "none.",
        ),
    ],
)
def test_bad_changes_are_refused(
    functions: Functions, client: Any, members: dict[str, Any], message: str
) -> None:
    name = functions.create()
    if "Role" in members:
        members = {"Role": f"arn:aws:iam::{functions.account}:role/{members['Role']}"}
    found = refusal(client.update_function_configuration, FunctionName=name, **members)
    assert invalid(message) == found


def test_code_and_images_do_not_mix(functions: Functions, client: Any) -> None:
    name = functions.create()
    assert invalid(
        "Please don't provide ImageUri when updating a function with packageType Zip."
    ) == refusal(client.update_function_code, FunctionName=name, ImageUri="image")
    assert invalid("Please provide a source for function code.") == refusal(
        client.update_function_code, FunctionName=name
    )


def test_what_is_not_there_cannot_be_changed(functions: Functions, client: Any) -> None:
    missing = Refusal(
        "ResourceNotFoundException", f"Function not found: {functions.arn('nothing')}", 404
    )
    for ask, members in (
        (client.update_function_code, {"ZipFile": package()}),
        (client.update_function_configuration, {"Timeout": 5}),
        (client.put_function_concurrency, {"ReservedConcurrentExecutions": 1}),
        (client.get_function_concurrency, {}),
        (client.delete_function_concurrency, {}),
        (client.add_permission, PERMISSION),
        (client.get_policy, {}),
    ):
        assert missing == refusal(ask, FunctionName="nothing", **members)


# Reserved concurrency.


def test_concurrency_is_reserved_and_given_back(functions: Functions, client: Any) -> None:
    name = functions.create()
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    assert 5 == client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    assert {"ReservedConcurrentExecutions": 5} == (
        client.get_function(FunctionName=name)["Concurrency"]
    )
    limits = client.get_account_settings()["AccountLimit"]
    assert (1000, 995) == (
        limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"],
    )  # fmt: skip
    client.delete_function_concurrency(FunctionName=name)
    assert "Concurrency" not in client.get_function(FunctionName=name)


def test_a_hundred_stay_unreserved(functions: Functions, client: Any) -> None:
    first, second = functions.create(), functions.create()
    client.put_function_concurrency(FunctionName=first, ReservedConcurrentExecutions=600)
    client.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=300)
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    )
    assert invalid(message) == refusal(
        client.put_function_concurrency, FunctionName=second, ReservedConcurrentExecutions=301
    )


def test_a_deleted_functions_reservation_goes(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=900)
    client.delete_function(FunctionName=name)
    functions.create(FunctionName=name)
    assert "Concurrency" not in client.get_function(FunctionName=name)


def test_a_function_with_nothing_reserved_is_throttled(functions: Functions, client: Any) -> None:
    name = functions.create(lambda event, context: "ran")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert Refusal("TooManyRequestsException", "Rate Exceeded.", 429) == refusal(
        client.invoke, FunctionName=name
    )
    try:
        client.invoke(FunctionName=name)
    except client.exceptions.TooManyRequestsException as throttled:
        answer = throttled.response
    assert "ReservedFunctionConcurrentInvocationLimitExceeded" == answer["Reason"]
    client.delete_function_concurrency(FunctionName=name)
    assert b'"ran"' == functions.invoke(name)["Payload"]


def test_the_account_counts_functions_and_code(functions: Functions, client: Any) -> None:
    functions.create()
    functions.create()
    found = client.get_account_settings()
    sizes = [each["CodeSize"] for each in client.list_functions()["Functions"]]
    assert {"FunctionCount": 2, "TotalCodeSize": sum(sizes)} == found["AccountUsage"]
    assert {
        "TotalCodeSize": 80530636800,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 1000,
    } == found["AccountLimit"]


def test_functions_as_a_whole_have_no_qualifier(functions: Functions, client: Any) -> None:
    name = functions.create()
    assert invalid(
        "This operation is permitted on Lambda functions only. Aliases and versions do not "
        "support this operation. Please specify either a function name or an unqualified "
        "function ARN."
    ) == refusal(
        client.put_function_concurrency,
        FunctionName=f"{name}:$LATEST",
        ReservedConcurrentExecutions=1,
    )


# Permissions.

PERMISSION = {
    "StatementId": "s1",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
}


def test_permissions_make_a_policy(functions: Functions, client: Any) -> None:
    name = functions.create()
    added = client.add_permission(
        FunctionName=name,
        **PERMISSION,
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="111111111111",
    )
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": functions.arn(name),
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "111111111111"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        },
    }
    assert statement == json.loads(added["Statement"])
    client.add_permission(FunctionName=name, **{**PERMISSION, "StatementId": "s2"})
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    assert ("2012-10-17", "default") == (policy["Version"], policy["Id"])
    assert ["s1", "s2"] == [each["Sid"] for each in policy["Statement"]]
    assert statement == policy["Statement"][0]


@pytest.mark.parametrize(
    ("principal", "shown"),
    [
        ("*", "*"),
        ("111111111111", {"AWS": "arn:aws:iam::111111111111:root"}),
        ("arn:aws:iam::111111111111:role/r", {"AWS": "arn:aws:iam::111111111111:role/r"}),
        ("events.amazonaws.com", {"Service": "events.amazonaws.com"}),
    ],
)
def test_principals_have_several_forms(
    functions: Functions, client: Any, principal: str, shown: Any
) -> None:
    name = functions.create()
    added = client.add_permission(FunctionName=name, **{**PERMISSION, "Principal": principal})
    assert shown == json.loads(added["Statement"])["Principal"]


def test_permissions_are_removed(functions: Functions, client: Any) -> None:
    name = functions.create()
    not_there = Refusal(
        "ResourceNotFoundException", "The resource you requested does not exist.", 404
    )
    assert not_there == refusal(client.get_policy, FunctionName=name)
    assert Refusal(
        "ResourceNotFoundException", "No policy is associated with the given resource.", 404
    ) == refusal(client.remove_permission, FunctionName=name, StatementId="s1")
    client.add_permission(FunctionName=name, **PERMISSION)
    assert Refusal(
        "ResourceNotFoundException", "Statement other is not found in resource policy.", 404
    ) == refusal(client.remove_permission, FunctionName=name, StatementId="other")
    client.remove_permission(FunctionName=name, StatementId="s1")
    assert not_there == refusal(client.get_policy, FunctionName=name)


def test_bad_permissions_are_refused(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.add_permission(FunctionName=name, **PERMISSION)
    assert Refusal(
        "ResourceConflictException",
        "The statement id (s1) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.",
        409,
    ) == refusal(client.add_permission, FunctionName=name, **PERMISSION)
    other = {**PERMISSION, "StatementId": "s2"}
    assert invalid(
        "The provided principal was invalid. Please check the principal and try again."
    ) == refusal(client.add_permission, FunctionName=name, **{**other, "Principal": "nobody"})
    assert invalid("We currently do not support adding policies for $LATEST.") == refusal(
        client.add_permission, FunctionName=name, Qualifier="$LATEST", **other
    )
    stale = Refusal("PreconditionFailedException", STALE.format("GetPolicy"), 412)
    assert stale == refusal(client.add_permission, FunctionName=name, RevisionId="old", **other)
    assert stale == refusal(
        client.remove_permission, FunctionName=name, RevisionId="old", StatementId="s1"
    )


def test_a_policy_has_a_largest_size(functions: Functions, client: Any) -> None:
    name = functions.create()
    arn = "arn:aws:s3:::" + "x" * 9000
    for number in range(2):
        client.add_permission(
            FunctionName=name, SourceArn=arn, **{**PERMISSION, "StatementId": f"s{number}"}
        )
    found = refusal(
        client.add_permission, FunctionName=name, SourceArn=arn,
        **{**PERMISSION, "StatementId": "s2"},
    )  # fmt: skip
    assert ("PolicyLengthExceededException", 400) == (found.code, found.status)
    assert found.message.endswith("is bigger than the limit (20480).")
