"""Rows of functions, of their policies, and of what they reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.lambda_.functions.configurations import Function

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

RESERVATIONS_MAX = 5_000

# Functions.

_READ_FUNCTION = "SELECT function FROM lambda_functions WHERE part = :part AND arn = :arn"
_WRITE_FUNCTION = """
INSERT INTO lambda_functions (part, arn, function) VALUES (:part, :arn, :function)
ON CONFLICT (part, arn) DO UPDATE SET function = excluded.function
"""
_REMOVE_FUNCTION = "DELETE FROM lambda_functions WHERE part = :part AND arn = :arn"


def load_function(tx: Transaction, arn: str) -> Function | None:
    row = tx.one(_READ_FUNCTION, arn=arn)
    return None if row is None else msgspec.json.decode(row[0], type=Function)


def save_function(tx: Transaction, function: Function) -> None:
    tx.run(_WRITE_FUNCTION, arn=function.arn, function=msgspec.json.encode(function).decode())


def remove_function(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE_FUNCTION, arn=arn)


# Reserved concurrency; for transactions about the account.

_RESERVATIONS = """
SELECT name, reserved FROM lambda_reservations WHERE part = :part AND account = :account
ORDER BY name LIMIT :limit
"""
_RESERVE = """
INSERT INTO lambda_reservations (part, account, name, reserved)
VALUES (:part, :account, :name, :reserved)
ON CONFLICT (part, account, name) DO UPDATE SET reserved = excluded.reserved
"""
_UNRESERVE = """
DELETE FROM lambda_reservations WHERE part = :part AND account = :account AND name = :name
"""


def reservations(tx: Transaction) -> dict[str, int]:
    rows = tx.all(_RESERVATIONS, at_most=RESERVATIONS_MAX, account=tx.about, limit=RESERVATIONS_MAX)
    return dict(rows)


def reserve(tx: Transaction, name: str, reserved: int) -> None:
    tx.run(_RESERVE, account=tx.about, name=name, reserved=reserved)


def unreserve(tx: Transaction, name: str) -> bool:
    return tx.run(_UNRESERVE, account=tx.about, name=name) > 0


# Resource policies, by the function's id and the qualifier that they are for.

_READ_POLICY = """
SELECT policy, revision_id FROM lambda_policies
WHERE part = :part AND owner = :owner AND qualifier = :qualifier
"""
_WRITE_POLICY = """
INSERT INTO lambda_policies (part, owner, qualifier, policy, revision_id)
VALUES (:part, :owner, :qualifier, :policy, :revision_id)
ON CONFLICT (part, owner, qualifier) DO UPDATE
SET policy = excluded.policy, revision_id = excluded.revision_id
"""
_REMOVE_POLICY = """
DELETE FROM lambda_policies WHERE part = :part AND owner = :owner AND qualifier = :qualifier
"""
_SWEEP_POLICIES = """
DELETE FROM lambda_policies WHERE part = :part AND owner = :owner AND qualifier IN (
    SELECT qualifier FROM lambda_policies WHERE part = :part AND owner = :owner
    ORDER BY qualifier LIMIT :limit
)
"""


def load_policy(tx: Transaction, owner: str, qualifier: str) -> tuple[dict[str, Any], str] | None:
    """The policy document and its revision."""
    row = tx.one(_READ_POLICY, owner=owner, qualifier=qualifier)
    return None if row is None else (msgspec.json.decode(row[0]), row[1])


def save_policy(tx: Transaction, owner: str, qualifier: str, policy: str, revision_id: str) -> None:
    tx.run(_WRITE_POLICY, owner=owner, qualifier=qualifier, policy=policy, revision_id=revision_id)


def remove_policy(tx: Transaction, owner: str, qualifier: str) -> None:
    tx.run(_REMOVE_POLICY, owner=owner, qualifier=qualifier)


def sweep_policies(tx: Transaction, owner: str, limit: int) -> int:
    return tx.run(_SWEEP_POLICIES, owner=owner, limit=limit)
