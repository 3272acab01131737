"""Rows of events that were accepted, and of the settings for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# Settings of asynchronous invocation.

_READ_INVOKE_CONFIG = """
SELECT config FROM lambda_invoke_configs
WHERE part = :part AND owner = :owner AND qualifier = :qualifier
"""
_WRITE_INVOKE_CONFIG = """
INSERT INTO lambda_invoke_configs (part, owner, qualifier, config)
VALUES (:part, :owner, :qualifier, :config)
ON CONFLICT (part, owner, qualifier) DO UPDATE SET config = excluded.config
"""
_LIST_INVOKE_CONFIGS = """
SELECT qualifier, config FROM lambda_invoke_configs
WHERE part = :part AND owner = :owner AND qualifier > :after
ORDER BY qualifier LIMIT :limit
"""
_REMOVE_INVOKE_CONFIG = """
DELETE FROM lambda_invoke_configs
WHERE part = :part AND owner = :owner AND qualifier = :qualifier
"""
_SWEEP_INVOKE_CONFIGS = """
DELETE FROM lambda_invoke_configs WHERE part = :part AND owner = :owner AND qualifier IN (
    SELECT qualifier FROM lambda_invoke_configs WHERE part = :part AND owner = :owner
    ORDER BY qualifier LIMIT :limit
)
"""


def load_invoke_config(tx: Transaction, owner: str, qualifier: str) -> str | None:
    row = tx.one(_READ_INVOKE_CONFIG, owner=owner, qualifier=qualifier)
    return None if row is None else row[0]


def save_invoke_config(tx: Transaction, owner: str, qualifier: str, config: str) -> None:
    tx.run(_WRITE_INVOKE_CONFIG, owner=owner, qualifier=qualifier, config=config)


def list_invoke_configs(
    tx: Transaction, owner: str, after: str, limit: int
) -> list[tuple[str, str]]:
    """(qualifier, settings) pairs in order of qualifier."""
    rows = tx.all(_LIST_INVOKE_CONFIGS, at_most=limit, owner=owner, after=after, limit=limit)
    return [(qualifier, config) for qualifier, config in rows]


def remove_invoke_config(tx: Transaction, owner: str, qualifier: str) -> bool:
    return tx.run(_REMOVE_INVOKE_CONFIG, owner=owner, qualifier=qualifier) > 0


def sweep_invoke_configs(tx: Transaction, owner: str, limit: int) -> int:
    return tx.run(_SWEEP_INVOKE_CONFIGS, owner=owner, limit=limit)


# Asynchronous events.

_READ_EVENT = "SELECT event, payload FROM lambda_events WHERE part = :part AND id = :id"
_WRITE_EVENT = """
INSERT INTO lambda_events (part, id, arn, event, payload)
VALUES (:part, :id, :arn, :event, :payload)
ON CONFLICT (part, id) DO NOTHING
"""
_CHANGE_EVENT = "UPDATE lambda_events SET event = :event WHERE part = :part AND id = :id"
_REMOVE_EVENT = "DELETE FROM lambda_events WHERE part = :part AND id = :id"


def load_event(tx: Transaction, key: str) -> tuple[str, bytes] | None:
    row = tx.one(_READ_EVENT, id=key)
    return None if row is None else (row[0], bytes(row[1]))


def add_event(tx: Transaction, key: str, arn: str, event: str, payload: bytes) -> None:
    tx.run(_WRITE_EVENT, id=key, arn=arn, event=event, payload=payload)


def change_event(tx: Transaction, key: str, event: str) -> None:
    tx.run(_CHANGE_EVENT, id=key, event=event)


def remove_event(tx: Transaction, key: str) -> bool:
    return tx.run(_REMOVE_EVENT, id=key) > 0
