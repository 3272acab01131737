"""Operations that attach managed policies to roles, users and groups, and that list where."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.iam import aws_policies, entities, errors, policy_store, store
from pileus.services.iam.entities import GROUP, PAGE, ROLE, USER, Kind
from pileus.services.iam.store import Entity

POLICIES_PER_ENTITY_MAX = 10  # docs: "Managed policies attached to an IAM role", user, group


def attach_role_policy(call: Call, *, role_name: str, policy_arn: str) -> None:
    _attach(call, ROLE, role_name, policy_arn)


def attach_user_policy(call: Call, *, user_name: str, policy_arn: str) -> None:
    _attach(call, USER, user_name, policy_arn)


def attach_group_policy(call: Call, *, group_name: str, policy_arn: str) -> None:
    _attach(call, GROUP, group_name, policy_arn)


def _attach(call: Call, kind: Kind, name: str, policy_arn: str) -> None:
    tx, account = call.tx, call.account
    owner = entities.find(tx, account, kind, name)
    check_policy(call, policy_arn)
    present = policy_store.attached(tx, account, owner.unique_id, "", POLICIES_PER_ENTITY_MAX)
    if policy_arn in present:
        return
    if len(present) == POLICIES_PER_ENTITY_MAX:
        raise errors.quota(f"PoliciesPer{kind.member}", POLICIES_PER_ENTITY_MAX)
    policy_store.attach(tx, account, owner.unique_id, policy_arn)


def detach_role_policy(call: Call, *, role_name: str, policy_arn: str) -> None:
    _detach(call, ROLE, role_name, policy_arn)


def detach_user_policy(call: Call, *, user_name: str, policy_arn: str) -> None:
    _detach(call, USER, user_name, policy_arn)


def detach_group_policy(call: Call, *, group_name: str, policy_arn: str) -> None:
    _detach(call, GROUP, group_name, policy_arn)


def _detach(call: Call, kind: Kind, name: str, policy_arn: str) -> None:
    owner = entities.find(call.tx, call.account, kind, name)
    parse_arn(call, policy_arn)
    if not policy_store.detach(call.tx, call.account, owner.unique_id, policy_arn):
        raise errors.policy_not_found(policy_arn)


def list_attached_role_policies(
    call: Call,
    *,
    role_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int = PAGE,
) -> dict[str, Any]:
    return _list_attached(call, ROLE, role_name, path_prefix, marker, max_items)


def list_attached_user_policies(
    call: Call,
    *,
    user_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int = PAGE,
) -> dict[str, Any]:
    return _list_attached(call, USER, user_name, path_prefix, marker, max_items)


def list_attached_group_policies(
    call: Call,
    *,
    group_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int = PAGE,
) -> dict[str, Any]:
    return _list_attached(call, GROUP, group_name, path_prefix, marker, max_items)


def _list_attached(
    call: Call, kind: Kind, name: str, path_prefix: str, marker: str | None, max_items: int
) -> dict[str, Any]:
    owner = entities.find(call.tx, call.account, kind, name)
    after = "" if marker is None else entities.read_marker(marker)
    # An entity has ten at most, so that all can be looked at whatever the path asked for.
    arns = policy_store.attached(
        call.tx, call.account, owner.unique_id, after, POLICIES_PER_ENTITY_MAX
    )
    wanted = [arn for arn in arns if aws_policies.path_and_name(arn)[0].startswith(path_prefix)]
    kept, more = entities.page(wanted, max_items, str)
    policies = [
        {"PolicyName": aws_policies.path_and_name(arn)[1], "PolicyArn": arn} for arn in kept
    ]
    return {"AttachedPolicies": policies, **more}


def list_entities_for_policy(
    call: Call,
    *,
    policy_arn: str,
    entity_filter: str | None = None,
    path_prefix: str = "/",
    policy_usage_filter: str | None = None,
    marker: str | None = None,
    max_items: int = PAGE,
) -> dict[str, Any]:
    tx, account = call.tx, call.account
    check_policy(call, policy_arn)
    after = "" if marker is None else entities.read_marker(marker)
    found = []
    if policy_usage_filter != "PermissionsBoundary":
        found = policy_store.attached_to(tx, account, policy_arn, after, max_items + 1)
    if policy_usage_filter != "PermissionsPolicy":
        known = {entity.unique_id for entity in found}
        bounded = store.bounded_by(tx, account, policy_arn)
        found += [e for e in bounded if e.unique_id > after and e.unique_id not in known]
        found.sort(key=lambda entity: entity.unique_id)
    kept, more = entities.page(found, max_items, lambda entity: entity.unique_id)
    answer: dict[str, Any] = dict(more)
    for kind in (GROUP, USER, ROLE):
        is_wanted = entity_filter is None or entity_filter == kind.member
        answer[f"Policy{kind.member}s"] = [
            {f"{kind.member}Name": entity.name, f"{kind.member}Id": entity.unique_id}
            for entity in kept
            if is_wanted and entity.kind == kind.name and entity.path.startswith(path_prefix)
        ]
    return answer


def check_bare(call: Call, owner: Entity) -> None:
    """Raise DeleteConflict while an entity still has policies."""
    tx, account = call.tx, call.account
    if policy_store.attached(tx, account, owner.unique_id, "", 1):
        raise errors.delete_conflict("detach all policies")
    if store.inline_names(tx, account, owner.unique_id, "", 1):
        raise errors.delete_conflict("delete policies")


def check_boundary(call: Call, policy_arn: str) -> None:
    check_policy(call, policy_arn)


def check_policy(call: Call, policy_arn: str) -> None:
    """Raise unless there is a policy with this ARN that this account can attach."""
    parse_arn(call, policy_arn)
    if aws_policies.is_aws_arn(policy_arn):
        return
    policy = policy_store.policy(call.tx, call.account, aws_policies.path_and_name(policy_arn)[1])
    if policy is None or policy.arn != policy_arn:
        raise errors.policy_not_attachable(policy_arn)


def parse_arn(call: Call, policy_arn: str) -> None:
    if not policy_arn.startswith("arn:") or policy_arn.count(":") < 5:
        raise errors.unparsable_arn()
    if not aws_policies.is_policy_arn(policy_arn):
        raise errors.invalid_arn(policy_arn)
