"""Log groups by boto3: create, describe, list, delete, retention, tags, keys."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

NAME = "/app/orders"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def logs(aws: Any) -> Any:
    return aws("logs")


def test_a_group_is_described_as_it_was_created(logs: Any, pileus: Running, account: str) -> None:
    logs.create_log_group(
        logGroupName=NAME, kmsKeyId="arn:aws:kms:us-east-1:1:key/k", tags={"team": "blue"}
    )
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{NAME}"
    expected = {
        "logGroupName": NAME,
        "creationTime": pileus.now,
        "metricFilterCount": 0,
        "arn": arn + ":*",
        "logGroupArn": arn,
        "storedBytes": 0,
        "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k",
        "logGroupClass": "STANDARD",
        "deletionProtectionEnabled": False,
    }
    assert [expected] == logs.describe_log_groups()["logGroups"]


def test_a_name_can_be_taken_once(logs: Any) -> None:
    logs.create_log_group(logGroupName=NAME)
    assert (
        "ResourceAlreadyExistsException", "The specified log group already exists",
    ) == refusal(logs.create_log_group, logGroupName=NAME)  # fmt: skip


def test_names_of_aws_are_reserved(logs: Any) -> None:
    assert (
        "InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.",
    ) == refusal(logs.create_log_group, logGroupName="aws/spans")  # fmt: skip


@pytest.mark.parametrize("name", ["with space", "a" * 513, "colon:"])
def test_bad_names_are_refused(logs: Any, name: str) -> None:
    code, message = refusal(logs.create_log_group, logGroupName=name)
    assert "InvalidParameterException" == code
    assert message.startswith("1 validation error detected:")


def test_a_deleted_group_is_gone_and_its_name_is_free(logs: Any) -> None:
    logs.create_log_group(logGroupName=NAME, tags={"team": "blue"})
    logs.create_log_stream(logGroupName=NAME, logStreamName="s")
    logs.delete_log_group(logGroupName=NAME)
    assert [] == logs.describe_log_groups()["logGroups"]
    logs.create_log_group(logGroupName=NAME)
    assert [] == logs.describe_log_streams(logGroupName=NAME)["logStreams"]
    assert {} == logs.list_tags_log_group(logGroupName=NAME).get("tags", {})


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("delete_log_group", {}),
        ("put_retention_policy", {"retentionInDays": 1}),
        ("delete_retention_policy", {}),
        ("create_log_stream", {"logStreamName": "s"}),
        ("delete_log_stream", {"logStreamName": "s"}),
        ("describe_log_streams", {}),
        ("get_log_events", {"logStreamName": "s"}),
        ("filter_log_events", {}),
        ("put_log_events", {"logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]}),
        ("associate_kms_key", {"kmsKeyId": "k"}),
        ("disassociate_kms_key", {}),
        ("tag_log_group", {"tags": {"a": "b"}}),
        ("untag_log_group", {"tags": ["a"]}),
        ("list_tags_log_group", {}),
    ],
)
def test_operations_on_a_missing_group_are_refused(
    logs: Any, operation: str, params: dict[str, Any]
) -> None:
    assert ("ResourceNotFoundException", "The specified log group does not exist.") == refusal(
        getattr(logs, operation), logGroupName="missing", **params
    )


def test_groups_are_found_by_prefix_and_by_pattern(logs: Any) -> None:
    for name in ("/aws/lambda/a", "/aws/lambda/b", "/app/a", "lambda"):
        logs.create_log_group(logGroupName=name)

    def names(**params: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.describe_log_groups(**params)["logGroups"]]

    assert ["/app/a", "/aws/lambda/a", "/aws/lambda/b", "lambda"] == names()
    assert ["/aws/lambda/a", "/aws/lambda/b"] == names(logGroupNamePrefix="/aws/lambda/")
    assert ["/aws/lambda/a", "/aws/lambda/b", "lambda"] == names(logGroupNamePattern="lambda")
    assert ["lambda", "/app/a"] == names(logGroupIdentifiers=["lambda", "/app/a", "missing"])
    assert (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    ) == refusal(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")


def test_groups_are_described_page_by_page(logs: Any) -> None:
    names = [f"group-{number:02}" for number in range(7)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = list(
        logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    )
    assert [3, 3, 1] == [len(page["logGroups"]) for page in pages]
    assert names == [group["logGroupName"] for page in pages for group in page["logGroups"]]


def test_a_token_is_refused_when_it_is_not_ours_or_a_day_old(logs: Any, pileus: Running) -> None:
    for number in range(2):
        logs.create_log_group(logGroupName=f"group-{number}")
    expected = ("InvalidParameterException", "The specified nextToken is invalid.")
    assert expected == refusal(logs.describe_log_groups, nextToken="nonsense")
    token = logs.describe_log_groups(limit=1)["nextToken"]
    pileus.advance(24 * 3600 + 1)
    assert expected == refusal(logs.describe_log_groups, nextToken=token)


def test_groups_are_listed_by_expression_and_class(logs: Any) -> None:
    logs.create_log_group(logGroupName="/aws/lambda/a")
    logs.create_log_group(logGroupName="discovery", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="other/aws/lambda")

    def names(**params: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.list_log_groups(**params)["logGroups"]]

    assert ["/aws/lambda/a", "discovery"] == names(logGroupNamePattern="^/aws/lambda|discovery")
    assert ["discovery"] == names(logGroupClass="INFREQUENT_ACCESS")
    assert ["/aws/lambda/a", "other/aws/lambda"] == names(logGroupClass="STANDARD")


def test_a_protected_group_is_not_deleted(logs: Any) -> None:
    logs.create_log_group(logGroupName=NAME, deletionProtectionEnabled=True)
    assert "ValidationException" == refusal(logs.delete_log_group, logGroupName=NAME)[0]
    logs.put_log_group_deletion_protection(logGroupIdentifier=NAME, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=NAME)


def test_a_key_is_remembered_and_forgotten(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName=NAME)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{NAME}"
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId="key-arn")
    assert "key-arn" == logs.describe_log_groups()["logGroups"][0]["kmsKeyId"]
    logs.disassociate_kms_key(logGroupName=NAME)
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]


def test_retention_takes_only_awss_values(logs: Any) -> None:
    logs.create_log_group(logGroupName=NAME)
    logs.put_retention_policy(logGroupName=NAME, retentionInDays=3653)
    assert 3653 == logs.describe_log_groups()["logGroups"][0]["retentionInDays"]
    code, message = refusal(logs.put_retention_policy, logGroupName=NAME, retentionInDays=2)
    assert "InvalidParameterException" == code
    assert message.startswith("1 validation error detected: Value '2' at 'retentionInDays'")
    logs.delete_retention_policy(logGroupName=NAME)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_tags_are_added_replaced_and_removed_by_either_family(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName=NAME, tags={"a": "1", "b": "2"})
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{NAME}"
    logs.tag_resource(resourceArn=arn, tags={"b": "3", "c": "4"})
    logs.untag_log_group(logGroupName=NAME, tags=["a"])
    assert {"b": "3", "c": "4"} == logs.list_tags_for_resource(resourceArn=arn)["tags"]
    logs.tag_log_group(logGroupName=NAME, tags={"d": "5"})
    logs.untag_resource(resourceArn=arn, tagKeys=["b", "c"])
    assert {"d": "5"} == logs.list_tags_log_group(logGroupName=NAME)["tags"]


def test_a_group_has_at_most_fifty_tags(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName=NAME, tags={f"k{number}": "v" for number in range(50)})
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{NAME}"
    assert "TooManyTagsException" == refusal(
        logs.tag_resource, resourceArn=arn, tags={"one-more": "v"}
    )[0]  # fmt: skip
    assert "InvalidParameterException" == refusal(
        logs.tag_resource, resourceArn=arn, tags={"aws:mine": "v"}
    )[0]  # fmt: skip


def test_tags_of_what_is_no_group_are_refused(logs: Any) -> None:
    assert "ResourceNotFoundException" == refusal(
        logs.list_tags_for_resource, resourceArn="arn:aws:logs:us-east-1:1:log-group:x"
    )[0]  # fmt: skip


def test_what_is_not_built_says_so(logs: Any) -> None:
    assert "NotImplemented" == refusal(logs.start_query, startTime=0, endTime=1, queryString="x")[0]
