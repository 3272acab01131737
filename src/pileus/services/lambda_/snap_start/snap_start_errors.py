"""The errors of SnapStart."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_ import errors


def not_ready() -> AwsError:
    """docs: lambda/latest/dg/snapstart-troubleshooting, SnapStartNotReadyException"""
    return errors.user(
        "SnapStartNotReadyException",
        "Lambda is initializing your function. It will be ready to invoke once your function "
        "state becomes ACTIVE.",
        409,
    )


def restoration_failed() -> AwsError:
    """docs: Invoke, SnapStartException; the wording is ours, as it is of the next."""
    return errors.user(
        "SnapStartException",
        "The after-restore runtime hook encountered an error. For more information, check the "
        "Amazon CloudWatch logs.",
        400,
    )


def restoration_timed_out() -> AwsError:
    return errors.user(
        "SnapStartTimeoutException",
        "Lambda couldn't restore the snapshot within the timeout limit.",
        408,
    )
