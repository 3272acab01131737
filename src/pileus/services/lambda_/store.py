"""Lambda's rows: the only SQL of this service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.lambda_.configurations import Function

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

RESERVATIONS_MAX = 5_000
MAPPINGS_PAGE_MAX = 100

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
    """Remove a function and what lies beside it."""
    tx.run(_REMOVE_FUNCTION, arn=arn)
    tx.run(_REMOVE_POLICY, arn=arn)
    tx.run(_REMOVE_INVOKE_CONFIG, arn=arn)


# Reserved concurrency; for transactions about the account.

_RESERVATIONS = """
SELECT name, reserved FROM lambda_reservations WHERE part = :part AND account = :account
ORDER BY name LIMIT :limit
"""
_RESERVED_ELSEWHERE = """
SELECT COALESCE(SUM(reserved), 0) FROM lambda_reservations
WHERE part = :part AND account = :account AND name <> :name
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


def reserved_elsewhere(tx: Transaction, name: str) -> int:
    """What the account's other functions have reserved together."""
    row = tx.one(_RESERVED_ELSEWHERE, account=tx.about, name=name)
    return 0 if row is None else int(row[0])


def reserve(tx: Transaction, name: str, reserved: int) -> None:
    tx.run(_RESERVE, account=tx.about, name=name, reserved=reserved)


def unreserve(tx: Transaction, name: str) -> bool:
    return tx.run(_UNRESERVE, account=tx.about, name=name) > 0


# Resource policies.

_READ_POLICY = "SELECT policy, revision_id FROM lambda_policies WHERE part = :part AND arn = :arn"
_WRITE_POLICY = """
INSERT INTO lambda_policies (part, arn, policy, revision_id)
VALUES (:part, :arn, :policy, :revision_id)
ON CONFLICT (part, arn) DO UPDATE
SET policy = excluded.policy, revision_id = excluded.revision_id
"""
_REMOVE_POLICY = "DELETE FROM lambda_policies WHERE part = :part AND arn = :arn"


def load_policy(tx: Transaction, arn: str) -> tuple[dict[str, Any], str] | None:
    """The policy document and its revision."""
    row = tx.one(_READ_POLICY, arn=arn)
    return None if row is None else (msgspec.json.decode(row[0]), row[1])


def save_policy(tx: Transaction, arn: str, policy: str, revision_id: str) -> None:
    tx.run(_WRITE_POLICY, arn=arn, policy=policy, revision_id=revision_id)


def remove_policy(tx: Transaction, arn: str) -> None:
    tx.run(_REMOVE_POLICY, arn=arn)


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
