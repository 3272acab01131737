"""Operations on roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.languages.policies import Kind
from pileus.services.iam import attachments, documents, entities, errors, store
from pileus.services.iam.entities import PAGE, ROLE, SESSION_SECONDS
from pileus.services.iam.store import Entity

SERVICE_PATH = "/aws-service-role/"


def create_role(
    call: Call,
    *,
    role_name: str,
    assume_role_policy_document: str,
    path: str = "/",
    description: str = "",
    max_session_duration: int = SESSION_SECONDS,
    permissions_boundary: str = "",
    tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    documents.check(assume_role_policy_document, Kind.TRUST)
    if permissions_boundary:
        attachments.check_boundary(call, permissions_boundary)
    role = entities.new(call, ROLE, path, role_name)._replace(
        description=description,
        trust_policy=assume_role_policy_document,
        session_seconds_max=max_session_duration,
        boundary_arn=permissions_boundary,
    )
    entities.add(call, ROLE, role, tags)
    answer = described(call.tx, role)
    # CreateRole tells less than GetRole.
    for name in ("Description", "MaxSessionDuration", "RoleLastUsed"):
        answer.pop(name, None)
    return {"Role": answer}


def get_role(call: Call, *, role_name: str) -> dict[str, Any]:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    return {"Role": described(call.tx, role)}


def list_roles(
    call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    found, more = entities.listed(call, ROLE, path_prefix, marker, max_items)
    roles = [described(call.tx, role, has_tags=False) for role in found]
    # docs: ListRoles does not return tags, the boundary or the last use.
    for role in roles:
        role.pop("PermissionsBoundary", None)
        role.pop("RoleLastUsed", None)
    return {"Roles": roles, **more}


def update_role(
    call: Call,
    *,
    role_name: str,
    description: str | None = None,
    max_session_duration: int | None = None,
) -> dict[str, Any]:
    role = _modifiable(call, role_name)
    if description is not None:
        role = role._replace(description=description)
    role = role._replace(session_seconds_max=max_session_duration or SESSION_SECONDS)
    store.change_entity(call.tx, call.account, role)
    return {}


def update_role_description(call: Call, *, role_name: str, description: str) -> dict[str, Any]:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    role = role._replace(description=description)
    store.change_entity(call.tx, call.account, role)
    return {"Role": described(call.tx, role)}


def update_assume_role_policy(call: Call, *, role_name: str, policy_document: str) -> None:
    documents.check(policy_document, Kind.TRUST)
    role = _modifiable(call, role_name)
    store.change_entity(call.tx, call.account, role._replace(trust_policy=policy_document))


def delete_role(call: Call, *, role_name: str) -> None:
    tx, account = call.tx, call.account
    role = _modifiable(call, role_name)
    if store.profiles_of_role(tx, account, role.unique_id, "", 1):
        raise errors.delete_conflict("remove roles from instance profile")
    attachments.check_bare(call, role)
    remove(call, role)


def remove(call: Call, role: Entity) -> None:
    call.tx.remove_tags(role.arn, list(call.tx.tags(role.arn)))
    store.remove_entity(call.tx, call.account, role.unique_id)


def put_role_permissions_boundary(call: Call, *, role_name: str, permissions_boundary: str) -> None:
    attachments.check_boundary(call, permissions_boundary)
    role = _modifiable(call, role_name)
    store.change_entity(call.tx, call.account, role._replace(boundary_arn=permissions_boundary))


def delete_role_permissions_boundary(call: Call, *, role_name: str) -> None:
    role = _modifiable(call, role_name)
    store.change_entity(call.tx, call.account, role._replace(boundary_arn=""))


def tag_role(call: Call, *, role_name: str, tags: Sequence[Mapping[str, str]]) -> None:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    entities.put_tags(call.tx, role.arn, tags)


def untag_role(call: Call, *, role_name: str, tag_keys: list[str]) -> None:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    call.tx.remove_tags(role.arn, tag_keys)


def list_role_tags(
    call: Call, *, role_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    return entities.tag_page(call.tx, role.arn, marker, max_items)


def described(tx: Transaction, role: Entity, *, has_tags: bool = True) -> dict[str, Any]:
    answer = entities.described(tx, role, has_tags=has_tags)
    answer["AssumeRolePolicyDocument"] = entities.encoded(role.trust_policy)
    answer["MaxSessionDuration"] = role.session_seconds_max
    answer["RoleLastUsed"] = {}
    if role.description:
        answer["Description"] = role.description
    return answer


def _modifiable(call: Call, role_name: str) -> Entity:
    """A role that is no service's; raises NoSuchEntity or UnmodifiableEntity."""
    role = entities.find(call.tx, call.account, ROLE, role_name)
    if role.path.startswith(SERVICE_PATH):
        raise errors.unmodifiable(role.name)
    return role
