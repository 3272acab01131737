"""Operations on instance profiles: a role's clothes for an EC2 instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.iam import entities, errors, roles, store
from pileus.services.iam.entities import PAGE, PROFILE, ROLE
from pileus.services.iam.store import Entity

ROLES_MAX = 1  # docs: "Roles in an instance profile"


def create_instance_profile(
    call: Call,
    *,
    instance_profile_name: str,
    path: str = "/",
    tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    profile = entities.new(call, PROFILE, path, instance_profile_name)
    entities.add(call, PROFILE, profile, tags)
    return {"InstanceProfile": _described(call, profile)}


def get_instance_profile(call: Call, *, instance_profile_name: str) -> dict[str, Any]:
    return {"InstanceProfile": _described(call, _find(call, instance_profile_name))}


def list_instance_profiles(
    call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    found, more = entities.listed(call, PROFILE, path_prefix, marker, max_items)
    profiles = [_described(call, profile, has_tags=False) for profile in found]
    return {"InstanceProfiles": profiles, **more}


def list_instance_profiles_for_role(
    call: Call, *, role_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    role = entities.find(call.tx, call.account, ROLE, role_name)
    after = "" if marker is None else entities.read_marker(marker)
    found = store.profiles_of_role(call.tx, call.account, role.unique_id, after, max_items + 1)
    kept, more = entities.page(found, max_items, lambda profile: profile.name.lower())
    profiles = [_described(call, profile, has_tags=False) for profile in kept]
    return {"InstanceProfiles": profiles, **more}


def delete_instance_profile(call: Call, *, instance_profile_name: str) -> None:
    profile = _find(call, instance_profile_name)
    if profile.role_id:
        raise errors.delete_conflict("remove roles from instance profile")
    call.tx.remove_tags(profile.arn, list(call.tx.tags(profile.arn)))
    store.remove_entity(call.tx, call.account, profile.unique_id)


def add_role_to_instance_profile(call: Call, *, instance_profile_name: str, role_name: str) -> None:
    profile = _find(call, instance_profile_name)
    role = entities.find(call.tx, call.account, ROLE, role_name)
    if profile.role_id:
        raise errors.quota("InstanceSessionsPerInstanceProfile", ROLES_MAX)
    store.change_entity(call.tx, call.account, profile._replace(role_id=role.unique_id))


def remove_role_from_instance_profile(
    call: Call, *, instance_profile_name: str, role_name: str
) -> None:
    profile = _find(call, instance_profile_name)
    role = entities.find(call.tx, call.account, ROLE, role_name)
    if profile.role_id != role.unique_id:
        raise errors.not_found(ROLE.noun, role_name)
    store.change_entity(call.tx, call.account, profile._replace(role_id=""))


def tag_instance_profile(
    call: Call, *, instance_profile_name: str, tags: Sequence[Mapping[str, str]]
) -> None:
    entities.put_tags(call.tx, _find(call, instance_profile_name).arn, tags)


def untag_instance_profile(call: Call, *, instance_profile_name: str, tag_keys: list[str]) -> None:
    call.tx.remove_tags(_find(call, instance_profile_name).arn, tag_keys)


def list_instance_profile_tags(
    call: Call, *, instance_profile_name: str, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    profile = _find(call, instance_profile_name)
    return entities.tag_page(call.tx, profile.arn, marker, max_items)


def _find(call: Call, name: str) -> Entity:
    return entities.find(call.tx, call.account, PROFILE, name)


def _described(call: Call, profile: Entity, *, has_tags: bool = True) -> dict[str, Any]:
    answer = entities.described(call.tx, profile, has_tags=has_tags)
    answer["Roles"] = _roles(call.tx, call.account, profile)
    return answer


def _roles(tx: Transaction, account: str, profile: Entity) -> list[dict[str, Any]]:
    role = store.entity_by_id(tx, account, profile.role_id) if profile.role_id else None
    if role is None:
        return []
    described = roles.described(tx, role, has_tags=False)
    del described["MaxSessionDuration"], described["RoleLastUsed"]
    return [described]
