"""Rows of event source mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

MAPPINGS_PAGE_MAX = 100

# Event source mappings; for transactions about an account's mappings.

_READ_MAPPING = """
SELECT mapping FROM lambda_mappings WHERE part = :part AND owner = :owner AND uuid = :uuid
"""
_FIND_PAIR = """
SELECT uuid FROM lambda_mappings
WHERE part = :part AND owner = :owner AND source_arn = :source_arn
  AND function_arn = :function_arn
"""
_WRITE_MAPPING = """
INSERT INTO lambda_mappings (part, owner, uuid, source_arn, function_arn, mapping)
VALUES (:part, :owner, :uuid, :source_arn, :function_arn, :mapping)
ON CONFLICT (part, owner, uuid) DO UPDATE
SET function_arn = excluded.function_arn, mapping = excluded.mapping
"""
_REMOVE_MAPPING = """
DELETE FROM lambda_mappings WHERE part = :part AND owner = :owner AND uuid = :uuid
"""
_LIST_MAPPINGS = """
SELECT mapping FROM lambda_mappings
WHERE part = :part AND owner = :owner AND uuid > :after
  AND (:source_arn = '' OR source_arn = :source_arn)
  AND (:function_arn = '' OR function_arn = :function_arn)
ORDER BY uuid LIMIT :limit
"""


def load_mapping(tx: Transaction, uuid: str) -> str | None:
    row = tx.one(_READ_MAPPING, owner=tx.about, uuid=uuid)
    return None if row is None else row[0]


def find_pair(tx: Transaction, source_arn: str, function_arn: str) -> str | None:
    """The mapping of this queue to this function, if there is one."""
    row = tx.one(_FIND_PAIR, owner=tx.about, source_arn=source_arn, function_arn=function_arn)
    return None if row is None else row[0]


def save_mapping(
    tx: Transaction, uuid: str, source_arn: str, function_arn: str, mapping: str
) -> None:
    tx.run(
        _WRITE_MAPPING, owner=tx.about, uuid=uuid, source_arn=source_arn,
        function_arn=function_arn, mapping=mapping,
    )  # fmt: skip


def remove_mapping(tx: Transaction, uuid: str) -> bool:
    return tx.run(_REMOVE_MAPPING, owner=tx.about, uuid=uuid) > 0


def list_mappings(
    tx: Transaction, source_arn: str, function_arn: str, after: str, limit: int
) -> list[str]:
    rows = tx.all(
        _LIST_MAPPINGS, at_most=limit, owner=tx.about, source_arn=source_arn,
        function_arn=function_arn, after=after, limit=limit,
    )  # fmt: skip
    return [mapping for (mapping,) in rows]
