"""The errors that EventBridge Pipes answers."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(name: str) -> AwsError:
    return AwsError("NotFoundException", f"Pipe {name} does not exist.")


def exists(name: str) -> AwsError:
    return _conflict(name, f"Pipe {name} already exists.")


def is_changing(name: str, state: str) -> AwsError:
    return _conflict(name, f"Pipe {name} cannot be changed while it is {state}.")


def _conflict(name: str, message: str) -> AwsError:
    return AwsError("ConflictException", message, resourceId=name, resourceType="Pipe")


def role_not_assumable() -> AwsError:
    return validation("The role must be there and allow pipes.amazonaws.com to assume it.")


def invalid_source(arn: str) -> AwsError:
    return validation(f"Source {arn} is not supported.")


def invalid_target(arn: str) -> AwsError:
    return validation(f"Target {arn} is not supported.")


def invalid_enrichment(arn: str) -> AwsError:
    return validation(f"Enrichment {arn} is not supported.")


def parameters_not_wanted(member: str) -> AwsError:
    return validation(f"{member} does not fit the source, enrichment or target of the pipe.")


def invalid_template(reason: str) -> AwsError:
    return validation(f"InputTemplate is not valid. Reason: {reason}")


def batch_too_large(limit: int) -> AwsError:
    return validation(f"BatchSize must not be larger than {limit} for this pipe.")


def window_needed() -> AwsError:
    return validation(
        "MaximumBatchingWindowInSeconds must be at least 1 where BatchSize is larger than 10."
    )


def window_on_fifo() -> AwsError:
    return validation("MaximumBatchingWindowInSeconds cannot be provided for a FIFO queue.")


def group_needed() -> AwsError:
    return validation("SqsQueueParameters.MessageGroupId must be provided for a FIFO queue.")


def invalid_token() -> AwsError:
    return validation("Invalid NextToken provided.")


def invalid_tag(key: str) -> AwsError:
    return validation(f"The tag {key} is not valid.")


def tags_too_many(limit: int) -> AwsError:
    return validation(f"A resource can have at most {limit} tags.")
