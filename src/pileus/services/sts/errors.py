"""What STS answers when it refuses, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationError", message, status=400)


def invalid_arn(arn: str) -> AwsError:
    return validation(f"{arn} is invalid")


def not_a_role() -> AwsError:
    return validation("Request ARN is invalid")


def access_denied(message: str) -> AwsError:
    return AwsError("AccessDenied", message, status=403)


def may_not_assume(principal_arn: str, role_arn: str) -> AwsError:
    """Also for roles that do not exist: AWS does not tell which."""
    return access_denied(
        f"User: {principal_arn} is not authorized to perform: sts:AssumeRole on resource:"
        f" {role_arn}"
    )


def session_credentials() -> AwsError:
    return access_denied("Cannot call GetSessionToken with session credentials")


def longer_than_the_role_allows() -> AwsError:
    return validation(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def longer_than_chaining_allows() -> AwsError:
    return validation(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
        " chaining."
    )


def malformed_policy(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", message)


def packed_policy_too_large(percent: int) -> AwsError:
    return AwsError(
        "PackedPolicyTooLarge",
        f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
    )


def too_many_policies(limit: int) -> AwsError:
    return validation(
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member"
        f" must have length less than or equal to {limit}"
    )


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message, status=400)


def duplicate_tags() -> AwsError:
    return invalid_parameter(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )


def transitive_tag_missing() -> AwsError:
    return invalid_parameter(
        "The specified transitive tag key must be included in the requested tags."
    )


def transitive_tag_conflict() -> AwsError:
    return invalid_parameter(
        "One of the specified transitive tag keys can't be set because it conflicts with a"
        " transitive tag key from the calling session."
    )
