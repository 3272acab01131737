"""Managed policies by boto3: versions, attachments, AWS's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
)
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
}
AWS_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam")


def create(iam: Any, name: str = "p", **params: Any) -> str:
    created = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(DOCUMENT), **params)
    arn: str = created["Policy"]["Arn"]
    return arn


def test_a_policy_is_got_as_it_was_created(iam: Any, account: str) -> None:
    arn = create(iam, Path="/app/", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    assert f"arn:aws:iam::{account}:policy/app/p" == arn
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert ("d", "v1", 0, 0, True) == (
        policy["Description"], policy["DefaultVersionId"], policy["AttachmentCount"],
        policy["PermissionsBoundaryUsageCount"], policy["IsAttachable"],
    )  # fmt: skip
    assert [{"Key": "a", "Value": "b"}] == policy["Tags"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert (DOCUMENT, True) == (version["Document"], version["IsDefaultVersion"])


def test_a_name_is_taken_whatever_its_path_or_case(iam: Any) -> None:
    create(iam, "P")
    assert (
        "EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.",
    ) == refusal(create, iam=iam, name="p", Path="/other/")  # fmt: skip


def test_bad_documents_are_refused(iam: Any) -> None:
    def refused(document: str) -> tuple[str, str]:
        return refusal(iam.create_policy, PolicyName="p", PolicyDocument=document)

    assert ("MalformedPolicyDocument", "Syntax errors in policy.") == refused("null")
    assert (
        "MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.",
    ) == refused(json.dumps({"Statement": DOCUMENT["Statement"]}))  # fmt: skip
    large = json.dumps(DOCUMENT).replace('"*"', json.dumps([f"arn:{'x' * 6200}"]))
    assert ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144") == refused(large)


def test_versions_follow_each_other(iam: Any) -> None:
    arn = create(iam)
    other = json.dumps(DOCUMENT).replace("sqs", "sns")
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=other, SetAsDefault=True)
    assert "v2" == made["PolicyVersion"]["VersionId"]
    assert "v2" == iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=other)
    assert (
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must"
        " delete an existing version.",
    ) == refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=other)
    assert (
        "DeleteConflict", "Cannot delete the default version of a policy.",
    ) == refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v1")  # fmt: skip
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=other)
    pages = iam.get_paginator("list_policy_versions").paginate(
        PolicyArn=arn, PaginationConfig={"PageSize": 2}
    )
    ids = [version["VersionId"] for page in pages for version in page["Versions"]]
    assert ["v6", "v5", "v4", "v2", "v1"] == ids


def test_a_missing_version_is_refused(iam: Any) -> None:
    arn = create(iam)
    expected = (
        "NoSuchEntity", f"Policy {arn} version v9 does not exist or is not attachable.",
    )  # fmt: skip
    for operation in ("get_policy_version", "delete_policy_version", "set_default_policy_version"):
        assert expected == refusal(getattr(iam, operation), PolicyArn=arn, VersionId="v9")


def test_a_missing_policy_is_refused(iam: Any, account: str) -> None:
    arn = f"arn:aws:iam::{account}:policy/missing"
    for operation in ("get_policy", "delete_policy", "list_policy_versions", "list_policy_tags"):
        assert ("NoSuchEntity", f"Policy {arn} was not found.") == refusal(
            getattr(iam, operation), PolicyArn=arn
        )
    iam.create_user(UserName="ann")
    assert (
        "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.",
    ) == refusal(iam.attach_user_policy, UserName="ann", PolicyArn=arn)  # fmt: skip
    assert ("NoSuchEntity", f"Policy {arn} was not found.") == refusal(
        iam.detach_user_policy, UserName="ann", PolicyArn=arn
    )
    assert "NoSuchEntity" == refusal(
        iam.put_user_permissions_boundary, UserName="ann", PermissionsBoundary=arn
    )[0]  # fmt: skip


def test_what_is_no_policys_arn_is_refused(iam: Any) -> None:
    assert ("ValidationError", "Invalid ARN:  Could not be parsed!") == refusal(
        iam.get_policy, PolicyArn="something-that-is-no-arn"
    )
    arn = "arn:aws:s3:::a-bucket-and-no-policy"
    assert ("InvalidInput", f"ARN {arn} is not valid.") == refusal(iam.get_policy, PolicyArn=arn)


def test_a_policy_is_attached_to_all_three_kinds(iam: Any) -> None:
    arn = create(iam)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    expected = [{"PolicyName": "p", "PolicyArn": arn}]
    assert expected == iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert expected == iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]
    assert expected == iam.list_attached_group_policies(GroupName="g")["AttachedPolicies"]
    assert 3 == iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"]
    found = iam.list_entities_for_policy(PolicyArn=arn)
    assert ["r"] == [role["RoleName"] for role in found["PolicyRoles"]]
    assert ["u"] == [user["UserName"] for user in found["PolicyUsers"]]
    assert ["g"] == [group["GroupName"] for group in found["PolicyGroups"]]
    only = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert (1, 0, 0) == tuple(
        len(only[name]) for name in ("PolicyRoles", "PolicyUsers", "PolicyGroups")
    )
    assert ("DeleteConflict", "Cannot delete a policy attached to entities.") == refusal(
        iam.delete_policy, PolicyArn=arn
    )
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    iam.detach_group_policy(GroupName="g", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert [] == iam.list_policies(Scope="Local")["Policies"]


def test_a_policy_with_versions_or_used_as_a_boundary_stays(iam: Any) -> None:
    arn = create(iam)
    iam.create_user(UserName="u", PermissionsBoundary=arn)
    assert "DeleteConflict" == refusal(iam.delete_policy, PolicyArn=arn)[0]
    found = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert ["u"] == [user["UserName"] for user in found["PolicyUsers"]]
    iam.delete_user_permissions_boundary(UserName="u")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(DOCUMENT))
    code, message = refusal(iam.delete_policy, PolicyArn=arn)
    assert "DeleteConflict" == code
    assert message.startswith("This policy has more than one version.")


def test_ten_policies_can_be_attached(iam: Any) -> None:
    iam.create_group(GroupName="g")
    for number in range(10):
        iam.attach_group_policy(GroupName="g", PolicyArn=create(iam, f"p{number}"))
    assert ("LimitExceeded", "Cannot exceed quota for PoliciesPerGroup: 10") == refusal(
        iam.attach_group_policy, GroupName="g", PolicyArn=AWS_POLICY
    )


def test_policies_are_listed_by_scope_path_and_page(iam: Any) -> None:
    for number in range(3):
        create(iam, f"p{number}", Path="/mine/")
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PaginationConfig={"PageSize": 2}
    )
    assert [["p0", "p1"], ["p2"]] == [
        [policy["PolicyName"] for policy in page["Policies"]] for page in pages
    ]
    everything = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 4})
    arns = [policy["Arn"] for page in everything for policy in page["Policies"]]
    assert len(arns) == len(set(arns))
    assert AWS_POLICY in arns
    roles = iam.list_policies(Scope="AWS", PathPrefix="/service-role/")["Policies"]
    assert AWS_POLICY in [policy["Arn"] for policy in roles]
    assert {"/service-role/"} == {policy["Path"] for policy in roles}
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=AWS_POLICY)
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [AWS_POLICY] == [policy["Arn"] for policy in attached]


def test_awss_policies_can_be_read_and_attached_but_not_changed(iam: Any) -> None:
    policy = iam.get_policy(PolicyArn=AWS_POLICY)["Policy"]
    assert ("AWSLambdaBasicExecutionRole", "/service-role/") == (
        policy["PolicyName"], policy["Path"],
    )  # fmt: skip
    version = iam.get_policy_version(PolicyArn=AWS_POLICY, VersionId="v1")["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    assert "NoSuchEntity" == refusal(iam.delete_policy, PolicyArn=AWS_POLICY)[0]


def test_an_unknown_policy_of_awss_can_be_attached_but_not_read(iam: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSomethingFullAccess"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert [{"PolicyName": "AmazonSomethingFullAccess", "PolicyArn": arn}] == (
        iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    )
    assert "NotImplemented" == refusal(iam.get_policy_version, PolicyArn=arn, VersionId="v1")[0]


def test_tags_of_a_policy(iam: Any) -> None:
    arn = create(iam, Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    first = iam.list_policy_tags(PolicyArn=arn, MaxItems=1)
    assert ([{"Key": "b", "Value": "2"}], True) == (first["Tags"], first["IsTruncated"])
    rest = iam.list_policy_tags(PolicyArn=arn, Marker=first["Marker"])
    assert [{"Key": "c", "Value": "3"}] == rest["Tags"]
