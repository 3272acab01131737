"""Auto scaling of the tables of a group: kept for each region, and nothing is scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.replicas import telling
from pileus.services.dynamodb.tables import operations, store
from pileus.services.dynamodb.tables.settings import ACTIVE, DELETING, Table

READ, WRITE = "Read", "Write"
_PLAIN = ("MinimumUnits", "MaximumUnits", "AutoScalingDisabled", "AutoScalingRoleArn")
# Updates by what they are of: the index's name, or nothing for the table, and READ or WRITE.
Updates = dict[str, Mapping[str, Any]]


def key_of(kind: str, index: str = "") -> str:
    return f"{index}/{kind}"


def updated(old: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with an update; a policy takes the place of one of its name."""
    found = dict(old or {})
    found |= {name: wanted[name] for name in _PLAIN if name in wanted}
    low, high = found.get("MinimumUnits"), found.get("MaximumUnits")
    if low is not None and high is not None and low > high:
        raise errors.invalid_values("MinimumUnits must not be greater than MaximumUnits")
    policy = wanted.get("ScalingPolicyUpdate")
    if policy is not None:
        kept = [
            each
            for each in found.get("ScalingPolicies", [])
            if each.get("PolicyName") != policy.get("PolicyName")
        ]
        found["ScalingPolicies"] = [*kept, policy]
    return found


def with_updates(table: Table, updates: Updates) -> Table:
    changed = {key: updated(table.scaling.get(key), each) for key, each in updates.items()}
    return msgspec.structs.replace(table, scaling={**table.scaling, **changed})


def keep(tx: Transaction, updates: Updates) -> None:
    """Step about a table: keep what is asked for."""
    found = store.seek(tx, tx.about)
    if found is not None:
        store.update(tx, with_updates(found[0], updates))


def shown(table: Table, kind: str, member: str, index: str = "") -> dict[str, Any]:
    """The member that describes settings, where there are some."""
    found = table.scaling.get(key_of(kind, index))
    return {} if found is None else {member: found}


def has_index(table: Table, name: str) -> bool:
    index = table.index(name)
    return index is not None and index.is_global and index.status != DELETING


# The operations of the version 2019.11.21.


async def describe_table_replica_auto_scaling(call: Call, *, table_name: str) -> dict[str, Any]:
    table = await call.read(_found, about=call.about)
    replicas = []
    for region in (telling.region_of(call.about), *(each.region for each in table.replicas)):
        arn = telling.in_region(call.about, region)
        member: Table | None = await call.read(_seek, about=arn)
        if member is not None:
            replicas.append(_described(member, region))
    return {
        "TableAutoScalingDescription": {
            "TableName": table.name,
            "TableStatus": table.status,
            "Replicas": replicas,
        }
    }


async def update_table_replica_auto_scaling(
    call: Call,
    *,
    table_name: str,
    global_secondary_index_updates: list[dict[str, Any]] | None = None,
    provisioned_write_capacity_auto_scaling_update: dict[str, Any] | None = None,
    replica_updates: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    table: Table = await call.read(_found, about=call.about)
    if table.status != ACTIVE:
        raise errors.table_in_use(table.name, "updated")
    everywhere = _writes(
        table, provisioned_write_capacity_auto_scaling_update, global_secondary_index_updates or ()
    )
    own = telling.region_of(call.about)
    regions = {own: everywhere} | {each.region: everywhere for each in table.replicas}
    for each in replica_updates or ():
        region = each["RegionName"]
        if region not in regions:
            raise errors.invalid(
                f"Replica specification for region {region} is invalid: the table has no replica "
                "in this region"
            )
        regions[region] = {**regions[region], **_reads(table, each)}
    if not any(regions.values()):
        raise errors.invalid("At least one auto scaling setting must be given")
    for updates in regions.values():
        # Wrong for one region is wrong for all of them.
        with_updates(table, updates)
    for region, updates in regions.items():
        await call.transaction(keep, updates, about=telling.in_region(call.about, region))
    return await describe_table_replica_auto_scaling(call, table_name=table_name)


def _writes(
    table: Table, of_table: Mapping[str, Any] | None, of_indexes: Sequence[Mapping[str, Any]]
) -> Updates:
    found: Updates = {} if of_table is None else {key_of(WRITE): of_table}
    for each in of_indexes:
        name, wanted = (
            each.get("IndexName", ""),
            each.get("ProvisionedWriteCapacityAutoScalingUpdate"),
        )
        if not has_index(table, name):
            raise errors.named_index_not_found(name)
        if wanted is not None:
            found[key_of(WRITE, name)] = wanted
    return found


def _reads(table: Table, asked: Mapping[str, Any]) -> Updates:
    found: Updates = {}
    wanted = asked.get("ReplicaProvisionedReadCapacityAutoScalingUpdate")
    if wanted is not None:
        found[key_of(READ)] = wanted
    for each in asked.get("ReplicaGlobalSecondaryIndexUpdates") or ():
        name, wanted = (
            each.get("IndexName", ""),
            each.get("ProvisionedReadCapacityAutoScalingUpdate"),
        )
        if not has_index(table, name):
            raise errors.named_index_not_found(name)
        if wanted is not None:
            found[key_of(READ, name)] = wanted
    return found


def _found(tx: Transaction) -> Table:
    """Step about a table: it; raises ResourceNotFoundException."""
    return operations.described(tx, tx.about)[0]


def _seek(tx: Transaction) -> Table | None:
    """Step about a table."""
    found = store.seek(tx, tx.about)
    return None if found is None else found[0]


def _described(table: Table, region: str) -> dict[str, Any]:
    replica = "ReplicaProvisioned{}CapacityAutoScalingSettings"
    index_member = "Provisioned{}CapacityAutoScalingSettings"
    found: dict[str, Any] = {"RegionName": region, "ReplicaStatus": table.status}
    for kind in (READ, WRITE):
        found |= shown(table, kind, replica.format(kind))
    indexes = []
    for index in table.indexes:
        if index.is_global:
            described: dict[str, Any] = {"IndexName": index.name, "IndexStatus": index.status}
            for kind in (READ, WRITE):
                described |= shown(table, kind, index_member.format(kind), index.name)
            indexes.append(described)
    return found | {"GlobalSecondaryIndexes": indexes} if indexes else found
