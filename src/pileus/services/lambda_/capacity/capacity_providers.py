"""Operations on capacity providers.

A provider is a record: functions run where Pileus runs, and no instances are launched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.capacity import capacity_errors, rules, store, users
from pileus.services.lambda_.capacity.store import ACTIVE, DELETING, PENDING, Provider
from pileus.services.lambda_.functions import pages, tagging
from pileus.services.lambda_.functions.configurations import timestamp

KIND = "capacity-provider"
STATE_TIMER = "lambda:capacity-state"
LISTED_MAX = 50
# How long a change takes with `--aws-delays`.
_CHANGE_MS = 5_000


def provider_of(call: Call, params: Mapping[str, Any]) -> str:
    return arn_of(call, params["CapacityProviderName"])


def arn_of(call: Call, name: str) -> str:
    """Of a name, or of an ARN."""
    return name if name.startswith("arn:") else call.arn(f"{KIND}:{name}")


async def create_capacity_provider(
    call: Call,
    *,
    capacity_provider_name: str,
    vpc_config: dict[str, Any],
    permissions_config: dict[str, Any],
    instance_requirements: dict[str, Any] | None = None,
    capacity_provider_scaling_config: dict[str, Any] | None = None,
    kms_key_arn: str = "",
    tags: dict[str, str] | None = None,
    propagate_tags: dict[str, Any] | None = None,
    telemetry_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    tagging.check(tags or {})
    requirements = {"Architectures": [rules.ARCHITECTURE_DEFAULT], **(instance_requirements or {})}
    if requirements.get("AllowedInstanceTypes") and requirements.get("ExcludedInstanceTypes"):
        raise capacity_errors.both_instance_lists()
    account = the_account(call, {})
    names = await call.read(_names, "", rules.PROVIDERS_MAX, about=account)
    if len(names) >= rules.PROVIDERS_MAX:
        raise capacity_errors.too_many_providers(rules.PROVIDERS_MAX)
    provider = Provider(
        arn=call.arn(f"{KIND}:{capacity_provider_name.rpartition(':')[2]}"),
        modified_at=call.now,
        state=PENDING,
        vpc=vpc_config,
        permissions=permissions_config,
        requirements=requirements,
        scaling=_scaling(capacity_provider_scaling_config),
        kms_key_arn=kms_key_arn,
        propagated_tags=propagate_tags,
        telemetry=telemetry_config,
    )
    has_delays = call.kernel.settings.aws_delays
    await call.transaction(_insert, provider, tags or {}, has_delays, about=provider.arn)
    return {"CapacityProvider": _show(provider)}


def _scaling(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"MaxVCpuCount": rules.VCPUS_DEFAULT, "ScalingMode": "Auto", **(given or {})}


def _insert(tx: Transaction, provider: Provider, tags: dict[str, str], has_delays: bool) -> None:
    if store.load(tx, provider.arn) is not None:
        raise capacity_errors.provider_exists(provider.name)
    if has_delays:
        tx.set_timer(STATE_TIMER, provider.arn, tx.now + _CHANGE_MS)
    else:
        provider = msgspec.structs.replace(provider, state=ACTIVE)
    store.save(tx, provider)
    tx.enlist(KIND, provider.name, provider.arn)
    tx.put_tags(provider.arn, tags)


def end_transition(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: what was pending is active, and what was being deleted is gone."""
    provider = store.load(call.tx, key)
    if provider is None:
        return
    if provider.state == DELETING:
        _remove(call.tx, provider)
    else:
        store.save(call.tx, msgspec.structs.replace(provider, state=ACTIVE))


def get_capacity_provider(call: Call, *, capacity_provider_name: str) -> dict[str, Any]:
    return {"CapacityProvider": _show(existing(call.tx, arn_of(call, capacity_provider_name)))}


def existing(tx: Transaction, arn: str) -> Provider:
    provider = store.load(tx, arn)
    if provider is None:
        raise capacity_errors.provider_not_found(arn)
    return provider


def settled(tx: Transaction, arn: str) -> Provider:
    """A provider that may be changed or used now."""
    provider = existing(tx, arn)
    if provider.state != ACTIVE:
        raise capacity_errors.provider_in_state(arn, provider.state)
    return provider


def update_capacity_provider(
    call: Call,
    *,
    capacity_provider_name: str,
    capacity_provider_scaling_config: dict[str, Any] | None = None,
    propagate_tags: dict[str, Any] | None = None,
    telemetry_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    provider = settled(call.tx, arn_of(call, capacity_provider_name))
    changes: dict[str, Any] = {"propagated_tags": propagate_tags, "telemetry": telemetry_config}
    if capacity_provider_scaling_config is not None:
        changes["scaling"] = _scaling(capacity_provider_scaling_config)
    given = {name: value for name, value in changes.items() if value is not None}
    provider = msgspec.structs.replace(provider, modified_at=call.now, **given)
    store.save(call.tx, provider)
    return {"CapacityProvider": _show(provider)}


async def delete_capacity_provider(call: Call, *, capacity_provider_name: str) -> dict[str, Any]:
    """docs: -capacity-providers: not while function versions are attached to it."""
    arn = arn_of(call, capacity_provider_name)
    await call.read(settled, arn, about=arn)
    name, within = "", ""
    while True:
        page = await users.page(call, arn, name, within, LISTED_MAX)
        if page.versions:
            raise capacity_errors.provider_in_use(arn)
        if page.is_last:
            break
        name, within = page.name, page.within
    provider = await call.transaction(_delete, arn, call.kernel.settings.aws_delays, about=arn)
    return {"CapacityProvider": _show(provider)}


def _delete(tx: Transaction, arn: str, has_delays: bool) -> Provider:
    provider = msgspec.structs.replace(settled(tx, arn), state=DELETING, modified_at=tx.now)
    if has_delays:
        store.save(tx, provider)
        tx.set_timer(STATE_TIMER, arn, tx.now + _CHANGE_MS)
    else:
        _remove(tx, provider)
    return provider


def _remove(tx: Transaction, provider: Provider) -> None:
    store.remove(tx, provider.arn)
    tx.delist(KIND, provider.name)
    tagging.forget(tx, provider.arn)


async def list_capacity_providers(
    call: Call, *, state: str | None = None, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    """A page looks at so many providers, and shows those of a state, if one is asked for."""
    limit = min(max_items, LISTED_MAX)
    account = the_account(call, {})
    names = await call.read(_names, pages.position(marker), limit + 1, about=account)
    found = await asyncio.gather(
        *[call.read(store.load, arn, about=arn) for _, arn in names[:limit]]
    )
    shown = [_show(each) for each in found if each is not None and state in (None, each.state)]
    answer: dict[str, Any] = {"CapacityProviders": shown}
    if len(names) > limit:
        answer["NextMarker"] = pagination.encode(names[limit - 1][0])
    return answer


def _names(tx: Transaction, after: str, limit: int) -> list[tuple[str, str]]:
    return tx.listed(KIND, at_most=limit, after=after)


async def list_function_versions_by_capacity_provider(
    call: Call,
    *,
    capacity_provider_name: str,
    marker: str | None = None,
    max_items: int = LISTED_MAX,
) -> dict[str, Any]:
    """A page looks at so many of the account's functions, and may show fewer versions."""
    arn = arn_of(call, capacity_provider_name)
    await call.read(existing, arn, about=arn)
    page = await users.page(call, arn, *pages.pair(marker), min(max_items, LISTED_MAX))
    answer: dict[str, Any] = {
        "CapacityProviderArn": arn,
        "FunctionVersions": [
            {"FunctionArn": f"{each.arn}:{each.version}", "State": each.status}
            for each in page.versions
        ],
    }
    if not page.is_last:
        answer["NextMarker"] = pagination.encode(page.name, page.within)
    return answer


def _show(provider: Provider) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "CapacityProviderArn": provider.arn,
        "State": provider.state,
        "VpcConfig": provider.vpc,
        "PermissionsConfig": provider.permissions,
        "InstanceRequirements": provider.requirements,
        "CapacityProviderScalingConfig": provider.scaling,
        "LastModified": timestamp(provider.modified_at),
    }
    if provider.kms_key_arn:
        shown["KmsKeyArn"] = provider.kms_key_arn
    if provider.propagated_tags is not None:
        shown["PropagateTags"] = provider.propagated_tags
    if provider.telemetry is not None:
        shown["TelemetryConfig"] = provider.telemetry
    return shown
