"""Rows of what an account has besides buses, rules and archives."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.events import errors

CONNECTION = "connection"
API_DESTINATION = "api-destination"
ENDPOINT = "endpoint"
# An event source as its customer sees it, and as the partner does (by "SOURCE ACCOUNT").
EVENT_SOURCE = "event-source"
PARTNER_SOURCE = "partner-source"


class Record(NamedTuple):
    """AWS's members as they were given, with what Pileus adds; `hidden` is never shown."""

    name: str
    id: str
    created_at: int
    modified_at: int
    members: dict[str, Any]
    hidden: dict[str, Any]


_COLUMNS = "name, id, created_at, modified_at, record, hidden"
_FIND = f"""
SELECT {_COLUMNS} FROM events_records
WHERE part = :part AND account = :account AND kind = :kind AND name = :name
"""
_LIST = f"""
SELECT {_COLUMNS} FROM events_records
WHERE part = :part AND account = :account AND kind = :kind AND name > :after AND name >= :prefix
  AND name < :beyond
ORDER BY name LIMIT :limit
"""
_PUT = """
INSERT INTO events_records
  (part, account, kind, name, id, created_at, modified_at, record, hidden)
VALUES (:part, :account, :kind, :name, :id, :created_at, :modified_at, :record, :hidden)
ON CONFLICT (part, account, kind, name) DO UPDATE SET modified_at = excluded.modified_at,
  record = excluded.record, hidden = excluded.hidden
"""
_DELETE = """
DELETE FROM events_records
WHERE part = :part AND account = :account AND kind = :kind AND name = :name
"""
_COUNT = """
SELECT COUNT(*) FROM (
  SELECT 1 AS one FROM events_records WHERE part = :part AND account = :account AND kind = :kind
  LIMIT :limit) AS found
"""
# docs: eb-quota
_AT_MOST = {CONNECTION: 3_000, API_DESTINATION: 3_000, ENDPOINT: 100}
# The highest code point that a name may hold: the end of a range of names with one prefix.
_LAST = "\U0010ffff"

# All of these run in transactions about the account.


def seek(tx: Transaction, kind: str, name: str) -> Record | None:
    row = tx.one(_FIND, account=tx.about, kind=kind, name=name)
    return None if row is None else _record(row)


def records(tx: Transaction, kind: str, prefix: str, after: str, limit: int) -> list[Record]:
    rows = tx.all(
        _LIST, at_most=limit, account=tx.about, kind=kind, prefix=prefix, after=after,
        beyond=prefix + _LAST, limit=limit,
    )  # fmt: skip
    return [_record(row) for row in rows]


def insert(
    tx: Transaction,
    kind: str,
    name: str,
    members: dict[str, Any],
    hidden: dict[str, Any] | None = None,
) -> Record:
    """Add a record; raises LimitExceededException where AWS's limits are kept."""
    at_most = _AT_MOST.get(kind)
    if at_most is not None and tx.kernel.quotas.is_enforced:
        row = tx.one(_COUNT, account=tx.about, kind=kind, limit=at_most)
        if row is not None and row[0] >= at_most:
            raise errors.limit_exceeded()
    record = Record(name, tx.kernel.ids.uuid(), tx.now, tx.now, members, hidden or {})
    _put(tx, kind, record)
    return record


def update(
    tx: Transaction,
    kind: str,
    record: Record,
    members: dict[str, Any],
    hidden: dict[str, Any] | None = None,
) -> Record:
    changed = record._replace(
        members=members,
        hidden=record.hidden if hidden is None else hidden,
        modified_at=tx.now,
    )
    _put(tx, kind, changed)
    return changed


def delete(tx: Transaction, kind: str, name: str) -> None:
    tx.run(_DELETE, account=tx.about, kind=kind, name=name)


def _put(tx: Transaction, kind: str, record: Record) -> None:
    tx.run(
        _PUT, account=tx.about, kind=kind, name=record.name, id=record.id,
        created_at=record.created_at, modified_at=record.modified_at,
        record=msgspec.json.encode(record.members).decode(),
        hidden=msgspec.json.encode(record.hidden).decode(),
    )  # fmt: skip


def _record(row: tuple[Any, ...]) -> Record:
    name, record_id, created_at, modified_at, members, hidden = row
    return Record(
        name, record_id, created_at, modified_at, msgspec.json.decode(members),
        msgspec.json.decode(hidden),
    )  # fmt: skip
