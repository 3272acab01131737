"""What IAM answers when it refuses, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def no_such_entity(message: str) -> AwsError:
    return AwsError("NoSuchEntity", message)


def not_found(noun: str, name: str) -> AwsError:
    """For example: The role with name x cannot be found."""
    return no_such_entity(f"The {noun} with name {name} cannot be found.")


def instance_profile_not_found(name: str) -> AwsError:
    return no_such_entity(f"Instance Profile {name} cannot be found.")


def access_key_not_found(access_key_id: str) -> AwsError:
    return no_such_entity(f"The Access Key with id {access_key_id} cannot be found.")


def policy_not_found(arn: str) -> AwsError:
    return no_such_entity(f"Policy {arn} was not found.")


def policy_not_attachable(arn: str) -> AwsError:
    return no_such_entity(f"Policy {arn} does not exist or is not attachable.")


def version_not_found(arn: str, version: str) -> AwsError:
    return no_such_entity(f"Policy {arn} version {version} does not exist or is not attachable.")


def exists(noun: str, name: str) -> AwsError:
    """For example: Role with name x already exists."""
    return AwsError("EntityAlreadyExists", f"{noun} with name {name} already exists.")


def instance_profile_exists(name: str) -> AwsError:
    return AwsError("EntityAlreadyExists", f"Instance Profile {name} already exists.")


def policy_exists(name: str) -> AwsError:
    return AwsError(
        "EntityAlreadyExists",
        f"A policy called {name} already exists. Duplicate names are not allowed.",
    )


def alias_exists(alias: str) -> AwsError:
    return AwsError("EntityAlreadyExists", f"The account alias {alias} already exists.")


def delete_conflict(what: str) -> AwsError:
    """For example: Cannot delete entity, must detach all policies first."""
    return AwsError("DeleteConflict", f"Cannot delete entity, must {what} first.")


def policy_attached() -> AwsError:
    return AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")


def policy_has_versions() -> AwsError:
    return AwsError(
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the"
        " policy's versions. The default version is deleted with the policy.",
    )


def default_version() -> AwsError:
    return AwsError("DeleteConflict", "Cannot delete the default version of a policy.")


def quota(name: str, limit: int) -> AwsError:
    return AwsError("LimitExceeded", f"Cannot exceed quota for {name}: {limit}")


def too_many_versions(limit: int) -> AwsError:
    return AwsError(
        "LimitExceeded",
        f"A managed policy can have up to {limit} versions. Before you create a new version, you"
        " must delete an existing version.",
    )


def inline_policies_too_large(limit: int, kind: str, name: str) -> AwsError:
    return AwsError(
        "LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for {kind} {name}"
    )


def too_many_tags() -> AwsError:
    return AwsError("LimitExceeded", "The number of tags has reached the maximum limit.")


def malformed_policy(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", message)


def invalid_input(message: str) -> AwsError:
    return AwsError("InvalidInput", message)


def duplicate_tags() -> AwsError:
    return invalid_input(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )


def reserved_tag() -> AwsError:
    return invalid_input("Caller is an end user and not allowed to mutate system tags")


def validation(message: str) -> AwsError:
    return AwsError("ValidationError", message, status=400)


def unparsable_arn() -> AwsError:
    return validation("Invalid ARN:  Could not be parsed!")


def invalid_arn(arn: str) -> AwsError:
    return invalid_input(f"ARN {arn} is not valid.")


def invalid_marker() -> AwsError:
    return validation("The marker is not valid.")


def must_specify_user() -> AwsError:
    return validation("Must specify userName when calling with non-User credentials")


def unmodifiable(role_name: str) -> AwsError:
    return AwsError(
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{role_name}' - this role is only"
        " modifiable by AWS",
    )


def service_role_taken(role_name: str) -> AwsError:
    return invalid_input(
        f"Service role name {role_name} has been taken in this account, please try a different"
        " suffix."
    )


def custom_suffix_not_allowed(service: str) -> AwsError:
    return invalid_input(f"Custom suffix is not allowed for {service}")


def deletion_task_not_found(task_id: str) -> AwsError:
    return no_such_entity(f"Deletion Task Id {task_id} cannot be found.")
