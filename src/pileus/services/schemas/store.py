"""Rows of registries, schemas and their versions."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction

# So many rows go in one transaction when something large is removed.
ROWS_AT_ONCE = 50


class Registry(NamedTuple):
    id: str
    description: str | None
    policy: str
    revision: str
    schemas: int


class Schema(NamedTuple):
    name: str
    id: str
    description: str | None
    modified_at: int
    latest: int
    made: int
    versions: int
    shape: str


class Version(NamedTuple):
    version: int
    type: str
    content: str
    token: str
    created_at: int


class Binding(NamedTuple):
    created_at: int
    modified_at: int


_SEEK_REGISTRY = """
SELECT id, description, policy, revision, schemas FROM schemas_registries
WHERE part = :part AND arn = :arn
"""
_PUT_REGISTRY = """
INSERT INTO schemas_registries (part, arn, id, description, policy, revision, schemas)
VALUES (:part, :arn, :id, :description, :policy, :revision, :schemas)
ON CONFLICT (part, arn) DO UPDATE SET description = excluded.description,
    policy = excluded.policy, revision = excluded.revision, schemas = excluded.schemas
"""
_DELETE_REGISTRY = "DELETE FROM schemas_registries WHERE part = :part AND arn = :arn"
_SCHEMA_COLUMNS = "name, id, description, modified_at, latest, made, versions, shape"
_SEEK_SCHEMA = f"""
SELECT {_SCHEMA_COLUMNS} FROM schemas_schemas
WHERE part = :part AND registry = :registry AND name = :name
"""
_SCHEMAS = f"""
SELECT {_SCHEMA_COLUMNS} FROM schemas_schemas
WHERE part = :part AND registry = :registry AND name > :after AND name >= :prefix
  AND name < :beyond
ORDER BY name LIMIT :limit
"""
_PUT_SCHEMA = """
INSERT INTO schemas_schemas
    (part, registry, name, id, description, modified_at, latest, made, versions, shape)
VALUES
    (:part, :registry, :name, :id, :description, :modified_at, :latest, :made, :versions, :shape)
ON CONFLICT (part, registry, name) DO UPDATE SET description = excluded.description,
    modified_at = excluded.modified_at, latest = excluded.latest, made = excluded.made,
    versions = excluded.versions, shape = excluded.shape
"""
_DELETE_SCHEMA = """
DELETE FROM schemas_schemas WHERE part = :part AND registry = :registry AND name = :name
"""
_VERSION_COLUMNS = "version, type, content, token, created_at"
_SEEK_VERSION = f"""
SELECT {_VERSION_COLUMNS} FROM schemas_versions
WHERE part = :part AND schema = :schema AND version = :version
"""
_VERSIONS = f"""
SELECT {_VERSION_COLUMNS} FROM schemas_versions
WHERE part = :part AND schema = :schema AND version > :after
ORDER BY version LIMIT :limit
"""
_VERSION_HEADS = """
SELECT version, type, '', '', created_at FROM schemas_versions
WHERE part = :part AND schema = :schema AND version > :after
ORDER BY version LIMIT :limit
"""
_VERSION_NUMBERS = """
SELECT version FROM schemas_versions WHERE part = :part AND schema = :schema
ORDER BY version LIMIT :limit
"""
_HIGHEST_VERSION = """
SELECT version FROM schemas_versions WHERE part = :part AND schema = :schema
ORDER BY version DESC LIMIT 1
"""
_INSERT_VERSION = """
INSERT INTO schemas_versions (part, schema, version, type, content, token, created_at)
VALUES (:part, :schema, :version, :type, :content, :token, :now)
"""
_DELETE_VERSION = """
DELETE FROM schemas_versions WHERE part = :part AND schema = :schema AND version = :version
"""
_SEEK_BINDING = """
SELECT created_at, modified_at FROM schemas_bindings
WHERE part = :part AND schema = :schema AND version = :version AND language = :language
"""
_INSERT_BINDING = """
INSERT INTO schemas_bindings (part, schema, version, language, created_at, modified_at)
VALUES (:part, :schema, :version, :language, :now, :now)
"""
_DELETE_BINDINGS = """
DELETE FROM schemas_bindings WHERE part = :part AND schema = :schema AND version = :version
"""
_LAST = "\U0010ffff"


def seek_registry(tx: Transaction, arn: str) -> Registry | None:
    row = tx.one(_SEEK_REGISTRY, arn=arn)
    return Registry(*row) if row is not None else None


def put_registry(tx: Transaction, arn: str, registry: Registry) -> None:
    tx.run(_PUT_REGISTRY, arn=arn, **registry._asdict())


def delete_registry(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE_REGISTRY, arn=arn)


def seek_schema(tx: Transaction, registry: str, name: str) -> Schema | None:
    row = tx.one(_SEEK_SCHEMA, registry=registry, name=name)
    return Schema(*row) if row is not None else None


def schemas(
    tx: Transaction, registry: str, after: str, at_most: int, prefix: str = ""
) -> list[Schema]:
    """Schemas of a registry in order of name."""
    rows = tx.all(
        _SCHEMAS, at_most=at_most, registry=registry, after=after, prefix=prefix,
        beyond=prefix + _LAST, limit=at_most,
    )  # fmt: skip
    return [Schema(*row) for row in rows]


def put_schema(tx: Transaction, registry: str, schema: Schema) -> None:
    tx.run(_PUT_SCHEMA, registry=registry, **schema._asdict())


def delete_schema(tx: Transaction, registry: str, name: str) -> None:
    tx.run(_DELETE_SCHEMA, registry=registry, name=name)


def seek_version(tx: Transaction, schema_id: str, version: int) -> Version | None:
    row = tx.one(_SEEK_VERSION, schema=schema_id, version=version)
    return Version(*row) if row is not None else None


def versions(tx: Transaction, schema_id: str, after: int, at_most: int) -> list[Version]:
    """Versions of a schema, the oldest first."""
    rows = tx.all(_VERSIONS, at_most=at_most, schema=schema_id, after=after, limit=at_most)
    return [Version(*row) for row in rows]


def version_heads(tx: Transaction, schema_id: str, after: int, at_most: int) -> list[Version]:
    """As `versions`, without what is long."""
    rows = tx.all(_VERSION_HEADS, at_most=at_most, schema=schema_id, after=after, limit=at_most)
    return [Version(*row) for row in rows]


def highest_version(tx: Transaction, schema_id: str) -> int:
    row = tx.one(_HIGHEST_VERSION, schema=schema_id)
    return int(row[0]) if row is not None else 0


def add_version(tx: Transaction, schema_id: str, version: Version) -> None:
    """Put in a version; it is as old as the transaction."""
    tx.run(
        _INSERT_VERSION, schema=schema_id, version=version.version, type=version.type,
        content=version.content, token=version.token,
    )  # fmt: skip


def delete_version(tx: Transaction, schema_id: str, version: int) -> None:
    tx.run(_DELETE_VERSION, schema=schema_id, version=version)
    tx.run(_DELETE_BINDINGS, schema=schema_id, version=version)


def version_numbers(tx: Transaction, schema_id: str, at_most: int) -> list[int]:
    rows = tx.all(_VERSION_NUMBERS, at_most=at_most, schema=schema_id, limit=at_most)
    return [number for (number,) in rows]


def seek_binding(tx: Transaction, schema_id: str, version: int, language: str) -> Binding | None:
    row = tx.one(_SEEK_BINDING, schema=schema_id, version=version, language=language)
    return Binding(*row) if row is not None else None


def add_binding(tx: Transaction, schema_id: str, version: int, language: str) -> None:
    """Put in a binding; it is as old as the transaction."""
    tx.run(_INSERT_BINDING, schema=schema_id, version=version, language=language)
