"""The errors that SQS answers, in AWS's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def queue_does_not_exist() -> AwsError:
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid_address(url: str) -> AwsError:
    return AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.", 404)


def queue_name_exists(attribute: str) -> AwsError:
    return AwsError(
        "QueueNameExists",
        "A queue already exists with the same name and a different value for attribute "
        f"{attribute}",
    )


def queue_deleted_recently() -> AwsError:
    return AwsError(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the "
        "same name.",
    )


def purge_queue_in_progress(name: str) -> AwsError:
    return AwsError(
        "PurgeQueueInProgress",
        f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.",
        403,
    )


def request_throttled() -> AwsError:
    return AwsError("RequestThrottled", "Request is throttled.", 403)


# Parameters.


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def invalid_value(parameter: str, value: object, reason: str) -> AwsError:
    return invalid_parameter(
        f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    )


def missing_parameter(parameter: str) -> AwsError:
    return AwsError("MissingParameter", f"The request must contain the parameter {parameter}.")


def not_for_queue_type(parameter: str, value: object) -> AwsError:
    return invalid_value(
        parameter, value, "The request include parameter that is not valid for this queue type."
    )


def invalid_queue_name(is_fifo: bool) -> AwsError:
    if is_fifo:
        return invalid_parameter(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    return invalid_parameter(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    )


# Queue attributes.


def unknown_attribute(name: str) -> AwsError:
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def only_for_fifo(name: str) -> AwsError:
    return AwsError(
        "InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true."
    )


def invalid_attribute_value(name: str, reason: str = "") -> AwsError:
    more = f" Reason: {reason}" if reason else ""
    return AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.{more}")


def two_encryptions() -> AwsError:
    return AwsError(
        "InvalidAttributeValue",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable "
        "KMS SSE or SQS SSE.",
    )


# Messages.


def invalid_message_contents() -> AwsError:
    return AwsError(
        "InvalidMessageContents",
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF "
        "| #xE000 to #xFFFD | #x10000 to #x10FFFF",
    )


def message_too_long(size_max: int) -> AwsError:
    return invalid_parameter(
        f"One or more parameters are invalid. Reason: Message must be shorter than {size_max} "
        "bytes."
    )


def needs_deduplication() -> AwsError:
    return invalid_parameter(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )


def malformed_receipt_handle(handle: str) -> AwsError:
    return AwsError(
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{handle}" is not a valid receipt handle.',
    )


def receipt_handle_of_another_queue(handle: str) -> AwsError:
    return AwsError(
        "ReceiptHandleIsInvalid", f'The receipt handle "{handle}" is not valid for this queue.'
    )


def receipt_handle_expired(handle: str) -> AwsError:
    return invalid_value("ReceiptHandle", handle, "The receipt handle has expired.")


def message_not_available(handle: str) -> AwsError:
    return invalid_value(
        "ReceiptHandle",
        handle,
        "Message does not exist or is not available for visibility timeout change.",
    )


def visibility_beyond_limit(seconds: int, limit: int) -> AwsError:
    return invalid_value(
        "VisibilityTimeout",
        seconds,
        f"Total VisibilityTimeout for the message is beyond the limit [{limit} seconds]",
    )


def too_many_in_flight() -> AwsError:
    return AwsError("OverLimit", "The maximum number of in flight messages is reached.", 403)


def attempt_not_retryable(attempt_id: str) -> AwsError:
    return invalid_value(
        "ReceiveRequestAttemptId",
        attempt_id,
        "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    )


# Batches.


def empty_batch(entry_type: str) -> AwsError:
    return AwsError(
        "EmptyBatchRequest", f"There should be at least one {entry_type} in the request."
    )


def too_many_entries(count: int, limit: int) -> AwsError:
    return AwsError(
        "TooManyEntriesInBatchRequest",
        f"Maximum number of entries per request are {limit}. You have sent {count}.",
    )


def invalid_batch_entry_id() -> AwsError:
    return AwsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It "
        "can be at most 80 letters long.",
    )


def batch_ids_not_distinct(entry_id: str) -> AwsError:
    return AwsError("BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")


def batch_too_long(size: int, limit: int) -> AwsError:
    return AwsError(
        "BatchRequestTooLong",
        f"Batch requests cannot be longer than {limit} bytes. You have sent {size} bytes.",
    )


# Permissions and move tasks.


def too_many_actions(count: int, limit: int) -> AwsError:
    return AwsError("OverLimit", f"{count} Actions were found, maximum allowed is {limit}.", 403)


def too_many_statements(limit: int) -> AwsError:
    return AwsError("OverLimit", f"A queue policy can have at most {limit} statements.", 403)


def no_such_resource(parameter: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"The resource that you specified for the {parameter} parameter doesn't exist.",
        404,
    )


def no_such_task() -> AwsError:
    return AwsError("ResourceNotFoundException", "Task does not exist.", 404)
