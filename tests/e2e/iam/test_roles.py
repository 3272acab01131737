"""IAM roles by boto3: their life, trust and inline policies, boundaries, tags, profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def status(function: Any, **params: Any) -> int:
    with pytest.raises(ClientError) as caught:
        function(**params)
    code: int = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return code


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam")


def create(iam: Any, name: str = "worker", **params: Any) -> Any:
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **params)[
        "Role"
    ]


def test_a_role_is_got_as_it_was_created(iam: Any, account: str, pileus: Running) -> None:
    created = create(
        iam, Path="/app/", Description="d", MaxSessionDuration=7200,
        PermissionsBoundary=ADMINISTRATOR, Tags=[{"Key": "team", "Value": "blue"}],
    )  # fmt: skip
    assert f"arn:aws:iam::{account}:role/app/worker" == created["Arn"]
    assert "AROA" == created["RoleId"][:4]
    assert 21 == len(created["RoleId"])
    assert pileus.now // 1000 == created["CreateDate"].timestamp()
    got = iam.get_role(RoleName="worker")["Role"]
    assert TRUST == got["AssumeRolePolicyDocument"]
    assert ("d", 7200) == (got["Description"], got["MaxSessionDuration"])
    assert {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": ADMINISTRATOR,
    } == got["PermissionsBoundary"]
    assert [{"Key": "team", "Value": "blue"}] == got["Tags"]


def test_names_are_not_distinguished_by_case(iam: Any) -> None:
    create(iam, "Worker")
    assert "Worker" == iam.get_role(RoleName="WORKER")["Role"]["RoleName"]
    assert (
        "EntityAlreadyExists", "Role with name worker already exists.",
    ) == refusal(create, iam=iam, name="worker")  # fmt: skip
    assert 409 == status(create, iam=iam, name="worker")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_role", {}),
        ("delete_role", {}),
        ("update_role", {}),
        ("update_role_description", {"Description": "d"}),
        ("update_assume_role_policy", {"PolicyDocument": json.dumps(TRUST)}),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": json.dumps(DOCUMENT)}),
        ("get_role_policy", {"PolicyName": "p"}),
        ("delete_role_policy", {"PolicyName": "p"}),
        ("list_role_policies", {}),
        ("attach_role_policy", {"PolicyArn": ADMINISTRATOR}),
        ("detach_role_policy", {"PolicyArn": ADMINISTRATOR}),
        ("list_attached_role_policies", {}),
        ("list_instance_profiles_for_role", {}),
        ("put_role_permissions_boundary", {"PermissionsBoundary": ADMINISTRATOR}),
        ("delete_role_permissions_boundary", {}),
        ("tag_role", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_role", {"TagKeys": ["a"]}),
        ("list_role_tags", {}),
        ("delete_service_linked_role", {}),
    ],
)
def test_a_missing_role_is_refused(iam: Any, operation: str, params: dict[str, Any]) -> None:
    expected = ("NoSuchEntity", "The role with name missing cannot be found.")
    assert expected == refusal(getattr(iam, operation), RoleName="missing", **params)


def test_a_role_changes(iam: Any) -> None:
    create(iam, Description="before")
    iam.update_role(RoleName="worker", Description="after", MaxSessionDuration=43_200)
    changed = iam.get_role(RoleName="worker")["Role"]
    assert ("after", 43_200) == (changed["Description"], changed["MaxSessionDuration"])
    answer = iam.update_role_description(RoleName="worker", Description="again")
    assert "again" == answer["Role"]["Description"]
    other = json.loads(json.dumps(TRUST).replace("lambda", "ec2"))
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(other))
    assert other == iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=ADMINISTRATOR)
    assert "PermissionsBoundary" in iam.get_role(RoleName="worker")["Role"]
    iam.delete_role_permissions_boundary(RoleName="worker")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="worker")["Role"]


def test_bad_trust_policies_are_refused(iam: Any) -> None:
    create(iam)
    for document, expected in (
        ("{", "This policy contains invalid Json"),
        (json.dumps(DOCUMENT), "Invalid principal in policy: "),
        (json.dumps(TRUST).replace('"Action"', '"Resource": "*", "Action"'),
         "Has prohibited field Resource"),
    ):  # fmt: skip
        code, message = refusal(
            iam.update_assume_role_policy, RoleName="worker", PolicyDocument=document
        )
        assert "MalformedPolicyDocument" == code
        assert message.startswith(expected)
        params = {"RoleName": "other", "AssumeRolePolicyDocument": document}
        assert (code, message) == refusal(iam.create_role, **params)


def test_a_trust_policy_has_2048_characters_at_most(iam: Any) -> None:
    services = [f"{'s' * 100}{number}.amazonaws.com" for number in range(20)]
    document = json.dumps(TRUST).replace('"lambda.amazonaws.com"', json.dumps(services))
    assert ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048") == refusal(
        iam.create_role, RoleName="worker", AssumeRolePolicyDocument=document
    )


def test_roles_are_listed_by_path_and_page(iam: Any) -> None:
    for number in range(5):
        create(iam, f"role-{number}", Path="/a/" if number % 2 else "/b/")
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))
    assert [2, 2, 1] == [len(page["Roles"]) for page in pages]
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    assert [f"role-{number}" for number in range(5)] == names
    found = iam.list_roles(PathPrefix="/a/")["Roles"]
    assert ["role-1", "role-3"] == [role["RoleName"] for role in found]
    assert "ValidationError" == refusal(iam.list_roles, Marker="nonsense")[0]


def test_inline_policies_are_put_got_listed_and_deleted(iam: Any) -> None:
    create(iam)
    for name in ("one", "two"):
        iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=json.dumps(DOCUMENT))
    assert DOCUMENT == iam.get_role_policy(RoleName="worker", PolicyName="one")["PolicyDocument"]
    assert ["one", "two"] == iam.list_role_policies(RoleName="worker")["PolicyNames"]
    iam.delete_role_policy(RoleName="worker", PolicyName="one")
    expected = ("NoSuchEntity", "The role policy with name one cannot be found.")
    assert expected == refusal(iam.get_role_policy, RoleName="worker", PolicyName="one")
    assert expected == refusal(iam.delete_role_policy, RoleName="worker", PolicyName="one")
    assert ("MalformedPolicyDocument", "Policy document should not specify a principal.") == (
        refusal(iam.put_role_policy, RoleName="worker", PolicyName="p",
                PolicyDocument=json.dumps(DOCUMENT).replace('"Action"', '"Principal":"*","Action"'))
    )  # fmt: skip


def test_inline_policies_of_a_role_have_10240_characters_together(iam: Any) -> None:
    create(iam)
    names = [f"arn:aws:s3:::{'b' * 60}{number:02}" for number in range(80)]
    document = json.dumps(DOCUMENT).replace('"*"', json.dumps(names))
    params = {"RoleName": "worker", "PolicyDocument": document}
    iam.put_role_policy(PolicyName="one", **params)
    iam.put_role_policy(PolicyName="one", **params)
    assert (
        "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role worker",
    ) == refusal(iam.put_role_policy, PolicyName="two", **params)  # fmt: skip


def test_a_role_is_deleted_only_when_bare(iam: Any) -> None:
    create(iam)
    iam.attach_role_policy(RoleName="worker", PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(DOCUMENT))
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="worker")

    def conflict() -> str:
        code, message = refusal(iam.delete_role, RoleName="worker")
        assert "DeleteConflict" == code
        return message

    assert "Cannot delete entity, must remove roles from instance profile first." == conflict()
    iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="worker")
    assert "Cannot delete entity, must detach all policies first." == conflict()
    iam.detach_role_policy(RoleName="worker", PolicyArn=ADMINISTRATOR)
    assert "Cannot delete entity, must delete policies first." == conflict()
    iam.delete_role_policy(RoleName="worker", PolicyName="p")
    iam.delete_role(RoleName="worker")
    assert [] == iam.list_roles()["Roles"]


def test_tags_of_a_role(iam: Any) -> None:
    create(iam)
    iam.tag_role(RoleName="worker", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName="worker", TagKeys=["a"])
    assert [{"Key": "b", "Value": "2"}] == iam.list_role_tags(RoleName="worker")["Tags"]
    assert (
        "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ) == refusal(
        iam.tag_role, RoleName="worker",
        Tags=[{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}],
    )  # fmt: skip
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert (
        "LimitExceeded", "The number of tags has reached the maximum limit.",
    ) == refusal(iam.tag_role, RoleName="worker", Tags=many)  # fmt: skip


def test_instance_profiles_hold_one_role(iam: Any, account: str) -> None:
    create(iam, "one")
    create(iam, "two")
    created = iam.create_instance_profile(InstanceProfileName="profile", Path="/p/")
    arn = f"arn:aws:iam::{account}:instance-profile/p/profile"
    assert arn == created["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="one")
    got = iam.get_instance_profile(InstanceProfileName="profile")["InstanceProfile"]
    assert ["one"] == [role["RoleName"] for role in got["Roles"]]
    found = iam.list_instance_profiles_for_role(RoleName="one")["InstanceProfiles"]
    assert [arn] == [profile["Arn"] for profile in found]
    assert "LimitExceeded" == refusal(
        iam.add_role_to_instance_profile, InstanceProfileName="profile", RoleName="two"
    )[0]  # fmt: skip
    assert (
        "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.",
    ) == refusal(iam.delete_instance_profile, InstanceProfileName="profile")  # fmt: skip
    assert "NoSuchEntity" == refusal(
        iam.remove_role_from_instance_profile, InstanceProfileName="profile", RoleName="two"
    )[0]  # fmt: skip
    iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="one")
    iam.delete_instance_profile(InstanceProfileName="profile")
    assert [] == iam.list_instance_profiles()["InstanceProfiles"]
    assert ("NoSuchEntity", "Instance Profile profile cannot be found.") == refusal(
        iam.get_instance_profile, InstanceProfileName="profile"
    )


def test_an_instance_profile_has_tags_and_a_name_of_its_own(iam: Any) -> None:
    iam.create_instance_profile(InstanceProfileName="p", Tags=[{"Key": "a", "Value": "1"}])
    assert ("EntityAlreadyExists", "Instance Profile p already exists.") == refusal(
        iam.create_instance_profile, InstanceProfileName="p"
    )
    iam.tag_instance_profile(InstanceProfileName="p", Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["a"])
    tags = iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"]
    assert [{"Key": "b", "Value": "2"}] == tags


def test_a_service_linked_role_belongs_to_its_service(iam: Any, account: str) -> None:
    role = iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")["Role"]
    path = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
    assert f"arn:aws:iam::{account}:role/{path}" == role["Arn"]
    assert (
        "InvalidInput",
        "Service role name AWSServiceRoleForBatch has been taken in this account, please try a"
        " different suffix.",
    ) == refusal(iam.create_service_linked_role, AWSServiceName="batch.amazonaws.com")
    assert (
        "InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com",
    ) == refusal(
        iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com", CustomSuffix="x"
    )  # fmt: skip
    assert "UnmodifiableEntity" == refusal(iam.delete_role, RoleName="AWSServiceRoleForBatch")[0]
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForBatch")["DeletionTaskId"]
    answer = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert "SUCCEEDED" == answer["Status"]
    assert [] == iam.list_roles()["Roles"]
    assert "NoSuchEntity" == refusal(
        iam.get_service_linked_role_deletion_status, DeletionTaskId="nonsense"
    )[0]  # fmt: skip


def test_accounts_do_not_see_each_other(aws: Any, pileus: Running) -> None:
    create(aws("iam"))
    assert [] == pileus.client("iam", account="999999999998").list_roles()["Roles"]


def test_what_is_not_built_says_so(iam: Any) -> None:
    assert "NotImplemented" == refusal(iam.get_account_summary)[0]
