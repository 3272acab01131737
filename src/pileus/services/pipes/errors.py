"""The errors that EventBridge Pipes answers."""

from __future__ import annotations

import msgspec

from pileus.kernel.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(name: str) -> AwsError:
    return AwsError("NotFoundException", f"Pipe {name} does not exist.")


def exists(name: str) -> AwsError:
    return _conflict(name, f"Pipe {name} already exists.")


def too_many(name: str, limit: int) -> AwsError:
    return AwsError(
        "ServiceQuotaExceededException",
        f"The account has {limit} pipes, which is the most that it may have.",
        resourceId=name, resourceType="Pipe", serviceCode="pipes", quotaCode="Pipes",
    )  # fmt: skip


def is_changing(name: str, state: str) -> AwsError:
    return _conflict(name, f"Pipe {name} cannot be changed while it is {state}.")


def _conflict(name: str, message: str) -> AwsError:
    return AwsError("ConflictException", message, resourceId=name, resourceType="Pipe")


def role_not_assumable() -> AwsError:
    return validation("The role must be there and allow pipes.amazonaws.com to assume it.")


def _invalid_field(name: str, message: str) -> AwsError:
    """The form of recorded answers: the message is a document too."""
    field = {"Name": name, "Message": message}
    text = msgspec.json.encode({"ValidationErrorFields": [field]}).decode()
    listed = [{"name": name, "message": message}]
    return AwsError("ValidationException", text, fieldList=listed)


def invalid_source(arn: str) -> AwsError:
    return validation(f"Source {arn} is not supported.")


def other_region() -> AwsError:
    return validation("Creating cross-region pipe is not permitted.")


def fifo_topic() -> AwsError:
    return validation("SNS FIFO topics are not supported as a pipe target.")


def log_destination_missing() -> AwsError:
    return validation("Must provide at least 1 log destination in LogConfiguration.")


def invalid_target(arn: str) -> AwsError:
    return validation(f"Target {arn} is not supported.")


def invalid_enrichment() -> AwsError:
    return validation("Invalid pipe enrichment.")


def source_parameters_not_wanted(member: str) -> AwsError:
    return _invalid_field(member, "Invalid source parameter provided for source.")


def target_parameters_not_wanted(member: str) -> AwsError:
    return _invalid_field(member, "Invalid target parameter provided for target.")


def enrichment_parameters_not_wanted(member: str) -> AwsError:
    return validation(f"{member} does not fit the enrichment of the pipe.")


def invalid_pattern(reason: str) -> AwsError:
    return validation(f"Invalid Event Pattern. Reason: {reason}")


def invalid_template() -> AwsError:
    return validation("Invalid json path reference or predefined variable for placeholder.")


def batch_too_large(size: int, limit: int) -> AwsError:
    return validation(
        f"The configured batch size {size} is greater than the max supported batch size {limit}."
    )


def window_needed() -> AwsError:
    return validation(
        "MaximumBatchingWindowInSeconds must be at least 1 where BatchSize is larger than 10."
    )


def window_on_fifo() -> AwsError:
    return validation("MaximumBatchingWindowInSeconds cannot be provided for a FIFO queue.")


def missing_parameter(name: str) -> AwsError:
    return _invalid_field(name, "Missing required parameter.")


def group_needed() -> AwsError:
    return missing_parameter("TargetParameters.SqsQueueParameters.MessageGroupId")


def partition_key_needed() -> AwsError:
    return missing_parameter("TargetParameters.KinesisStreamParameters.PartitionKey")


def timestamp_not_wanted() -> AwsError:
    return validation("StartingPositionTimestamp needs the StartingPosition AT_TIMESTAMP.")


def timestamp_in_future() -> AwsError:
    return validation("StartingPositionTimestamp cannot be in the future.")


def age_too_short() -> AwsError:
    return validation("MaximumRecordAgeInSeconds must be -1 or at least 60.")


def invalid_dead_letters(arn: str) -> AwsError:
    return validation(f"Dead-letter target {arn} is not supported.")


def invalid_token() -> AwsError:
    return validation("Invalid NextToken provided.")


def invalid_tag(key: str) -> AwsError:
    return validation(f"The tag {key} is not valid.")


def tags_too_many(limit: int) -> AwsError:
    return validation(f"A resource can have at most {limit} tags.")
