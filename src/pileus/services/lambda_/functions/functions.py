"""Operations on functions: create, read, list, delete."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Unpack

from pileus.kernel import blobs, pagination
from pileus.kernel.blobs import Staged
from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import managed_functions
from pileus.services.lambda_.code_signing import signed_functions
from pileus.services.lambda_.functions import (
    code_locations,
    configurations,
    file_systems,
    function_names,
    images,
    packages,
    pages,
    roles,
    runtime_errors,
    runtimes,
    store,
    tagging,
)
from pileus.services.lambda_.functions.configurations import PENDING, Function, FunctionSettings
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.layers import layer_uses, package_users
from pileus.services.lambda_.provisioned import provisioned
from pileus.services.lambda_.versions import lookup, versions

log = logging.getLogger(__name__)

# The kinds of this service in the account's list of names.
FUNCTIONS = "function"
STATE_TIMER = "lambda:state"
LISTED_MAX = 50  # docs: ListFunctions, MaxItems
# How long a change takes with `--aws-delays`.
CREATION_MS = 5_000
UPDATE_MS = 3_000
# Rows of a deleted function that are removed at once.
SWEPT_AT_ONCE = 100
SWEEP_TIMER = "lambda:sweep"


async def create_function(
    call: Call,
    *,
    function_name: str,
    role: str,
    code: dict[str, Any],
    publish: bool = False,
    publish_to: str = "",
    package_type: str = "Zip",
    architectures: list[str] | None = None,
    code_signing_config_arn: str = "",
    tags: dict[str, str] | None = None,
    **wanted: Unpack[FunctionSettings],
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    changes = managed_functions.changes({**wanted, "role": role}, call.region)
    if package_type == "Image":
        images.check_settings(wanted)
        changes |= {"runtime": "", "handler": ""}
    elif not changes.get("runtime") or not changes.get("handler"):
        raise errors.runtime_and_handler_needed()
    else:
        images.check_absent(code, wanted)
        check_runtime(call, changes["runtime"])
    tagging.check(tags or {})
    await roles.check_assumable(call, role)
    await signed_functions.check(call, code_signing_config_arn)
    await file_systems.check(call, changes.get("file_systems", ()), changes.get("vpc"))
    layers = await layer_uses.find(call, wanted.get("layers") or [])
    if package_type == "Image":
        package, changes["image"] = await images.take(call, code.get("ImageUri"), named.arn)
    else:
        package = await packages.take(call, code, named.arn)
    layer_uses.check_size(package.unzipped_bytes, layers)
    function = Function(
        arn=named.arn,
        name=named.name,
        id=call.kernel.ids.uuid(),
        revision_id=call.kernel.ids.uuid(),
        modified_at=call.now,
        code_digest=package.digest,
        code_sha256=package.sha256,
        code_size=package.size_bytes,
        architecture=(architectures or ["x86_64"])[0],
        layers=tuple(each.layer for each in layers),
        signing_config_arn=code_signing_config_arn,
        **changes,
    )
    await managed_functions.check(call, function, publish_to)
    target = publish_to or (versions.TO_NUMBER if publish else "")
    has_delays = call.kernel.settings.aws_delays
    async with (
        packages.staged(call, package, named.arn) as code_staged,
        layer_uses.staged(call, layers, named.arn) as layers_staged,
    ):
        staged = [code_staged, *layers_staged]
        made = await call.transaction(
            _insert, function, staged, tags or {}, target, has_delays, about=named.arn
        )
    return configurations.show(configurations.replace(made, state=PENDING))


def _insert(
    tx: Transaction, function: Function, staged: list[Staged], tags: dict[str, str], target: str,
    has_delays: bool,
) -> Function:  # fmt: skip
    """The function, or its first version where that is asked for."""
    if store.load_function(tx, function.arn) is not None:
        raise errors.function_exists(function.name)
    if has_delays:
        function = configurations.replace(function, state=PENDING)
        tx.set_timer(STATE_TIMER, function.arn, tx.now + CREATION_MS)
    store.save_function(tx, function)
    for each in staged:
        blobs.keep(tx, each)
    tx.enlist(FUNCTIONS, function.name, function.arn)
    tx.put_tags(function.arn, tags)
    tx.wake(function.arn)
    return versions.publish(tx, function, None, has_delays, target) if target else function


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
        raise runtime_errors.runtime_unknown(name, ", ".join(runtimes.CURRENT))
    if name in runtimes.RETIRED:
        if call.kernel.settings.strict:
            raise runtime_errors.runtime_retired(name)
        log.warning("runtime %s is retired; AWS refuses it for new functions", name)
    installed = call.kernel.fleet.runtimes()
    found = runtimes.nearest(name, installed)
    if found is None:
        raise runtime_errors.runtime_missing(name, runtimes.needed(name))
    if not runtimes.is_exact(name, installed[found]):
        log.warning("%s runs with %s, the nearest that is installed", name, installed[found])


def get_function_configuration(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    return configurations.show(lookup.find(call.tx, named).function, named.qualifier)


async def get_function(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    function, tags = await call.read(_function_and_tags, named, about=named.arn)
    reserved = await call.read(_reserved, named.name, about=the_account(call, {}))
    found: dict[str, Any] = {
        "Configuration": configurations.show(function, named.qualifier),
        "Code": _code(call, function),
    }
    if tags:
        found["Tags"] = tags
    if reserved is not None:
        found["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
    return found


def _code(call: Call, function: Function) -> dict[str, str]:
    if function.image is None:
        location = code_locations.location(call, function.arn, function.code_digest)
        return {"RepositoryType": "S3", "Location": location}
    uri, resolved = function.image.uri, function.image.resolved_uri
    return {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved}


def _function_and_tags(
    tx: Transaction, named: function_names.Named
) -> tuple[Function, dict[str, str]]:
    return lookup.find(tx, named).function, tx.tags(named.arn)


def _reserved(tx: Transaction, name: str) -> int | None:
    return store.reservations(tx).get(name)


async def list_functions(
    call: Call,
    *,
    function_version: str | None = None,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    limit = min(max_items, LISTED_MAX)
    if function_version == "ALL":
        return await _list_all_versions(call, marker, limit)
    account = the_account(call, {})
    names = await call.read(_names, pages.position(marker), limit + 1, about=account)
    found = await asyncio.gather(
        *[call.read(store.load_function, arn, about=arn) for _, arn in names[:limit]]
    )
    shown = [configurations.show_listed(function) for function in found if function]
    answer: dict[str, Any] = {"Functions": shown}
    if len(names) > limit:
        answer["NextMarker"] = pagination.encode(names[limit - 1][0])
    return answer


async def _list_all_versions(call: Call, marker: str | None, limit: int) -> dict[str, Any]:
    """Each function's $LATEST and its versions; a page may end within a function."""
    account = the_account(call, {})
    name, within = pages.pair(marker)
    shown: list[dict[str, Any]] = []
    while len(shown) < limit:
        if not within:
            names = await call.read(_names, name, 1, about=account)
            if not names:
                return {"Functions": shown}
            name = names[0][0]
        arn = call.arn(f"function:{name}")
        found, within = await call.read(_versions, arn, within, limit - len(shown), about=arn)
        shown += [configurations.show_listed(each, each.version) for each in found]
    return {"Functions": shown, "NextMarker": pagination.encode(name, within)}


def _versions(tx: Transaction, arn: str, marker: str, limit: int) -> tuple[list[Function], str]:
    latest = store.load_function(tx, arn)
    return ([], "") if latest is None else versions.page(tx, latest, marker, limit)


def _names(tx: Transaction, after: str, limit: int) -> list[tuple[str, str]]:
    return tx.listed(FUNCTIONS, at_most=limit, after=after)


async def delete_function(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    if named.qualifier == LATEST:
        raise errors.latest_not_deletable()
    # First what refers to it: a crash in between leaves a function or version without that.
    if named.qualifier:
        await call.read(versions.deletable, named, about=named.arn)
        await call.transaction(provisioned.withdraw, named, about=the_account(call, {}))
        await call.transaction(versions.delete_version, named, about=named.arn)
        return {"StatusCode": 204}
    await call.read(lookup.latest, named, about=named.arn)
    account = the_account(call, {})
    while await call.transaction(provisioned.withdraw_page, named.name, about=account):
        pass
    await call.transaction(_unreserve, named.name, about=account)
    await call.transaction(_delete, named, about=named.arn)
    return {"StatusCode": 204}


def _unreserve(tx: Transaction, name: str) -> None:
    if store.unreserve(tx, name):
        tx.wake(tx.about)


def _delete(tx: Transaction, named: function_names.Named) -> None:
    function = lookup.latest(tx, named)
    store.remove_function(tx, named.arn)
    for digest in function.digests:
        package_users.let_go(tx, digest, named.arn)
    tx.delist(FUNCTIONS, named.name)
    tagging.forget(tx, named.arn)
    tx.finish_timer(STATE_TIMER, named.arn)
    # Versions and all that hangs on the function's id can be many; nobody finds them any more.
    tx.set_timer(SWEEP_TIMER, function.id, tx.now)
    tx.wake(named.arn)


def sweep(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: remove what a deleted function has left, a page at a time."""
    if versions.sweep(call.tx, key, SWEPT_AT_ONCE):
        call.tx.set_timer(SWEEP_TIMER, key, call.now)
