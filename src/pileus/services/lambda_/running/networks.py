"""Which network an environment gets, by its function's VPC and what the user has chosen."""

from __future__ import annotations

from pileus.kernel.fleet import Network
from pileus.services.lambda_.functions.configurations import Function
from pileus.settings import Settings

ALL_SUBNETS = "all"


def network(function: Function, settings: Settings) -> Network:
    """A VPC has a way outside only through subnets that are said to have one, as on AWS."""
    if settings.network == "isolated":
        return Network.ISOLATED
    if function.vpc is None:
        return Network.PUBLIC
    subnets = {ALL_SUBNETS, *function.vpc.get("SubnetIds", ())}
    return Network.VPC if subnets.isdisjoint(settings.nat_subnets) else Network.PUBLIC
