"""The rows of sessions; the only SQL of the service."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction

FORGOTTEN_AT_ONCE = 300


class Session(NamedTuple):
    access_key_id: str
    secret: str
    token: str
    principal_arn: str
    user_id: str
    clock: str
    expires_at: int
    issued_at: int
    restrictions: str


_COLUMNS = (
    "access_key_id, secret, token, principal_arn, user_id, clock, expires_at, issued_at,"
    " restrictions"
)
_ADD = f"""
INSERT INTO sts_sessions (part, account, {_COLUMNS})
VALUES (:part, :account, :access_key_id, :secret, :token, :principal_arn, :user_id, :clock,
  :expires_at, :issued_at, :restrictions)
"""
_SESSION = f"""
SELECT {_COLUMNS} FROM sts_sessions
WHERE part = :part AND account = :account AND access_key_id = :access_key_id
"""
_REMOVE_EXPIRED = """
DELETE FROM sts_sessions WHERE part = :part AND account = :account AND access_key_id IN (
  SELECT access_key_id FROM sts_sessions
  WHERE part = :part AND account = :account AND clock = :clock AND expires_at <= :before
  ORDER BY expires_at LIMIT :limit)
"""
_ANY = """
SELECT 1 FROM sts_sessions
WHERE part = :part AND account = :account AND clock = :clock LIMIT 1
"""


def add(tx: Transaction, account: str, session: Session) -> None:
    values: dict[str, Any] = session._asdict()
    tx.run(_ADD, account=account, **values)


def session(tx: Transaction, account: str, access_key_id: str) -> Session | None:
    row = tx.one(_SESSION, account=account, access_key_id=access_key_id)
    return None if row is None else Session(*row)


def remove_expired(tx: Transaction, account: str, clock: str, before: int) -> bool:
    """Remove a page of sessions that have expired; says whether there may be more."""
    removed = tx.run(
        _REMOVE_EXPIRED, account=account, clock=clock, before=before, limit=FORGOTTEN_AT_ONCE
    )
    return removed == FORGOTTEN_AT_ONCE


def has_any(tx: Transaction, account: str, clock: str) -> bool:
    return tx.one(_ANY, account=account, clock=clock) is not None
