"""Published versions: what they are, how they run, how they end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda, log_lines, package
from support.refusals import Refusal, refusal


def not_found(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def answer_version(event: Any, context: Context) -> Any:
    variables = context.spec.variables
    context.print("it runs")
    return {
        "version": variables["AWS_LAMBDA_FUNCTION_VERSION"],
        "stream": variables["AWS_LAMBDA_LOG_STREAM_NAME"],
        "arn": context.invoked_arn,
        "environment": context.spec.environment_id,
    }


def test_a_version_is_a_copy_that_stays(functions: Functions, client: Any) -> None:
    name = functions.create(Description="first", MemorySize=256)
    latest = client.get_function_configuration(FunctionName=name)
    published = client.publish_version(FunctionName=name, Description="one")
    assert 201 == published.pop("ResponseMetadata")["HTTPStatusCode"]
    assert f"{functions.arn(name)}:1" == published["FunctionArn"]
    assert ("1", "one") == (published["Version"], published["Description"])
    assert ("Active", "Successful") == (published["State"], published["LastUpdateStatus"])
    assert latest["RevisionId"] != published["RevisionId"]
    client.update_function_configuration(FunctionName=name, MemorySize=512)
    client.update_function_code(FunctionName=name, ZipFile=package("other"))
    read = client.get_function_configuration(FunctionName=name, Qualifier="1")
    read.pop("ResponseMetadata")
    assert published == read
    assert 512 == client.get_function_configuration(FunctionName=name)["MemorySize"]
    whole = client.get_function(FunctionName=f"{functions.arn(name)}:1")
    assert latest["CodeSha256"] == whole["Configuration"]["CodeSha256"]


def test_nothing_is_published_when_nothing_has_changed(functions: Functions, client: Any) -> None:
    name = functions.create()
    first = client.publish_version(FunctionName=name, Description="one")
    again = client.publish_version(FunctionName=name, Description="two")
    assert ("1", "one") == (again["Version"], again["Description"])
    assert first["RevisionId"] == again["RevisionId"]
    client.update_function_code(FunctionName=name, ZipFile=package(name))
    assert "1" == client.publish_version(FunctionName=name)["Version"]
    client.update_function_configuration(FunctionName=name, Description="changed")
    assert "2" == client.publish_version(FunctionName=name)["Version"]
    code = package("other")
    assert (
        "3" == client.update_function_code(FunctionName=name, ZipFile=code, Publish=True)["Version"]
    )
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert ["$LATEST", "1", "2", "3"] == [each["Version"] for each in listed]
    assert f"{functions.arn(name)}:$LATEST" == listed[0]["FunctionArn"]
    assert "State" not in listed[1]


def test_a_function_is_created_with_its_first_version(functions: Functions, client: Any) -> None:
    role = functions.role
    made = client.create_function(
        FunctionName="born", Runtime="python3.12", Handler="a.b", Role=role, Publish=True,
        Code={"ZipFile": package("x")},
    )  # fmt: skip
    assert ("1", "Pending") == (made["Version"], made["State"])
    assert f"{functions.arn('born')}:1" == made["FunctionArn"]
    assert "1" == client.publish_version(FunctionName="born")["Version"]


def test_versions_run_in_environments_of_their_own(
    functions: Functions, client: Any, aws: Any
) -> None:
    name = functions.create(answer_version)
    client.publish_version(FunctionName=name)
    latest = functions.invoke(name)
    one = functions.invoke(name, Qualifier="1")
    again = functions.invoke(f"{name}:1")
    assert ("$LATEST", "1") == (latest["ExecutedVersion"], one["ExecutedVersion"])
    seen, first, second = (json.loads(each["Payload"]) for each in (latest, one, again))
    assert ("$LATEST", "1") == (seen["version"], first["version"])
    assert "[1]" in first["stream"]
    assert f"{functions.arn(name)}:1" == first["arn"]
    assert first["environment"] == second["environment"] != seen["environment"]
    functions.pileus.idle()
    lines = log_lines(aws("logs"), name)
    assert 2 == len([line for line in lines if "Version: 1\n" in line])
    assert 1 == len([line for line in lines if "Version: $LATEST\n" in line])
    client.update_function_configuration(FunctionName=name, Timeout=9)
    third = json.loads(functions.invoke(name, Qualifier="1")["Payload"])
    assert first["environment"] == third["environment"]


def test_what_publishing_refuses(functions: Functions, client: Any) -> None:
    name = functions.create()
    sha = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    assert Refusal(
        "InvalidParameterValueException",
        f"CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST ({sha}). Please try "
        "again with the CodeSHA256 in $LATEST.",
        400,
    ) == refusal(client.publish_version, FunctionName=name, CodeSha256="abc")
    stale = refusal(client.publish_version, FunctionName=name, RevisionId="x")
    assert ("PreconditionFailedException", 412) == (stale.code, stale.status)
    missing = not_found(f"Function not found: {functions.arn('nothing')}")
    assert missing == refusal(client.publish_version, FunctionName="nothing")
    assert missing == refusal(client.list_versions_by_function, FunctionName="nothing")
    assert "InvalidParameterValueException" == (
        refusal(client.publish_version, FunctionName=f"{name}:1").code
    )
    given = client.publish_version(FunctionName=name, CodeSha256=sha)
    assert "1" == given["Version"]


def test_versions_are_deleted_and_their_numbers_are_not_given_again(
    functions: Functions, client: Any
) -> None:
    name = functions.create(answer_version)
    client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Timeout=7)
    client.publish_version(FunctionName=name)
    functions.invoke(name, Qualifier="2")
    gone = client.delete_function(FunctionName=name, Qualifier="2")
    assert 204 == gone["StatusCode"]
    missing = not_found(f"Function not found: {functions.arn(name)}:2")
    assert missing == refusal(client.get_function, FunctionName=name, Qualifier="2")
    assert missing == refusal(client.invoke, FunctionName=name, Qualifier="2")
    client.delete_function(FunctionName=name, Qualifier="99")
    client.update_function_configuration(FunctionName=name, Timeout=8)
    assert "3" == client.publish_version(FunctionName=name)["Version"]
    client.delete_function(FunctionName=name)
    functions.pileus.idle()
    for qualifier in ("1", "3"):
        whole = refusal(client.get_function, FunctionName=name, Qualifier=qualifier)
        assert not_found(f"Function not found: {functions.arn(name)}:{qualifier}") == whole
    functions.create(answer_version, FunctionName=name)
    assert "4" == client.publish_version(FunctionName=name)["Version"]
    assert not_found(f"Function not found: {functions.arn(name)}:1") == refusal(
        client.invoke, FunctionName=name, Qualifier="1"
    )
    assert "4" == functions.invoke(name, Qualifier="4")["ExecutedVersion"]


def test_what_deleting_refuses(functions: Functions, client: Any) -> None:
    name = functions.create()
    client.publish_version(FunctionName=name)
    for alias in ("b", "a"):
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
    message = "Unable to delete version because the following aliases reference it: [a, b]"
    assert Refusal("ResourceConflictException", message, 409) == refusal(
        client.delete_function, FunctionName=name, Qualifier="1"
    )
    for qualifier, text in (
        ("$LATEST", "$LATEST version cannot be deleted without deleting the function."),
        ("a", "Deletion of aliases is not currently supported."),
    ):
        assert Refusal("InvalidParameterValueException", text, 400) == refusal(
            client.delete_function, FunctionName=name, Qualifier=qualifier
        )


def test_all_versions_of_all_functions_are_listed(functions: Functions, client: Any) -> None:
    for name in ("one", "two", "three"):
        functions.create(FunctionName=name)
        client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName="two", Timeout=4)
    client.publish_version(FunctionName="two")
    pages = client.get_paginator("list_functions").paginate(
        FunctionVersion="ALL", PaginationConfig={"PageSize": 2}
    )
    found = [
        (each["FunctionName"], each["Version"]) for page in pages for each in page["Functions"]
    ]
    assert [
        ("one", "$LATEST"), ("one", "1"), ("three", "$LATEST"), ("three", "1"),
        ("two", "$LATEST"), ("two", "1"), ("two", "2"),
    ] == found  # fmt: skip
    plain = client.list_functions()["Functions"]
    assert [functions.arn(name) for name in ("one", "three", "two")] == [
        each["FunctionArn"] for each in plain
    ]
    pages = client.get_paginator("list_versions_by_function").paginate(
        FunctionName="two", PaginationConfig={"PageSize": 1}
    )
    assert ["$LATEST", "1", "2"] == [each["Version"] for page in pages for each in page["Versions"]]


@pytest.mark.parametrize("operation", ["list_functions", "list_versions_by_function"])
def test_a_marker_of_another_making_is_refused(
    functions: Functions, client: Any, operation: str
) -> None:
    members = {} if operation == "list_functions" else {"FunctionName": functions.create()}
    assert Refusal("InvalidParameterValueException", "Invalid marker value.", 400) == refusal(
        getattr(client, operation), Marker="!!", **members
    )


def test_a_package_lives_as_long_as_a_version_needs_it(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(answer_version)
    client.publish_version(FunctionName=name)
    client.update_function_code(FunctionName=name, ZipFile=package("other"))
    pileus.advance(120)
    pileus.fleet.unpacked.clear()
    assert "1" == functions.invoke(name, Qualifier="1")["ExecutedVersion"]
