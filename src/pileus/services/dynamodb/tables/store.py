"""Rows of tables: the small row that every write touches, and the settings."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from pileus.kernel.revised import Revised
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables.settings import CREATING, DELETING, Table

_CACHED_MAX = 10_000


class State(NamedTuple):
    """The row that changes with the items."""

    revision: int
    items: int
    bytes: int
    position: int
    expires_at: int
    trims_at: int


_STATE = "revision, items, bytes, position, expires_at, trims_at"
_FIND = f"SELECT {_STATE} FROM dynamodb_tables WHERE part = :part AND arn = :arn"
_REVISION = "SELECT revision FROM dynamodb_tables WHERE part = :part AND arn = :arn"
_COUNT = """
UPDATE dynamodb_tables SET items = items + :items, bytes = bytes + :bytes
WHERE part = :part AND arn = :key
"""
_ADVANCE = """
UPDATE dynamodb_tables SET items = items + :items, bytes = bytes + :bytes, position = position + 1
WHERE part = :part AND arn = :arn
"""
_PLACE = """
SELECT position, trims_at, changes_trim_at FROM dynamodb_tables WHERE part = :part AND arn = :arn
"""
_EXPIRES = "SELECT expires_at FROM dynamodb_tables WHERE part = :part AND arn = :arn"
_INSERT = """
INSERT INTO dynamodb_tables (part, arn, revision, items, bytes, position, expires_at, trims_at,
  changes_trim_at)
VALUES (:part, :arn, :revision, 0, 0, 0, 0, 0, 0)
"""
_REVISE = "UPDATE dynamodb_tables SET revision = :revision WHERE part = :part AND arn = :arn"
_SET_EXPIRES = "UPDATE dynamodb_tables SET expires_at = :at WHERE part = :part AND arn = :arn"
_SET_TRIMS = "UPDATE dynamodb_tables SET trims_at = :at WHERE part = :part AND arn = :arn"
_SET_CHANGES_TRIM = """
UPDATE dynamodb_tables SET changes_trim_at = :at WHERE part = :part AND arn = :arn
"""
_DELETE = "DELETE FROM dynamodb_tables WHERE part = :part AND arn = :arn"
_SETTINGS = "SELECT settings FROM dynamodb_table_settings WHERE part = :part AND arn = :arn"
_PUT_SETTINGS = """
INSERT INTO dynamodb_table_settings (part, arn, settings) VALUES (:part, :arn, :settings)
ON CONFLICT (part, arn) DO UPDATE SET settings = excluded.settings
"""
_DELETE_SETTINGS = "DELETE FROM dynamodb_table_settings WHERE part = :part AND arn = :arn"

_COUNT_INDEX = """
INSERT INTO dynamodb_index_counts (part, number, items, bytes)
VALUES (:part, :number, :items, :bytes)
ON CONFLICT (part, number) DO UPDATE SET items = dynamodb_index_counts.items + excluded.items,
  bytes = dynamodb_index_counts.bytes + excluded.bytes
"""
_INDEX_COUNTS = """
SELECT items, bytes FROM dynamodb_index_counts WHERE part = :part AND number = :number
"""
_FORGET_INDEX = "DELETE FROM dynamodb_index_counts WHERE part = :part AND number = :number"


def _read_settings(tx: Transaction, arn: str) -> Table:
    row = tx.one(_SETTINGS, arn=arn)
    assert row is not None, f"{arn} has no settings"
    return msgspec.json.decode(row[0], type=Table)


_settings = Revised(_read_settings, _CACHED_MAX)


def seek(tx: Transaction, arn: str) -> tuple[Table, State] | None:
    """The table, or None."""
    row = tx.one(_FIND, arn=arn)
    if row is None:
        return None
    state = State(*row)
    return _settings.of(tx, arn, state.revision), state


def find(tx: Transaction, arn: str) -> Table:
    """The table, if its items can be used; raises ResourceNotFoundException."""
    table: Table | None = tx.known.get(arn)
    if table is None:
        row = tx.one(_REVISION, arn=arn)
        if row is None:
            raise errors.not_found()
        table = tx.known[arn] = _settings.of(tx, arn, row[0])
    if table.status in (CREATING, DELETING):
        raise errors.not_found()
    return table


def count(tx: Transaction, arn: str, items: int, size: int) -> None:
    """Add to the counts."""
    tx.add_up(_COUNT, arn, items=items, bytes=size)


def _place_of(arn: str) -> str:
    return f"place {arn}"


def _expiry_of(arn: str) -> str:
    return f"expiry {arn}"


class Place(NamedTuple):
    """The position of a change; and when stream records, and recorded changes, are trimmed next."""

    position: int
    trims_at: int
    changes_trim_at: int


def advance(tx: Transaction, arn: str, items: int, size: int) -> Place:
    """As `count`, and a new change's place."""
    last: Place | None = tx.known.get(_place_of(arn))
    if last is None:
        row = tx.one(_PLACE, arn=arn)
        assert row is not None, f"{arn} has no row"
        last = Place(*row)
    place = Place(last.position + 1, last.trims_at, last.changes_trim_at)
    tx.run(_ADVANCE, arn=arn, items=items, bytes=size)
    tx.known[_place_of(arn)] = place
    return place


def expires_at(tx: Transaction, arn: str) -> int | None:
    """When the timer that removes expired items runs, 0 for never; None where there is no table."""
    at: int | None = tx.known.get(_expiry_of(arn))
    if at is None:
        row = tx.one(_EXPIRES, arn=arn)
        if row is not None:
            at = tx.known[_expiry_of(arn)] = row[0]
    return at


def set_expires_at(tx: Transaction, arn: str, at: int) -> None:
    tx.known.pop(_expiry_of(arn), None)
    tx.run(_SET_EXPIRES, arn=arn, at=at)


def set_trims_at(tx: Transaction, arn: str, at: int) -> None:
    tx.known.pop(_place_of(arn), None)
    tx.run(_SET_TRIMS, arn=arn, at=at)


def set_changes_trim_at(tx: Transaction, arn: str, at: int) -> None:
    tx.known.pop(_place_of(arn), None)
    tx.run(_SET_CHANGES_TRIM, arn=arn, at=at)


def insert(tx: Transaction, table: Table) -> None:
    text = msgspec.json.encode(table)
    tx.run(_INSERT, arn=table.arn, revision=_revision(text))
    tx.run(_PUT_SETTINGS, arn=table.arn, settings=text)


def update(tx: Transaction, table: Table) -> None:
    tx.known.pop(table.arn, None)
    text = msgspec.json.encode(table)
    tx.run(_REVISE, arn=table.arn, revision=_revision(text))
    tx.run(_PUT_SETTINGS, arn=table.arn, settings=text)


def delete(tx: Transaction, arn: str) -> None:
    for known in (arn, _place_of(arn), _expiry_of(arn)):
        tx.known.pop(known, None)
    tx.run(_DELETE, arn=arn)
    tx.run(_DELETE_SETTINGS, arn=arn)


def count_index(tx: Transaction, number: int, items: int, size: int) -> None:
    if items or size:
        tx.run(_COUNT_INDEX, number=number, items=items, bytes=size)


def index_counts(tx: Transaction, number: int) -> tuple[int, int]:
    """How many items an index has, and their bytes."""
    row = tx.one(_INDEX_COUNTS, number=number)
    return (0, 0) if row is None else (row[0], row[1])


def forget_index(tx: Transaction, number: int) -> None:
    tx.run(_FORGET_INDEX, number=number)


def new_number(tx: Transaction) -> int:
    """A number that was never used: 47 random bits."""
    return int.from_bytes(tx.kernel.ids.token(6), "big") >> 1


def _revision(settings: bytes) -> int:
    """A number that stands for these settings and no others, in whichever process they are met."""
    return int.from_bytes(blake2b(settings, digest_size=6).digest(), "big")
