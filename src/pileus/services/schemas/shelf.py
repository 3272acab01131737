"""Finds registries, schemas and versions, whether they are rows, AWS's, or there from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.transaction import Transaction
from pileus.services.schemas import aws_schemas, errors, names, store
from pileus.services.schemas.store import Registry, Schema, Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call

DISCOVERED_DESCRIPTION = "Contains schemas that were discovered on event buses."


def is_aws(arn: str) -> bool:
    return names.registry_name(arn) == names.AWS


def seek_registry(tx: Transaction, arn: str) -> Registry | None:
    if is_aws(arn):
        return aws_schemas.REGISTRY
    found = store.seek_registry(tx, arn)
    if found is None and names.registry_name(arn) == names.DISCOVERED:
        return Registry(arn, DISCOVERED_DESCRIPTION, "", "", 0)
    return found


def find_registry(tx: Transaction, arn: str) -> Registry:
    found = seek_registry(tx, arn)
    if found is None:
        raise errors.registry_not_found(names.registry_name(arn))
    return found


def registry_to_change(call: Call) -> Registry:
    """The registry that a request changes; AWS's own stays as it is."""
    if is_aws(call.about):
        raise errors.registry_is_read_only()
    return find_registry(call.tx, call.about)


def find_schema(tx: Transaction, arn: str, name: str) -> Schema:
    """A schema of the registry with this ARN."""
    registry = find_registry(tx, arn)
    if is_aws(arn):
        known = aws_schemas.known().get(name)
        found = known.schema if known is not None else None
    else:
        found = store.seek_schema(tx, registry.id, name)
    if found is None:
        raise errors.schema_not_found(name)
    return found


def find_version(tx: Transaction, arn: str, schema: Schema, wanted: str | None) -> Version:
    """A version of a schema, by default its latest."""
    number = schema.latest if wanted is None else _number(wanted)
    found = None
    if is_aws(arn):
        version = aws_schemas.known()[schema.name].version
        found = version if version.version == number else None
    elif number > 0:
        found = store.seek_version(tx, schema.id, number)
    if found is None:
        raise errors.version_not_found(schema.name, str(wanted))
    return found


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    return int(text) if is_number else 0


def schemas(tx: Transaction, arn: str, prefix: str, after: str, at_most: int) -> list[Schema]:
    registry = find_registry(tx, arn)
    if not is_aws(arn):
        return store.schemas(tx, registry.id, after, at_most, prefix)
    found = [known.schema for name, known in aws_schemas.known().items() if name > after]
    return [schema for schema in found if schema.name.startswith(prefix)][:at_most]


def versions(tx: Transaction, arn: str, schema: Schema, after: int, at_most: int) -> list[Version]:
    if not is_aws(arn):
        return store.versions(tx, schema.id, after, at_most)
    version = aws_schemas.known()[schema.name].version
    return [version] if version.version > after else []


def version_heads(
    tx: Transaction, arn: str, schema: Schema, after: int, at_most: int
) -> list[Version]:
    """As `versions`, but the contents may be left out."""
    if is_aws(arn):
        return versions(tx, arn, schema, after, at_most)
    return store.version_heads(tx, schema.id, after, at_most)


def described(arn: str, schema: Schema, version: Version, tags: dict[str, str]) -> dict[str, Any]:
    """A schema and one version of it, as answers tell it."""
    found: dict[str, Any] = {
        "SchemaArn": names.schema_arn(arn, schema.name),
        "SchemaName": schema.name,
        "SchemaVersion": str(version.version),
        "Type": version.type,
        "LastModified": schema.modified_at,
        "VersionCreatedDate": version.created_at,
        "Tags": tags,
    }
    if schema.description is not None:
        found["Description"] = schema.description
    return found
