"""Rows of exports, and of the data files that they have written."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.exports.filters import Specification
from pileus.services.dynamodb.history.past import View

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"

_PUT = """
INSERT INTO dynamodb_exports (part, arn, export) VALUES (:part, :arn, :export)
ON CONFLICT (part, arn) DO UPDATE SET export = excluded.export
"""
_FIND = "SELECT export FROM dynamodb_exports WHERE part = :part AND arn = :arn"
_DELETE = "DELETE FROM dynamodb_exports WHERE part = :part AND arn = :arn"
_ADD_FILE = """
INSERT INTO dynamodb_export_files (part, arn, number, line) VALUES (:part, :arn, :number, :line)
ON CONFLICT (part, arn, number) DO NOTHING
"""
_FILES = """
SELECT line FROM dynamodb_export_files WHERE part = :part AND arn = :arn AND number >= :number
ORDER BY number LIMIT :limit
"""
_FORGET_FILES = """
DELETE FROM dynamodb_export_files WHERE part = :part AND arn = :arn AND number IN (
  SELECT number FROM dynamodb_export_files WHERE part = :part AND arn = :arn LIMIT :limit)
"""

_FIND_TOKEN = """
SELECT digest, arn FROM dynamodb_transfer_tokens
WHERE part = :part AND about = :about AND token = :token AND until > :now
"""
_PUT_TOKEN = """
INSERT INTO dynamodb_transfer_tokens (part, about, token, digest, arn, until)
VALUES (:part, :about, :token, :digest, :arn, :until) ON CONFLICT (part, about, token)
DO UPDATE SET digest = excluded.digest, arn = excluded.arn, until = excluded.until
"""
_FORGET_TOKEN = """
DELETE FROM dynamodb_transfer_tokens
WHERE part = :part AND about = :about AND token = :token AND until <= :now
"""


class Request(msgspec.Struct, frozen=True):
    """What was asked for."""

    bucket: str
    format: str
    type: str
    # The instant of a full export, and the span of an incremental one.
    at: int = 0
    from_at: int = 0
    to_at: int = 0
    view: str = ""
    token: str = ""
    owner: str = ""
    prefix: str = ""
    sse: str = ""
    kms_key: str = ""
    filter: Specification | None = None


class Export(msgspec.Struct, frozen=True):
    arn: str
    request: Request
    table_arn: str
    table_id: str
    table_keys: tuple[str, ...]
    started_at: int
    # What is read: for an incremental export, from one position to another.
    number: int
    changes: int
    position: int
    last_position: int = 0
    status: str = IN_PROGRESS
    ended_at: int = 0
    has_started: bool = False
    hash: bytes = b""
    sort: bytes = b""
    files: int = 0
    items: int = 0
    size: int = 0
    is_read: bool = False
    failure_code: str = ""
    failure_message: str = ""

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def view(self) -> View:
        return View(self.number, self.changes, self.position)


def put(tx: Transaction, export: Export) -> None:
    tx.run(_PUT, arn=export.arn, export=msgspec.json.encode(export))


def find(tx: Transaction, arn: str) -> Export | None:
    row = tx.one(_FIND, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Export)


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)


def add_file(tx: Transaction, arn: str, number: int, line: str) -> None:
    tx.run(_ADD_FILE, arn=arn, number=number, line=line)


def files(tx: Transaction, arn: str, number: int, limit: int) -> list[str]:
    """Lines of the manifest of data files, from a number on."""
    rows = tx.all(_FILES, at_most=limit, arn=arn, number=number, limit=limit)
    return [line for (line,) in rows]


def forget_files(tx: Transaction, arn: str, limit: int) -> bool:
    return tx.run(_FORGET_FILES, arn=arn, limit=limit) >= limit


# Tokens.


class Token(NamedTuple):
    digest: bytes
    arn: str


def find_token(tx: Transaction, token: str) -> Token | None:
    row = tx.one(_FIND_TOKEN, about=tx.about, token=token)
    return None if row is None else Token(*row)


def put_token(tx: Transaction, token: str, digest: bytes, arn: str, until: int) -> None:
    tx.run(_PUT_TOKEN, about=tx.about, token=token, digest=digest, arn=arn, until=until)


def forget_token(tx: Transaction, token: str) -> None:
    tx.run(_FORGET_TOKEN, about=tx.about, token=token)
