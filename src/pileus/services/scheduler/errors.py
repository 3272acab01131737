"""The errors that EventBridge Scheduler answers."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def schedule_exists(name: str) -> AwsError:
    return AwsError("ConflictException", f"Schedule {name} already exists.")


def schedule_not_found(name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Schedule {name} does not exist.")


def group_exists(name: str) -> AwsError:
    return AwsError("ConflictException", f"Schedule group {name} already exists.")


def group_not_found(name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Schedule group {name} does not exist.")


def group_is_going(name: str) -> AwsError:
    return AwsError("ConflictException", f"Schedule group {name} is being deleted.")


def default_group_stays() -> AwsError:
    return validation("This operation cannot be performed on schedule group default.")


def groups_too_many(limit: int) -> AwsError:
    return AwsError(
        "ServiceQuotaExceededException",
        f"The account has {limit} schedule groups, which is the most that it may have.",
    )


def request_repeated(name: str) -> AwsError:
    return AwsError(
        "ConflictException",
        f"The client token was used before for another request about {name}.",
    )


def invalid_token() -> AwsError:
    return validation("Invalid NextToken provided.")


# Settings of schedules.


def invalid_time_zone(name: str) -> AwsError:
    return validation(f"Invalid Schedule Expression Timezone {name}.")


def start_too_early() -> AwsError:
    return validation("The StartDate you specify cannot be earlier than 5 minutes ago.")


def end_in_the_past() -> AwsError:
    return validation("The EndDate you specify cannot be earlier than now.")


def end_before_start() -> AwsError:
    return validation("The StartDate you specify must come before the EndDate.")


def window_missing() -> AwsError:
    return validation(
        "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE."
    )


def window_not_wanted() -> AwsError:
    return validation(
        "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF."
    )


def role_not_assumable() -> AwsError:
    return validation(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )


# Targets.


def invalid_target(arn: str) -> AwsError:
    return validation(f"Target Arn {arn} is not supported.")


def unsupported_service(service: str) -> AwsError:
    return validation(f"{service} is not a supported service for a target.")


def other_region(region: str) -> AwsError:
    return validation(f"The target ARN provided does not match the current region {region}.")


def read_only_action(action: str) -> AwsError:
    return validation(f"{action} API is not supported.")


def input_missing() -> AwsError:
    return validation("You must provide an input to set this target for your schedule.")


def input_not_json() -> AwsError:
    return validation("JSON syntax error in input for the target.")


def input_too_large(limit: int) -> AwsError:
    return validation(f"The Input of a target must not be larger than {limit} bytes.")


def parameters_missing(member: str) -> AwsError:
    return validation(f"Parameters {member} must be specified.")


def parameters_invalid(member: str) -> AwsError:
    return validation(f"Parameters {member} not valid for the target.")


def parameters_not_wanted(member: str) -> AwsError:
    return validation(f"Parameters {member} not supported for the target.")


# Tags.


def invalid_tag(key: str) -> AwsError:
    return validation(f"The tag {key} is not valid.")


def reserved_tag(key: str) -> AwsError:
    return validation(f"The tag {key} is not valid: keys that begin with aws: are reserved.")


def tags_too_many(limit: int) -> AwsError:
    return validation(f"A resource can have at most {limit} tags.")
