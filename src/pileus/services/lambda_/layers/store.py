"""Rows of layers and their versions, and of who uses an unpacked package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction


class LayerVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One published version; it never changes but for its policy."""

    arn: str  # with the version
    number: int
    digest: str  # SHA-256 of the zip, hexadecimal
    sha256: str  # the same in base64
    size_bytes: int
    unzipped_bytes: int
    created_at: int
    description: str = ""
    license: str = ""
    runtimes: list[str] = []
    architectures: list[str] = []


_NEXT = """
INSERT INTO lambda_layers (part, arn, last_version) VALUES (:part, :arn, 1)
ON CONFLICT (part, arn) DO UPDATE SET last_version = lambda_layers.last_version + 1
RETURNING last_version
"""
_INSERT = """
INSERT INTO lambda_layer_versions (part, arn, number, version, policy, revision_id)
VALUES (:part, :arn, :number, :version, '', '')
"""
_READ = """
SELECT version FROM lambda_layer_versions WHERE part = :part AND arn = :arn AND number = :number
"""
_LIST = """
SELECT version FROM lambda_layer_versions
WHERE part = :part AND arn = :arn AND number < :before
ORDER BY number DESC LIMIT :limit
"""
_REMOVE = """
DELETE FROM lambda_layer_versions WHERE part = :part AND arn = :arn AND number = :number
"""
_READ_POLICY = """
SELECT policy, revision_id FROM lambda_layer_versions
WHERE part = :part AND arn = :arn AND number = :number
"""
_WRITE_POLICY = """
UPDATE lambda_layer_versions SET policy = :policy, revision_id = :revision_id
WHERE part = :part AND arn = :arn AND number = :number
"""


def next_number(tx: Transaction, arn: str) -> int:
    """The number of the next version; none is given twice, not even after all were deleted."""
    row = tx.one(_NEXT, arn=arn)
    assert row is not None
    return int(row[0])


def insert(tx: Transaction, arn: str, version: LayerVersion) -> None:
    text = msgspec.json.encode(version).decode()
    tx.run(_INSERT, arn=arn, number=version.number, version=text)


def load(tx: Transaction, arn: str, number: int) -> LayerVersion | None:
    row = tx.one(_READ, arn=arn, number=number)
    return None if row is None else msgspec.json.decode(row[0], type=LayerVersion)


def newest(tx: Transaction, arn: str, before: int, limit: int) -> list[LayerVersion]:
    """Versions below a number, the newest first."""
    rows = tx.all(_LIST, at_most=limit, arn=arn, before=before, limit=limit)
    return [msgspec.json.decode(row[0], type=LayerVersion) for row in rows]


def remove(tx: Transaction, arn: str, number: int) -> None:
    tx.run(_REMOVE, arn=arn, number=number)


def load_policy(tx: Transaction, arn: str, number: int) -> tuple[dict[str, Any], str] | None:
    """A version's policy (empty where it has none) and its revision; None without the version."""
    row = tx.one(_READ_POLICY, arn=arn, number=number)
    if row is None:
        return None
    return (msgspec.json.decode(row[0]) if row[0] else {}), row[1]


def save_policy(tx: Transaction, arn: str, number: int, policy: str, revision_id: str) -> None:
    tx.run(_WRITE_POLICY, arn=arn, number=number, policy=policy, revision_id=revision_id)


# Who uses an unpacked package; for transactions about the package.

_NOTE_USER = """
INSERT INTO lambda_package_users (part, digest, arn) VALUES (:part, :digest, :arn)
ON CONFLICT (part, digest, arn) DO NOTHING
"""
_FORGET_USER = """
DELETE FROM lambda_package_users WHERE part = :part AND digest = :digest AND arn = :arn
"""
_USERS = """
SELECT arn FROM lambda_package_users WHERE part = :part AND digest = :digest AND arn > :after
ORDER BY arn LIMIT :limit
"""


def note_user(tx: Transaction, digest: str, arn: str) -> None:
    tx.run(_NOTE_USER, digest=digest, arn=arn)


def forget_user(tx: Transaction, digest: str, arn: str) -> None:
    tx.run(_FORGET_USER, digest=digest, arn=arn)


def users(tx: Transaction, digest: str, after: str, limit: int) -> list[str]:
    rows = tx.all(_USERS, at_most=limit, digest=digest, after=after, limit=limit)
    return [row[0] for row in rows]
