"""Checks the durable configuration of a function. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.services.lambda_.durable import durable_errors
from pileus.services.lambda_.functions.configurations import Durable


def settle(config: Mapping[str, Any], current: Durable | None, *, is_new: bool) -> Durable | None:
    """The configuration as it is from now on.

    docs: lambda/latest/dg/durable-configuration: only a new function can be made durable.
    """
    if current is None:
        if not is_new:
            if not config:
                return None
            raise durable_errors.not_made_durable()
        if "ExecutionTimeout" not in config:
            raise durable_errors.timeout_needed()
        current = Durable(config["ExecutionTimeout"])
    return Durable(
        config.get("ExecutionTimeout", current.timeout_seconds),
        config.get("RetentionPeriodInDays", current.retention_days),
        config.get("KMSKeyArn", current.kms_key_arn),
    )
