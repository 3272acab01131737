"""The errors that SNS answers, in AWS's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def invalid_parameter(what: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {what}")


def invalid_because(parameter: str, reason: str) -> AwsError:
    return invalid_parameter(f"{parameter} Reason: {reason}")


def invalid_attribute_of_message(reason: str) -> AwsError:
    return AwsError("ParameterValueInvalid", reason)


def not_found(what: str) -> AwsError:
    return AwsError("NotFound", f"{what} does not exist", 404)


def topic_does_not_exist() -> AwsError:
    return not_found("Topic")


def subscription_does_not_exist() -> AwsError:
    return not_found("Subscription")


def resource_does_not_exist() -> AwsError:
    return AwsError("ResourceNotFound", "Resource does not exist", 404)


def authorization_error(reason: str) -> AwsError:
    return AwsError("AuthorizationError", reason, 403)


def topic_limit_exceeded() -> AwsError:
    return AwsError("TopicLimitExceeded", "Topic limit for the account has been reached", 403)


def tag_limit_exceeded() -> AwsError:
    return AwsError(
        "TagLimitExceeded",
        "Could not complete request: tag quota of per resource exceeded",
    )


def duplicated_tag_keys() -> AwsError:
    return invalid_parameter("Duplicated keys are not allowed.")


def filter_policy_limit_exceeded(whole: str) -> AwsError:
    return AwsError(
        "FilterPolicyLimitExceeded", f"Filter policy limit per {whole} has been reached", 403
    )


def validation_error(member: str) -> AwsError:
    return AwsError(
        "ValidationError",
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
        "Member must not be null",
    )


def archive_is_active() -> AwsError:
    return AwsError(
        "InvalidState",
        "The topic cannot be deleted while it has an ArchivePolicy. Remove the policy first.",
    )


# Batches.


def empty_batch() -> AwsError:
    return AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")


def too_many_entries() -> AwsError:
    return AwsError(
        "TooManyEntriesInBatchRequest",
        "The batch request contains more entries than permissible.",
    )


def batch_ids_not_distinct() -> AwsError:
    return AwsError(
        "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."
    )


def batch_entry_id_too_long(entry_id: str) -> AwsError:
    return AwsError(
        "InvalidBatchEntryId",
        f"The Id of a batch entry in the batch request is too long: {entry_id}",
    )


def batch_entry_id_has_bad_character(entry_id: str) -> AwsError:
    return AwsError(
        "InvalidBatchEntryId",
        "The Id of a batch entry in the batch request contains an impermissible character: "
        f"{entry_id}",
    )


def batch_too_long() -> AwsError:
    return AwsError(
        "BatchRequestTooLong",
        "The length of all the messages put together is more than the limit.",
    )


def subscription_limit_exceeded() -> AwsError:
    return AwsError(
        "SubscriptionLimitExceeded", "Subscription limit per topic has been reached", 403
    )
