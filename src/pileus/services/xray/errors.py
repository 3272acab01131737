"""What X-Ray answers when it refuses, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def start_not_before_end() -> AwsError:
    return invalid_request("StartTime must be before EndTime")


def range_too_long(hours: int) -> AwsError:
    return invalid_request(f"Time range cannot be longer than {hours} hours")


def bad_token() -> AwsError:
    return invalid_request("Invalid NextToken")


def bad_filter(problem: str) -> AwsError:
    return invalid_request(f"Invalid filter expression: {problem}")


def rule_limit() -> AwsError:
    return AwsError("RuleLimitExceededException", "Maximum number of sampling rules reached")


def rule_exists(name: str) -> AwsError:
    return invalid_request(f"Sampling rule with name {name} already exists")


def rule_unknown() -> AwsError:
    return invalid_request("Sampling rule does not exist.")


def default_rule_stays() -> AwsError:
    return invalid_request("Default sampling rule cannot be deleted.")
