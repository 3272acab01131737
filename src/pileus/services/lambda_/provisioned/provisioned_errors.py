"""The errors of reserved and provisioned concurrency, in Lambda's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, user


def reserved_below_provisioned(reserved: int, provisioned: int) -> AwsError:
    return invalid_parameter(
        f" ReservedConcurrentExecutions  {reserved} should not be lower than function's total "
        f"provisioned concurrency [{provisioned}]."
    )


def provisioned_above_reserved() -> AwsError:
    return invalid_parameter(
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function"
    )


def provisioned_above_unreserved(unreserved: int) -> AwsError:
    return invalid_parameter(
        "Specified ConcurrentExecutions for function is greater than account's unreserved "
        f"concurrency [{unreserved}]."
    )


def provisioned_below_minimum(minimum: int) -> AwsError:
    return invalid_parameter(
        "Specified ConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
    )


def provisioned_on_latest() -> AwsError:
    return invalid_parameter(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )


def provisioned_with_snap_start() -> AwsError:
    """docs: lambda/latest/dg/snapstart, unsupported features; the wording is ours."""
    return invalid_parameter(
        "Provisioned concurrency is not supported for functions that have SnapStart enabled."
    )


def provisioned_name_invalid() -> AwsError:
    return invalid_parameter(
        "The function resource provided must be an alias or a published version."
    )


def provisioned_version_of_alias() -> AwsError:
    return conflict(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
        "version"
    )


def provisioned_alias_of_version() -> AwsError:
    return conflict("Version is pointed by a Provisioned Concurrency alias")


def provisioned_config_not_found() -> AwsError:
    return user(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )


def concurrency_below_minimum(minimum: int) -> AwsError:
    return invalid_parameter(
        "Specified ReservedConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
    )
