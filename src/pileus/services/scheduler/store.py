"""Rows of schedules and groups."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.scheduler.schedule_settings import Settings


class Schedule(NamedTuple):
    """A schedule as its row has it."""

    arn: str
    settings: Settings
    created_at: int
    modified_at: int
    anchor_at: int
    has_next: bool
    retrying: int
    client_token: str


class Group(NamedTuple):
    arn: str
    state: str
    created_at: int
    modified_at: int
    client_token: str


_FIND = """
SELECT settings, created_at, modified_at, anchor_at, has_next, retrying, client_token
FROM scheduler_schedules WHERE part = :part AND arn = :arn
"""
_SAVE = """
INSERT INTO scheduler_schedules (part, arn, settings, created_at, modified_at, anchor_at, has_next,
  retrying, client_token)
VALUES (:part, :arn, :settings, :now, :now, :anchor_at, 0, 0, :token)
ON CONFLICT (part, arn) DO UPDATE SET settings = excluded.settings,
  modified_at = excluded.modified_at, anchor_at = excluded.anchor_at,
  client_token = excluded.client_token
"""
_SET_HAS_NEXT = """
UPDATE scheduler_schedules SET has_next = :has_next WHERE part = :part AND arn = :arn
"""
_COUNT_RETRYING = """
UPDATE scheduler_schedules SET retrying = retrying + :difference WHERE part = :part AND arn = :arn
"""
_DELETE = "DELETE FROM scheduler_schedules WHERE part = :part AND arn = :arn"

_FIND_GROUP = """
SELECT arn, state, created_at, modified_at, client_token FROM scheduler_groups
WHERE part = :part AND arn = :arn
"""
_INSERT_GROUP = """
INSERT INTO scheduler_groups (part, arn, state, created_at, modified_at, client_token)
VALUES (:part, :arn, 'ACTIVE', :now, :now, :token)
"""
_SET_GROUP_STATE = """
UPDATE scheduler_groups SET state = :state, modified_at = :now WHERE part = :part AND arn = :arn
"""
_DELETE_GROUP = "DELETE FROM scheduler_groups WHERE part = :part AND arn = :arn"

_REMEMBER_DELETION = """
INSERT INTO scheduler_deletions (part, arn, client_token, deleted_at)
VALUES (:part, :arn, :token, :now)
ON CONFLICT (part, arn) DO UPDATE SET client_token = excluded.client_token,
  deleted_at = excluded.deleted_at
"""
_DELETED_BY = """
SELECT client_token FROM scheduler_deletions WHERE part = :part AND arn = :arn
"""
_FORGET_DELETIONS = """
DELETE FROM scheduler_deletions WHERE part = :part AND arn IN (
  SELECT arn FROM scheduler_deletions WHERE part = :part AND deleted_at <= :before LIMIT :limit)
"""


def find(tx: Transaction, arn: str) -> Schedule | None:
    row = tx.one(_FIND, arn=arn)
    if row is None:
        return None
    settings = msgspec.json.decode(row[0], type=Settings)
    return Schedule(arn, settings, row[1], row[2], row[3], bool(row[4]), row[5], row[6])


def save(tx: Transaction, arn: str, settings: Settings, anchor_at: int, token: str) -> None:
    """Make a schedule or replace its settings."""
    text = msgspec.json.encode(settings).decode()
    tx.run(_SAVE, arn=arn, settings=text, anchor_at=anchor_at, token=token)


def set_has_next(tx: Transaction, arn: str, has_next: bool) -> None:
    tx.run(_SET_HAS_NEXT, arn=arn, has_next=int(has_next))


def count_retrying(tx: Transaction, arn: str, difference: int) -> None:
    tx.run(_COUNT_RETRYING, arn=arn, difference=difference)


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)


def find_group(tx: Transaction, arn: str) -> Group | None:
    row = tx.one(_FIND_GROUP, arn=arn)
    return None if row is None else Group(*row)


def insert_group(tx: Transaction, arn: str, token: str) -> None:
    tx.run(_INSERT_GROUP, arn=arn, token=token)


def set_group_state(tx: Transaction, arn: str, state: str) -> None:
    tx.run(_SET_GROUP_STATE, arn=arn, state=state)


def delete_group(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE_GROUP, arn=arn)


def remember_deletion(tx: Transaction, arn: str, token: str) -> None:
    tx.run(_REMEMBER_DELETION, arn=arn, token=token)


def deleted_by(tx: Transaction, arn: str) -> str:
    """The client token of the schedule's last deletion, if that is remembered."""
    row = tx.one(_DELETED_BY, arn=arn)
    return "" if row is None else row[0]


def forget_deletions(tx: Transaction, before: int, limit: int) -> int:
    """Forget a page of old deletions; how many there were."""
    return tx.run(_FORGET_DELETIONS, before=before, limit=limit)
