"""The worker that keeps the environments of a version on a capacity provider.

It starts them when the version is published, after a restart of the server, and when one has died;
a version is `Pending` until they are there.
"""

from __future__ import annotations

import logging

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import StartFailure
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.capacity import rules
from pileus.services.lambda_.functions import configurations, function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import ACTIVE, Change, Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.running.platform import Platform, platform_of
from pileus.services.lambda_.running.pool import provisioned_topic
from pileus.services.lambda_.running.provisioning import Claim
from pileus.services.lambda_.versions import store

log = logging.getLogger(__name__)

_PAUSE_MS = 60_000
# So many environments that end before they take an event mean that the function cannot start.
_INIT_FAILURES_MAX = 3
_INIT_FAILED = Change(
    "Failed", "The function could not be initialized.", "FunctionError.RuntimeInitError"
)


async def keep(call: Call, key: str) -> None:
    """Worker: runs until the version is gone."""
    owner, _, qualifier = key.partition(":")
    named = function_names.split(call.about)._replace(qualifier=qualifier)
    platform, arn = platform_of(call), named.qualified_arn
    try:
        async with call.watching(arn, provisioned_topic(arn)) as changed:
            while True:
                version: Function | None = await call.read(_version, named, owner, about=named.arn)
                if version is None:
                    return
                try:
                    # The platform hears of changes only of what it knows.
                    await platform.target(call, named)
                except AwsError:
                    # It has just gone.
                    continue
                await changed(until=await _provide(call, platform, named, version))
    finally:
        platform.provisioning.release(arn)


def _version(tx: Transaction, named: Named, owner: str) -> Function | None:
    """The version, if it is there and of that very function."""
    latest = functions_store.load_function(tx, named.arn)
    if latest is None or latest.id != owner:
        return None
    return store.load_version(tx, owner, named.qualifier)


async def _provide(call: Call, platform: Platform, named: Named, version: Function) -> int:
    """Start what is missing, and note it; when to look again at the latest."""
    provisioning, key, clock = platform.provisioning, named.qualified_arn, call.kernel.clock
    wanted, until = rules.kept(version.scaling), None
    state = rules.OFF if rules.is_off(version.scaling) else ACTIVE
    try:
        if provisioning.init_failures(key) >= _INIT_FAILURES_MAX:
            state = _INIT_FAILED
        else:
            until = (await provisioning.keep(call, key, [Claim(version, wanted)])).replace_at
    except (AwsError, StartFailure) as failure:
        log.warning("no environment is kept for %s: %s", key, failure)
        state = Change("Failed", str(failure), "InternalError")
    if version.state.status == "Pending" and not platform.pool.is_closed:
        await call.transaction(_settle, named, version, state, about=named.arn)
    return until if until is not None else clock.now() + _PAUSE_MS


def _settle(tx: Transaction, named: Named, seen: Function, state: Change) -> None:
    """Note the state, unless something else was asked for meanwhile."""
    version = _version(tx, named, seen.id)
    if version is not None and version.revision_id == seen.revision_id:
        store.change_version(tx, configurations.replace(version, state=state))
        tx.wake(named.qualified_arn)
