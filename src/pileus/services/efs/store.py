"""Rows of EFS; for transactions about the account."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.transaction import Transaction

_SAVE = """
INSERT INTO efs_resources (part, account, kind, id, token, file_system, resource)
VALUES (:part, :account, :kind, :id, :token, :file_system, :resource)
ON CONFLICT (part, account, kind, id) DO UPDATE SET resource = excluded.resource
"""
_LOAD = """
SELECT resource FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND id = :id
"""
_BY_TOKEN = """
SELECT resource FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND token = :token LIMIT 1
"""
_LIST = """
SELECT resource FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND id > :after
ORDER BY id LIMIT :limit
"""
_LIST_OF = """
SELECT resource FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND file_system = :file_system
  AND id > :after
ORDER BY id LIMIT :limit
"""
_REMOVE = """
DELETE FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND id = :id
"""
_REMOVE_OF = """
DELETE FROM efs_resources
WHERE part = :part AND account = :account AND kind = :kind AND file_system = :file_system
"""

Resource = dict[str, Any]


def save(
    tx: Transaction, kind: str, id: str, resource: Resource, token: str, file_system: str
) -> None:
    """Keep a resource as AWS shows it; token and file system stay as they were first."""
    text = msgspec.json.encode(resource).decode()
    tx.run(
        _SAVE, account=tx.about, kind=kind, id=id, token=token, file_system=file_system,
        resource=text,
    )  # fmt: skip


def load(tx: Transaction, kind: str, id: str) -> Resource | None:
    return _read(tx.one(_LOAD, account=tx.about, kind=kind, id=id))


def by_token(tx: Transaction, kind: str, token: str) -> Resource | None:
    return _read(tx.one(_BY_TOKEN, account=tx.about, kind=kind, token=token))


def _read(row: tuple[Any, ...] | None) -> Resource | None:
    return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])


def page(
    tx: Transaction, kind: str, after: str, limit: int, file_system: str = ""
) -> list[Resource]:
    values = {"account": tx.about, "kind": kind, "after": after, "limit": limit}
    if file_system:
        rows = tx.all(_LIST_OF, at_most=limit, file_system=file_system, **values)
    else:
        rows = tx.all(_LIST, at_most=limit, **values)
    return [msgspec.json.decode(row[0], type=dict[str, Any]) for row in rows]


def remove(tx: Transaction, kind: str, id: str) -> None:
    tx.run(_REMOVE, account=tx.about, kind=kind, id=id)


def remove_of(tx: Transaction, kind: str, file_system: str) -> None:
    tx.run(_REMOVE_OF, account=tx.about, kind=kind, file_system=file_system)
