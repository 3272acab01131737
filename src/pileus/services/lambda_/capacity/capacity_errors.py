"""The errors of capacity providers and of what runs on them.

AWS documents their codes and no wording: the messages are Pileus's own, but for those with a
source.
"""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, not_found, user


def provider_not_found(arn: str) -> AwsError:
    return not_found(f"Capacity provider not found: {arn}")


def provider_exists(name: str) -> AwsError:
    return conflict(f"Capacity provider already exists: {name}")


def provider_in_state(arn: str, state: str) -> AwsError:
    return conflict(
        "The operation cannot be performed at this time. The capacity provider is currently in "
        f"the following state: {state}, for resource: {arn}"
    )


def provider_in_use(arn: str) -> AwsError:
    return conflict(f"The capacity provider {arn} is used by function versions.")


def too_many_providers(at_most: int) -> AwsError:
    return user(
        "CapacityProviderLimitExceededException",
        f"An account has at most {at_most:,} capacity providers.",
        400,
    )


def both_instance_lists() -> AwsError:
    return invalid_parameter(
        "Only one of AllowedInstanceTypes and ExcludedInstanceTypes can be specified."
    )


def not_managed() -> AwsError:
    """As AWS answered it to a function without; source: go-to-k/cdkd, issue 1616."""
    return user(
        "AccessDeniedException",
        "The function provided by the arn does not contain a capacity provider configuration",
        403,
    )


def not_publishable() -> AwsError:
    return invalid_parameter(
        "PublishTo is supported only for functions with a capacity provider configuration."
    )


def not_addable() -> AwsError:
    return invalid_parameter(
        "A capacity provider configuration cannot be added to a function that was created without."
    )


def not_with(setting: str) -> AwsError:
    return invalid_parameter(
        f"{setting} is not supported for functions with a capacity provider configuration."
    )


def runtime_unsupported(runtime: str) -> AwsError:
    return invalid_parameter(
        f"Runtime {runtime} is not supported for functions with a capacity provider configuration."
    )


def memory_too_small(memory_mb: int, at_least: int) -> AwsError:
    return invalid_parameter(
        f"MemorySize {memory_mb} is too small: functions with a capacity provider configuration "
        f"need at least {at_least} MB."
    )


def architecture_differs(architecture: str) -> AwsError:
    return invalid_parameter(
        f"The capacity provider does not support the function's architecture {architecture}."
    )


def scaling_inverted() -> AwsError:
    return invalid_parameter(
        "MinExecutionEnvironments must not be greater than MaxExecutionEnvironments."
    )
