"""Rows of imports."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.transaction import Transaction

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"

_PUT = """
INSERT INTO dynamodb_imports (part, arn, content) VALUES (:part, :arn, :kept)
ON CONFLICT (part, arn) DO UPDATE SET content = excluded.content
"""
_FIND = "SELECT content FROM dynamodb_imports WHERE part = :part AND arn = :arn"
_DELETE = "DELETE FROM dynamodb_imports WHERE part = :part AND arn = :arn"


class Import(msgspec.Struct, frozen=True):
    """What was asked for, in AWS's members, and how far it has come."""

    arn: str
    table_arn: str
    table_id: str
    started_at: int
    token: str
    source: dict[str, Any]
    format: str
    options: dict[str, Any] | None
    compression: str
    parameters: dict[str, Any]
    status: str = IN_PROGRESS
    ended_at: int = 0
    # The last object that is read, and how many items of the one behind it.
    key: str = ""
    object_items: int = 0
    processed_bytes: int = 0
    processed_items: int = 0
    imported_items: int = 0
    errors: int = 0
    failure_code: str = ""
    failure_message: str = ""

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def types(self) -> dict[str, str]:
        """Of the attributes that are keys."""
        defined = self.parameters["AttributeDefinitions"]
        return {each["AttributeName"]: each["AttributeType"] for each in defined}


def put(tx: Transaction, kept: Import) -> None:
    tx.run(_PUT, arn=kept.arn, kept=msgspec.json.encode(kept))


def find(tx: Transaction, arn: str) -> Import | None:
    row = tx.one(_FIND, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Import)


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)
