"""The errors of code signing, in Lambda's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, not_found, user


def config_not_found(arn: str) -> AwsError:
    return not_found(f"The Lambda code signing configuration {arn} can not be found.")


def config_of_function_not_found(arn: str) -> AwsError:
    return user(
        "CodeSigningConfigNotFoundException",
        "The code signing configuration cannot be found. Check that the provided configuration is "
        f"not deleted: {arn}.",
        404,
    )


def config_in_use(arn: str) -> AwsError:
    return conflict(
        f"The code signing configuration {arn} cannot be deleted while functions use it."
    )


def unsigned() -> AwsError:
    return user(
        "CodeVerificationFailedException",
        "Lambda cannot deploy the function. The function or layer might be signed using a "
        "signature that the client is not configured to accept. Check the provided signature for "
        "unsigned.",
        400,
    )
