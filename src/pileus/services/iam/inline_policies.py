"""Operations on policies that are embedded in a role, a user or a group."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.languages import policies
from pileus.services.iam import documents, entities, errors, roles, store
from pileus.services.iam.entities import GROUP, PAGE, ROLE, USER, Kind


def put_role_policy(call: Call, *, role_name: str, policy_name: str, policy_document: str) -> None:
    _put(call, ROLE, role_name, policy_name, policy_document)


def put_user_policy(call: Call, *, user_name: str, policy_name: str, policy_document: str) -> None:
    _put(call, USER, user_name, policy_name, policy_document)


def put_group_policy(
    call: Call, *, group_name: str, policy_name: str, policy_document: str
) -> None:
    _put(call, GROUP, group_name, policy_name, policy_document)


def _put(call: Call, kind: Kind, name: str, policy_name: str, document: str) -> None:
    tx, account = call.tx, call.account
    size = documents.check(document, policies.Kind.INLINE)
    owner = entities.find(tx, account, kind, name)
    if owner.path.startswith(roles.SERVICE_PATH):
        raise errors.unmodifiable(owner.name)
    limit = documents.INLINE_SIZE_MAX[kind.name]
    if size + store.inline_size_beside(tx, account, owner.unique_id, policy_name) > limit:
        raise errors.inline_policies_too_large(limit, kind.name, owner.name)
    store.put_inline(tx, account, owner.unique_id, policy_name, document, size)


def get_role_policy(call: Call, *, role_name: str, policy_name: str) -> dict[str, Any]:
    return _get(call, ROLE, role_name, policy_name)


def get_user_policy(call: Call, *, user_name: str, policy_name: str) -> dict[str, Any]:
    return _get(call, USER, user_name, policy_name)


def get_group_policy(call: Call, *, group_name: str, policy_name: str) -> dict[str, Any]:
    return _get(call, GROUP, group_name, policy_name)


def _get(call: Call, kind: Kind, name: str, policy_name: str) -> dict[str, Any]:
    owner = entities.find(call.tx, call.account, kind, name)
    document = store.inline_policy(call.tx, call.account, owner.unique_id, policy_name)
    if document is None:
        raise errors.not_found(f"{kind.noun} policy", policy_name)
    return {
        f"{kind.member}Name": owner.name,
        "PolicyName": policy_name,
        "PolicyDocument": entities.encoded(document),
    }


def delete_role_policy(call: Call, *, role_name: str, policy_name: str) -> None:
    _delete(call, ROLE, role_name, policy_name)


def delete_user_policy(call: Call, *, user_name: str, policy_name: str) -> None:
    _delete(call, USER, user_name, policy_name)


def delete_group_policy(call: Call, *, group_name: str, policy_name: str) -> None:
    _delete(call, GROUP, group_name, policy_name)


def _delete(call: Call, kind: Kind, name: str, policy_name: str) -> None:
    owner = entities.find(call.tx, call.account, kind, name)
    if not store.remove_inline(call.tx, call.account, owner.unique_id, policy_name):
        raise errors.not_found(f"{kind.noun} policy", policy_name)


def list_role_policies(
    call: Call, *, role_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    return _list(call, ROLE, role_name, marker, max_items)


def list_user_policies(
    call: Call, *, user_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    return _list(call, USER, user_name, marker, max_items)


def list_group_policies(
    call: Call, *, group_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    return _list(call, GROUP, group_name, marker, max_items)


def _list(call: Call, kind: Kind, name: str, marker: str | None, max_items: int) -> dict[str, Any]:
    owner = entities.find(call.tx, call.account, kind, name)
    after = "" if marker is None else entities.read_marker(marker)
    found = store.inline_names(call.tx, call.account, owner.unique_id, after, max_items + 1)
    kept, more = entities.page(found, max_items, str)
    return {"PolicyNames": kept, **more}
