"""S3's error answers about websites, in AWS's codes and words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.s3.errors import invalid_argument, invalid_request
from pileus.services.s3.settings.refusals import absent


def no_such_website(bucket: str) -> AwsError:
    return absent(
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
        bucket,
    )


def index_missing() -> AwsError:
    return invalid_argument(
        "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
        "IndexDocument",
        "null",
    )


def index_malformed(suffix: str) -> AwsError:
    return invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", suffix)


def redirect_with_rules() -> AwsError:
    return invalid_argument(
        "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
        "RedirectAllRequestsTo",
        "not null",
    )


def condition_empty() -> AwsError:
    return invalid_request(
        "Condition cannot be empty. To redirect all requests without a condition, the condition "
        "element shouldn't be present."
    )


def protocol_invalid() -> AwsError:
    return invalid_request(
        "Invalid protocol, protocol can be http or https. If not defined the protocol will be "
        "selected automatically."
    )


def two_replacements() -> AwsError:
    return invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")


def redirect_code_invalid(code: str) -> AwsError:
    return invalid_request(
        f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
    )


def error_code_invalid(code: str) -> AwsError:
    return invalid_request(
        f"The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX."
    )


def too_many_routing_rules(count: int, count_max: int) -> AwsError:
    return invalid_request(
        f"{count} routing rules provided, the number of routing rules in a website configuration "
        f"is limited to {count_max}."
    )
