"""The errors of versions, of aliases and of their weights, in Lambda's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, not_found


def alias_exists(arn: str) -> AwsError:
    return conflict(f"Alias already exists: {arn}")


def alias_not_found(arn: str) -> AwsError:
    return not_found(f"Alias not found: {arn}")


def alias_arn_not_found(arn: str) -> AwsError:
    return not_found(f"Cannot find alias arn: {arn}")


def weights_too_many() -> AwsError:
    return invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1")


def latest_in_weights() -> AwsError:
    return invalid_parameter(
        "$LATEST is not supported for an alias pointing to more than 1 version"
    )


def version_twice(version: str) -> AwsError:
    return invalid_parameter(
        f"Invalid function version {version}. Function version {version} is already included in "
        "routing configuration."
    )


def roles_differ() -> AwsError:
    return invalid_parameter(
        "An alias cannot route events to versions that have different execution roles."
    )


def dead_letters_differ() -> AwsError:
    return invalid_parameter(
        "An alias cannot route events to versions that have different dead-letter queue settings."
    )


def aliases_not_deletable() -> AwsError:
    return invalid_parameter("Deletion of aliases is not currently supported.")


def version_referenced(aliases: list[str]) -> AwsError:
    names = ", ".join(aliases)
    return conflict(
        f"Unable to delete version because the following aliases reference it: [{names}]"
    )


def code_differs(given: str, current: str) -> AwsError:
    return invalid_parameter(
        f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
