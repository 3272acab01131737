"""Operations on users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.iam import attachments, entities, errors, store
from pileus.services.iam.entities import PAGE, USER
from pileus.services.iam.store import Entity


def create_user(
    call: Call,
    *,
    user_name: str,
    path: str = "/",
    permissions_boundary: str = "",
    tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    if permissions_boundary:
        attachments.check_boundary(call, permissions_boundary)
    user = entities.new(call, USER, path, user_name)._replace(boundary_arn=permissions_boundary)
    entities.add(call, USER, user, tags)
    return {"User": entities.described(call.tx, user)}


def get_user(call: Call, *, user_name: str | None = None) -> dict[str, Any]:
    name = user_name or caller_name(call)
    if name is None:
        root = {
            "Path": "/",
            "UserName": "root",
            "UserId": call.account,
            "Arn": f"arn:{call.partition}:iam::{call.account}:root",
            "CreateDate": 0,
        }
        return {"User": root}
    user = entities.find(call.tx, call.account, USER, name)
    return {"User": entities.described(call.tx, user)}


def list_users(
    call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    found, more = entities.listed(call, USER, path_prefix, marker, max_items)
    users = [entities.described(call.tx, user, has_tags=False) for user in found]
    for user in users:
        user.pop("PermissionsBoundary", None)
    return {"Users": users, **more}


async def update_user(
    call: Call, *, user_name: str, new_user_name: str | None = None, new_path: str | None = None
) -> None:
    """`async`, because the gateway remembers the user's ARN with each of its keys."""
    keys = await call.transaction(_update, user_name, new_user_name, new_path, about=call.about)
    for access_key_id in keys:
        call.kernel.directory.forget(access_key_id)


def _update(
    tx: Transaction, user_name: str, new_name: str | None, new_path: str | None
) -> list[str]:
    """Rename a user; answers the ids of its access keys."""
    assert tx.call is not None
    account = tx.call.account
    user = entities.find(tx, account, USER, user_name)
    rename(tx, USER, user, new_name, new_path)
    keys = store.access_keys(tx, account, user.unique_id, "", PAGE)
    return [key.access_key_id for key in keys]


def rename(
    tx: Transaction,
    kind: entities.Kind,
    entity: Entity,
    new_name: str | None,
    new_path: str | None,
) -> None:
    """Give a user or group another name or path; what refers to it knows it by its id."""
    call = tx.call
    assert call is not None
    name, path = new_name or entity.name, new_path or entity.path
    if name.lower() != entity.name.lower() and store.entity(tx, call.account, kind.name, name):
        raise errors.exists(kind.member, name)
    arn = entities.arn(call, kind.name, path, name)
    if arn != entity.arn and (tags := tx.tags(entity.arn)):
        tx.put_tags(arn, tags)
        tx.remove_tags(entity.arn, list(tags))
    store.change_entity(tx, call.account, entity._replace(name=name, path=path, arn=arn))


def delete_user(call: Call, *, user_name: str) -> None:
    tx, account = call.tx, call.account
    user = entities.find(tx, account, USER, user_name)
    if store.access_keys(tx, account, user.unique_id, "", 1):
        raise errors.delete_conflict("delete access keys")
    attachments.check_bare(call, user)
    if store.groups_of_user(tx, account, user.unique_id, "", 1):
        raise errors.delete_conflict("remove users from group")
    tx.remove_tags(user.arn, list(tx.tags(user.arn)))
    store.remove_entity(tx, account, user.unique_id)


def put_user_permissions_boundary(call: Call, *, user_name: str, permissions_boundary: str) -> None:
    attachments.check_boundary(call, permissions_boundary)
    user = entities.find(call.tx, call.account, USER, user_name)
    store.change_entity(call.tx, call.account, user._replace(boundary_arn=permissions_boundary))


def delete_user_permissions_boundary(call: Call, *, user_name: str) -> None:
    user = entities.find(call.tx, call.account, USER, user_name)
    store.change_entity(call.tx, call.account, user._replace(boundary_arn=""))


def tag_user(call: Call, *, user_name: str, tags: Sequence[Mapping[str, str]]) -> None:
    user = entities.find(call.tx, call.account, USER, user_name)
    entities.put_tags(call.tx, user.arn, tags)


def untag_user(call: Call, *, user_name: str, tag_keys: list[str]) -> None:
    user = entities.find(call.tx, call.account, USER, user_name)
    call.tx.remove_tags(user.arn, tag_keys)


def list_user_tags(
    call: Call, *, user_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    user = entities.find(call.tx, call.account, USER, user_name)
    return entities.tag_page(call.tx, user.arn, marker, max_items)


def caller_name(call: Call) -> str | None:
    """The name of the user who calls; None for the account's root user.

    Raises ValidationError for a role's session, which is no user.
    """
    parts = arns.parse(call.context.principal_arn)
    if parts is None or parts.resource == "root":
        return None
    if parts.service != "iam" or not parts.resource.startswith("user/"):
        raise errors.must_specify_user()
    return parts.resource.rsplit("/", 1)[-1]
