"""UpdateTable: capacity, billing, indexes, the stream and the lesser settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.replicas import changes as replica_changes
from pileus.services.dynamodb.streams import streams
from pileus.services.dynamodb.tables import (
    capacity_changes,
    descriptions,
    operations,
    rules,
    store,
    upkeep,
)
from pileus.services.dynamodb.tables.settings import (
    ACTIVE,
    CREATING,
    DELETING,
    PAY_PER_REQUEST,
    UPDATING,
    Index,
    Table,
    Throughput,
)

# How long it takes where AWS's delays are played.
_CHANGE_MS, _INDEX_MS = 8_000, 30_000


class UpdateMembers(TypedDict, total=False):
    """What UpdateTable may leave out."""

    attribute_definitions: list[dict[str, str]]
    billing_mode: str
    provisioned_throughput: dict[str, int]
    global_secondary_index_updates: list[dict[str, Any]]
    stream_specification: dict[str, Any]
    sse_specification: dict[str, Any]
    table_class: str
    deletion_protection_enabled: bool
    on_demand_throughput: dict[str, int]
    warm_throughput: dict[str, int]
    replica_updates: list[dict[str, Any]]
    multi_region_consistency: str
    global_table_witness_updates: list[dict[str, Any]]
    vector_index_updates: list[dict[str, Any]]


_NOT_BUILT = {
    "multi_region_consistency": "MultiRegionConsistency",
    "global_table_witness_updates": "GlobalTableWitnessUpdates",
    "vector_index_updates": "VectorIndexUpdates",
}


def update_table(
    call: Call, *, table_name: str, **members: Unpack[UpdateMembers]
) -> dict[str, Any]:
    tx = call.tx
    for name, member in _NOT_BUILT.items():
        if members.get(name) is not None:
            raise not_implemented("dynamodb", "UpdateTable", member)
    before, state = operations.described(tx, call.about)
    if not any(value is not None for name, value in members.items() if "definitions" not in name):
        raise errors.invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
        )
    if before.status != ACTIVE:
        change = {CREATING: "created", DELETING: "deleted"}.get(before.status, "updated")
        raise errors.table_in_use(before.name, change)
    table = _with_capacity(tx, before, members)
    table = _with_settings(tx, table, members)
    table, shown = _with_indexes(tx, table, members)
    _check_capacity_of_indexes(table)
    stream = members.get("stream_specification")
    if stream is not None:
        table = _with_stream(tx, table, rules.stream_view(stream))
    replica_updates = members.get("replica_updates")
    if replica_updates is not None:
        table = replica_changes.changed(tx, table, replica_updates)
    has_delays = tx.kernel.settings.aws_delays
    if has_delays:
        table = msgspec.structs.replace(table, status=UPDATING)
        states = [each.status for each in table.indexes]
        states += [each.status for each in table.replicas]
        if not {CREATING, DELETING} & set(states):
            tx.set_timer(upkeep.SETTLE_TIMER, table.arn, tx.now + _CHANGE_MS, {"id": table.id})
    store.update(tx, table)
    described = descriptions.of_table(tx, table, (state.items, state.bytes), UPDATING, shown)
    return {"TableDescription": described}


def _with_capacity(tx: Transaction, table: Table, members: Mapping[str, Any]) -> Table:
    billing, given = members.get("billing_mode"), members.get("provisioned_throughput")
    if billing is None and given is None:
        return table
    if billing is None and table.billing == PAY_PER_REQUEST:
        billing = PAY_PER_REQUEST
    wanted = rules.throughput(billing or table.billing, given)
    now, old = tx.now, table.throughput
    if billing is not None and billing != table.billing:
        changes: dict[str, Any] = {"billing": billing, "throughput": wanted}
        if billing == PAY_PER_REQUEST:
            free = tuple(
                msgspec.structs.replace(index, throughput=Throughput()) for index in table.indexes
            )
            is_limited = tx.kernel.quotas.is_enforced
            changes |= {
                "on_demand_since": now,
                "on_demand_switches": capacity_changes.switches(
                    table.on_demand_switches, now, is_limited
                ),
                "indexes": free,
            }
        else:
            changes["on_demand"] = None
        return msgspec.structs.replace(table, **changes)
    if (wanted.read, wanted.write) == (old.read, old.write):
        if given is None:
            return table
        raise errors.capacity_unchanged("table", "table", old.read, old.write)
    changed = capacity_changes.changed(old, wanted, now, tx.kernel.quotas.is_enforced)
    return msgspec.structs.replace(table, throughput=changed)


def _check_capacity_of_indexes(table: Table) -> None:
    """A table that is not on demand any more needs capacity for each of its indexes."""
    if table.billing == PAY_PER_REQUEST:
        return
    for index in table.indexes:
        if index.is_global and not index.throughput.read and index.status != DELETING:
            raise errors.invalid_values(
                f"ProvisionedThroughput must be specified for index: {index.name}"
            )


def _with_settings(tx: Transaction, table: Table, members: Mapping[str, Any]) -> Table:
    changes: dict[str, Any] = {}
    wanted_class = members.get("table_class")
    if wanted_class is not None and wanted_class != (table.table_class or "STANDARD"):
        is_limited = tx.kernel.quotas.is_enforced
        times = capacity_changes.class_changes(table.class_changed_at, tx.now, is_limited)
        changes |= {"table_class": wanted_class, "class_changed_at": times}
    if members.get("deletion_protection_enabled") is not None:
        changes["is_protected"] = members["deletion_protection_enabled"]
    if members.get("on_demand_throughput") is not None:
        changes["on_demand"] = capacity_changes.on_demand(
            table.billing, members["on_demand_throughput"], table.on_demand
        )
    if members.get("warm_throughput") is not None:
        changes["warm"] = capacity_changes.warmed(
            table.billing, table.throughput, table.warm, members["warm_throughput"]
        )
    if members.get("sse_specification") is not None:
        parts = table.arn.split(":")
        default_key = f"arn:aws:kms:{parts[3]}:{parts[4]}:alias/aws/dynamodb"
        changes["sse"] = rules.sse(members["sse_specification"], default_key)
    return msgspec.structs.replace(table, **changes) if changes else table


def _with_stream(tx: Transaction, table: Table, view: str) -> Table:
    is_on = table.stream is not None and table.stream.is_on
    if view and is_on:
        raise errors.invalid(f"Table already has an enabled stream: TableName: {table.name}")
    if view:
        return streams.begin(tx, table, view)
    if not is_on:
        raise errors.invalid(f"Table has no stream to disable: TableName: {table.name}")
    return streams.end(tx, table)


# Indexes.


def _with_indexes(
    tx: Transaction, table: Table, members: Mapping[str, Any]
) -> tuple[Table, dict[str, str]]:
    """The table with its indexes changed, and the states to show."""
    updates: Sequence[Mapping[str, Any]] = members.get("global_secondary_index_updates") or ()
    shown: dict[str, str] = {}
    if sum("Update" not in each for each in updates) > 1:
        raise errors.too_many_index_changes()
    for each in updates:
        if len(each) != 1:
            raise errors.invalid_values(
                "One of GlobalSecondaryIndexUpdate's Create, Update and Delete must be specified"
            )
        ((action, wanted),) = each.items()
        name = wanted["IndexName"]
        present = table.index(name)
        if action == "Create":
            table = _with_new_index(tx, table, wanted, members)
            shown[name] = CREATING
            continue
        if present is None or not present.is_global:
            raise errors.not_found()
        if action == "Delete":
            shown[name] = DELETING
            table = _with_going_index(tx, table, present)
            continue
        shown[name] = UPDATING
        table = table.with_index(_with_capacity_of_index(tx, table, present, wanted))
    return table, shown


def _with_capacity_of_index(
    tx: Transaction, table: Table, index: Index, wanted: Mapping[str, Any]
) -> Index:
    changes: dict[str, Any] = {}
    throughput = index.throughput
    if wanted.get("ProvisionedThroughput") is not None:
        new = rules.throughput(table.billing, wanted["ProvisionedThroughput"], index.name)
        if (new.read, new.write) == (throughput.read, throughput.write):
            raise errors.capacity_unchanged(f"index {index.name}", "index", new.read, new.write)
        is_limited = tx.kernel.quotas.is_enforced
        throughput = capacity_changes.changed(throughput, new, tx.now, is_limited)
        changes["throughput"] = throughput
    if wanted.get("OnDemandThroughput") is not None:
        changes["on_demand"] = capacity_changes.on_demand(
            table.billing, wanted["OnDemandThroughput"], index.on_demand
        )
    if wanted.get("WarmThroughput") is not None:
        changes["warm"] = capacity_changes.warmed(
            table.billing, throughput, index.warm, wanted["WarmThroughput"]
        )
    return msgspec.structs.replace(index, **changes)


def _with_new_index(
    tx: Transaction, table: Table, wanted: Mapping[str, Any], members: Mapping[str, Any]
) -> Table:
    if table.index(wanted["IndexName"]) is not None:
        raise errors.invalid("Attempting to create an index which already exists")
    if sum(index.is_global for index in table.indexes) >= rules.GLOBAL_INDEXES_MAX:
        raise errors.invalid_values(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {rules.GLOBAL_INDEXES_MAX}"
        )
    given = rules.types(members.get("attribute_definitions"))
    for name, kind in given.items():
        if table.types.get(name, kind) != kind:
            raise errors.invalid_values(f"Attribute {name} is already defined with another type")
    defined = {**table.types, **given}

    def number() -> int:
        return store.new_number(tx)

    made = rules.global_index(wanted, defined, table.billing, number)
    index: Index = msgspec.structs.replace(made, status=CREATING, is_filling=True)
    changed = msgspec.structs.replace(table, types=defined).with_index(index)
    rules.check_indexes(changed.indexes)
    rules.check_all_used(defined, table.keys, changed.indexes)
    at = tx.now + (_INDEX_MS if tx.kernel.settings.aws_delays else 0)
    upkeep.fill_later(tx, table.arn, index.name, index.number, at)
    return changed


def _with_going_index(tx: Transaction, table: Table, index: Index) -> Table:
    at = tx.now + (_INDEX_MS if tx.kernel.settings.aws_delays else 0)
    payload = {"number": index.number}
    tx.set_timer(upkeep.REMOVE_INDEX_TIMER, f"{table.arn} {index.name}", at, payload)
    return table.with_index(msgspec.structs.replace(index, status=DELETING))
