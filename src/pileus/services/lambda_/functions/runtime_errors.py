"""The errors of runtimes, in Lambda's words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import invalid_parameter


def runtime_unknown(runtime: str, known: str) -> AwsError:
    return invalid_parameter(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        f"value set: [{known}] or be a valid ARN"
    )


def runtime_retired(runtime: str) -> AwsError:
    return invalid_parameter(
        f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS "
        "Lambda functions. We recommend you use a supported runtime while creating or updating "
        "functions."
    )


def runtime_missing(runtime: str, needed: str) -> AwsError:
    """Ours: on AWS every interpreter is there."""
    return invalid_parameter(
        f"The runtime {runtime} cannot run on this machine: it needs {needed}, and there is none."
    )


def runtime_lost(runtime: str) -> AwsError:
    return AwsError(
        "InvalidRuntimeException",
        f"The runtime {runtime} cannot run on this machine: its interpreter is not installed.",
        status=502,
        fault="Receiver",
    )


def runtime_version_needed() -> AwsError:
    return invalid_parameter(
        "RuntimeVersionArn is required when the runtime is updated manually (UpdateRuntimeOn)."
    )


def runtime_version_not_allowed() -> AwsError:
    return invalid_parameter(
        "RuntimeVersionArn is only allowed when the runtime is updated manually (UpdateRuntimeOn)."
    )
