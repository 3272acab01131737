"""How notification configurations are refused."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.s3.errors import error, invalid_argument


def notifications_overlap() -> AwsError:
    return invalid_argument(
        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if "
        "the prefixes are overlapping for the same event type."
    )


def destination_invalid(arn: str, reason: str) -> AwsError:
    return error(
        "InvalidArgument",
        "Unable to validate the following destination configurations",
        ArgumentName=arn,
        ArgumentValue=reason,
    )
