"""The errors that Lambda answers about a function's file system."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import invalid_parameter, user


def needs_vpc(arn: str) -> AwsError:
    return invalid_parameter(
        f"Function must be configured to execute in a VPC to reference access point {arn}."
    )


def not_mounted(arn: str) -> AwsError:
    return user(
        "EFSMountFailureException",
        f"The function could not mount the file system with access point {arn}.",
        403,
    )
