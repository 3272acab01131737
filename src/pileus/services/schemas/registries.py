"""Registries: those that users make, the one of AWS and the one of discovered schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel.transaction import Transaction
from pileus.services.schemas import errors, names, pages, shelf, store, tagging
from pileus.services.schemas.store import Registry

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# The account's list of its registries by name.
REGISTRIES = "registry"
# Timers that remove what a deleted registry or schema leaves behind; the key is its id.
REGISTRY_REMAINS = "schemas:registry-remains"
SCHEMA_REMAINS = "schemas:schema-remains"
# docs: eb-quota, EventBridge Schema Registry quotas
REGISTRIES_MAX = 10


async def create_registry(
    call: Call,
    *,
    registry_name: str,
    description: str | None = None,
    tags: dict[str, Any] | None = None,
) -> dict[str, Any]:
    names.check_registry_name(registry_name)
    if registry_name == names.DISCOVERED:
        raise errors.registry_exists(registry_name)
    added = tagging.checked({}, tags)
    if call.kernel.quotas.is_enforced:
        there = await call.read(_count, about=names.account_arn(call.about))
        if there >= REGISTRIES_MAX:
            raise errors.quota_exceeded("registries", REGISTRIES_MAX)
    await call.transaction(_create, description, added, about=call.about)
    return _described(call.about, description, added)


def _count(tx: Transaction) -> int:
    return len(tx.listed(REGISTRIES, at_most=REGISTRIES_MAX))


def _create(tx: Transaction, description: str | None, tags: dict[str, str]) -> None:
    arn, name = tx.about, names.registry_name(tx.about)
    if store.seek_registry(tx, arn) is not None:
        raise errors.registry_exists(name)
    store.put_registry(tx, arn, Registry(tx.kernel.ids.uuid(), description, "", "", 0))
    tx.put_tags(arn, tags)
    tx.enlist(REGISTRIES, name, arn)


def describe_registry(call: Call, *, registry_name: str) -> dict[str, Any]:
    found = shelf.find_registry(call.tx, call.about)
    return _described(call.about, found.description, call.tx.tags(call.about))


def update_registry(
    call: Call, *, registry_name: str, description: str | None = None
) -> dict[str, Any]:
    found = shelf.registry_to_change(call)
    if description is not None:
        found = found._replace(description=description)
        store.put_registry(call.tx, call.about, found)
    return _described(call.about, found.description, call.tx.tags(call.about))


def delete_registry(call: Call, *, registry_name: str) -> None:
    tx, arn = call.tx, call.about
    found = shelf.registry_to_change(call)
    if registry_name == names.DISCOVERED:
        raise errors.registry_is_permanent(registry_name)
    store.delete_registry(tx, arn)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.delist(REGISTRIES, registry_name)
    tx.set_timer(REGISTRY_REMAINS, found.id, tx.now, {"registry": arn})


def clear_registry(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of the schemas that a deleted registry had."""
    tx = call.tx
    remaining = store.schemas(tx, key, "", store.ROWS_AT_ONCE)
    for schema in remaining:
        arn = names.schema_arn(payload["registry"], schema.name)
        tx.remove_tags(arn, list(tx.tags(arn)))
        store.delete_schema(tx, key, schema.name)
        tx.set_timer(SCHEMA_REMAINS, schema.id, tx.now)
    if len(remaining) == store.ROWS_AT_ONCE:
        tx.set_timer(REGISTRY_REMAINS, key, tx.now, payload)


def clear_schema(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of the versions that a deleted schema had."""
    tx = call.tx
    remaining = store.version_numbers(tx, key, store.ROWS_AT_ONCE)
    for number in remaining:
        store.delete_version(tx, key, number)
    if len(remaining) == store.ROWS_AT_ONCE:
        tx.set_timer(SCHEMA_REMAINS, key, tx.now)


async def list_registries(
    call: Call,
    *,
    registry_name_prefix: str | None = None,
    scope: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    size, after = pages.size(limit), pages.after_name(next_token)
    prefix = registry_name_prefix or ""
    wanted = (scope or "").upper()
    if wanted not in ("", "LOCAL", "AWS"):
        raise errors.invalid_scope()
    found: dict[str, str] = {}
    if wanted != "AWS":
        found |= dict(await call.read(_listed, prefix, after, size + 1, about=call.about))
    for name, is_wanted in ((names.DISCOVERED, wanted != "AWS"), (names.AWS, wanted != "LOCAL")):
        if is_wanted and name.startswith(prefix) and name > after:
            found[name] = names.registry_arn(call, name)
    page, token = pages.cut(sorted(found), size, str)
    shown = []
    for name in page:
        tags = await call.read(_tags, about=found[name])
        shown.append({"RegistryArn": found[name], "RegistryName": name, "Tags": tags})
    return {"Registries": shown, **token}


def _listed(tx: Transaction, prefix: str, after: str, at_most: int) -> list[tuple[str, str]]:
    return tx.listed(REGISTRIES, at_most=at_most, prefix=prefix, after=after)


def _tags(tx: Transaction) -> dict[str, str]:
    return tx.tags(tx.about)


def _described(arn: str, description: str | None, tags: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RegistryArn": arn,
        "RegistryName": names.registry_name(arn),
        "Tags": tags,
    }
    return found if description is None else {**found, "Description": description}
