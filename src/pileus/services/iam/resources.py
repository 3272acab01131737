"""AWS::IAM::Role, AWS::IAM::Policy and AWS::IAM::ManagedPolicy for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_ROLE = {"RoleName": "RoleName"}
_INLINE = {"PolicyName": "PolicyName", "PolicyDocument": "PolicyDocument"}
_ATTACH_TO_ROLE = Step("AttachRolePolicy", {**_ROLE, "PolicyArn": "item"}, each="ManagedPolicyArns")
_PUT_INTO_ROLE = Step(
    "PutRolePolicy",
    {**_ROLE, "PolicyName": "item.PolicyName", "PolicyDocument": "item.PolicyDocument"},
    each="Policies",
)
_BOUNDARY = {**_ROLE, "PermissionsBoundary": "PermissionsBoundary"}

ROLE = ResourceType(
    name="AWS::IAM::Role",
    create=(
        Step(
            "CreateRole",
            {
                **_BOUNDARY,
                "Path": "Path",
                "AssumeRolePolicyDocument": "AssumeRolePolicyDocument",
                "Description": "Description",
                "MaxSessionDuration": "MaxSessionDuration",
                "Tags": "Tags",
            },
        ),
        _ATTACH_TO_ROLE,
        _PUT_INTO_ROLE,
    ),
    update=(
        Step(
            "UpdateRole",
            {
                **_ROLE,
                "Description": "Description",
                "MaxSessionDuration": "MaxSessionDuration",
            },
        ),
        Step("UpdateAssumeRolePolicy", {**_ROLE, "PolicyDocument": "AssumeRolePolicyDocument"}),
        Step("PutRolePermissionsBoundary", _BOUNDARY, needs="PermissionsBoundary"),
        Step("TagRole", {**_ROLE, "Tags": "Tags"}, needs="Tags"),
        _ATTACH_TO_ROLE,
        _PUT_INTO_ROLE,
    ),
    delete=(
        Step("DetachRolePolicy", {**_ROLE, "PolicyArn": "item"}, each="ManagedPolicyArns"),
        Step("DeleteRolePolicy", {**_ROLE, "PolicyName": "item.PolicyName"}, each="Policies"),
        Step("DeleteRole", _ROLE),
    ),
    read=Step("GetRole", _ROLE),
    reference="Role.RoleName",
    attributes={"Arn": "Role.Arn", "RoleId": "Role.RoleId"},
    replacing=("RoleName", "Path"),
)

_PUT_INLINE = (
    Step("PutRolePolicy", {**_INLINE, "RoleName": "item"}, each="Roles"),
    Step("PutUserPolicy", {**_INLINE, "UserName": "item"}, each="Users"),
    Step("PutGroupPolicy", {**_INLINE, "GroupName": "item"}, each="Groups"),
)
_NAME = {"PolicyName": "PolicyName"}

POLICY = ResourceType(
    name="AWS::IAM::Policy",
    create=_PUT_INLINE,
    update=_PUT_INLINE,
    delete=(
        Step("DeleteRolePolicy", {**_NAME, "RoleName": "item"}, each="Roles"),
        Step("DeleteUserPolicy", {**_NAME, "UserName": "item"}, each="Users"),
        Step("DeleteGroupPolicy", {**_NAME, "GroupName": "item"}, each="Groups"),
    ),
    reference="PolicyName",
    replacing=("PolicyName",),
)

_ARN = {"PolicyArn": "Ref"}
_ATTACH = (
    Step("AttachRolePolicy", {**_ARN, "RoleName": "item"}, each="Roles"),
    Step("AttachUserPolicy", {**_ARN, "UserName": "item"}, each="Users"),
    Step("AttachGroupPolicy", {**_ARN, "GroupName": "item"}, each="Groups"),
)

MANAGED_POLICY = ResourceType(
    name="AWS::IAM::ManagedPolicy",
    create=(
        Step(
            "CreatePolicy",
            {
                "PolicyName": "ManagedPolicyName",
                "Path": "Path",
                "Description": "Description",
                "PolicyDocument": "PolicyDocument",
                "Tags": "Tags",
            },
        ),
        *_ATTACH,
    ),
    update=(
        Step("CreatePolicyVersion", {**_ARN, "PolicyDocument": "PolicyDocument"}),
        *_ATTACH,
    ),
    delete=(
        Step("DetachRolePolicy", {**_ARN, "RoleName": "item"}, each="Roles"),
        Step("DetachUserPolicy", {**_ARN, "UserName": "item"}, each="Users"),
        Step("DetachGroupPolicy", {**_ARN, "GroupName": "item"}, each="Groups"),
        Step("DeletePolicy", _ARN),
    ),
    read=Step("GetPolicy", _ARN),
    reference="Policy.Arn",
    attributes={"PolicyArn": "Policy.Arn", "PolicyId": "Policy.PolicyId"},
    replacing=("ManagedPolicyName", "Path", "Description"),
)

RESOURCE_TYPES = (ROLE, POLICY, MANAGED_POLICY)
