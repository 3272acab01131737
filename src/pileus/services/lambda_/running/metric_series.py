"""The names and dimensions by which CloudWatch knows Lambda's metrics.

docs: lambda/latest/dg/monitoring-metrics-types, "Dimensions for Lambda metrics"
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pileus.kernel import arns
from pileus.kernel.metrics import Dimensions, Series
from pileus.services.lambda_.functions.function_names import LATEST

NAMESPACE = "AWS/Lambda"


@lru_cache(maxsize=20_000)
def series(invoked_arn: str, version: str, name: str, unit: str) -> Series:
    """A function's metric: over all, by its name, by what was invoked, by what ran for an alias.

    `version` is the one that ran; empty where that is not known.
    """
    parts, function, qualifier = _split(invoked_arn)
    named: Dimensions = (("FunctionName", function),)
    resource = ("Resource", f"{function}:{qualifier}" if qualifier else function)
    sets: list[Dimensions] = [(), named, (*named, resource)]
    if qualifier and version and qualifier not in (version, LATEST):
        sets.append((("ExecutedVersion", version), *named, resource))
    return Series(parts.account, parts.region, NAMESPACE, name, unit, tuple(sets))


@lru_cache(maxsize=20_000)
def of_function(invoked_arn: str, name: str) -> Series:
    """A count of a function that has no meaning when added up over functions."""
    parts, function, qualifier = _split(invoked_arn)
    named: Dimensions = (("FunctionName", function),)
    resource = ("Resource", f"{function}:{qualifier}" if qualifier else function)
    sets = (named, (*named, resource))
    return Series(parts.account, parts.region, NAMESPACE, name, "Count", sets)


class OfInvocations(NamedTuple):
    """What each invocation states."""

    invocations: Series
    errors: Series
    throttles: Series
    duration: Series
    concurrent: Series


@lru_cache(maxsize=20_000)
def of_invocations(invoked_arn: str, version: str) -> OfInvocations:
    return OfInvocations(
        series(invoked_arn, version, "Invocations", "Count"),
        series(invoked_arn, version, "Errors", "Count"),
        series(invoked_arn, version, "Throttles", "Count"),
        series(invoked_arn, version, "Duration", "Milliseconds"),
        of_function(invoked_arn, "ConcurrentExecutions"),
    )


@lru_cache(maxsize=1_000)
def of_account(account_arn: str, name: str) -> Series:
    """A count of an account and region."""
    parts = arns.parse(account_arn)
    assert parts is not None
    return Series(parts.account, parts.region, NAMESPACE, name, "Count", ((),))


def _split(invoked_arn: str) -> tuple[arns.Arn, str, str]:
    parts = arns.parse(invoked_arn)
    assert parts is not None
    _, function, *rest = parts.resource.split(":")
    return parts, function, rest[0] if rest else ""
