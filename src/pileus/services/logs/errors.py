"""What CloudWatch Logs answers when it refuses, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def group_not_found() -> AwsError:
    return AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def stream_not_found() -> AwsError:
    return AwsError("ResourceNotFoundException", "The specified log stream does not exist.")


def resource_not_found(arn: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"The specified resource does not exist: {arn}")


def group_exists() -> AwsError:
    return AwsError("ResourceAlreadyExistsException", "The specified log group already exists")


def stream_exists() -> AwsError:
    return AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")


def name_and_identifier() -> AwsError:
    return AwsError(
        "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters."
    )


def no_name_or_identifier() -> AwsError:
    return invalid_parameter("Either logGroupName or logGroupIdentifier must be specified.")


def reserved_name() -> AwsError:
    return invalid_parameter("Log groups starting with AWS/ are reserved for AWS.")


def prefix_and_pattern() -> AwsError:
    return invalid_parameter(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
    )


def invalid_token() -> AwsError:
    return invalid_parameter("The specified nextToken is invalid.")


def time_order_with_prefix() -> AwsError:
    return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")


def streams_and_prefix() -> AwsError:
    return invalid_parameter("Only one of logStreamNames and logStreamNamePrefix can be specified.")


def names_and_prefixes() -> AwsError:
    return invalid_parameter(
        "Only one of logStreamNames and logStreamNamePrefixes can be specified."
    )


def streams_of_several_groups() -> AwsError:
    return invalid_parameter(
        "logStreamNames and logStreamNamePrefixes can be specified only with one log group."
    )


def tail_first_too_early() -> AwsError:
    return invalid_parameter(
        "Setting startFromHead to false is supported only when startTime is on or after"
        " Jan 1, 2024 00:00:00 UTC."
    )


def not_chronological() -> AwsError:
    return invalid_parameter(
        "Log events in a single PutLogEvents request must be in chronological order."
    )


def span_too_long() -> AwsError:
    return invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    )


def event_too_large(size_bytes: int, limit_bytes: int) -> AwsError:
    return invalid_parameter(
        f"Log event too large: {size_bytes} bytes exceeds limit of {limit_bytes}"
    )


def upload_too_large(size_bytes: int, limit_bytes: int) -> AwsError:
    return invalid_parameter(f"Upload too large: {size_bytes} bytes exceeds limit of {limit_bytes}")


def invalid_retention(days: int, allowed: tuple[int, ...]) -> AwsError:
    values = ", ".join(map(str, allowed))
    return invalid_parameter(
        f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy"
        f" constraint: Member must satisfy enum value set: [{values}]"
    )


def deletion_protected() -> AwsError:
    return AwsError(
        "ValidationException",
        "The specified log group has deletion protection enabled. Disable it before deleting the"
        " log group.",
    )


def too_many_tags(arn: str) -> AwsError:
    return AwsError(
        "TooManyTagsException", "A resource can have no more than 50 tags.", resourceName=arn
    )


def invalid_tag(key: str) -> AwsError:
    return invalid_parameter(f"The tag with key '{key}' is not valid.")


def invalid_pattern(message: str) -> AwsError:
    return invalid_parameter(message or "Invalid filter pattern")


def invalid_metric_pattern(message: str) -> AwsError:
    return invalid_parameter(message or "Invalid metric filter pattern")
