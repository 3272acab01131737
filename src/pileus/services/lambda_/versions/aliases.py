"""Operations on aliases: an alias never points at a version that is not there."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import function_names, pages
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST, Named
from pileus.services.lambda_.provisioned import provisioned
from pileus.services.lambda_.versions import dependents, lookup, store, version_errors
from pileus.services.lambda_.versions.routing import Alias

LISTED_MAX = 50  # docs: ListAliases, MaxItems


def create_alias(
    call: Call,
    *,
    function_name: str,
    name: str,
    function_version: str,
    description: str = "",
    routing_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    latest = lookup.latest(call.tx, named)
    if store.load_alias(call.tx, latest.id, name) is not None:
        raise version_errors.alias_exists(f"{named.arn}:{name}")
    alias = Alias(
        name=name,
        version=function_version,
        revision_id=call.kernel.ids.uuid(),
        description=description,
    )
    return _keep(call, latest, _routed(alias, routing_config))


def update_alias(
    call: Call,
    *,
    function_name: str,
    name: str,
    function_version: str | None = None,
    description: str | None = None,
    routing_config: dict[str, Any] | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    latest = lookup.latest(call.tx, named)
    alias = store.load_alias(call.tx, latest.id, name)
    if alias is None:
        raise version_errors.alias_not_found(f"{named.arn}:{name}")
    if revision_id and revision_id != alias.revision_id:
        raise errors.stale_revision()
    changes = {"version": function_version, "description": description}
    given = {field: value for field, value in changes.items() if value is not None}
    alias = msgspec.structs.replace(alias, revision_id=call.kernel.ids.uuid(), **given)
    return _keep(call, latest, _routed(alias, routing_config))


def _routed(alias: Alias, routing: dict[str, Any] | None) -> Alias:
    """The alias with the weights that a request names; an empty configuration takes them away."""
    if routing is None:
        return alias
    weights: dict[str, float] = routing.get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise version_errors.weights_too_many()
    other, weight = next(iter(weights.items()), ("", 0.0))
    return msgspec.structs.replace(alias, other=other, weight=weight)


def _keep(call: Call, latest: Function, alias: Alias) -> dict[str, Any]:
    _check(call.tx, latest, alias)
    store.save_alias(call.tx, latest.id, alias)
    call.tx.wake(f"{latest.arn}:{alias.name}")
    return _show(latest.arn, alias)


def _check(tx: Transaction, latest: Function, alias: Alias) -> None:
    """Refuse an alias that would point at nothing, or at versions that differ too much.

    docs: lambda/latest/dg/configuring-alias-routing
    """
    if alias.other and LATEST in alias.versions:
        raise version_errors.latest_in_weights()
    if alias.other == alias.version:
        raise version_errors.version_twice(alias.version)
    pointed = [lookup.of_version(tx, latest, version) for version in alias.versions]
    if len({version.role for version in pointed}) > 1:
        raise version_errors.roles_differ()
    if len({version.dead_letter_arn for version in pointed}) > 1:
        raise version_errors.dead_letters_differ()


def get_alias(call: Call, *, function_name: str, name: str) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    return _show(named.arn, _existing(call.tx, named, name))


def _existing(tx: Transaction, named: Named, name: str) -> Alias:
    arn = f"{named.arn}:{name}"
    latest = functions_store.load_function(tx, named.arn)
    alias = None if latest is None else store.load_alias(tx, latest.id, name)
    if alias is None:
        raise version_errors.alias_arn_not_found(arn)
    return alias


def list_aliases(
    call: Call,
    *,
    function_name: str,
    function_version: str = "",
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    latest = lookup.latest(call.tx, named)
    limit = min(max_items, LISTED_MAX)
    after = pages.position(marker)
    found = store.list_aliases(call.tx, latest.id, function_version, after, limit + 1)
    answer: dict[str, Any] = {"Aliases": [_show(named.arn, each) for each in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = pagination.encode(found[limit - 1].name)
    return answer


async def delete_alias(call: Call, *, function_name: str, name: str) -> None:
    """An alias that is not there is no error; its settings go with it."""
    named = function_names.unqualified(call, function_name)
    await call.read(lookup.latest, named, about=named.arn)
    alias = named._replace(qualifier=name)
    await call.transaction(provisioned.withdraw, alias, about=the_account(call, {}))
    await call.transaction(_delete, alias, about=named.arn)


def _delete(tx: Transaction, alias: Named) -> None:
    latest = lookup.latest(tx, alias)
    if store.remove_alias(tx, latest.id, alias.qualifier):
        dependents.forget(tx, latest, alias.qualifier)


def _show(arn: str, alias: Alias) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "AliasArn": f"{arn}:{alias.name}",
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.other:
        shown["RoutingConfig"] = {"AdditionalVersionWeights": {alias.other: alias.weight}}
    return shown
