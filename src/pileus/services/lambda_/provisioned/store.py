"""Rows of provisioned concurrency; for transactions about the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# AWS allows an account 1,000 in all by default, and each row asks for one at least.
CONFIGS_MAX = 1_000


class Config(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for, and how far it has come."""

    requested: int
    modified_at: int
    # Of the request: another one may ask for as much in the same millisecond.
    id: str = ""
    status: str = "IN_PROGRESS"
    reason: str = ""
    allocated: int = 0


_READ = """
SELECT config FROM lambda_provisioned
WHERE part = :part AND account = :account AND name = :name AND qualifier = :qualifier
"""
_WRITE = """
INSERT INTO lambda_provisioned (part, account, name, qualifier, requested, config)
VALUES (:part, :account, :name, :qualifier, :requested, :config)
ON CONFLICT (part, account, name, qualifier) DO UPDATE
SET requested = excluded.requested, config = excluded.config
"""
_REMOVE = """
DELETE FROM lambda_provisioned
WHERE part = :part AND account = :account AND name = :name AND qualifier = :qualifier
"""
_LIST = """
SELECT qualifier, config FROM lambda_provisioned
WHERE part = :part AND account = :account AND name = :name AND qualifier > :after
ORDER BY qualifier LIMIT :limit
"""
_REQUESTED = """
SELECT SUM(requested) FROM lambda_provisioned
WHERE part = :part AND account = :account AND name = :name AND qualifier <> :qualifier
"""
_TOTALS = """
SELECT name, SUM(requested) FROM lambda_provisioned
WHERE part = :part AND account = :account GROUP BY name ORDER BY name LIMIT :limit
"""


def load(tx: Transaction, name: str, qualifier: str) -> Config | None:
    row = tx.one(_READ, account=tx.about, name=name, qualifier=qualifier)
    return None if row is None else msgspec.json.decode(row[0], type=Config)


def save(tx: Transaction, name: str, qualifier: str, config: Config) -> None:
    tx.run(
        _WRITE, account=tx.about, name=name, qualifier=qualifier, requested=config.requested,
        config=msgspec.json.encode(config).decode(),
    )  # fmt: skip


def remove(tx: Transaction, name: str, qualifier: str) -> bool:
    return tx.run(_REMOVE, account=tx.about, name=name, qualifier=qualifier) > 0


def listed(tx: Transaction, name: str, after: str, limit: int) -> list[tuple[str, Config]]:
    """(qualifier, config) pairs of a function in order of qualifier."""
    rows = tx.all(_LIST, at_most=limit, account=tx.about, name=name, after=after, limit=limit)
    return [(qualifier, msgspec.json.decode(text, type=Config)) for qualifier, text in rows]


def requested_by_others(tx: Transaction, name: str, qualifier: str) -> int:
    """How much is provisioned for a function's other versions and aliases."""
    row = tx.one(_REQUESTED, name=name, account=tx.about, qualifier=qualifier)
    return 0 if row is None or row[0] is None else int(row[0])


def totals(tx: Transaction) -> dict[str, int]:
    """How much is provisioned for each function of the account."""
    rows = tx.all(_TOTALS, at_most=CONFIGS_MAX, account=tx.about, limit=CONFIGS_MAX)
    return {name: int(total) for name, total in rows}
