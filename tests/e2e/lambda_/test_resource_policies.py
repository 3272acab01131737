"""A resource policy as a whole: put, read, replaced and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambdas import Functions
from support.refusals import Refusal, refusal

GONE = Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
STALE = Refusal(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetResourcePolicy "
    "API to retrieve the latest Revision Id",
    412,
)
OTHER_REVISION = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def arn(functions: Functions) -> str:
    return functions.arn(functions.create())


def policy(arn: str, **changes: Any) -> dict[str, Any]:
    statement = {
        "Sid": "bucket", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": arn, **changes,
    }  # fmt: skip
    return {"Version": "2012-10-17", "Statement": [statement]}


def put(client: Any, arn: str, document: Any, **members: Any) -> dict[str, Any]:
    text = document if isinstance(document, str) else json.dumps(document)
    found: dict[str, Any] = client.put_resource_policy(ResourceArn=arn, Policy=text, **members)
    return found


def test_a_policy_is_put_and_read(client: Any, arn: str) -> None:
    made = put(client, arn, policy(arn))
    assert policy(arn) == json.loads(made["Policy"])
    read = client.get_resource_policy(ResourceArn=arn)
    assert (made["Policy"], made["RevisionId"]) == (read["Policy"], read["RevisionId"])
    assert read["Policy"] == client.get_policy(FunctionName=arn)["Policy"]


def test_it_replaces_single_permissions_and_takes_more_of_them(client: Any, arn: str) -> None:
    def permit(name: str) -> None:
        client.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction", Principal="*"
        )

    permit("before")
    document = policy(arn)
    del document["Statement"][0]["Sid"]
    # One statement may stand without a list.
    put(client, arn, {**document, "Statement": document["Statement"][0]})
    permit("after")
    found = json.loads(client.get_resource_policy(ResourceArn=arn)["Policy"])["Statement"]
    assert [None, "after"] == [each.get("Sid") for each in found]
    client.remove_permission(FunctionName=arn, StatementId="after")
    assert 1 == len(json.loads(client.get_policy(FunctionName=arn)["Policy"])["Statement"])


def test_versions_and_aliases_have_policies_of_their_own(client: Any, arn: str) -> None:
    client.publish_version(FunctionName=arn)
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    for qualifier in ("1", "live"):
        put(client, f"{arn}:{qualifier}", policy(f"{arn}:{qualifier}"))
    assert GONE == refusal(client.get_resource_policy, ResourceArn=arn)
    client.delete_resource_policy(ResourceArn=f"{arn}:live")
    assert GONE == refusal(client.get_resource_policy, ResourceArn=f"{arn}:live")
    assert client.get_resource_policy(ResourceArn=f"{arn}:1")["Policy"]


def test_a_revision_must_match(client: Any, arn: str) -> None:
    made = put(client, arn, policy(arn))
    stale: dict[str, Any] = {"ResourceArn": arn, "RevisionId": OTHER_REVISION}
    text = json.dumps(policy(arn))
    assert STALE == refusal(client.put_resource_policy, Policy=text, **stale)
    assert STALE == refusal(client.delete_resource_policy, **stale)
    made = put(client, arn, policy(arn), RevisionId=made["RevisionId"])
    client.delete_resource_policy(ResourceArn=arn, RevisionId=made["RevisionId"])
    assert GONE == refusal(client.delete_resource_policy, ResourceArn=arn)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "This policy contains invalid Json"),
        ("[" * 5000, "This policy contains invalid Json"),
        ("{}", "Syntax errors in policy."),
        (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", '
            '"Action": "lambda:InvokeFunction", "Resource": "*"}]}',
            "Each statement's Resource must be ARN.",
        ),
    ],
)
def test_a_policy_must_make_sense(client: Any, arn: str, text: str, problem: str) -> None:
    expected = Refusal(
        "InvalidParameterValueException",
        f"The resource policy is not valid: {problem.replace('ARN', arn)}",
        400,
    )
    assert expected == refusal(client.put_resource_policy, ResourceArn=arn, Policy=text)


def test_half_a_character_is_refused(client: Any, arn: str) -> None:
    text = json.dumps(policy(arn, Sid="HALF")).replace("HALF", "\\ud800")
    seen = refusal(client.put_resource_policy, ResourceArn=arn, Policy=text)
    assert ("InvalidParameterValueException", 400) == (seen.code, seen.status)


def test_a_policy_has_a_limit(client: Any, arn: str) -> None:
    text = json.dumps(policy(arn))
    seen = refusal(
        client.put_resource_policy, ResourceArn=arn, Policy=text + " " * (20_481 - len(text))
    )
    assert ("ValidationException", 400) == (seen.code, seen.status)


def test_what_is_not_there_has_no_policy(client: Any, functions: Functions) -> None:
    arn = functions.arn("nothing")
    missing = Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)
    assert missing == refusal(client.get_resource_policy, ResourceArn=arn)
    assert missing == refusal(client.delete_resource_policy, ResourceArn=arn)
    text = json.dumps(policy(arn))
    assert missing == refusal(client.put_resource_policy, ResourceArn=arn, Policy=text)


def test_latest_has_no_policy_of_its_own(client: Any, arn: str) -> None:
    latest = f"{arn}:$LATEST"
    seen = refusal(
        client.put_resource_policy, ResourceArn=latest, Policy=json.dumps(policy(latest))
    )
    assert "We currently do not support adding policies for $LATEST." == seen.message
