"""Schemas and their versions: created, described, listed, updated, deleted, exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.languages import event_schemas
from pileus.services.schemas import (
    announcements,
    errors,
    names,
    pages,
    registries,
    shelf,
    store,
    tagging,
)
from pileus.services.schemas.store import Registry, Schema, Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# docs: eb-quota, EventBridge Schema Registry quotas
SCHEMAS_MAX = 100
DISCOVERED_SCHEMAS_MAX = 200
VERSIONS_MAX = 100


def create_schema(
    call: Call,
    *,
    registry_name: str,
    schema_name: str,
    content: str,
    type: str,
    description: str | None = None,
    tags: dict[str, Any] | None = None,
) -> dict[str, Any]:
    tx = call.tx
    names.check_schema_name(schema_name)
    registry = shelf.registry_to_change(call)
    if store.seek_schema(tx, registry.id, schema_name) is not None:
        raise errors.schema_exists(schema_name)
    added = tagging.checked({}, tags)
    _check(content, type)
    version = Version(1, type, content, "", tx.now)
    schema = add(tx, registry, schema_name, version, description)
    tx.put_tags(names.schema_arn(call.about, schema_name), added)
    return shelf.described(call.about, schema, version, added)


def add(
    tx: Transaction,
    registry: Registry,
    name: str,
    version: Version,
    description: str | None,
    shape: str = "",
) -> Schema:
    """Put a schema with its first version into the registry that the transaction is about."""
    at_most = SCHEMAS_MAX
    if names.registry_name(tx.about) == names.DISCOVERED:
        at_most = DISCOVERED_SCHEMAS_MAX
    if tx.kernel.quotas.is_enforced and registry.schemas >= at_most:
        raise errors.quota_exceeded("schemas in a registry", at_most)
    schema = Schema(name, tx.kernel.ids.uuid(), description, tx.now, 1, 1, 1, shape)
    store.put_schema(tx, registry.id, schema)
    store.add_version(tx, schema.id, version)
    store.put_registry(tx, tx.about, registry._replace(schemas=registry.schemas + 1))
    announcements.announce_schema(tx, schema, version)
    return schema


def _check(content: str, schema_type: str) -> None:
    try:
        event_schemas.check(content, schema_type)
    except event_schemas.NotJson:
        raise errors.content_not_json() from None
    except event_schemas.InvalidDocument as problem:
        raise errors.invalid_content(str(problem)) from None


def describe_schema(
    call: Call, *, registry_name: str, schema_name: str, schema_version: str | None = None
) -> dict[str, Any]:
    schema = shelf.find_schema(call.tx, call.about, schema_name)
    version = shelf.find_version(call.tx, call.about, schema, schema_version)
    tags = call.tx.tags(names.schema_arn(call.about, schema_name))
    return {**shelf.described(call.about, schema, version, tags), "Content": version.content}


def update_schema(
    call: Call,
    *,
    registry_name: str,
    schema_name: str,
    client_token_id: str | None = None,
    content: str | None = None,
    description: str | None = None,
    type: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    registry = shelf.registry_to_change(call)
    schema = shelf.find_schema(tx, call.about, schema_name)
    version = shelf.find_version(tx, call.about, schema, None)
    if content is None and type not in (None, version.type):
        raise errors.content_required()
    has_changed = False
    is_repeated = bool(client_token_id) and client_token_id == version.token
    if content is not None and not is_repeated:
        found = Version(0, type or version.type, content, client_token_id or "", tx.now)
        _check(content, found.type)
        if (found.type, found.content) != (version.type, version.content):
            schema, version = add_version(tx, schema, found)
            has_changed = True
    if description is not None:
        schema = schema._replace(description=description, modified_at=tx.now)
    store.put_schema(tx, registry.id, schema)
    if has_changed:
        announcements.announce_version(tx, schema, version)
    tags = tx.tags(names.schema_arn(call.about, schema_name))
    return shelf.described(call.about, schema, version, tags)


def add_version(tx: Transaction, schema: Schema, version: Version) -> tuple[Schema, Version]:
    """Put in the next version; the schema has yet to be put."""
    if tx.kernel.quotas.is_enforced and schema.versions >= VERSIONS_MAX:
        raise errors.quota_exceeded("versions of a schema", VERSIONS_MAX)
    number = schema.made + 1
    version = version._replace(version=number)
    store.add_version(tx, schema.id, version)
    changed = schema._replace(
        latest=number, made=number, versions=schema.versions + 1, modified_at=tx.now
    )
    return changed, version


def delete_schema(call: Call, *, registry_name: str, schema_name: str) -> None:
    tx = call.tx
    registry = shelf.registry_to_change(call)
    schema = shelf.find_schema(tx, call.about, schema_name)
    store.delete_schema(tx, registry.id, schema_name)
    store.put_registry(tx, call.about, registry._replace(schemas=registry.schemas - 1))
    arn = names.schema_arn(call.about, schema_name)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.set_timer(registries.SCHEMA_REMAINS, schema.id, tx.now)


def delete_schema_version(
    call: Call, *, registry_name: str, schema_name: str, schema_version: str
) -> None:
    tx = call.tx
    registry = shelf.registry_to_change(call)
    schema = shelf.find_schema(tx, call.about, schema_name)
    version = shelf.find_version(tx, call.about, schema, schema_version)
    if schema.versions == 1:
        raise errors.only_version(schema_name)
    store.delete_version(tx, schema.id, version.version)
    latest = store.highest_version(tx, schema.id)
    changed = schema._replace(latest=latest, versions=schema.versions - 1, modified_at=tx.now)
    store.put_schema(tx, registry.id, changed)


def list_schemas(
    call: Call,
    *,
    registry_name: str,
    schema_name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    size, after = pages.size(limit), pages.after_name(next_token)
    found = shelf.schemas(call.tx, call.about, schema_name_prefix or "", after, size + 1)
    page, token = pages.cut(found, size, lambda schema: schema.name)
    return {"Schemas": [_summary(call, schema) for schema in page], **token}


def _summary(call: Call, schema: Schema) -> dict[str, Any]:
    arn = names.schema_arn(call.about, schema.name)
    return {
        "SchemaArn": arn,
        "SchemaName": schema.name,
        "LastModified": schema.modified_at,
        "VersionCount": schema.versions,
        "Tags": call.tx.tags(arn),
    }


def list_schema_versions(
    call: Call,
    *,
    registry_name: str,
    schema_name: str,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    size = pages.size(limit)
    (after,) = pages.after(next_token, int) or (0,)
    schema = shelf.find_schema(call.tx, call.about, schema_name)
    found = shelf.version_heads(call.tx, call.about, schema, after, size + 1)
    page, token = pages.cut(found, size, lambda version: version.version)
    shown = [
        {
            "SchemaArn": names.schema_arn(call.about, schema_name),
            "SchemaName": schema_name,
            "SchemaVersion": str(version.version),
            "Type": version.type,
        }
        for version in page
    ]
    return {"SchemaVersions": shown, **token}


def export_schema(
    call: Call,
    *,
    registry_name: str,
    schema_name: str,
    type: str,
    schema_version: str | None = None,
) -> dict[str, Any]:
    schema = shelf.find_schema(call.tx, call.about, schema_name)
    version = shelf.find_version(call.tx, call.about, schema, schema_version)
    if type != event_schemas.JSON_SCHEMA:
        raise errors.cannot_export(f"Type must be {event_schemas.JSON_SCHEMA}.")
    if version.type != event_schemas.OPEN_API:
        raise errors.cannot_export(f"its type is not {event_schemas.OPEN_API}.")
    try:
        exported = event_schemas.exported(event_schemas.parse(version.content))
    except event_schemas.CannotExport as problem:
        raise errors.cannot_export(str(problem)) from None
    return {
        "Content": event_schemas.text(exported),
        "SchemaArn": names.schema_arn(call.about, schema_name),
        "SchemaName": schema_name,
        "SchemaVersion": str(version.version),
        "Type": type,
    }
