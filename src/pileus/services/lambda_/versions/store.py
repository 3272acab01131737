"""Rows of versions and aliases; for transactions about their function.

Rows are kept by the function's `id` and not by its name: what a deleted function leaves behind
until it is swept is nothing that a later function of the same name could see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST_PUBLISHED
from pileus.services.lambda_.versions.routing import Alias

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

REFERENCES_MAX = 50

# Versions.

_NEXT_NUMBER = """
INSERT INTO lambda_version_numbers (part, arn, last) VALUES (:part, :arn, 1)
ON CONFLICT (part, arn) DO UPDATE SET last = lambda_version_numbers.last + 1
RETURNING last
"""
_ADD_VERSION = """
INSERT INTO lambda_versions (part, owner, version, function)
VALUES (:part, :owner, :version, :function)
"""
_CHANGE_VERSION = """
UPDATE lambda_versions SET function = :function
WHERE part = :part AND owner = :owner AND version = :version
"""
_READ_VERSION = """
SELECT function FROM lambda_versions
WHERE part = :part AND owner = :owner AND version = :version
"""
_NEWEST_VERSION = """
SELECT function FROM lambda_versions WHERE part = :part AND owner = :owner AND version > 0
ORDER BY version DESC LIMIT 1
"""
_LIST_VERSIONS = """
SELECT function FROM lambda_versions
WHERE part = :part AND owner = :owner AND version > :after
ORDER BY version LIMIT :limit
"""
_REMOVE_VERSION = """
DELETE FROM lambda_versions WHERE part = :part AND owner = :owner AND version = :version
"""


def number(version: str) -> int:
    """A version's place: before all others that of $LATEST.PUBLISHED, which has no number."""
    return 0 if version == LATEST_PUBLISHED else int(version)


def next_number(tx: Transaction, arn: str) -> str:
    """A version's number that no version of this name has had, deleted ones included."""
    row = tx.one(_NEXT_NUMBER, arn=arn)
    assert row is not None
    return str(row[0])


def add_version(tx: Transaction, version: Function) -> None:
    text = msgspec.json.encode(version).decode()
    tx.run(_ADD_VERSION, owner=version.id, version=number(version.version), function=text)


def change_version(tx: Transaction, version: Function) -> None:
    """Only for its state and scaling: what a version runs never changes, but for that of
    $LATEST.PUBLISHED.
    """
    text = msgspec.json.encode(version).decode()
    tx.run(_CHANGE_VERSION, owner=version.id, version=number(version.version), function=text)


def load_version(tx: Transaction, owner: str, version: str) -> Function | None:
    row = tx.one(_READ_VERSION, owner=owner, version=number(version))
    return None if row is None else msgspec.json.decode(row[0], type=Function)


def newest_version(tx: Transaction, owner: str) -> Function | None:
    row = tx.one(_NEWEST_VERSION, owner=owner)
    return None if row is None else msgspec.json.decode(row[0], type=Function)


def list_versions(tx: Transaction, owner: str, after: int, limit: int) -> list[Function]:
    rows = tx.all(_LIST_VERSIONS, at_most=limit, owner=owner, after=after, limit=limit)
    return [msgspec.json.decode(text, type=Function) for (text,) in rows]


def remove_version(tx: Transaction, owner: str, version: str) -> bool:
    return tx.run(_REMOVE_VERSION, owner=owner, version=number(version)) > 0


# Aliases.

_WRITE_ALIAS = """
INSERT INTO lambda_aliases (part, owner, name, version, other, alias)
VALUES (:part, :owner, :name, :version, :other, :alias)
ON CONFLICT (part, owner, name) DO UPDATE
SET version = excluded.version, other = excluded.other, alias = excluded.alias
"""
_READ_ALIAS = """
SELECT alias FROM lambda_aliases WHERE part = :part AND owner = :owner AND name = :name
"""
_LIST_ALIASES = """
SELECT alias FROM lambda_aliases
WHERE part = :part AND owner = :owner AND name > :after
  AND (:version = '' OR version = :version OR other = :version)
ORDER BY name LIMIT :limit
"""
_REMOVE_ALIAS = """
DELETE FROM lambda_aliases WHERE part = :part AND owner = :owner AND name = :name
"""


def load_alias(tx: Transaction, owner: str, name: str) -> Alias | None:
    row = tx.one(_READ_ALIAS, owner=owner, name=name)
    return None if row is None else msgspec.json.decode(row[0], type=Alias)


def save_alias(tx: Transaction, owner: str, alias: Alias) -> None:
    tx.run(
        _WRITE_ALIAS, owner=owner, name=alias.name, version=alias.version, other=alias.other,
        alias=msgspec.json.encode(alias).decode(),
    )  # fmt: skip


def list_aliases(tx: Transaction, owner: str, version: str, after: str, limit: int) -> list[Alias]:
    """In order of name; only those that may run `version` unless that is empty."""
    rows = tx.all(
        _LIST_ALIASES, at_most=limit, owner=owner, version=version, after=after, limit=limit
    )
    return [msgspec.json.decode(text, type=Alias) for (text,) in rows]


def remove_alias(tx: Transaction, owner: str, name: str) -> bool:
    return tx.run(_REMOVE_ALIAS, owner=owner, name=name) > 0


# All of a function that is gone.

_SWEEP_VERSIONS = """
DELETE FROM lambda_versions WHERE part = :part AND owner = :owner AND version IN (
    SELECT version FROM lambda_versions WHERE part = :part AND owner = :owner
    ORDER BY version LIMIT :limit
) RETURNING function
"""
_SWEEP_ALIASES = """
DELETE FROM lambda_aliases WHERE part = :part AND owner = :owner AND name IN (
    SELECT name FROM lambda_aliases WHERE part = :part AND owner = :owner
    ORDER BY name LIMIT :limit
)
"""


def sweep_versions(tx: Transaction, owner: str, limit: int) -> list[Function]:
    rows = tx.all(_SWEEP_VERSIONS, at_most=limit, owner=owner, limit=limit)
    return [msgspec.json.decode(text, type=Function) for (text,) in rows]


def sweep_aliases(tx: Transaction, owner: str, limit: int) -> int:
    return tx.run(_SWEEP_ALIASES, owner=owner, limit=limit)


def load_target(tx: Transaction, owner: str, qualifier: str) -> Function | Alias | None:
    """What a qualifier that is not $LATEST names."""
    if qualifier.isdecimal() or qualifier == LATEST_PUBLISHED:
        return load_version(tx, owner, qualifier)
    return load_alias(tx, owner, qualifier)
