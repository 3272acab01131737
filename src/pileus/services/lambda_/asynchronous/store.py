"""Rows of events that were accepted, and of the settings for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# Settings of asynchronous invocation.

_READ_INVOKE_CONFIG = "SELECT config FROM lambda_invoke_configs WHERE part = :part AND arn = :arn"
_WRITE_INVOKE_CONFIG = """
INSERT INTO lambda_invoke_configs (part, arn, config) VALUES (:part, :arn, :config)
ON CONFLICT (part, arn) DO UPDATE SET config = excluded.config
"""
_REMOVE_INVOKE_CONFIG = "DELETE FROM lambda_invoke_configs WHERE part = :part AND arn = :arn"


def load_invoke_config(tx: Transaction, arn: str) -> str | None:
    row = tx.one(_READ_INVOKE_CONFIG, arn=arn)
    return None if row is None else row[0]


def save_invoke_config(tx: Transaction, arn: str, config: str) -> None:
    tx.run(_WRITE_INVOKE_CONFIG, arn=arn, config=config)


def remove_invoke_config(tx: Transaction, arn: str) -> bool:
    return tx.run(_REMOVE_INVOKE_CONFIG, arn=arn) > 0


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
