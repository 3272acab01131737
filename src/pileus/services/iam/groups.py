"""Operations on groups of users."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.iam import attachments, entities, errors, store, users
from pileus.services.iam.entities import GROUP, PAGE, USER

GROUPS_PER_USER_MAX = 10  # docs: "Groups an IAM user can be a member of"


def create_group(call: Call, *, group_name: str, path: str = "/") -> dict[str, Any]:
    group = entities.new(call, GROUP, path, group_name)
    entities.add(call, GROUP, group)
    return {"Group": entities.described(call.tx, group)}


def get_group(
    call: Call, *, group_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    group = entities.find(call.tx, call.account, GROUP, group_name)
    after = "" if marker is None else entities.read_marker(marker)
    found = store.users_of_group(call.tx, call.account, group.unique_id, after, max_items + 1)
    kept, more = entities.page(found, max_items, lambda user: user.name.lower())
    return {
        "Group": entities.described(call.tx, group),
        "Users": [entities.described(call.tx, user, has_tags=False) for user in kept],
        **more,
    }


def list_groups(
    call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    found, more = entities.listed(call, GROUP, path_prefix, marker, max_items)
    return {"Groups": [entities.described(call.tx, group) for group in found], **more}


def update_group(
    call: Call, *, group_name: str, new_group_name: str | None = None, new_path: str | None = None
) -> None:
    group = entities.find(call.tx, call.account, GROUP, group_name)
    users.rename(call.tx, GROUP, group, new_group_name, new_path)


def delete_group(call: Call, *, group_name: str) -> None:
    group = entities.find(call.tx, call.account, GROUP, group_name)
    if store.users_of_group(call.tx, call.account, group.unique_id, "", 1):
        raise errors.delete_conflict("remove users from group")
    attachments.check_bare(call, group)
    store.remove_entity(call.tx, call.account, group.unique_id)


def add_user_to_group(call: Call, *, group_name: str, user_name: str) -> None:
    tx, account = call.tx, call.account
    group = entities.find(tx, account, GROUP, group_name)
    user = entities.find(tx, account, USER, user_name)
    present = store.groups_of_user(tx, account, user.unique_id, "", GROUPS_PER_USER_MAX)
    if group.unique_id in {other.unique_id for other in present}:
        return
    if len(present) == GROUPS_PER_USER_MAX:
        raise errors.quota("GroupsPerUser", GROUPS_PER_USER_MAX)
    store.add_member(tx, account, group.unique_id, user.unique_id)


def remove_user_from_group(call: Call, *, group_name: str, user_name: str) -> None:
    tx, account = call.tx, call.account
    group = entities.find(tx, account, GROUP, group_name)
    user = entities.find(tx, account, USER, user_name)
    if not store.remove_member(tx, account, group.unique_id, user.unique_id):
        raise errors.no_such_entity(f"User {user_name} is not in group {group_name}.")


def list_groups_for_user(
    call: Call, *, user_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    user = entities.find(call.tx, call.account, USER, user_name)
    after = "" if marker is None else entities.read_marker(marker)
    found = store.groups_of_user(call.tx, call.account, user.unique_id, after, max_items + 1)
    kept, more = entities.page(found, max_items, lambda group: group.name.lower())
    return {"Groups": [entities.described(call.tx, group) for group in kept], **more}
