"""Checks the settings of a function and turns them into changes of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import rules
from pileus.services.lambda_.durable import durable_config
from pileus.services.lambda_.functions.configurations import Durable, ImageConfig, Logging
from pileus.services.lambda_.layers import layer_uses

# docs: lambda/latest/dg/gettingstarted-limits. Functions on a capacity provider may have more.
MEMORY_MB_MAX = 10_240
TIMEOUT_SECONDS_MAX = 900
EPHEMERAL_MB_MAX = 10_240
VARIABLES_BYTES_MAX = 4096
# docs: lambda/latest/dg/configuration-envvars, "Defined runtime environment variables".
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    }
)  # fmt: skip

Changes = dict[str, Any]


def changes(
    settings: Mapping[str, Any],
    region: str,
    current: Logging | None = None,
    durable: Durable | None = None,
    *,
    is_managed: bool = False,
) -> Changes:
    """Fields of `Function` that the settings name; raises AWS's error for what it refuses.

    `current` and `durable` are the settings of a function that is there; `is_managed` where it
    runs on a capacity provider.
    """
    found: Changes = {}
    fields = _MANAGED_FIELDS if is_managed else _FIELDS
    for name, value in settings.items():
        if name == "durable_config":
            found["durable"] = durable_config.settle(value, durable, is_new=current is None)
            continue
        if name == "logging_config":
            found["logging"] = _logging(value, current or Logging())
        elif name == "layers":
            layer_uses.check_form(value, region)
        else:
            field, check = fields[name]
            found[field] = check(value)
    return found


def _same(value: Any) -> Any:
    return value


def _at_most(member: str, limit: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value > limit:
            raise errors.out_of_range(member, value, f"have value less than or equal to {limit}")
        return value

    return check


def _variables(environment: Mapping[str, Any]) -> dict[str, str] | None:
    variables: dict[str, str] | None = environment.get("Variables")
    if variables is None:
        return None
    reserved = [key for key in variables if key in RESERVED_VARIABLES]
    if reserved:
        raise errors.environment_reserved(", ".join(reserved))
    measured = msgspec.json.encode(variables)
    if len(measured) > VARIABLES_BYTES_MAX:
        raise errors.environment_too_large(measured.decode())
    return variables


def _dead_letter_arn(config: Mapping[str, Any]) -> str:
    target: str = config.get("TargetArn", "")
    if target:
        parts = arns.parse(target)
        if parts is None or parts.service not in ("sqs", "sns"):
            raise errors.dead_letter_target_invalid()
    return target


def _vpc(config: Mapping[str, Any]) -> dict[str, Any] | None:
    # An empty configuration takes the function out of its network.
    return dict(config) if config.get("SubnetIds") or config.get("SecurityGroupIds") else None


def _ephemeral_mb(storage: Mapping[str, Any]) -> int:
    return _at_most("ephemeralStorage.size", EPHEMERAL_MB_MAX)(storage["Size"])


def _logging(config: Mapping[str, Any], current: Logging) -> Logging:
    kind = config.get("LogFormat", current.format)
    if kind == "Text":
        if "ApplicationLogLevel" in config or "SystemLogLevel" in config:
            raise errors.log_level_of_text()
        return Logging(kind, config.get("LogGroup", current.group))
    return Logging(
        kind,
        config.get("LogGroup", current.group),
        config.get("ApplicationLogLevel", current.application_level),
        config.get("SystemLogLevel", current.system_level),
    )


def _image_config(config: Mapping[str, Any]) -> ImageConfig | None:
    """An empty one goes back to what the image says."""
    found = ImageConfig(
        config.get("EntryPoint") or None,
        config.get("Command") or None,
        config.get("WorkingDirectory", ""),
    )
    return None if found == ImageConfig() else found


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "runtime": ("runtime", _same),
    "role": ("role", _same),
    "handler": ("handler", _same),
    "description": ("description", _same),
    "timeout": ("timeout_seconds", _at_most("timeout", TIMEOUT_SECONDS_MAX)),
    "memory_size": ("memory_mb", _at_most("memorySize", MEMORY_MB_MAX)),
    "vpc_config": ("vpc", _vpc),
    "dead_letter_config": ("dead_letter_arn", _dead_letter_arn),
    "environment": ("variables", _variables),
    "kms_key_arn": ("kms_key_arn", _same),
    "tracing_config": ("tracing_mode", lambda config: config.get("Mode", "PassThrough")),
    "file_system_configs": ("file_systems", _same),
    "ephemeral_storage": ("ephemeral_mb", _ephemeral_mb),
    "image_config": ("image_config", _image_config),
    "snap_start": ("snap_start_on", lambda config: config.get("ApplyOn", "None")),
    "capacity_provider_config": ("capacity", rules.capacity),
}
_MANAGED_FIELDS = {
    **_FIELDS,
    "timeout": ("timeout_seconds", _at_most("timeout", rules.TIMEOUT_SECONDS_MAX)),
    "memory_size": ("memory_mb", _at_most("memorySize", rules.MEMORY_MB_MAX)),
}
