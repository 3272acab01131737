"""Rows of recorded changes, and of those who still read what was."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Row, Transaction
from pileus.services.dynamodb.items.kept_items import Stored
from pileus.services.dynamodb.items.keys import Key

_INSERT = """
INSERT INTO dynamodb_changes (part, number, position, changed_at, hash, sort, size, item)
VALUES (:part, :number, :position, :now, :hash, :sort, :size, :item)
"""
# The first change of the next item behind a place, whatever its position.
_NEXT = """
SELECT position, hash, sort, size, item FROM dynamodb_changes
WHERE part = :part AND number = :number AND (hash, sort) > (:hash, :sort)
ORDER BY hash, sort, position LIMIT 1
"""
_FIRST_AFTER = """
SELECT position, hash, sort, size, item FROM dynamodb_changes
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort AND position > :position
ORDER BY position LIMIT 1
"""
_LAST_UNTIL = """
SELECT position, hash, sort, size, item, changed_at FROM dynamodb_changes
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort AND position <= :position
ORDER BY position DESC LIMIT 1
"""
_AT = """
SELECT position, changed_at FROM dynamodb_changes
WHERE part = :part AND number = :number AND position >= :position ORDER BY position LIMIT 1
"""
_TRIM = """
DELETE FROM dynamodb_changes WHERE part = :part AND number = :number AND position IN (
  SELECT position FROM dynamodb_changes
  WHERE part = :part AND number = :number AND position <= :last ORDER BY position LIMIT :limit)
"""
_HOLD = """
INSERT INTO dynamodb_holds (part, number, id, changes, position)
VALUES (:part, :number, :id, :changes, :position) ON CONFLICT (part, number, id) DO NOTHING
"""
_RELEASE = "DELETE FROM dynamodb_holds WHERE part = :part AND number = :number AND id = :id"
_HELD = """
SELECT id FROM dynamodb_holds
WHERE part = :part AND number = :number AND changes >= :changes LIMIT 1
"""
_HELD_BY = """
SELECT id FROM dynamodb_holds
WHERE part = :part AND number = :number AND id >= :prefix AND id < :beyond ORDER BY id LIMIT 1
"""


# How holds by backups that are being made begin, and those by tables that are being restored.
COPY_HOLD, RESTORE_HOLD = "copy ", "restore "


class Change(NamedTuple):
    """What an item was before a change; `packed` is None where there was none."""

    position: int
    key: Key
    size: int
    packed: bytes | None


def insert(tx: Transaction, number: int, position: int, key: Key, old: Stored | None) -> None:
    tx.run(
        _INSERT, number=number, position=position, hash=key.hash, sort=key.sort,
        size=0 if old is None else old.size, item=None if old is None else old.packed,
    )  # fmt: skip


def next_changed(tx: Transaction, number: int, after: Key, position: int) -> Change | None:
    """The first change behind a position of the next item behind a key; else any of its changes.

    Two look-ups, however often the item has changed.
    """
    row = tx.one(_NEXT, number=number, hash=after.hash, sort=after.sort)
    if row is None:
        return None
    change = _change(row)
    if change.position > position:
        return change
    return first_after(tx, number, change.key, position) or change


def first_after(tx: Transaction, number: int, key: Key, position: int) -> Change | None:
    row = tx.one(_FIRST_AFTER, number=number, hash=key.hash, sort=key.sort, position=position)
    return None if row is None else _change(row)


def last_until(tx: Transaction, number: int, key: Key, position: int) -> tuple[Change, int]:
    """The last change of an item up to a position, which there must be, and when it was."""
    row = tx.one(_LAST_UNTIL, number=number, hash=key.hash, sort=key.sort, position=position)
    assert row is not None, f"no change until {position}"
    return _change(row), row[5]


def _change(row: Row) -> Change:
    return Change(row[0], Key(row[1], row[2]), row[3], row[4])


def at_or_after(tx: Transaction, number: int, position: int) -> tuple[int, int] | None:
    """Position and time of the first change that is left from a position on."""
    row = tx.one(_AT, number=number, position=position)
    return None if row is None else (row[0], row[1])


def trim(tx: Transaction, number: int, last: int, limit: int) -> bool:
    """Remove a page of changes up to a position; True where there may be more."""
    return tx.run(_TRIM, number=number, last=last, limit=limit) >= limit


# Who reads what was.


def hold(tx: Transaction, number: int, id: str, changes: int, position: int) -> None:
    tx.run(_HOLD, number=number, id=id, changes=changes, position=position)


def release(tx: Transaction, number: int, id: str) -> bool:
    return tx.run(_RELEASE, number=number, id=id) > 0


def are_changes_held(tx: Transaction, number: int) -> bool:
    """Whether somebody reads these items as they were."""
    return _is_held(tx, number, 1)


def is_held(tx: Transaction, number: int) -> bool:
    """Whether somebody needs these items at all."""
    return _is_held(tx, number, 0)


def _is_held(tx: Transaction, number: int, changes: int) -> bool:
    return tx.one(_HELD, number=number, changes=changes) is not None


def is_held_by(tx: Transaction, number: int, prefix: str) -> bool:
    """Whether somebody holds these items whose id begins so."""
    beyond = prefix + "\U0010ffff"
    return tx.one(_HELD_BY, number=number, prefix=prefix, beyond=beyond) is not None
