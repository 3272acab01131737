"""Checks functions that run on a capacity provider, or are to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.services.lambda_.capacity import capacity_errors, capacity_providers, rules
from pileus.services.lambda_.functions import settings
from pileus.services.lambda_.functions.configurations import Function


def changes(
    wanted: Mapping[str, Any], region: str, current: Function | None = None
) -> settings.Changes:
    """As `settings.changes`, within the limits of where the function runs."""
    is_managed = "capacity_provider_config" in wanted
    if current is None:
        found = settings.changes(wanted, region, is_managed=is_managed)
        if is_managed:
            found.setdefault("memory_mb", rules.MEMORY_MB_MIN)
        return found
    if is_managed and current.capacity is None:
        raise capacity_errors.not_addable()
    return settings.changes(
        wanted, region, current.logging, current.durable, is_managed=current.capacity is not None
    )


async def check(call: Call, function: Function, publish_to: str = "") -> None:
    """Refuse a function that its capacity provider cannot run."""
    if function.capacity is None:
        if publish_to:
            raise capacity_errors.not_publishable()
        return
    arn = function.capacity.provider_arn
    provider = await call.read(capacity_providers.settled, arn, about=arn)
    refusal = rules.refuse(function, provider.architectures)
    if refusal is not None:
        raise refusal
