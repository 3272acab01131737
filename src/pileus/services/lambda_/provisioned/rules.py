"""Decides whether concurrency may be reserved or provisioned. Values only."""

from __future__ import annotations

from collections.abc import Mapping

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.provisioned import provisioned_errors

# docs: lambda/latest/dg/gettingstarted-limits, lambda-concurrency
ACCOUNT_LIMIT = 1000
UNRESERVED_MIN = 100


def taken(name: str, reservations: Mapping[str, int], provisioned: Mapping[str, int]) -> int:
    """What the account's other functions have taken of its concurrency.

    A function takes what it has reserved, or else what is provisioned for it.
    """
    names = {*reservations, *provisioned} - {name}
    return sum(reservations.get(each, provisioned.get(each, 0)) for each in names)


def refuse_reservation(
    name: str, reserved: int, reservations: Mapping[str, int], provisioned: Mapping[str, int]
) -> AwsError | None:
    mine = provisioned.get(name, 0)
    if reserved < mine:
        return provisioned_errors.reserved_below_provisioned(reserved, mine)
    if ACCOUNT_LIMIT - taken(name, reservations, provisioned) - reserved < UNRESERVED_MIN:
        return provisioned_errors.concurrency_below_minimum(UNRESERVED_MIN)
    return None


def refuse_provision(
    name: str, total: int, reservations: Mapping[str, int], provisioned: Mapping[str, int]
) -> AwsError | None:
    """`total` is what the function would have provisioned in all."""
    reserved = reservations.get(name)
    if reserved is not None:
        return provisioned_errors.provisioned_above_reserved() if total > reserved else None
    unreserved = ACCOUNT_LIMIT - taken(name, reservations, provisioned)
    if total > unreserved:
        return provisioned_errors.provisioned_above_unreserved(unreserved)
    if unreserved - total < UNRESERVED_MIN:
        return provisioned_errors.provisioned_below_minimum(UNRESERVED_MIN)
    return None


def share(requested: int, weight: float) -> tuple[int, int]:
    """How an alias divides its environments between its version and the other one."""
    other = min(requested, round(requested * weight))
    return requested - other, other
