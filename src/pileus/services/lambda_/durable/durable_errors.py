"""The errors that durable functions answer: one function for each.

Wording that AWS does not document is as reported by users of its SDKs where such a report is
known, and else our own; docs/services/lambda-durable.md says which.
"""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, not_found, user


def arn_invalid() -> AwsError:
    return invalid_parameter("The durable execution ARN is not valid.")


def callback_invalid() -> AwsError:
    return invalid_parameter("The callback ID is not valid.")


def not_there(arn: str) -> AwsError:
    return not_found(f"Durable execution not found: {arn}")


def callback_not_there() -> AwsError:
    return not_found("The callback was not found.")


def callback_over() -> AwsError:
    return user(
        "CallbackTimeoutException", "The callback has timed out or has been completed.", 400
    )


def already_started(arn: str) -> AwsError:
    return user(
        "DurableExecutionAlreadyStartedException",
        f"The durable execution has already been started with another payload: {arn}",
        409,
    )


def unqualified() -> AwsError:
    return invalid_parameter("You cannot invoke a durable function using an unqualified ARN.")


def too_long_to_wait() -> AwsError:
    return invalid_parameter(
        "You cannot synchronously invoke a durable function with an executionTimeout greater "
        "than 15 minutes."
    )


def not_durable() -> AwsError:
    return invalid_parameter(
        "You cannot name a durable execution of a function without a durable configuration."
    )


def timeout_needed() -> AwsError:
    return invalid_parameter(
        "You cannot create a function with a durable configuration without an executionTimeout"
    )


def not_made_durable() -> AwsError:
    return invalid_parameter(
        "You cannot add a durable configuration to a function that was created without one."
    )


def in_status(status: str) -> AwsError:
    return conflict(
        "The operation cannot be performed at this time. The durable execution is currently in "
        f"the following status: {status}"
    )


def token_invalid() -> AwsError:
    # SDKs know it by its beginning and let the invocation be run again.
    return invalid_parameter("Invalid checkpoint token")


def too_many_updates(limit: int) -> AwsError:
    return invalid_parameter(f"A checkpoint can have {limit} updates at most.")


def too_many_operations(limit: int) -> AwsError:
    return invalid_parameter(
        f"The durable execution has reached the maximum of {limit} operations."
    )


def too_much_stored(limit_bytes: int) -> AwsError:
    return invalid_parameter(
        f"The durable execution has reached the maximum of {limit_bytes} bytes of stored data."
    )


def payload_too_large(kind: str, direction: str, limit_bytes: int) -> AwsError:
    return invalid_parameter(
        f"{kind} {direction} payload size must be less than or equal to {limit_bytes} bytes."
    )


def error_too_large(limit_bytes: int) -> AwsError:
    return invalid_parameter(
        f"Error object size must be less than or equal to {limit_bytes} bytes."
    )


def update_invalid(message: str) -> AwsError:
    return invalid_parameter(message)
