"""The worker that keeps the environments of one version or alias ready.

It starts them when the row is made, after a restart of the server, when one has died, when the
alias has moved, and before the credentials of their role expire.
"""

from __future__ import annotations

import logging

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import StartFailure
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.provisioned import provisioned, rules, store
from pileus.services.lambda_.provisioned.store import Config
from pileus.services.lambda_.running.platform import Platform, platform_of
from pileus.services.lambda_.running.pool import provisioned_topic
from pileus.services.lambda_.running.provisioning import Claim
from pileus.services.lambda_.versions import lookup

log = logging.getLogger(__name__)

_PAUSE_MS = 60_000
# So many environments that end before they take an event mean that the function cannot start.
_INIT_FAILURES_MAX = 3
_INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"


async def keep(call: Call, key: str) -> None:
    """Worker: runs until the configuration is gone."""
    name, _, qualifier = key.partition(":")
    named = Named(f"{call.about}function:{name}", name, qualifier)
    platform = platform_of(call)
    try:
        await _keep(call, platform, named)
    finally:
        platform.provisioning.release(named.qualified_arn)


async def _keep(call: Call, platform: Platform, named: Named) -> None:
    changes = (provisioned.topic(call.about, named), named.arn, named.qualified_arn)
    async with call.watching(*changes) as changed:
        while True:
            config = await call.read(store.load, named.name, named.qualifier, about=call.about)
            if config is None:
                return
            # First what will be woken, then the work: the other order loses wakes.
            functions = await _functions_of(call, named, config)
            if not functions:
                # A later function of this name must not inherit it.
                await call.transaction(provisioned.withdraw_orphan, named, config, about=call.about)
                continue
            ends = [
                call.kernel.waiting.call_on(topic, changed.wake)
                for each, _ in functions
                for topic in (provisioned_topic(each.qualified_arn), each.qualified_arn)
            ]
            try:
                until = await _provide(call, platform, named, config, functions)
                await changed(until=until)
            finally:
                for end in ends:
                    end()


async def _functions_of(call: Call, named: Named, config: Config) -> list[tuple[Function, int]]:
    """The versions that events of this name run in, and how many environments each needs."""
    try:
        found: list[tuple[Function, float]] = await call.read(_shares, named, about=named.arn)
    except AwsError as missing:
        log.warning("nothing is there to provision for %s: %s", named.qualified_arn, missing)
        return []
    if len(found) == 1:
        return [(found[0][0], config.requested)]
    counts = rules.share(config.requested, found[1][1])
    return [(function, count) for (function, _), count in zip(found, counts, strict=True) if count]


def _shares(tx: Transaction, named: Named) -> list[tuple[Function, float]]:
    found = lookup.find(tx, named)
    shares = [(found.function, 1.0)]
    if found.alias is not None and found.alias.other:
        other = lookup.of_version(tx, found.latest, found.alias.other)
        shares.append((other, found.alias.weight))
    return shares


async def _provide(
    call: Call, platform: Platform, named: Named, config: Config,
    functions: list[tuple[Function, int]],
) -> int:  # fmt: skip
    """Start what is missing and note how far that came; when to look again at the latest."""
    provisioning, clock = platform.provisioning, call.kernel.clock
    name = named.qualified_arn
    reason, until = "", None
    if any(function.state.status == "Pending" for function, _ in functions):
        # A change of the version's state will wake this worker.
        return clock.now() + _PAUSE_MS
    try:
        if provisioning.init_failures(name) >= _INIT_FAILURES_MAX:
            reason = _INIT_FAILURE
        else:
            kept = await provisioning.keep(call, name, [Claim(*each) for each in functions])
            until = kept.replace_at
            if kept.available < config.requested:
                reason = "The machine cannot hold as many environments."
    except (AwsError, StartFailure) as failure:
        log.warning("no environment is provisioned for %s: %s", name, failure)
        reason = str(failure)
    settled = msgspec.structs.replace(
        config,
        status="FAILED" if reason else "READY",
        reason=reason,
        allocated=0 if reason else config.requested,
    )
    if settled != config:
        await call.transaction(_settle, named, config, settled, about=call.about)
    return until if until is not None and not reason else clock.now() + _PAUSE_MS


def _settle(tx: Transaction, named: Named, seen: Config, settled: Config) -> None:
    """Note the status, unless something else has been asked for in the meantime."""
    if store.load(tx, named.name, named.qualifier) == seen:
        store.save(tx, named.name, named.qualifier, settled)
