"""Finds what a request names in its function's partition: $LATEST, a version, or an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST, LATEST_PUBLISHED, Named
from pileus.services.lambda_.versions import store
from pileus.services.lambda_.versions.routing import Alias

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


class Found(NamedTuple):
    """`function` is what the name means: of an alias, the version that it points at first."""

    latest: Function
    function: Function
    alias: Alias | None


def latest(tx: Transaction, named: Named) -> Function:
    """The function itself, whatever the qualifier."""
    function = functions_store.load_function(tx, named.arn)
    if function is None:
        raise errors.function_not_found(named.qualified_arn)
    return function


def find(tx: Transaction, named: Named) -> Found:
    """What is named; raises AWS's error where there is none."""
    function = latest(tx, named)
    if named.qualifier in ("", LATEST):
        return Found(function, function, None)
    target = store.load_target(tx, function.id, named.qualifier)
    if isinstance(target, Alias):
        return Found(function, of_version(tx, function, target.version), target)
    if target is None:
        raise errors.function_not_found(named.qualified_arn)
    return Found(function, target, None)


def runnable(tx: Transaction, named: Named) -> Function:
    """What runs an event for a name: on a capacity provider only what is published."""
    found = find(tx, named)
    if not named.qualifier and found.function.capacity is not None:
        return of_version(tx, found.latest, LATEST_PUBLISHED)
    return found.function


def of_version(tx: Transaction, function: Function, version: str) -> Function:
    """A version of a function that is known to exist."""
    if version == LATEST:
        return function
    found = store.load_version(tx, function.id, version)
    if found is None:
        raise errors.function_not_found(f"{function.arn}:{version}")
    return found
