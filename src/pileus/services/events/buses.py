"""Event buses: the default one of each account and region, and those that users make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names, pages, store, tagging
from pileus.services.events.records import partner_sources
from pileus.services.events.store import Bus, BusSettings

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The account's list of its buses by name; the default one stands in it only if it has a row.
BUSES = "event-bus"
# docs: eb-quota, event buses
BUSES_MAX = 100


async def create_event_bus(
    call: Call,
    *,
    name: str,
    event_source_name: str | None = None,
    description: str | None = None,
    kms_key_identifier: str | None = None,
    dead_letter_config: dict[str, Any] | None = None,
    log_config: dict[str, Any] | None = None,
    tags: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    if event_source_name not in (None, name):
        raise errors.invalid_parameter("EventSourceName", "it must be the name of the event bus.")
    if "/" in name and event_source_name is None:
        raise errors.validation("Event bus name must not contain '/'.")
    if name == names.DEFAULT:
        raise errors.already_exists("Event bus", name)
    added = tagging.checked({}, tags or [])
    if call.kernel.quotas.is_enforced:
        there = await call.read(_count_buses, about=names.account_arn(call.about))
        if there >= BUSES_MAX:
            raise errors.limit_exceeded()
    settings = BusSettings(
        description, kms_key_identifier, dead_letter_config, log_config,
        event_source=event_source_name or "",
    )  # fmt: skip
    if event_source_name is not None:
        account = names.account_arn(call.about)
        await call.transaction(partner_sources.attach, event_source_name, about=account)
    await call.transaction(_create, settings, added, about=call.about)
    return {"EventBusArn": call.about, **_settings(settings)}


def _count_buses(tx: Transaction) -> int:
    return len(tx.listed(BUSES, at_most=BUSES_MAX))


def _create(tx: Transaction, settings: BusSettings, tags: dict[str, str]) -> None:
    arn, name = tx.about, names.bus_name(tx.about)
    if store.seek_bus(tx, arn) is not None:
        raise errors.already_exists("Event bus", name)
    store.insert_bus(tx, arn, settings)
    tx.put_tags(arn, tags)
    tx.enlist(BUSES, name, arn)


def update_event_bus(
    call: Call,
    *,
    name: str | None = None,
    kms_key_identifier: str | None = None,
    description: str | None = None,
    dead_letter_config: dict[str, Any] | None = None,
    log_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    bus = store.find_bus(call.tx, call.about)
    given = {
        "description": description,
        "kms_key": kms_key_identifier,
        "dead_letter": dead_letter_config,
        "log": log_config,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    settings = msgspec.structs.replace(bus.settings, **changes)
    store.update_bus(call.tx, call.about, settings)
    return {"Arn": call.about, "Name": names.bus_name(call.about), **_settings(settings)}


def describe_event_bus(call: Call, *, name: str | None = None) -> dict[str, Any]:
    bus = store.find_bus(call.tx, call.about)
    return {**_summary(call.about, bus), **_settings(bus.settings)}


def delete_event_bus(call: Call, *, name: str) -> None:
    tx, arn = call.tx, call.about
    if names.bus_name(arn) == names.DEFAULT:
        raise errors.validation("Cannot delete event bus default.")
    bus = store.seek_bus(tx, arn)
    if bus is None:
        return
    if bus.rules:
        raise errors.bus_has_rules()
    store.delete_bus(tx, arn)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.delist(BUSES, names.bus_name(arn))


async def list_event_buses(
    call: Call,
    *,
    name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    prefix, after, size = name_prefix or "", pages.after(next_token), limit or pages.PAGE_MAX
    found = dict(await call.read(_listed, prefix, after, size + 1, about=call.about))
    if names.DEFAULT.startswith(prefix) and after < names.DEFAULT:
        found[names.DEFAULT] = names.bus_arn(call, names.DEFAULT)
    page, token = pages.cut(sorted(found), limit, str)
    buses = []
    for name in page:
        bus: Bus | None = await call.read(_seek, about=found[name])
        if bus is not None:
            buses.append(_summary(found[name], bus))
    return {"EventBuses": buses, **token}


def _listed(tx: Transaction, prefix: str, after: str, at_most: int) -> list[tuple[str, str]]:
    return tx.listed(BUSES, at_most=at_most, prefix=prefix, after=after)


def _seek(tx: Transaction) -> Bus | None:
    return store.seek_bus(tx, tx.about)


def _summary(arn: str, bus: Bus) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": names.bus_name(arn), "Arn": arn}
    if bus.settings.description is not None:
        shown["Description"] = bus.settings.description
    if bus.settings.policy:
        shown["Policy"] = bus.settings.policy
    if bus.created_at:
        shown |= {"CreationTime": bus.created_at, "LastModifiedTime": bus.modified_at}
    return shown


def _settings(settings: BusSettings) -> dict[str, Any]:
    shown = {
        "Description": settings.description,
        "KmsKeyIdentifier": settings.kms_key,
        "DeadLetterConfig": settings.dead_letter,
        "LogConfig": settings.log,
    }
    return {name: value for name, value in shown.items() if value is not None}
