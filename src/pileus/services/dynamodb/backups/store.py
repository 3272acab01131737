"""Rows of backups."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.transaction import Row, Transaction
from pileus.services.dynamodb.history.past import PastItem, View
from pileus.services.dynamodb.tables.settings import Table

CREATING, AVAILABLE, DELETED = "CREATING", "AVAILABLE", "DELETED"
USER, SYSTEM = "USER", "SYSTEM"

_COLUMNS = (
    "arn, name, type, status, created_at, expires_at, number, items, bytes, position, "
    "table_settings"
)
_INSERT = f"""
INSERT INTO dynamodb_backups (part, {_COLUMNS})
VALUES (:part, :arn, :name, :type, :status, :created_at, :expires_at, :number, :items, :bytes,
  :position, :table_settings)
"""
_FIND = f"SELECT {_COLUMNS} FROM dynamodb_backups WHERE part = :part AND arn = :arn"
_FINISH = "UPDATE dynamodb_backups SET status = :status WHERE part = :part AND arn = :arn"
_DELETE = "DELETE FROM dynamodb_backups WHERE part = :part AND arn = :arn"
_COPY = """
INSERT INTO dynamodb_items (part, number, hash, sort, size, item)
VALUES (:part, :number, :hash, :sort, :size, :packed)
"""


class Backup(NamedTuple):
    arn: str
    name: str
    type: str
    status: str
    created_at: int
    # 0: never.
    expires_at: int
    # Of its own items.
    number: int
    items: int
    bytes: int
    # The position of the table's changes that it is a copy at.
    position: int
    table: Table

    @property
    def source(self) -> View:
        """What it is copied from."""
        return View(self.table.number, self.table.changes, self.position)

    @property
    def content(self) -> View:
        return View(self.number, 0, 0)


def insert(tx: Transaction, backup: Backup) -> None:
    values = backup._asdict()
    values["table_settings"] = msgspec.json.encode(values.pop("table"))
    tx.run(_INSERT, **values)


def find(tx: Transaction, arn: str) -> Backup | None:
    row = tx.one(_FIND, arn=arn)
    return None if row is None else _backup(row)


def _backup(row: Row) -> Backup:
    return Backup(*(*row[:-1], msgspec.json.decode(row[-1], type=Table)))


def finish(tx: Transaction, arn: str) -> None:
    tx.run(_FINISH, arn=arn, status=AVAILABLE)


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)


def copy(tx: Transaction, number: int, items: list[PastItem]) -> None:
    """Put items into a backup as they are kept."""
    tx.run_many(_COPY, [{"number": number, **item._asdict()} for item in items])
