"""The errors that Lambda answers about event source mappings, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, not_found, user


def mapping_not_found() -> AwsError:
    return not_found("The resource you requested does not exist.")


def mapping_arn_not_found(arn: str) -> AwsError:
    return not_found(f"Event source mapping not found: {arn}")


def mapping_exists(source_arn: str, function_name: str, uuid: str) -> AwsError:
    return conflict(
        f'An event source mapping with SQS arn (" {source_arn} ") and function '
        f'(" {function_name} ") already exists. Please update or delete the existing mapping '
        f"with UUID {uuid}"
    )


def stream_mapping_exists(source_arn: str, function_name: str, uuid: str) -> AwsError:
    return conflict(
        f'The event source arn (" {source_arn} ") and function (" {function_name} ") provided '
        f"mapping already exists. Please update or delete the existing mapping with UUID {uuid}"
    )


def mapping_in_use(verb: str) -> AwsError:
    return user(
        "ResourceInUseException",
        f"Cannot {verb} the event source mapping because it is in use.",
        400,
    )


def mapped_function_unknown() -> AwsError:
    return invalid_parameter("Function does not exist")


def event_source_unknown() -> AwsError:
    return invalid_parameter("Unrecognized event source.")


def stream_not_found(arn: str) -> AwsError:
    return invalid_parameter(f"Stream not found: {arn}")


def stream_forbidden(arn: str) -> AwsError:
    return invalid_parameter(
        f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in "
        "IAM."
    )


def starting_position_missing() -> AwsError:
    return invalid_parameter(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
        "constraint: Member must not be null."
    )


def starting_position_unsupported(arn: str) -> AwsError:
    return invalid_parameter(f"Unsupported starting position for arn type: {arn}")


def timestamp_missing() -> AwsError:
    return invalid_parameter("Need to specify a timestamp")


def timestamp_not_wanted() -> AwsError:
    return invalid_parameter("A timestamp needs the starting position AT_TIMESTAMP.")


def timestamp_in_future() -> AwsError:
    return invalid_parameter("The timestamp of a starting position cannot be in the future.")


def destination_invalid(arn: str) -> AwsError:
    return invalid_parameter(f"The destination ARN {arn} is invalid.")


def age_too_short() -> AwsError:
    return invalid_parameter("Maximum record age must be -1 or at least 60 seconds.")


def queue_unreachable(code: str, message: str) -> AwsError:
    return invalid_parameter(
        f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {message}"
    )


def visibility_too_short(visibility_seconds: int, timeout_seconds: int) -> AwsError:
    return invalid_parameter(
        f"Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: "
        f"{timeout_seconds} seconds"
    )


def window_needed() -> AwsError:
    return invalid_parameter(
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
        "than 10"
    )


def window_on_fifo() -> AwsError:
    return invalid_parameter("Batching window is not supported for FIFO queues")


def batch_too_large_for_fifo() -> AwsError:
    return invalid_parameter(
        "Maximum batch size must be between 1 and 10 for FIFO queue event sources"
    )


def starting_position_on_queue() -> AwsError:
    return invalid_parameter("StartingPosition is not valid for SQS event sources.")


def unsupported_for_source(member: str) -> AwsError:
    return invalid_parameter(f"Unsupported {member} parameter for given event source mapping type.")


def filter_invalid() -> AwsError:
    return invalid_parameter("Invalid filter pattern definition.")


def filters_too_many() -> AwsError:
    return invalid_parameter("The number of filters must be less than or equal to 5.")
