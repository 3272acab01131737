"""Discoverers: each watches an event bus by a rule of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.schemas import discoverer_store, errors, names, pages, tagging
from pileus.services.schemas.discoverer_store import Discoverer

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The account's list of its discoverers by id.
DISCOVERERS = "discoverer"
# docs: eb-quota, EventBridge Schema Registry quotas
DISCOVERERS_MAX = 10
_RULE_NAME_MAX = 64
_TARGET_ID = "schemas"


async def create_discoverer(
    call: Call,
    *,
    source_arn: str,
    description: str | None = None,
    cross_account: bool | None = None,
    tags: dict[str, Any] | None = None,
) -> dict[str, Any]:
    added = tagging.checked({}, tags)
    await _check_bus(call, source_arn)
    if await call.read(_seek, about=call.about) is not None:
        raise errors.discoverer_exists(source_arn)
    if call.kernel.quotas.is_enforced:
        there = await call.read(_count, about=names.account_arn(call.about))
        if there >= DISCOVERERS_MAX:
            raise errors.quota_exceeded("discoverers", DISCOVERERS_MAX)
    made = Discoverer(source_arn, description, "STARTED", cross_account is not False)
    # The rule comes first: without the discoverer it does nothing, and a repeated request mends it.
    await _watch(call, made)
    await call.transaction(_create, made, added, about=call.about)
    return _described(call.about, made, added)


async def _check_bus(call: Call, source_arn: str) -> None:
    try:
        bus = await call.invoke("events", "DescribeEventBus", Name=_bus_name(source_arn))
    except AwsError as refusal:
        if refusal.code != "ResourceNotFoundException":
            raise
        raise errors.invalid_source("the event bus does not exist.") from None
    if bus.get("KmsKeyIdentifier"):
        raise errors.invalid_source("the event bus is encrypted with a key of the customer's.")


def _bus_name(source_arn: str) -> str:
    return source_arn.rpartition(":event-bus/")[2]


def _seek(tx: Transaction) -> Discoverer | None:
    return discoverer_store.seek(tx, tx.about)


def _count(tx: Transaction) -> int:
    return len(tx.listed(DISCOVERERS, at_most=DISCOVERERS_MAX))


def _create(tx: Transaction, made: Discoverer, tags: dict[str, str]) -> None:
    if discoverer_store.seek(tx, tx.about) is not None:
        raise errors.discoverer_exists(made.source)
    discoverer_store.put(tx, tx.about, made)
    tx.put_tags(tx.about, tags)
    tx.enlist(DISCOVERERS, names.discoverer_id(tx.about), tx.about)


def rule_name(arn: str) -> str:
    """The name of a discoverer's rule on its bus."""
    name = f"Schemas-{names.discoverer_id(arn)}"
    if len(name) <= _RULE_NAME_MAX:
        return name
    return f"Schemas-{hashlib.sha256(name.encode()).hexdigest()[:32]}"


async def _watch(call: Call, discoverer: Discoverer) -> None:
    """Have the bus hand its events over to the discoverer."""
    account: Any = {"exists": True} if discoverer.is_cross_account else call.account
    rule, bus = rule_name(call.about), _bus_name(discoverer.source)
    await call.invoke(
        "events", "PutRule", Name=rule, EventBusName=bus, State="ENABLED",
        EventPattern=msgspec.json.encode({"account": [account]}).decode(),
        Description="Discovers schemas. It belongs to EventBridge Schemas.",
    )  # fmt: skip
    target = {"Id": _TARGET_ID, "Arn": call.about}
    await call.invoke("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=[target])


async def _unwatch(call: Call, discoverer: Discoverer) -> None:
    """Take the discoverer's rule away; where somebody else did, all is well."""
    rule, bus = rule_name(call.about), _bus_name(discoverer.source)
    try:
        await call.invoke("events", "RemoveTargets", Rule=rule, EventBusName=bus, Ids=[_TARGET_ID])
        await call.invoke("events", "DeleteRule", Name=rule, EventBusName=bus)
    except AwsError as refusal:
        if refusal.code != "ResourceNotFoundException":
            raise


def describe_discoverer(call: Call, *, discoverer_id: str) -> dict[str, Any]:
    return _described(call.about, _find(call.tx), call.tx.tags(call.about))


def _find(tx: Transaction) -> Discoverer:
    found = discoverer_store.seek(tx, tx.about)
    if found is None:
        raise errors.discoverer_not_found(names.discoverer_id(tx.about))
    return found


async def update_discoverer(
    call: Call,
    *,
    discoverer_id: str,
    description: str | None = None,
    cross_account: bool | None = None,
) -> dict[str, Any]:
    found: Discoverer = await call.read(_find, about=call.about)
    if cross_account is not None:
        found = found._replace(is_cross_account=cross_account)
        if found.state == "STARTED":
            await _watch(call, found)
    changed, tags = await call.transaction(_update, description, cross_account, about=call.about)
    return _described(call.about, changed, tags)


def _update(
    tx: Transaction, description: str | None, is_cross_account: bool | None
) -> tuple[Discoverer, dict[str, str]]:
    found = _find(tx)
    if description is not None:
        found = found._replace(description=description)
    if is_cross_account is not None:
        found = found._replace(is_cross_account=is_cross_account)
    discoverer_store.put(tx, tx.about, found)
    return found, tx.tags(tx.about)


async def start_discoverer(call: Call, *, discoverer_id: str) -> dict[str, Any]:
    await _watch(call, await call.read(_find, about=call.about))
    return await _change_state(call, "STARTED")


async def stop_discoverer(call: Call, *, discoverer_id: str) -> dict[str, Any]:
    await _unwatch(call, await call.read(_find, about=call.about))
    return await _change_state(call, "STOPPED")


async def _change_state(call: Call, state: str) -> dict[str, Any]:
    await call.transaction(_set_state, state, about=call.about)
    return {"DiscovererId": names.discoverer_id(call.about), "State": state}


def _set_state(tx: Transaction, state: str) -> None:
    discoverer_store.put(tx, tx.about, _find(tx)._replace(state=state))


async def delete_discoverer(call: Call, *, discoverer_id: str) -> None:
    await _unwatch(call, await call.read(_find, about=call.about))
    await call.transaction(_delete, about=call.about)


def _delete(tx: Transaction) -> None:
    discoverer_store.delete(tx, tx.about)
    tx.remove_tags(tx.about, list(tx.tags(tx.about)))
    tx.delist(DISCOVERERS, names.discoverer_id(tx.about))


async def list_discoverers(
    call: Call,
    *,
    discoverer_id_prefix: str | None = None,
    source_arn_prefix: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    size, after = pages.size(limit), pages.after_name(next_token)
    shown: list[dict[str, Any]] = []
    while len(shown) <= size:
        some: list[tuple[str, str]] = await call.read(
            _listed, discoverer_id_prefix or "", after, size + 1, about=call.about
        )
        for _, arn in some:
            found = await call.read(_seek_with_tags, about=arn)
            if found is not None and found[0].source.startswith(source_arn_prefix or ""):
                shown.append(_summary(arn, *found))
        if len(some) <= size:
            break
        after = some[-1][0]
    page, token = pages.cut(shown, size, lambda each: each["DiscovererId"])
    return {"Discoverers": page, **token}


def _listed(tx: Transaction, prefix: str, after: str, at_most: int) -> list[tuple[str, str]]:
    return tx.listed(DISCOVERERS, at_most=at_most, prefix=prefix, after=after)


def _seek_with_tags(tx: Transaction) -> tuple[Discoverer, dict[str, str]] | None:
    found = discoverer_store.seek(tx, tx.about)
    return None if found is None else (found, tx.tags(tx.about))


def _summary(arn: str, found: Discoverer, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "DiscovererArn": arn,
        "DiscovererId": names.discoverer_id(arn),
        "SourceArn": found.source,
        "State": found.state,
        "CrossAccount": found.is_cross_account,
        "Tags": tags,
    }


def _described(arn: str, found: Discoverer, tags: dict[str, str]) -> dict[str, Any]:
    shown = _summary(arn, found, tags)
    return shown if found.description is None else {**shown, "Description": found.description}
