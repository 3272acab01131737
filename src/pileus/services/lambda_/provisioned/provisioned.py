"""Operations on provisioned concurrency, and the worker that keeps the environments."""

from __future__ import annotations

from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.capacity import capacity_errors
from pileus.services.lambda_.functions import function_names, pages
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import timestamp
from pileus.services.lambda_.functions.function_names import LATEST, Named
from pileus.services.lambda_.provisioned import provisioned_errors, rules, store
from pileus.services.lambda_.provisioned.store import Config
from pileus.services.lambda_.running.platform import platform_of
from pileus.services.lambda_.versions import lookup, version_errors
from pileus.services.lambda_.versions import store as versions_store

WORKER = "lambda:provisioned"
_WITHDRAWN_AT_ONCE = 100
LISTED_MAX = 50  # docs: ListProvisionedConcurrencyConfigs, MaxItems


async def put_provisioned_concurrency_config(
    call: Call, *, function_name: str, qualifier: str, provisioned_concurrent_executions: int
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    if named.qualifier == LATEST:
        raise provisioned_errors.provisioned_on_latest()
    account = the_account(call, {})
    configured = await call.read(store.listed, named.name, "", store.CONFIGS_MAX, about=account)
    others = [other for other, _ in configured if other != named.qualifier]
    await call.read(_check, named, others, about=named.arn)
    config = await call.transaction(
        _provision, named, provisioned_concurrent_executions, about=account
    )
    try:
        await call.read(_check, named, [], about=named.arn)
    except AwsError:
        # Deleted in between: a later function of this name must not inherit it.
        await call.transaction(withdraw, named, about=account)
        raise
    return _show(config, 0)


def _check(tx: Transaction, named: Named, others: list[str]) -> None:
    """Refuse what cannot be provisioned, or is provisioned by another name already.

    docs: lambda/latest/dg/provisioned-concurrency, "either to an alias or to its version"
    """
    found = _find(tx, named)
    if not found.function.is_version:
        raise provisioned_errors.provisioned_on_latest()
    if found.function.is_snap_started:
        raise provisioned_errors.provisioned_with_snap_start()
    if found.function.capacity is not None:
        raise capacity_errors.not_with("Provisioned concurrency")
    if found.alias is not None:
        if set(found.alias.versions) & set(others):
            raise provisioned_errors.provisioned_version_of_alias()
        return
    for other in others:
        alias = None
        if not other.isdecimal():
            alias = versions_store.load_alias(tx, found.latest.id, other)
        if alias is not None and named.qualifier in alias.versions:
            raise provisioned_errors.provisioned_alias_of_version()


def _find(tx: Transaction, named: Named) -> lookup.Found:
    try:
        return lookup.find(tx, named)
    except AwsError:
        if named.qualifier.isdecimal():
            raise
        raise version_errors.alias_arn_not_found(named.qualified_arn) from None


def _provision(tx: Transaction, named: Named, requested: int) -> Config:
    total = requested + store.requested_by_others(tx, named.name, named.qualifier)
    reservations = functions_store.reservations(tx)
    refusal = rules.refuse_provision(named.name, total, reservations, store.totals(tx))
    if refusal is not None:
        raise refusal
    config = Config(requested=requested, modified_at=tx.now, id=tx.kernel.ids.uuid())
    store.save(tx, named.name, named.qualifier, config)
    tx.employ(WORKER, _key(named))
    tx.wake(topic(tx.about, named))
    return config


def withdraw_orphan(tx: Transaction, named: Named, seen: Config) -> None:
    """End what is provisioned for a name that is not there, unless it was asked for again.

    Only a process that ended between provisioning and the look whether its function is still
    there leaves that behind.
    """
    found = store.load(tx, named.name, named.qualifier)
    if found is not None and found.id == seen.id:
        withdraw(tx, named)


def withdraw(tx: Transaction, named: Named) -> None:
    """End what is provisioned for a name, if anything is."""
    if store.remove(tx, named.name, named.qualifier):
        tx.dismiss(WORKER, _key(named))


def withdraw_page(tx: Transaction, name: str) -> bool:
    """End some of what is provisioned for a function that is going to be deleted; False when
    nothing is left.
    """
    found = store.listed(tx, name, "", _WITHDRAWN_AT_ONCE)
    for qualifier, _ in found:
        withdraw(tx, Named("", name, qualifier))
    return len(found) == _WITHDRAWN_AT_ONCE


def _key(named: Named) -> str:
    return f"{named.name}:{named.qualifier}"


def topic(account: str, named: Named) -> str:
    """Woken by each change of what is provisioned for a name."""
    return f"{account}provisioned:{_key(named)}"


async def get_provisioned_concurrency_config(
    call: Call, *, function_name: str, qualifier: str
) -> dict[str, Any]:
    named = await _existing_name(call, function_name, qualifier)
    config = await call.read(store.load, named.name, named.qualifier, about=the_account(call, {}))
    if config is None:
        raise provisioned_errors.provisioned_config_not_found()
    return _show(config, platform_of(call).provisioning.available(named.qualified_arn))


async def delete_provisioned_concurrency_config(
    call: Call, *, function_name: str, qualifier: str
) -> None:
    """One that is not there is no error."""
    named = await _existing_name(call, function_name, qualifier)
    await call.transaction(withdraw, named, about=the_account(call, {}))


async def _existing_name(call: Call, function_name: str, qualifier: str) -> Named:
    named = function_names.read(call, function_name, qualifier)
    if named.qualifier == LATEST:
        raise provisioned_errors.provisioned_name_invalid()
    await call.read(_find, named, about=named.arn)
    return named


async def list_provisioned_concurrency_configs(
    call: Call, *, function_name: str, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    await call.read(lookup.latest, named, about=named.arn)
    limit = min(max_items, LISTED_MAX)
    found = await call.read(
        store.listed, named.name, pages.position(marker), limit + 1, about=the_account(call, {})
    )
    available = platform_of(call).provisioning.available
    shown = []
    for qualifier, config in found[:limit]:
        arn = f"{named.arn}:{qualifier}"
        shown.append({"FunctionArn": arn, **_show(config, available(arn))})
    answer: dict[str, Any] = {"ProvisionedConcurrencyConfigs": shown}
    if len(found) > limit:
        answer["NextMarker"] = pagination.encode(found[limit - 1][0])
    return answer


def _show(config: Config, available: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": config.allocated,
        "Status": config.status,
        "LastModified": timestamp(config.modified_at),
    }
    if config.reason:
        shown["StatusReason"] = config.reason
    return shown
