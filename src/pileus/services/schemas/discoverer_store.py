"""Rows of discoverers."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction


class Discoverer(NamedTuple):
    source: str
    description: str | None
    state: str
    is_cross_account: bool


_SEEK = """
SELECT source, description, state, cross_account FROM schemas_discoverers
WHERE part = :part AND arn = :arn
"""
_PUT = """
INSERT INTO schemas_discoverers (part, arn, source, description, state, cross_account)
VALUES (:part, :arn, :source, :description, :state, :cross_account)
ON CONFLICT (part, arn) DO UPDATE SET description = excluded.description,
    state = excluded.state, cross_account = excluded.cross_account
"""
_DELETE = "DELETE FROM schemas_discoverers WHERE part = :part AND arn = :arn"


def seek(tx: Transaction, arn: str) -> Discoverer | None:
    row = tx.one(_SEEK, arn=arn)
    if row is None:
        return None
    source, description, state, cross_account = row
    return Discoverer(source, description, state, bool(cross_account))


def put(tx: Transaction, arn: str, discoverer: Discoverer) -> None:
    tx.run(
        _PUT, arn=arn, source=discoverer.source, description=discoverer.description,
        state=discoverer.state, cross_account=int(discoverer.is_cross_account),
    )  # fmt: skip


def delete(tx: Transaction, arn: str) -> None:
    tx.run(_DELETE, arn=arn)
