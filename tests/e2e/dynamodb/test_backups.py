"""Backups on demand, and tables that are restored from them."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, put, schema, settle, wire
from support.refusals import refusal
from support.running import Running

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


def back_up(dynamodb: Any, name: str = "first", table: str = "things") -> str:
    made = dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]
    arn: str = made["BackupArn"]
    return arn


def restore(dynamodb: Any, backup: str, name: str = "restored", **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = dynamodb.restore_table_from_backup(
        TargetTableName=name, BackupArn=backup, **members
    )["TableDescription"]
    settle(dynamodb)
    return found


def fill(dynamodb: Any, count: int, table: str = "things", **attributes: Any) -> None:
    for start in range(0, count, 25):
        puts = [
            {"PutRequest": {"Item": wire(pk=f"{number:04d}", **attributes)}}
            for number in range(start, min(count, start + 25))
        ]
        dynamodb.batch_write_item(RequestItems={table: puts})


def keys(dynamodb: Any, table: str) -> list[str]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return sorted(item["pk"]["S"] for page in pages for item in page["Items"])


def table_of(dynamodb: Any, name: str = "restored") -> dict[str, Any]:
    found: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    return found


def test_a_backup_is_described_with_the_table_that_it_is_of(dynamodb: Any, pileus: Running) -> None:
    arn = create(
        dynamodb, keys="pk:S sk:N", more="g:S", ProvisionedThroughput=UNITS,
        GlobalSecondaryIndexes=[{**index("by-g", "g"), "ProvisionedThroughput": UNITS}],
        LocalSecondaryIndexes=[index("by-local-g", "pk", "g", "INCLUDE", "other")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )  # fmt: skip
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(dynamodb, pk="a", sk=1, g="g")
    made = dynamodb.create_backup(TableName=arn, BackupName="first")["BackupDetails"]
    assert ("first", "CREATING", "USER") == (
        made["BackupName"], made["BackupStatus"], made["BackupType"],
    )  # fmt: skip
    assert pileus.now == int(made["BackupCreationDateTime"].timestamp() * 1000)
    assert made["BackupArn"].startswith(f"{arn}/backup/{pileus.now:014d}-")
    found = dynamodb.describe_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert ("AVAILABLE", 9) == (
        found["BackupDetails"]["BackupStatus"], found["BackupDetails"]["BackupSizeBytes"],
    )  # fmt: skip
    source = found["SourceTableDetails"]
    assert ("things", arn, 1, "PROVISIONED", UNITS) == (
        source["TableName"], source["TableArn"], source["ItemCount"], source["BillingMode"],
        source["ProvisionedThroughput"],
    )  # fmt: skip
    assert schema("pk", "sk") == source["KeySchema"]
    features = found["SourceTableFeatureDetails"]
    assert [{**index("by-g", "g"), "ProvisionedThroughput": UNITS}] == features[
        "GlobalSecondaryIndexes"
    ]
    assert [index("by-local-g", "pk", "g", "INCLUDE", "other")] == features["LocalSecondaryIndexes"]
    assert {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"} == features["StreamDescription"]
    assert {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"} == features[
        "TimeToLiveDescription"
    ]


def test_a_restored_table_is_as_the_backup_was(dynamodb: Any, pileus: Running) -> None:
    arn = create(
        dynamodb, keys="pk:S sk:N", more="g:S", DeletionProtectionEnabled=True,
        GlobalSecondaryIndexes=[index("by-g", "g")], Tags=[{"Key": "a", "Value": "b"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )  # fmt: skip
    put(dynamodb, pk="a", sk=1, g="g", content=[1, {"b": b"\x00"}])
    put(dynamodb, pk="a", sk=2)
    backup = back_up(dynamodb)
    made_at = pileus.now
    put(dynamodb, pk="a", sk=1, g="changed")
    put(dynamodb, pk="new", sk=3)
    dynamodb.delete_item(TableName="things", Key=wire(pk="a", sk=2))
    pileus.advance(5)
    shown = restore(dynamodb, backup)
    assert ("CREATING", True) == (
        shown["TableStatus"],
        shown["RestoreSummary"]["RestoreInProgress"],
    )
    found = table_of(dynamodb)
    assert ("ACTIVE", 2, False) == (
        found["TableStatus"], found["ItemCount"], found["DeletionProtectionEnabled"],
    )  # fmt: skip
    summary = found["RestoreSummary"]
    assert (arn, backup, made_at, False) == (
        summary["SourceTableArn"], summary["SourceBackupArn"],
        int(summary["RestoreDateTime"].timestamp() * 1000), summary["RestoreInProgress"],
    )  # fmt: skip
    assert "StreamSpecification" not in found
    assert [] == dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert {"pk": "a", "sk": 1, "g": "g", "content": [1, {"b": b"\x00"}]} == get(
        dynamodb, "restored", pk="a", sk=1
    )
    by_index = dynamodb.query(
        TableName="restored", IndexName="by-g", KeyConditionExpression="g = :g",
        ExpressionAttributeValues=wire(**{":g": "g"}),
    )  # fmt: skip
    assert 1 == by_index["Count"]
    put(dynamodb, "restored", pk="of its own", sk=1)
    assert get(dynamodb, pk="of its own", sk=1) is None


def test_a_large_backup_outlives_its_table(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    fill(dynamodb, 450)
    backup = back_up(dynamodb)
    pileus.advance(1)
    found = dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]
    assert ("AVAILABLE", 450) == (
        found["BackupDetails"]["BackupStatus"], found["SourceTableDetails"]["ItemCount"],
    )  # fmt: skip
    dynamodb.delete_table(TableName="things")
    pileus.advance(1)
    restore(dynamodb, backup, "things")
    pileus.advance(1)
    assert ("ACTIVE", 450) == (
        table_of(dynamodb, "things")["TableStatus"], table_of(dynamodb, "things")["ItemCount"],
    )  # fmt: skip
    assert [f"{number:04d}" for number in range(450)] == keys(dynamodb, "things")


def test_backups_are_listed(dynamodb: Any, pileus: Running) -> None:
    for name in ("one", "two"):
        create(dynamodb, name)
    made = []
    for number in range(4):
        made.append(back_up(dynamodb, f"backup-{number}", ("one", "two")[number % 2]))
        pileus.advance(10)
    of_one = dynamodb.list_backups(TableName="one")["BackupSummaries"]
    assert [made[0], made[2]] == [each["BackupArn"] for each in of_one]
    assert ("one", "backup-0", "AVAILABLE", "USER") == (
        of_one[0]["TableName"], of_one[0]["BackupName"], of_one[0]["BackupStatus"],
        of_one[0]["BackupType"],
    )  # fmt: skip
    assert 4 == len(dynamodb.list_backups(BackupType="ALL")["BackupSummaries"])
    assert [] == dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    since = of_one[1]["BackupCreationDateTime"]
    later = dynamodb.list_backups(TableName="one", TimeRangeLowerBound=since)["BackupSummaries"]
    assert [made[2]] == [each["BackupArn"] for each in later]
    earlier = dynamodb.list_backups(TableName="one", TimeRangeUpperBound=since)["BackupSummaries"]
    assert [made[0]] == [each["BackupArn"] for each in earlier]
    seen, members = [], {}
    while True:
        page = dynamodb.list_backups(Limit=3, **members)
        seen += [each["BackupArn"] for each in page["BackupSummaries"]]
        if "LastEvaluatedBackupArn" not in page:
            break
        members = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}
    assert sorted(made) == sorted(seen)


def test_a_deleted_backup_is_gone(dynamodb: Any) -> None:
    create(dynamodb)
    backup = back_up(dynamodb)
    gone = dynamodb.delete_backup(BackupArn=backup)["BackupDescription"]
    assert "DELETED" == gone["BackupDetails"]["BackupStatus"]
    assert [] == dynamodb.list_backups()["BackupSummaries"]
    not_found = ("BackupNotFoundException", f"Backup not found: {backup}", 400)
    assert not_found == refusal(dynamodb.describe_backup, BackupArn=backup)
    assert not_found == refusal(dynamodb.delete_backup, BackupArn=backup)
    assert not_found == refusal(restore, dynamodb=dynamodb, backup=backup)
    odd = "arn:aws:dynamodb:us-east-1:000000000000:table/x"
    assert f"Backup not found: {odd}" == refusal(dynamodb.describe_backup, BackupArn=odd).message


def test_a_backup_needs_a_table_and_a_restore_a_new_name(dynamodb: Any) -> None:
    assert ("TableNotFoundException", "Table not found: things", 400) == refusal(
        dynamodb.create_backup, TableName="things", BackupName="first"
    )
    create(dynamodb)
    backup = back_up(dynamodb)
    assert ("TableAlreadyExistsException", "Table already exists: things", 400) == refusal(
        restore, dynamodb=dynamodb, backup=backup, name="things"
    )


def test_restoring_can_change_capacity_and_leave_out_indexes(dynamodb: Any) -> None:
    create(
        dynamodb, keys="pk:S sk:S", more="g:S h:S",
        GlobalSecondaryIndexes=[index("by-g", "g"), index("by-h", "h")],
        LocalSecondaryIndexes=[index("local", "pk", "h")],
    )  # fmt: skip
    put(dynamodb, pk="a", sk="b", g="g", h="h")
    backup = back_up(dynamodb)
    restore(
        dynamodb, backup, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=UNITS,
        GlobalSecondaryIndexOverride=[{**index("by-g", "g"), "ProvisionedThroughput": UNITS}],
        LocalSecondaryIndexOverride=[], SSESpecificationOverride={"Enabled": True},
    )  # fmt: skip
    found = table_of(dynamodb)
    assert (5, 6) == tuple(found["ProvisionedThroughput"][name] for name in UNITS)
    [left] = found["GlobalSecondaryIndexes"]
    assert ("by-g", 1, 5) == (
        left["IndexName"], left["ItemCount"], left["ProvisionedThroughput"]["ReadCapacityUnits"],
    )  # fmt: skip
    assert "LocalSecondaryIndexes" not in found
    assert {"pk", "sk", "g"} == {each["AttributeName"] for each in found["AttributeDefinitions"]}
    assert "KMS" == found["SSEDescription"]["SSEType"]
    restore(dynamodb, backup, "on-demand")
    assert 2 == len(table_of(dynamodb, "on-demand")["GlobalSecondaryIndexes"])


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (
            {"GlobalSecondaryIndexOverride": [index("other", "g")]},
            "Secondary index other does not exist in the table to be restored",
        ),
        (
            {"GlobalSecondaryIndexOverride": [index("by-g", "h")]},
            "Secondary index by-g differs from that of the table to be restored",
        ),
        (
            {"BillingModeOverride": "PROVISIONED"},
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
            "PROVISIONED",
        ),
        (
            {"ProvisionedThroughputOverride": UNITS},
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode "
            "is PAY_PER_REQUEST",
        ),
    ],
)
def test_other_changes_are_refused(dynamodb: Any, members: dict[str, Any], reason: str) -> None:
    create(dynamodb, more="g:S", GlobalSecondaryIndexes=[index("by-g", "g")])
    backup = back_up(dynamodb)
    message = invalid(
        dynamodb.restore_table_from_backup, TargetTableName="other", BackupArn=backup, **members
    )
    assert f"One or more parameter values were invalid: {reason}" == message
