"""IAM, as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pileus.kernel.service import Operations, Service
from pileus.services.iam import (
    access_keys,
    aliases,
    attachments,
    entities,
    groups,
    inline_policies,
    instance_profiles,
    managed_policies,
    resources,
    roles,
    service_linked_roles,
    users,
)

_READING: list[Callable[..., Any]] = [
    roles.get_role, roles.list_roles, roles.list_role_tags,
    service_linked_roles.get_service_linked_role_deletion_status,
    users.get_user, users.list_users, users.list_user_tags,
    groups.get_group, groups.list_groups, groups.list_groups_for_user,
    access_keys.list_access_keys, access_keys.get_access_key_last_used,
    inline_policies.get_role_policy, inline_policies.get_user_policy,
    inline_policies.get_group_policy, inline_policies.list_role_policies,
    inline_policies.list_user_policies, inline_policies.list_group_policies,
    managed_policies.get_policy, managed_policies.list_policies,
    managed_policies.get_policy_version, managed_policies.list_policy_versions,
    managed_policies.list_policy_tags,
    attachments.list_attached_role_policies, attachments.list_attached_user_policies,
    attachments.list_attached_group_policies, attachments.list_entities_for_policy,
    instance_profiles.get_instance_profile, instance_profiles.list_instance_profiles,
    instance_profiles.list_instance_profiles_for_role,
    instance_profiles.list_instance_profile_tags,
    aliases.list_account_aliases,
]  # fmt: skip

_CHANGING: list[Callable[..., Any]] = [
    roles.create_role, roles.update_role, roles.update_role_description, roles.delete_role,
    roles.update_assume_role_policy, roles.put_role_permissions_boundary,
    roles.delete_role_permissions_boundary, roles.tag_role, roles.untag_role,
    service_linked_roles.create_service_linked_role,
    service_linked_roles.delete_service_linked_role,
    users.create_user, users.update_user, users.delete_user,
    users.put_user_permissions_boundary, users.delete_user_permissions_boundary,
    users.tag_user, users.untag_user,
    groups.create_group, groups.update_group, groups.delete_group, groups.add_user_to_group,
    groups.remove_user_from_group,
    access_keys.create_access_key, access_keys.update_access_key, access_keys.delete_access_key,
    inline_policies.put_role_policy, inline_policies.put_user_policy,
    inline_policies.put_group_policy, inline_policies.delete_role_policy,
    inline_policies.delete_user_policy, inline_policies.delete_group_policy,
    managed_policies.create_policy, managed_policies.delete_policy,
    managed_policies.create_policy_version, managed_policies.delete_policy_version,
    managed_policies.set_default_policy_version, managed_policies.tag_policy,
    managed_policies.untag_policy,
    attachments.attach_role_policy, attachments.attach_user_policy,
    attachments.attach_group_policy, attachments.detach_role_policy,
    attachments.detach_user_policy, attachments.detach_group_policy,
    instance_profiles.create_instance_profile, instance_profiles.delete_instance_profile,
    instance_profiles.add_role_to_instance_profile,
    instance_profiles.remove_role_from_instance_profile,
    instance_profiles.tag_instance_profile, instance_profiles.untag_instance_profile,
    aliases.create_account_alias, aliases.delete_account_alias,
]  # fmt: skip

IAM = Service(
    name="iam",
    package=__package__,
    operations=[
        Operations(_READING, about=entities.about, reads=True),
        Operations(_CHANGING, about=entities.about),
    ],
    resource_types=resources.RESOURCE_TYPES,
    start=access_keys.start,
)
