"""The snapshot of a new version: its INIT runs ahead, and how that ends is the version's state.

What is prepared lives in memory, and is prepared again when it is gone. The row of the version says
only that INIT has once gone well.
"""

from __future__ import annotations

import logging
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import Failure, StartFailure
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions import configurations, function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import Change, Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.running.environments import NotPrepared
from pileus.services.lambda_.running.outcomes import error_type
from pileus.services.lambda_.running.platform import Platform, platform_of
from pileus.services.lambda_.versions import store
from pileus.services.lambda_.versions.versions import SNAPSHOT_TIMER

log = logging.getLogger(__name__)

# A sandbox that ends, and not because of the function, is no fault of the version's.
_TRIES_MAX = 3
_PAUSE_MS = 1_000
# docs: GetFunctionConfiguration, StateReasonCode
_CODES = {
    Failure.INIT_TIMEOUT: "FunctionError.InitTimeout",
    Failure.INIT_ERROR: "FunctionError.RuntimeInitError",
}


async def make(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: run the INIT of a version that was published."""
    named = function_names.split(key)
    version: Function | None = await call.read(_pending, named, about=named.arn)
    state = configurations.ACTIVE
    if version is not None:
        platform = platform_of(call)
        state = await _prepare(call, platform, named, version)
        if platform.pool.is_closed:
            # Whatever came of it, the server ends: the next one tries again.
            await call.transaction(_postpone, key, about=named.arn)
            return
    await call.transaction(_settle, key, named, state, about=named.arn)


async def _prepare(call: Call, platform: Platform, named: Named, version: Function) -> Change:
    """The version's state after its INIT."""
    pool, arn = platform.pool, named.qualified_arn
    for _ in range(_TRIES_MAX):
        try:
            # From here on the platform hears of changes: what is prepared goes with the version.
            await platform.target(call, named)
            await pool.prepare(call, version)
        except NotPrepared as failed:
            log.warning("no snapshot of %s: %s", arn, failed.prepared.failure)
            if failed.prepared.failure is Failure.EXIT and not pool.is_closed:
                continue
            code = _CODES.get(failed.prepared.failure, "InternalError")
            kind = error_type(failed.prepared.payload)
            return Change("Failed", f"Function initialization failed: {kind}", code)
        except (AwsError, StartFailure) as failure:
            log.warning("no snapshot of %s: %s", arn, failure)
            return Change("Failed", str(failure), "InternalError")
        return configurations.ACTIVE
    return Change(
        "Failed", "The sandbox ended while the function was initialized.", "InternalError"
    )


def _pending(tx: Transaction, named: Named) -> Function | None:
    """The version, if it is there and has no snapshot yet."""
    latest = functions_store.load_function(tx, named.arn)
    found = None if latest is None else store.load_version(tx, latest.id, named.qualifier)
    return found if found is not None and found.state.status == "Pending" else None


def _postpone(tx: Transaction, key: str) -> None:
    tx.set_timer(SNAPSHOT_TIMER, key, tx.now + _PAUSE_MS)


def _settle(tx: Transaction, key: str, named: Named, state: Change) -> None:
    tx.finish_timer(SNAPSHOT_TIMER, key)
    version = _pending(tx, named)
    if version is not None:
        store.change_version(tx, configurations.replace(version, state=state))
        tx.wake(key)
