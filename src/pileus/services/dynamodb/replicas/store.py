"""Rows of versions: when and where the items of global tables were written last."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.items.keys import Key

_FIND = """
SELECT written_at, region FROM dynamodb_versions
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort
"""
_PUT = """
INSERT INTO dynamodb_versions (part, number, hash, sort, written_at, region, gone_at)
VALUES (:part, :number, :hash, :sort, :written_at, :region, :gone_at)
ON CONFLICT (part, number, hash, sort) DO UPDATE
SET written_at = excluded.written_at, region = excluded.region, gone_at = excluded.gone_at
"""
_FORGET = """
DELETE FROM dynamodb_versions WHERE part = :part AND number = :number AND (hash, sort) IN (
  SELECT hash, sort FROM dynamodb_versions
  WHERE part = :part AND number = :number AND gone_at > 0 AND gone_at <= :until LIMIT :limit)
"""


class Version(NamedTuple):
    """The later one wins; of two of one instant, that of the region that is last by name."""

    written_at: int
    region: str


NEVER = Version(0, "")


def find(tx: Transaction, number: int, key: Key) -> Version:
    row = tx.one(_FIND, number=number, hash=key.hash, sort=key.sort)
    return NEVER if row is None else Version(*row)


def put(tx: Transaction, number: int, key: Key, version: Version, *, is_gone: bool) -> None:
    tx.run(
        _PUT, number=number, hash=key.hash, sort=key.sort, written_at=version.written_at,
        region=version.region, gone_at=tx.now if is_gone else 0,
    )  # fmt: skip


def forget(tx: Transaction, number: int, until: int, limit: int) -> bool:
    """Remove a page of versions of items that are gone; True where there may be more."""
    return tx.run(_FORGET, number=number, until=until, limit=limit) >= limit
