"""The errors that EventBridge answers, in AWS's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def invalid_parameter(name: str, reason: str = "") -> AwsError:
    return validation(f"Parameter {name} is not valid." + (f" Reason: {reason}" if reason else ""))


def invalid_event_pattern(reason: str) -> AwsError:
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def already_exists(noun: str, name: str) -> AwsError:
    return AwsError("ResourceAlreadyExistsException", f"{noun} {name} already exists.")


def bus_not_found(name: str) -> AwsError:
    return not_found(f"Event bus {name} does not exist.")


def rule_not_found(name: str, bus_name: str) -> AwsError:
    return not_found(f"Rule {name} does not exist on EventBus {bus_name}.")


def statement_not_found() -> AwsError:
    return not_found("Statement with the provided id does not exist.")


def bus_without_policy() -> AwsError:
    return not_found("EventBus does not have a policy.")


def limit_exceeded() -> AwsError:
    return AwsError(
        "LimitExceededException", "The requested resource exceeds the maximum number allowed."
    )


def policy_too_long() -> AwsError:
    return AwsError("PolicyLengthExceededException", "The event bus policy is too long.")


def managed_rule(name: str, owner: str) -> AwsError:
    return AwsError(
        "ManagedRuleException", f"Rule {name} is managed by {owner}: give Force to change it."
    )


def invalid_token() -> AwsError:
    return validation("Invalid NextToken.")


# Rules and targets.


def neither_pattern_nor_schedule() -> AwsError:
    return validation("Parameter(s) EventPattern or ScheduleExpression must be specified.")


def invalid_schedule() -> AwsError:
    return invalid_parameter("ScheduleExpression")


def schedule_on_custom_bus() -> AwsError:
    return validation("ScheduleExpression is supported only on the default event bus.")


def rule_has_targets() -> AwsError:
    return validation("Rule can't be deleted since it has targets.")


def bus_has_rules() -> AwsError:
    return validation("Event bus can't be deleted since it has rules.")


def several_inputs(target_id: str) -> AwsError:
    return validation(
        "Only one of Input, InputPath, or InputTransformer must be provided for target "
        f"{target_id}."
    )


def unknown_placeholder(target_id: str, placeholder: str) -> AwsError:
    return validation(
        f"InputTemplate for target {target_id} contains invalid placeholder {placeholder}."
    )


def repeated_target(target_id: str) -> AwsError:
    return validation(f"More than one target with Id '{target_id}' is provided.")


def input_not_json(target_id: str) -> AwsError:
    return validation(f"JSON syntax error in input for target {target_id}.")


def not_for_target(member: str, target_id: str) -> AwsError:
    return validation(f"Parameter(s) {member} not supported for target: {target_id}.")


def no_dead_letter_resource(service: str) -> AwsError:
    return validation(f"{service} is not supported as a dead letter resource.")


def fifo_dead_letters() -> AwsError:
    return validation("SQS FIFO is not supported by Dead Letter Queues.")


def pattern_too_long(rule: str, limit: int) -> AwsError:
    return validation(f"Parameter EventPattern for rule {rule} exceeds limit of {limit}.")


def invalid_path(member: str, target_id: str) -> AwsError:
    return validation(f"{member} for target {target_id} is invalid.")


def invalid_target_arn(arn: str) -> AwsError:
    return invalid_parameter(arn, "Provided Arn is not in correct format.")


def missing_for_target(member: str, target_id: str) -> AwsError:
    return validation(f"Parameter(s) {member} must be specified for target: {target_id}.")


def role_required(arn: str) -> AwsError:
    return validation(f"RoleArn is required for target {arn}.")


# What a target answers when it cannot take an event; it is retried or goes to the dead letters.


def unknown_destination(arn: str) -> AwsError:
    return not_found(f"{arn} does not exist.")
