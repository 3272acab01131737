"""Settings of global tables of 2017: the same writing capacity everywhere, reading for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict, Unpack

from pileus.kernel.call import Call
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.replicas import scaling, telling
from pileus.services.dynamodb.replicas.legacy import find, table_at
from pileus.services.dynamodb.replicas.scaling import READ, WRITE, Updates, key_of, shown
from pileus.services.dynamodb.tables.settings import PAY_PER_REQUEST, Table

_Asked = Mapping[str, Any]


class SettingsMembers(TypedDict, total=False):
    """What UpdateGlobalTableSettings may leave out."""

    global_table_billing_mode: str
    global_table_provisioned_write_capacity_units: int
    global_table_provisioned_write_capacity_auto_scaling_settings_update: dict[str, Any]
    global_table_global_secondary_index_settings_update: list[dict[str, Any]]
    replica_settings_update: list[dict[str, Any]]


class Plan(NamedTuple):
    """What becomes of one region's table: UpdateTable's members, and auto scaling to keep."""

    changes: dict[str, Any]
    scaling: Updates


async def describe_global_table_settings(call: Call, *, global_table_name: str) -> dict[str, Any]:
    table = await call.read(find, about=call.about)
    settings = [_described(member, region) for region, member in await _members(call, table)]
    return {"GlobalTableName": table.name, "ReplicaSettings": settings}


async def update_global_table_settings(
    call: Call, *, global_table_name: str, **members: Unpack[SettingsMembers]
) -> dict[str, Any]:
    table: Table = await call.read(find, about=call.about)
    asked = {each["RegionName"]: each for each in members.get("replica_settings_update") or ()}
    for region in asked:
        if region != call.region and table.replica(region) is None:
            raise errors.replica_not_found(table.name, region)
    plans = [
        (telling.in_region(call.about, region), plan(member, members, asked.get(region, {})))
        for region, member in await _members(call, table)
    ]
    for arn, wanted in plans:
        if wanted.changes:
            await call.invoke("dynamodb", "UpdateTable", TableName=arn, **wanted.changes)
        if wanted.scaling:
            await call.transaction(scaling.keep, wanted.scaling, about=arn)
    return await describe_global_table_settings(call, global_table_name=global_table_name)


async def _members(call: Call, table: Table) -> list[tuple[str, Table]]:
    """The tables of the group by their regions, the caller's first."""
    found = []
    for region in (call.region, *(each.region for each in table.replicas)):
        arn = telling.in_region(call.about, region)
        member: Table | None = await call.read(table_at, about=arn)
        if member is not None:
            found.append((region, member))
    return found


def plan(table: Table, asked: _Asked, own: _Asked) -> Plan:
    """What is asked for all of the group, and for this one; raises AWS's errors."""
    changes: dict[str, Any] = {}
    updates: Updates = {}
    billing = asked.get("global_table_billing_mode") or table.billing
    if billing != table.billing:
        changes["BillingMode"] = billing
    read = own.get("ReplicaProvisionedReadCapacityUnits", table.throughput.read)
    write = asked.get("global_table_provisioned_write_capacity_units", table.throughput.write)
    if (read, write) != (table.throughput.read, table.throughput.write):
        changes["ProvisionedThroughput"] = _units(read, write)
    if own.get("ReplicaTableClass", table.table_class or "STANDARD") != (
        table.table_class or "STANDARD"
    ):
        changes["TableClass"] = own["ReplicaTableClass"]
    prefix = "global_table_provisioned_write_capacity_auto_scaling_settings_update"
    _add(updates, key_of(WRITE), asked.get(prefix))
    member = "ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate"
    _add(updates, key_of(READ), own.get(member))
    index_changes = _plan_indexes(table, asked, own, updates)
    if index_changes:
        changes["GlobalSecondaryIndexUpdates"] = index_changes
    scaling.with_updates(table, updates)
    return Plan(changes, updates)


def _plan_indexes(
    table: Table, asked: _Asked, own: _Asked, updates: Updates
) -> list[dict[str, Any]]:
    """UpdateTable's changes of indexes; their auto scaling is added to the updates."""
    wanted: dict[str, dict[str, int]] = {}
    for kind, given in (
        (WRITE, asked.get("global_table_global_secondary_index_settings_update")),
        (READ, own.get("ReplicaGlobalSecondaryIndexSettingsUpdate")),
    ):
        for each in given or ():
            name = each["IndexName"]
            if not scaling.has_index(table, name):
                raise errors.settings_index_not_found(name)
            units = each.get(f"Provisioned{kind}CapacityUnits")
            if units is not None:
                wanted.setdefault(name, {})[kind] = units
            member = f"Provisioned{kind}CapacityAutoScalingSettingsUpdate"
            _add(updates, key_of(kind, name), each.get(member))
    found = []
    for index in table.indexes:
        units_of = wanted.get(index.name, {})
        now = index.throughput.read, index.throughput.write
        then = units_of.get(READ, now[0]), units_of.get(WRITE, now[1])
        if then != now:
            change = {"IndexName": index.name, "ProvisionedThroughput": _units(*then)}
            found.append({"Update": change})
    return found


def _units(read: int, write: int) -> dict[str, int]:
    if not read or not write:
        raise errors.invalid_values(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
            "PROVISIONED"
        )
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def _add(updates: Updates, key: str, wanted: _Asked | None) -> None:
    if wanted is not None:
        updates[key] = wanted


def _described(table: Table, region: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RegionName": region,
        "ReplicaStatus": table.status,
        "ReplicaBillingModeSummary": {"BillingMode": table.billing},
        "ReplicaProvisionedReadCapacityUnits": table.throughput.read,
        "ReplicaProvisionedWriteCapacityUnits": table.throughput.write,
        **shown(table, READ, "ReplicaProvisionedReadCapacityAutoScalingSettings"),
        **shown(table, WRITE, "ReplicaProvisionedWriteCapacityAutoScalingSettings"),
    }
    if table.billing == PAY_PER_REQUEST and table.on_demand_since:
        since = {"LastUpdateToPayPerRequestDateTime": table.on_demand_since}
        found["ReplicaBillingModeSummary"] |= since
    if table.table_class:
        found["ReplicaTableClassSummary"] = {"TableClass": table.table_class}
    indexes = [
        {
            "IndexName": index.name,
            "IndexStatus": index.status,
            "ProvisionedReadCapacityUnits": index.throughput.read,
            "ProvisionedWriteCapacityUnits": index.throughput.write,
            **shown(table, READ, "ProvisionedReadCapacityAutoScalingSettings", index.name),
            **shown(table, WRITE, "ProvisionedWriteCapacityAutoScalingSettings", index.name),
        }
        for index in table.indexes
        if index.is_global
    ]
    if indexes:
        found["ReplicaGlobalSecondaryIndexSettings"] = indexes
    return found
