"""What is wrong with requests about function URLs, in AWS's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_ import errors
from pileus.services.lambda_.running import payloads

# What is refused before anything is known of a function.
REFUSALS = frozenset({"AccessDeniedException", "ResourceNotFoundException"})


def url_exists(arn: str) -> AwsError:
    return errors.conflict(
        f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function"
    )


def url_not_found() -> AwsError:
    return errors.not_found("The resource you requested does not exist.")


def unknown_url() -> AwsError:
    return AwsError("ResourceNotFoundException", "Not Found", status=404)


def forbidden() -> AwsError:
    """The caller has shown no credentials, or may not do what it asks."""
    return AwsError("AccessDeniedException", "Forbidden", status=403)


def request_too_large() -> AwsError:
    return errors.request_too_large(payloads.SYNCHRONOUS_BYTES_MAX)
