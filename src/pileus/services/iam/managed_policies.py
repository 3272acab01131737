"""Operations on managed policies and their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.errors import not_implemented
from pileus.languages.policies import Kind
from pileus.services.iam import (
    attachments,
    aws_policies,
    documents,
    entities,
    errors,
    policy_store,
)
from pileus.services.iam.entities import PAGE, POLICY_ID_PREFIX
from pileus.services.iam.policy_store import VERSIONS_MAX
from pileus.services.iam.store import Policy

# The marker of a page that ends among AWS's policies begins so.
_AMONG_AWS = "aws "


def create_policy(
    call: Call,
    *,
    policy_name: str,
    policy_document: str,
    path: str = "/",
    description: str = "",
    tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    documents.check(policy_document, Kind.MANAGED)
    added = entities.read_tags(tags)
    entities.check_tags({}, added)
    policy = Policy(
        name=policy_name,
        path=path,
        unique_id=entities.unique_id(call, POLICY_ID_PREFIX),
        arn=entities.arn(call, "policy", path, policy_name),
        description=description,
        default_version=1,
        last_version=1,
        created_at=entities.instant(call),
        updated_at=entities.instant(call),
    )
    if not policy_store.add_policy(call.tx, call.account, policy):
        raise errors.policy_exists(policy_name)
    policy_store.add_version(call.tx, call.account, policy.unique_id, 1, policy_document)
    call.tx.put_tags(policy.arn, added)
    answer = _described(call, policy)
    answer.pop("Description", None)
    return {"Policy": answer}


def get_policy(call: Call, *, policy_arn: str) -> dict[str, Any]:
    attachments.parse_arn(call, policy_arn)
    if aws_policies.is_aws_arn(policy_arn):
        return {"Policy": _described_aws(call, policy_arn)}
    policy = _find(call, policy_arn)
    answer = _described(call, policy)
    if tags := entities.tag_list(call.tx, policy.arn):
        answer["Tags"] = tags
    return {"Policy": answer}


def list_policies(
    call: Call,
    *,
    scope: str = "All",
    only_attached: bool = False,
    path_prefix: str = "/",
    policy_usage_filter: str | None = None,
    marker: str | None = None,
    max_items: int = PAGE,
) -> dict[str, Any]:
    after = "" if marker is None else entities.read_marker(marker)
    found: list[dict[str, Any]] = []
    keys: list[str] = []
    if scope != "AWS" and not after.startswith(_AMONG_AWS):
        local = policy_store.policies(call.tx, call.account, path_prefix, after, max_items + 1)
        found = [_described(call, policy) for policy in local]
        keys = [policy.name.lower() for policy in local]
        for answer in found:
            answer.pop("Description", None)
    if scope != "Local" and len(found) <= max_items:
        rest = [
            arn
            for arn in aws_policies.arns(call.partition)
            if aws_policies.path_and_name(arn)[0].startswith(path_prefix)
            and _AMONG_AWS + arn > after
        ]
        found += [_described_aws(call, arn) for arn in rest]
        keys += [_AMONG_AWS + arn for arn in rest]
    pairs, more = entities.page(
        list(zip(keys, found, strict=True)), max_items, lambda pair: pair[0]
    )
    counted = {
        None: ("AttachmentCount", "PermissionsBoundaryUsageCount"),
        "PermissionsPolicy": ("AttachmentCount",),
        "PermissionsBoundary": ("PermissionsBoundaryUsageCount",),
    }[policy_usage_filter]
    policies = [
        policy for _, policy in pairs if not only_attached or any(policy[name] for name in counted)
    ]
    return {"Policies": policies, **more}


def delete_policy(call: Call, *, policy_arn: str) -> None:
    tx, account = call.tx, call.account
    policy = _find_own(call, policy_arn)
    if policy_store.attachment_count(tx, account, policy.arn) or policy_store.boundary_count(
        tx, account, policy.arn
    ):
        raise errors.policy_attached()
    if len(policy_store.versions(tx, account, policy.unique_id)) > 1:
        raise errors.policy_has_versions()
    policy_store.remove_version(tx, account, policy.unique_id, policy.default_version)
    policy_store.remove_policy(tx, account, policy.name)
    tx.remove_tags(policy.arn, list(tx.tags(policy.arn)))


def create_policy_version(
    call: Call, *, policy_arn: str, policy_document: str, set_as_default: bool = False
) -> dict[str, Any]:
    tx, account = call.tx, call.account
    documents.check(policy_document, Kind.MANAGED)
    policy = _find_own(call, policy_arn)
    if len(policy_store.versions(tx, account, policy.unique_id)) == VERSIONS_MAX:
        raise errors.too_many_versions(VERSIONS_MAX)
    number = policy.last_version + 1
    policy_store.add_version(tx, account, policy.unique_id, number, policy_document)
    default = number if set_as_default else policy.default_version
    changed = policy._replace(
        default_version=default, last_version=number, updated_at=entities.instant(call)
    )
    policy_store.set_versions(tx, account, changed)
    version = {
        "VersionId": f"v{number}",
        "IsDefaultVersion": set_as_default,
        "CreateDate": entities.instant(call),
    }
    return {"PolicyVersion": version}


def get_policy_version(call: Call, *, policy_arn: str, version_id: str) -> dict[str, Any]:
    attachments.parse_arn(call, policy_arn)
    if aws_policies.is_aws_arn(policy_arn):
        return {"PolicyVersion": _aws_version(policy_arn, version_id)}
    policy = _find(call, policy_arn)
    version = policy_store.version(
        call.tx, call.account, policy.unique_id, _number(policy_arn, version_id)
    )
    if version is None:
        raise errors.version_not_found(policy_arn, version_id)
    return {
        "PolicyVersion": {
            "Document": entities.encoded(version.document),
            "VersionId": version_id,
            "IsDefaultVersion": version.version == policy.default_version,
            "CreateDate": version.created_at,
        }
    }


def list_policy_versions(
    call: Call, *, policy_arn: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    attachments.parse_arn(call, policy_arn)
    if aws_policies.is_aws_arn(policy_arn):
        only = {
            "VersionId": aws_policies.VERSION,
            "IsDefaultVersion": True,
            "CreateDate": aws_policies.CREATED_AT,
        }
        return {"Versions": [only], "IsTruncated": False}
    policy = _find(call, policy_arn)
    before = VERSIONS_MAX + policy.last_version
    if marker is not None:
        before = _number(policy_arn, entities.read_marker(marker))
    found = [
        version
        for version in policy_store.versions(call.tx, call.account, policy.unique_id)
        if version.version < before
    ]
    kept, more = entities.page(found, max_items, lambda version: f"v{version.version}")
    versions = [
        {
            "VersionId": f"v{version.version}",
            "IsDefaultVersion": version.version == policy.default_version,
            "CreateDate": version.created_at,
        }
        for version in kept
    ]
    return {"Versions": versions, **more}


def delete_policy_version(call: Call, *, policy_arn: str, version_id: str) -> None:
    policy, number = _existing_version(call, policy_arn, version_id)
    if number == policy.default_version:
        raise errors.default_version()
    policy_store.remove_version(call.tx, call.account, policy.unique_id, number)


def set_default_policy_version(call: Call, *, policy_arn: str, version_id: str) -> None:
    policy, number = _existing_version(call, policy_arn, version_id)
    policy_store.set_versions(
        call.tx,
        call.account,
        policy._replace(default_version=number, updated_at=entities.instant(call)),
    )


def tag_policy(call: Call, *, policy_arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    entities.put_tags(call.tx, _find_own(call, policy_arn).arn, tags)


def untag_policy(call: Call, *, policy_arn: str, tag_keys: list[str]) -> None:
    call.tx.remove_tags(_find_own(call, policy_arn).arn, tag_keys)


def list_policy_tags(
    call: Call, *, policy_arn: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    policy = _find_own(call, policy_arn)
    return entities.tag_page(call.tx, policy.arn, marker, max_items)


def _find(call: Call, policy_arn: str) -> Policy:
    """A policy of the account; raises NoSuchEntity."""
    policy = policy_store.policy(call.tx, call.account, aws_policies.path_and_name(policy_arn)[1])
    if policy is None or policy.arn != policy_arn:
        raise errors.policy_not_found(policy_arn)
    return policy


def _find_own(call: Call, policy_arn: str) -> Policy:
    """A policy that the account may change: none of AWS's."""
    attachments.parse_arn(call, policy_arn)
    return _find(call, policy_arn)


def _existing_version(call: Call, policy_arn: str, version_id: str) -> tuple[Policy, int]:
    policy = _find_own(call, policy_arn)
    number = _number(policy_arn, version_id)
    if policy_store.version(call.tx, call.account, policy.unique_id, number) is None:
        raise errors.version_not_found(policy_arn, version_id)
    return policy, number


def _number(policy_arn: str, version_id: str) -> int:
    digits = version_id.removeprefix("v").partition(".")[0]
    if not digits.isdecimal() or len(digits) > 9:
        raise errors.version_not_found(policy_arn, version_id)
    return int(digits)


def _described(call: Call, policy: Policy) -> dict[str, Any]:
    answer = {
        "PolicyName": policy.name,
        "PolicyId": policy.unique_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
        **_usage(call, policy.arn),
    }
    return answer | ({"Description": policy.description} if policy.description else {})


def _described_aws(call: Call, arn: str) -> dict[str, Any]:
    path, name = aws_policies.path_and_name(arn)
    return {
        "PolicyName": name,
        "PolicyId": POLICY_ID_PREFIX + "A" * 17,
        "Arn": arn,
        "Path": path,
        "DefaultVersionId": aws_policies.VERSION,
        "CreateDate": aws_policies.CREATED_AT,
        "UpdateDate": aws_policies.CREATED_AT,
        **_usage(call, arn),
    }


def _usage(call: Call, arn: str) -> dict[str, Any]:
    return {
        "AttachmentCount": policy_store.attachment_count(call.tx, call.account, arn),
        "PermissionsBoundaryUsageCount": policy_store.boundary_count(call.tx, call.account, arn),
        "IsAttachable": True,
    }


def _aws_version(arn: str, version_id: str) -> dict[str, Any]:
    document = aws_policies.document(arn)
    if document is None:
        raise not_implemented("iam", "GetPolicyVersion", f"PolicyArn {arn}")
    if version_id != aws_policies.VERSION:
        raise errors.version_not_found(arn, version_id)
    return {
        "Document": entities.encoded(document),
        "VersionId": version_id,
        "IsDefaultVersion": True,
        "CreateDate": aws_policies.CREATED_AT,
    }
