"""Users, groups and access keys by boto3; keys that are issued are verified."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from support.running import Running

DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
    }
)


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam")


def as_holder(pileus: Running, service: str, key: dict[str, Any], secret: str | None = None) -> Any:
    return boto3.client(
        service, endpoint_url=pileus.url, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=secret or key["SecretAccessKey"],
    )  # fmt: skip


def test_a_user_is_got_as_it_was_created(iam: Any, account: str) -> None:
    iam.create_user(UserName="ann", Path="/staff/", Tags=[{"Key": "a", "Value": "b"}])
    user = iam.get_user(UserName="ann")["User"]
    assert f"arn:aws:iam::{account}:user/staff/ann" == user["Arn"]
    assert "AIDA" == user["UserId"][:4]
    assert [{"Key": "a", "Value": "b"}] == user["Tags"]
    assert ("EntityAlreadyExists", "User with name ANN already exists.") == refusal(
        iam.create_user, UserName="ANN"
    )


def test_the_root_user_gets_itself(iam: Any, account: str) -> None:
    assert f"arn:aws:iam::{account}:root" == iam.get_user()["User"]["Arn"]


def test_a_renamed_user_keeps_what_belongs_to_it(iam: Any) -> None:
    iam.create_user(UserName="ann", Tags=[{"Key": "a", "Value": "b"}])
    iam.create_user(UserName="bob")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=DOCUMENT)
    iam.update_user(UserName="ann", NewUserName="Anna", NewPath="/new/")
    user = iam.get_user(UserName="anna")["User"]
    assert ("Anna", "/new/", [{"Key": "a", "Value": "b"}]) == (
        user["UserName"], user["Path"], user["Tags"],
    )  # fmt: skip
    assert ["p"] == iam.list_user_policies(UserName="anna")["PolicyNames"]
    assert ["g"] == [g["GroupName"] for g in iam.list_groups_for_user(UserName="anna")["Groups"]]
    assert ("NoSuchEntity", "The user with name ann cannot be found.") == refusal(
        iam.get_user, UserName="ann"
    )
    assert "EntityAlreadyExists" == refusal(iam.update_user, UserName="anna", NewUserName="BOB")[0]


def test_a_user_is_deleted_only_when_bare(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="g")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.add_user_to_group(GroupName="g", UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=DOCUMENT)

    def conflict() -> str:
        return refusal(iam.delete_user, UserName="ann")[1]

    assert "Cannot delete entity, must delete access keys first." == conflict()
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    assert "Cannot delete entity, must delete policies first." == conflict()
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert "Cannot delete entity, must remove users from group first." == conflict()
    iam.remove_user_from_group(GroupName="g", UserName="ann")
    iam.delete_user(UserName="ann")
    assert [] == iam.list_users()["Users"]


def test_tags_of_a_user(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.tag_user(UserName="ann", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    iam.untag_user(UserName="ann", TagKeys=["a"])
    assert [{"Key": "b", "Value": ""}] == iam.list_user_tags(UserName="ann")["Tags"]


def test_groups_have_members(iam: Any, account: str) -> None:
    created = iam.create_group(GroupName="g", Path="/x/")["Group"]
    assert f"arn:aws:iam::{account}:group/x/g" == created["Arn"]
    for name in ("u1", "u2", "u3"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="g", UserName=name)
    iam.add_user_to_group(GroupName="g", UserName="u1")
    pages = iam.get_paginator("get_group").paginate(GroupName="g", PaginationConfig={"PageSize": 2})
    assert [["u1", "u2"], ["u3"]] == [
        [user["UserName"] for user in page["Users"]] for page in pages
    ]
    assert ("DeleteConflict", "Cannot delete entity, must remove users from group first.") == (
        refusal(iam.delete_group, GroupName="g")
    )
    iam.update_group(GroupName="g", NewGroupName="h")
    assert 3 == len(iam.get_group(GroupName="h")["Users"])
    for name in ("u1", "u2", "u3"):
        iam.remove_user_from_group(GroupName="h", UserName=name)
    assert "NoSuchEntity" == refusal(
        iam.remove_user_from_group, GroupName="h", UserName="u1"
    )[0]  # fmt: skip
    iam.delete_group(GroupName="h")
    assert [] == iam.list_groups()["Groups"]
    assert ("NoSuchEntity", "The group with name h cannot be found.") == refusal(
        iam.get_group, GroupName="h"
    )


def test_a_user_is_in_ten_groups_at_most(iam: Any) -> None:
    iam.create_user(UserName="ann")
    for number in range(11):
        iam.create_group(GroupName=f"g{number:02}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number:02}", UserName="ann")
    assert ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10") == refusal(
        iam.add_user_to_group, GroupName="g10", UserName="ann"
    )


def test_inline_policies_of_users_and_groups(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="g")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=DOCUMENT)
    iam.put_group_policy(GroupName="g", PolicyName="q", PolicyDocument=DOCUMENT)
    expected = json.loads(DOCUMENT)
    assert expected == iam.get_user_policy(UserName="ann", PolicyName="p")["PolicyDocument"]
    assert expected == iam.get_group_policy(GroupName="g", PolicyName="q")["PolicyDocument"]
    assert ["q"] == iam.list_group_policies(GroupName="g")["PolicyNames"]
    iam.delete_group_policy(GroupName="g", PolicyName="q")
    assert ("NoSuchEntity", "The group policy with name q cannot be found.") == refusal(
        iam.get_group_policy, GroupName="g", PolicyName="q"
    )
    large = DOCUMENT.replace('"*"', json.dumps("arn:" + "x" * 2048))
    assert ("LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user ann") == refusal(
        iam.put_user_policy, UserName="ann", PolicyName="p", PolicyDocument=large
    )


def test_a_user_has_two_access_keys_at_most(iam: Any) -> None:
    iam.create_user(UserName="ann")
    keys = [iam.create_access_key(UserName="ann")["AccessKey"] for _ in range(2)]
    assert ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2") == refusal(
        iam.create_access_key, UserName="ann"
    )
    iam.update_access_key(UserName="ann", AccessKeyId=keys[0]["AccessKeyId"], Status="Inactive")
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert {keys[0]["AccessKeyId"]: "Inactive", keys[1]["AccessKeyId"]: "Active"} == {
        key["AccessKeyId"]: key["Status"] for key in listed
    }
    used = iam.get_access_key_last_used(AccessKeyId=keys[0]["AccessKeyId"])
    assert ("ann", "N/A") == (used["UserName"], used["AccessKeyLastUsed"]["ServiceName"])
    missing = "AKIAQAAAAAAAAAAAAAAA"
    expected = ("NoSuchEntity", f"The Access Key with id {missing} cannot be found.")
    assert expected == refusal(iam.delete_access_key, UserName="ann", AccessKeyId=missing)
    assert expected == refusal(
        iam.update_access_key, UserName="ann", AccessKeyId=missing, Status="Active"
    )


def test_requests_signed_with_a_users_key_are_verified(
    iam: Any, pileus: Running, account: str
) -> None:
    user = iam.create_user(UserName="ann")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    identity = as_holder(pileus, "sts", key).get_caller_identity()
    assert (user["UserId"], account, user["Arn"]) == (
        identity["UserId"], identity["Account"], identity["Arn"],
    )  # fmt: skip
    assert "SignatureDoesNotMatch" == refusal(
        as_holder(pileus, "sts", key, secret="wrong").get_caller_identity
    )[0]  # fmt: skip
    own = as_holder(pileus, "iam", key)
    assert "ann" == own.get_user()["User"]["UserName"]
    assert [key["AccessKeyId"]] == [
        listed["AccessKeyId"] for listed in own.list_access_keys()["AccessKeyMetadata"]
    ]


def test_a_withdrawn_key_is_no_longer_its_users(iam: Any, pileus: Running, account: str) -> None:
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    holder = as_holder(pileus, "sts", key)
    assert account == holder.get_caller_identity()["Account"]
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    # With IAM off an unknown key is let in, but as nobody's.
    assert account != holder.get_caller_identity()["Account"]
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert account == holder.get_caller_identity()["Account"]
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    assert account != holder.get_caller_identity()["Account"]


def test_a_renamed_users_key_tells_the_new_name(iam: Any, pileus: Running) -> None:
    iam.create_user(UserName="ann")
    holder = as_holder(pileus, "sts", iam.create_access_key(UserName="ann")["AccessKey"])
    assert holder.get_caller_identity()["Arn"].endswith(":user/ann")
    iam.update_user(UserName="ann", NewUserName="anna", NewPath="/staff/")
    assert holder.get_caller_identity()["Arn"].endswith(":user/staff/anna")


def test_an_account_has_one_alias(iam: Any) -> None:
    iam.create_account_alias(AccountAlias="my-company")
    assert ["my-company"] == iam.list_account_aliases()["AccountAliases"]
    assert (
        "EntityAlreadyExists", "The account alias my-company already exists.",
    ) == refusal(iam.create_account_alias, AccountAlias="my-company")  # fmt: skip
    assert "NoSuchEntity" == refusal(iam.delete_account_alias, AccountAlias="other")[0]
    iam.delete_account_alias(AccountAlias="my-company")
    assert [] == iam.list_account_aliases()["AccountAliases"]
