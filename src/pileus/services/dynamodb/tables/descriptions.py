"""A table as its operations show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.tables import capacity_changes, store
from pileus.services.dynamodb.tables.settings import (
    ACTIVE,
    CREATING,
    PAY_PER_REQUEST,
    Index,
    Replica,
    Restored,
    Table,
    Throughput,
)


def of_table(
    tx: Transaction,
    table: Table,
    counts: tuple[int, int] = (0, 0),
    status: str = "",
    index_status: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """TableDescription; a status may be shown that has already passed."""
    status = status or table.status
    found: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in table.types.items()
        ],
        "TableName": table.name,
        "KeySchema": key_schema(table.partition_keys, table.sort_keys),
        "TableStatus": status,
        "CreationDateTime": table.created_at,
        "ProvisionedThroughput": _throughput(table.throughput, tx.now),
        "TableSizeBytes": counts[1],
        "ItemCount": counts[0],
        "TableArn": table.arn,
        "TableId": table.id,
        "DeletionProtectionEnabled": table.is_protected,
        "WarmThroughput": {
            **capacity_changes.warm(table.billing, table.throughput, table.warm),
            "Status": ACTIVE,
        },
    }
    if table.billing == PAY_PER_REQUEST or table.on_demand_since:
        found["BillingModeSummary"] = {"BillingMode": table.billing}
        if table.on_demand_since:
            since = {"LastUpdateToPayPerRequestDateTime": table.on_demand_since}
            found["BillingModeSummary"] |= since
    if table.on_demand is not None:
        found["OnDemandThroughput"] = table.on_demand
    if table.table_class:
        found["TableClassSummary"] = {"TableClass": table.table_class}
        if table.class_changed_at:
            found["TableClassSummary"]["LastUpdateDateTime"] = table.class_changed_at[-1]
    if table.sse is not None:
        found["SSEDescription"] = table.sse
    if table.stream is not None:
        if table.stream.is_on:
            view = table.stream.view
            found["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
        found["LatestStreamLabel"] = table.stream.label
        found["LatestStreamArn"] = table.stream_arn
    if table.replicas:
        found["GlobalTableVersion"] = "2017.11.29" if table.linked_at else "2019.11.21"
        found["Replicas"] = [_replica(table, each) for each in table.replicas]
    if table.restored is not None:
        found["RestoreSummary"] = _restored(table.restored)
    shown = index_status or {}
    for index in table.indexes:
        member = "GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes"
        default = CREATING if status == CREATING else index.status
        described = _index(tx, table, index, shown.get(index.name, default))
        found.setdefault(member, []).append(described)
    return found


def _replica(table: Table, replica: Replica) -> dict[str, Any]:
    found: dict[str, Any] = {"RegionName": replica.region, "ReplicaStatus": replica.status}
    asked = replica.settings
    for name in (
        "KMSMasterKeyId", "ProvisionedThroughputOverride", "OnDemandThroughputOverride",
        "GlobalSecondaryIndexes",
    ):  # fmt: skip
        if name in asked:
            found[name] = asked[name]
    if "TableClassOverride" in asked:
        found["ReplicaTableClassSummary"] = {"TableClass": asked["TableClassOverride"]}
    return found


def _restored(restored: Restored) -> dict[str, Any]:
    found: dict[str, Any] = {"SourceTableArn": restored.table_arn}
    if restored.backup_arn:
        found["SourceBackupArn"] = restored.backup_arn
    return found | {"RestoreDateTime": restored.at, "RestoreInProgress": restored.is_going_on}


def key_schema(partition_keys: Sequence[str], sort_keys: Sequence[str]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in partition_keys),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in sort_keys),
    ]


def index_shape(index: Index) -> dict[str, Any]:
    """What an index is, apart from what has become of it."""
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.included:
        projection["NonKeyAttributes"] = list(index.included)
    return {
        "IndexName": index.name,
        "KeySchema": key_schema(index.partition_keys, index.sort_keys),
        "Projection": projection,
    }


def _index(tx: Transaction, table: Table, index: Index, status: str) -> dict[str, Any]:
    items, size = store.index_counts(tx, index.number)
    found = index_shape(index) | {
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": f"{table.arn}/index/{index.name}",
    }
    if index.is_global:
        found["IndexStatus"] = status
        found["ProvisionedThroughput"] = _throughput(index.throughput, tx.now)
        warm = capacity_changes.warm(table.billing, index.throughput, index.warm)
        found["WarmThroughput"] = {**warm, "Status": ACTIVE}
        if index.is_filling:
            found["Backfilling"] = True
        if index.on_demand is not None:
            found["OnDemandThroughput"] = index.on_demand
    return found


def _throughput(throughput: Throughput, now: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "NumberOfDecreasesToday": capacity_changes.decreases_today(throughput, now),
        "ReadCapacityUnits": throughput.read,
        "WriteCapacityUnits": throughput.write,
    }
    if throughput.increased_at:
        found["LastIncreaseDateTime"] = throughput.increased_at
    if throughput.decreased_at:
        found["LastDecreaseDateTime"] = throughput.decreased_at
    return found
