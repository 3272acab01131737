"""Operations on functions: create, read, list, delete."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Unpack

from pileus.kernel import blobs, pagination
from pileus.kernel.blobs import Staged
from pileus.kernel.call import Call
from pileus.kernel.errors import not_implemented
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.asynchronous import store as asynchronous_store
from pileus.services.lambda_.functions import (
    code_locations,
    configurations,
    function_names,
    packages,
    roles,
    runtimes,
    settings,
    store,
    tagging,
)
from pileus.services.lambda_.functions.configurations import PENDING, Function, FunctionSettings
from pileus.services.lambda_.functions.function_names import LATEST

log = logging.getLogger(__name__)

# The kinds of this service in the account's list of names.
FUNCTIONS = "function"
STATE_TIMER = "lambda:state"
LISTED_MAX = 50  # docs: ListFunctions, MaxItems
# How long a change takes with `--aws-delays`.
CREATION_MS = 5_000
UPDATE_MS = 3_000
# docs: ListFunctions answers all but these.
_NOT_LISTED = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
)


async def create_function(
    call: Call,
    *,
    function_name: str,
    role: str,
    code: dict[str, Any],
    publish: bool = False,
    package_type: str = "Zip",
    architectures: list[str] | None = None,
    tags: dict[str, str] | None = None,
    **wanted: Unpack[FunctionSettings],
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    if publish:
        raise not_implemented("lambda", "CreateFunction", "Publish")
    if package_type == "Image":
        raise not_implemented("lambda", "CreateFunction", "PackageType=Image")
    changes = settings.changes({**wanted, "role": role}, call.region)
    if not changes.get("runtime") or not changes.get("handler"):
        raise errors.runtime_and_handler_needed()
    check_runtime(call, changes["runtime"])
    tagging.check(tags or {})
    await roles.check_assumable(call, role)
    package = await packages.take(call, code)
    function = Function(
        arn=named.arn,
        name=named.name,
        revision_id=call.kernel.ids.uuid(),
        modified_at=call.now,
        code_digest=package.digest,
        code_sha256=package.sha256,
        code_size=package.size_bytes,
        architecture=(architectures or ["x86_64"])[0],
        **changes,
    )
    has_delays = call.kernel.settings.aws_delays
    async with call.kernel.blobs.staged(
        package.zipped, about=named.arn, size_max_bytes=packages.STORED_BYTES_MAX
    ) as staged:
        await call.transaction(_insert, function, staged, tags or {}, has_delays, about=named.arn)
    return configurations.show(configurations.replace(function, state=PENDING))


def _insert(
    tx: Transaction, function: Function, staged: Staged, tags: dict[str, str], has_delays: bool
) -> None:
    if store.load_function(tx, function.arn) is not None:
        raise errors.function_exists(function.name)
    if has_delays:
        function = configurations.replace(function, state=PENDING)
        tx.set_timer(STATE_TIMER, function.arn, tx.now + CREATION_MS)
    store.save_function(tx, function)
    blobs.keep(tx, staged)
    tx.enlist(FUNCTIONS, function.name, function.arn)
    tx.put_tags(function.arn, tags)
    tx.wake(function.arn)


def end_transition(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: what was pending or in progress is done."""
    function = store.load_function(call.tx, key)
    if function is not None and function.is_changing:
        done = configurations.replace(
            function, state=configurations.ACTIVE, update=configurations.SUCCESSFUL
        )
        store.save_function(call.tx, done)
        call.tx.wake(key)


def check_runtime(call: Call, name: str) -> None:
    """Refuse a runtime that AWS does not know or that nothing here can run."""
    if name not in runtimes.KNOWN:
        raise errors.runtime_unknown(name, ", ".join(runtimes.CURRENT))
    if name in runtimes.RETIRED:
        if call.kernel.settings.strict:
            raise errors.runtime_retired(name)
        log.warning("runtime %s is retired; AWS refuses it for new functions", name)
    found = runtimes.nearest(name, call.kernel.fleet.runtimes())
    if found is None:
        raise errors.runtime_missing(name, runtimes.parse(name).family)
    if found != name:
        log.warning("runtime %s is not installed; %s stands in for it", name, found)


def get_function_configuration(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    return configurations.show(_existing(call.tx, named), named.qualifier)


def _existing(tx: Transaction, named: function_names.Named) -> Function:
    function = store.load_function(tx, named.arn)
    if function is None or named.qualifier not in ("", LATEST):
        raise errors.function_not_found(named.qualified_arn)
    return function


async def get_function(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    function, tags = await call.read(_function_and_tags, named, about=named.arn)
    reserved = await call.read(_reserved, named.name, about=the_account(call, {}))
    found: dict[str, Any] = {
        "Configuration": configurations.show(function, named.qualifier),
        "Code": {"RepositoryType": "S3", "Location": code_locations.location(call, function)},
    }
    if tags:
        found["Tags"] = tags
    if reserved is not None:
        found["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
    return found


def _function_and_tags(
    tx: Transaction, named: function_names.Named
) -> tuple[Function, dict[str, str]]:
    return _existing(tx, named), tx.tags(named.arn)


def _reserved(tx: Transaction, name: str) -> int | None:
    return store.reservations(tx).get(name)


async def list_functions(
    call: Call,
    *,
    function_version: str | None = None,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    after = _position(marker)
    account = the_account(call, {})
    limit = min(max_items, LISTED_MAX)
    names = await call.read(_names, after, limit + 1, about=account)
    qualifier = LATEST if function_version == "ALL" else ""
    found = await asyncio.gather(
        *[call.read(store.load_function, arn, about=arn) for _, arn in names[:limit]]
    )
    shown = [configurations.show(function, qualifier) for function in found if function]
    for configuration in shown:
        for member in _NOT_LISTED:
            configuration.pop(member, None)
    answer: dict[str, Any] = {"Functions": shown}
    if len(names) > limit:
        answer["NextMarker"] = pagination.encode(names[limit - 1][0])
    return answer


def _names(tx: Transaction, after: str, limit: int) -> list[tuple[str, str]]:
    return tx.listed(FUNCTIONS, at_most=limit, after=after)


def _position(marker: str | None) -> str:
    if not marker:
        return ""
    try:
        return str(pagination.decode(marker, str)[0])
    except pagination.InvalidToken as problem:
        raise errors.marker_invalid() from problem


async def delete_function(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    if named.qualifier == LATEST:
        raise errors.latest_not_deletable()
    function_names.check_exists(named)
    await call.read(_existing, named, about=named.arn)
    # First what refers to the function: a crash in between leaves a function without it.
    await call.transaction(_unreserve, named.name, about=the_account(call, {}))
    await call.transaction(_delete, named, about=named.arn)
    return {"StatusCode": 204}


def _unreserve(tx: Transaction, name: str) -> None:
    if store.unreserve(tx, name):
        tx.wake(tx.about)


def _delete(tx: Transaction, named: function_names.Named) -> None:
    function = store.load_function(tx, named.arn)
    if function is None:
        raise errors.function_not_found(named.arn)
    store.remove_function(tx, named.arn)
    asynchronous_store.remove_invoke_config(tx, named.arn)
    blobs.let_go(tx, function.code_digest)
    tx.delist(FUNCTIONS, named.name)
    tagging.forget(tx, named.arn)
    tx.finish_timer(STATE_TIMER, named.arn)
    tx.wake(named.arn)
