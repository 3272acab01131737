"""Rows of an account's text messages: what it has set, and its sandbox."""

from __future__ import annotations

import msgspec

from pileus.kernel.transaction import Transaction

_SETTINGS = """
SELECT attributes FROM sns_sms_settings WHERE part = :part AND account = :account
"""
_PUT_SETTINGS = """
INSERT INTO sns_sms_settings (part, account, attributes) VALUES (:part, :account, :attributes)
ON CONFLICT (part, account) DO UPDATE SET attributes = excluded.attributes
"""
_NUMBER = """
SELECT is_verified, password FROM sns_sandbox_numbers
WHERE part = :part AND account = :account AND number = :number
"""
_PUT_NUMBER = """
INSERT INTO sns_sandbox_numbers (part, account, number, is_verified, password)
VALUES (:part, :account, :number, :is_verified, :password)
ON CONFLICT (part, account, number) DO UPDATE
SET is_verified = excluded.is_verified, password = excluded.password
"""
_DELETE_NUMBER = """
DELETE FROM sns_sandbox_numbers WHERE part = :part AND account = :account AND number = :number
"""
_NUMBERS = """
SELECT number, is_verified FROM sns_sandbox_numbers
WHERE part = :part AND account = :account AND number > :after ORDER BY number LIMIT :limit
"""


def settings(tx: Transaction, account: str) -> dict[str, str]:
    row = tx.one(_SETTINGS, account=account)
    return {} if row is None else msgspec.json.decode(row[0], type=dict[str, str])


def put_settings(tx: Transaction, account: str, attributes: dict[str, str]) -> None:
    text = msgspec.json.encode(attributes).decode()
    tx.run(_PUT_SETTINGS, account=account, attributes=text)


def sandbox_number(tx: Transaction, account: str, number: str) -> tuple[bool, str] | None:
    """Whether the number is verified, and the password that it was sent."""
    row = tx.one(_NUMBER, account=account, number=number)
    return None if row is None else (bool(row[0]), row[1])


def put_sandbox_number(
    tx: Transaction, account: str, number: str, is_verified: bool, password: str
) -> None:
    tx.run(_PUT_NUMBER, account=account, number=number, is_verified=is_verified, password=password)


def delete_sandbox_number(tx: Transaction, account: str, number: str) -> bool:
    return tx.run(_DELETE_NUMBER, account=account, number=number) > 0


def sandbox_numbers(
    tx: Transaction, account: str, after: str, limit: int
) -> list[tuple[str, bool]]:
    rows = tx.all(_NUMBERS, at_most=limit, account=account, after=after, limit=limit)
    return [(number, bool(is_verified)) for number, is_verified in rows]
