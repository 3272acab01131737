"""Backups as their operations show them."""

from __future__ import annotations

from typing import Any

from pileus.services.dynamodb.backups.store import Backup
from pileus.services.dynamodb.tables.descriptions import index_shape, key_schema
from pileus.services.dynamodb.tables.settings import PAY_PER_REQUEST, Index, Table, Throughput


def details(backup: Backup, status: str = "") -> dict[str, Any]:
    """BackupDetails; a status may be shown that has already passed."""
    found: dict[str, Any] = {
        "BackupArn": backup.arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.bytes,
        "BackupStatus": status or backup.status,
        "BackupType": backup.type,
        "BackupCreationDateTime": backup.created_at,
    }
    if backup.expires_at:
        found["BackupExpiryDateTime"] = backup.expires_at
    return found


def summary(backup: Backup) -> dict[str, Any]:
    table = backup.table
    return {
        "TableName": table.name, "TableId": table.id, "TableArn": table.arn, **details(backup),
    }  # fmt: skip


def description(backup: Backup, status: str = "") -> dict[str, Any]:
    return {
        "BackupDetails": details(backup, status),
        "SourceTableDetails": _source(backup),
        "SourceTableFeatureDetails": _features(backup.table),
    }


def _source(backup: Backup) -> dict[str, Any]:
    table = backup.table
    found: dict[str, Any] = {
        "TableName": table.name,
        "TableId": table.id,
        "TableArn": table.arn,
        "TableSizeBytes": backup.bytes,
        "KeySchema": key_schema(table.partition_keys, table.sort_keys),
        "TableCreationDateTime": table.created_at,
        "ProvisionedThroughput": _throughput(table.throughput),
        "ItemCount": backup.items,
        "BillingMode": table.billing,
    }
    if table.on_demand is not None:
        found["OnDemandThroughput"] = table.on_demand
    return found


def _features(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index in table.indexes:
        member = "GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes"
        found.setdefault(member, []).append(_index(table, index))
    if table.stream is not None and table.stream.is_on:
        found["StreamDescription"] = {"StreamEnabled": True, "StreamViewType": table.stream.view}
    if table.is_ttl_on:
        found["TimeToLiveDescription"] = {
            "TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute,
        }  # fmt: skip
    if table.sse is not None:
        found["SSEDescription"] = table.sse
    return found


def _index(table: Table, index: Index) -> dict[str, Any]:
    found = index_shape(index)
    if index.is_global:
        if table.billing != PAY_PER_REQUEST:
            found["ProvisionedThroughput"] = _throughput(index.throughput)
        if index.on_demand is not None:
            found["OnDemandThroughput"] = index.on_demand
    return found


def _throughput(throughput: Throughput) -> dict[str, int]:
    return {"ReadCapacityUnits": throughput.read, "WriteCapacityUnits": throughput.write}
