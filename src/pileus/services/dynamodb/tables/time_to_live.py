"""Time to live: which attribute says when an item expires."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.replicas import telling
from pileus.services.dynamodb.tables import leftovers, operations, store, upkeep
from pileus.services.dynamodb.tables.settings import ACTIVE, Table

# docs: API_UpdateTimeToLive; how long a change may take, in which there is no other.
_INTERVAL_MS = 3_600_000


def update_time_to_live(
    call: Call, *, table_name: str, time_to_live_specification: dict[str, Any]
) -> dict[str, Any]:
    tx = call.tx
    table, _ = operations.described(tx, call.about)
    if table.status != ACTIVE:
        raise errors.table_in_use(table.name, "updated")
    wanted = time_to_live_specification["Enabled"]
    name = time_to_live_specification["AttributeName"]
    if wanted and table.is_ttl_on:
        if name != table.ttl_attribute:
            raise errors.invalid(
                "TimeToLive is active on a different AttributeName: current "
                f"AttributeName is {table.ttl_attribute}"
            )
        raise errors.invalid("TimeToLive is already enabled")
    if not wanted and not table.is_ttl_on:
        raise errors.invalid("TimeToLive is already disabled")
    if not wanted and name != table.ttl_attribute:
        raise errors.invalid(
            "TimeToLive is active on a different AttributeName: current "
            f"AttributeName is {table.ttl_attribute}"
        )
    if tx.kernel.quotas.is_enforced and tx.now - table.ttl_changed_at < _INTERVAL_MS:
        raise errors.invalid(
            "Time to live has been modified multiple times within a fixed interval"
        )
    change(tx, table, name if wanted else "")
    message = telling.Message(telling.region_of(table.arn), [], expiry=name if wanted else "")
    telling.hand_over(tx, table, message)
    return {"TimeToLiveSpecification": time_to_live_specification}


def change(tx: Transaction, table: Table, name: str) -> None:
    """Have items expire by an attribute, or not at all."""
    number = store.new_number(tx) if name else 0
    changed = msgspec.structs.replace(
        table,
        is_ttl_on=bool(name),
        ttl_attribute=name,
        ttl_number=number,
        ttl_changed_at=tx.now,
    )
    store.update(tx, changed)
    if table.is_ttl_on:
        leftovers.drop_later(tx, "expiries", table.ttl_number)
    if name:
        payload = {"number": number, "hash": "", "sort": ""}
        tx.set_timer(upkeep.TTL_FILL_TIMER, table.arn, tx.now, payload)


def describe_time_to_live(call: Call, *, table_name: str) -> dict[str, Any]:
    table, _ = operations.described(call.tx, call.about)
    if not table.is_ttl_on:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {
        "TimeToLiveDescription": {
            "TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute,
        }
    }  # fmt: skip
