"""Point-in-time recovery: any second of the last days, by the platform's clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from e2e.dynamodb.tables import create, get, index, invalid, put, settle, wire
from e2e.dynamodb.test_backups import fill, keys, table_of
from support.refusals import refusal
from support.running import Running

DAY = 86_400


def recover(dynamodb: Any, days: int | None = None, table: str = "things") -> dict[str, Any]:
    wanted: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
    if days is not None:
        wanted["RecoveryPeriodInDays"] = days
    return shown(
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wanted)
    )


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return found


def restore(dynamodb: Any, name: str, at: float | None = None, **members: Any) -> None:
    when: dict[str, Any] = {"UseLatestRestorableTime": True}
    if at is not None:
        when = {"RestoreDateTime": datetime.fromtimestamp(at, UTC)}
    dynamodb.restore_table_to_point_in_time(
        SourceTableName="things", TargetTableName=name, **when, **members
    )
    settle(dynamodb)


def seconds(pileus: Running) -> float:
    return pileus.now / 1000


def changes_kept(pileus: Running, table: str) -> int:
    """How many changes of a table the store has."""
    kernel = pileus.app.kernel
    part = kernel.store.partition(table)
    found: int = pileus.run(kernel.store_read(_count_changes, part=part))
    return found


def _count_changes(tx: Any) -> int:
    row = tx.one("SELECT COUNT(*) FROM dynamodb_changes WHERE part = :part")
    return int(row[0])


def test_a_table_is_restored_to_any_second(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, more="g:S", GlobalSecondaryIndexes=[index("by-g", "g")])
    put(dynamodb, pk="before", n=0, g="x")
    put(dynamodb, pk="gone", n=0)
    recover(dynamodb)
    moments = []
    for number in range(1, 4):
        pileus.advance(100)
        put(dynamodb, pk="before", n=number, g="x")
        put(dynamodb, pk=f"new-{number}", n=number)
        if number == 2:
            dynamodb.delete_item(TableName="things", Key=wire(pk="gone"))
        moments.append(seconds(pileus))
    pileus.advance(400)
    for number, at in enumerate(moments, 1):
        for name, instant, expected in (
            (f"just-before-{number}", at - 1, number - 1), (f"at-{number}", at, number),
        ):  # fmt: skip
            restore(dynamodb, name, instant)
            assert {"pk": "before", "n": expected, "g": "x"} == get(dynamodb, name, pk="before")
            is_there = get(dynamodb, name, pk="gone") is not None
            assert (expected < 2, expected) == (
                is_there, table_of(dynamodb, name)["ItemCount"] - 1 - is_there,
            )  # fmt: skip
            by_index = table_of(dynamodb, name)["GlobalSecondaryIndexes"][0]
            assert 1 == by_index["ItemCount"]


def test_the_latest_restorable_time_is_five_minutes_ago(dynamodb: Any, pileus: Running) -> None:
    arn = create(dynamodb)
    assert {"PointInTimeRecoveryStatus": "DISABLED"} == shown(
        dynamodb.describe_continuous_backups(TableName="things")
    )
    found = recover(dynamodb, 7)
    since = found["EarliestRestorableDateTime"]
    assert ("ENABLED", 7, since) == (
        found["PointInTimeRecoveryStatus"], found["RecoveryPeriodInDays"],
        found["LatestRestorableDateTime"],
    )  # fmt: skip
    pileus.advance(1)
    put(dynamodb, pk="a")
    pileus.advance(299)
    restore(dynamodb, "too-early")
    assert 0 == table_of(dynamodb, "too-early")["ItemCount"]
    pileus.advance(1)
    restore(dynamodb, "just-right")
    found = table_of(dynamodb, "just-right")
    latest = since + timedelta(seconds=1)
    assert (1, arn, latest) == (
        found["ItemCount"], found["RestoreSummary"]["SourceTableArn"],
        found["RestoreSummary"]["RestoreDateTime"],
    )  # fmt: skip
    assert "SourceBackupArn" not in found["RestoreSummary"]
    now = datetime.fromtimestamp(seconds(pileus), UTC)
    refused = (
        "InvalidRestoreTimeException",
        "RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime.",
        400,
    )
    for at in (now, since - timedelta(seconds=2)):
        assert refused == refusal(restore, dynamodb=dynamodb, name="other", at=at.timestamp())


def test_what_is_older_than_the_period_is_forgotten(dynamodb: Any, pileus: Running) -> None:
    table = create(dynamodb)
    put(dynamodb, pk="a", n=0)
    assert 0 == changes_kept(pileus, table)
    recover(dynamodb, 2)
    for number in range(1, 6):
        pileus.advance(DAY)
        put(dynamodb, pk="a", n=number)
    assert 2 == changes_kept(pileus, table)
    found = shown(dynamodb.describe_continuous_backups(TableName="things"))
    earliest = found["EarliestRestorableDateTime"].timestamp()
    assert seconds(pileus) - 2 * DAY == earliest
    restore(dynamodb, "oldest", earliest)
    assert {"pk": "a", "n": 3} == get(dynamodb, "oldest", pk="a")
    assert (
        "InvalidRestoreTimeException"
        == refusal(restore, dynamodb=dynamodb, name="other", at=earliest - 1).code
    )
    pileus.advance(3 * DAY)
    assert 0 == changes_kept(pileus, table)
    restore(dynamodb, "quiet", seconds(pileus) - 2 * DAY)
    assert {"pk": "a", "n": 5} == get(dynamodb, "quiet", pk="a")


def test_recovery_begins_anew_after_it_was_off(dynamodb: Any, pileus: Running) -> None:
    table = create(dynamodb)
    recover(dynamodb)
    put(dynamodb, pk="a")
    pileus.advance(600)
    dynamodb.update_continuous_backups(
        TableName="things",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    pileus.advance(1)
    assert 0 == changes_kept(pileus, table)
    assert (
        "PointInTimeRecoveryUnavailableException",
        "Point in time recovery is not enabled for table 'things'",
        400,
    ) == refusal(restore, dynamodb=dynamodb, name="other")
    again = seconds(pileus)
    assert again == recover(dynamodb)["EarliestRestorableDateTime"].timestamp()
    pileus.advance(600)
    assert (
        "InvalidRestoreTimeException"
        == refusal(restore, dynamodb=dynamodb, name="other", at=again - 2).code
    )


def test_a_deleted_table_leaves_a_system_backup_for_35_days(dynamodb: Any, pileus: Running) -> None:
    arn = create(dynamodb)
    recover(dynamodb)
    fill(dynamodb, 30)
    dynamodb.delete_table(TableName="things")
    assert [] == dynamodb.list_backups(TableName="things")["BackupSummaries"]
    [backup] = dynamodb.list_backups(TableName="things", BackupType="SYSTEM")["BackupSummaries"]
    assert ("things$DeletedTableBackup", "SYSTEM", "AVAILABLE", arn) == (
        backup["BackupName"], backup["BackupType"], backup["BackupStatus"], backup["TableArn"],
    )  # fmt: skip
    assert (
        35 * DAY
        == (backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"]).total_seconds()
    )
    pileus.advance(10)
    dynamodb.restore_table_from_backup(TargetTableName="things", BackupArn=backup["BackupArn"])
    settle(dynamodb)
    assert [f"{number:04d}" for number in range(30)] == keys(dynamodb, "things")
    pileus.advance(35 * DAY)
    assert (
        "BackupNotFoundException"
        == refusal(dynamodb.describe_backup, BackupArn=backup["BackupArn"]).code
    )
    assert 30 == table_of(dynamodb, "things")["ItemCount"]


def test_what_a_request_must_say(dynamodb: Any) -> None:
    ask = dynamodb.restore_table_to_point_in_time
    assert "Exactly one of SourceTableArn and SourceTableName must be specified" == invalid(
        ask, TargetTableName="other", UseLatestRestorableTime=True
    )
    assert "Exactly one of UseLatestRestorableTime and RestoreDateTime must be specified" == (
        invalid(ask, TargetTableName="other", SourceTableName="things")
    )
    assert ("TableNotFoundException", "Table not found: things", 400) == refusal(
        restore, dynamodb=dynamodb, name="other"
    )
    create(dynamodb)
    recover(dynamodb)
    assert ("TableAlreadyExistsException", "Table already exists: things", 400) == refusal(
        restore, dynamodb=dynamodb, name="things"
    )
    wanted = {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 5}
    assert "RecoveryPeriodInDays can only be specified" in invalid(
        dynamodb.update_continuous_backups, TableName="things",
        PointInTimeRecoverySpecification=wanted,
    )  # fmt: skip


def test_many_changes_are_undone_page_by_page(dynamodb: Any, pileus: Running) -> None:
    chance = random.Random(4711)
    create(dynamodb)
    recover(dynamodb)
    model: dict[str, int] = {}
    moments: list[tuple[float, dict[str, int]]] = []
    for number in range(30):
        pileus.advance(1)
        ask: list[dict[str, Any]] = []
        for name in chance.sample(range(500), 25):
            pk = f"{name:04d}"
            if pk in model and chance.random() < 0.4:
                del model[pk]
                ask.append({"DeleteRequest": {"Key": wire(pk=pk)}})
            else:
                model[pk] = number
                ask.append({"PutRequest": {"Item": wire(pk=pk, n=number)}})
        dynamodb.batch_write_item(RequestItems={"things": ask})
        moments.append((seconds(pileus), dict(model)))
    pileus.advance(300)
    for place in (0, 7, 15, 29):
        at, expected = moments[place]
        restore(dynamodb, f"at-{place}", at)
        pages = dynamodb.get_paginator("scan").paginate(TableName=f"at-{place}")
        found = [item for page in pages for item in page["Items"]]
        assert expected == {item["pk"]["S"]: int(item["n"]["N"]) for item in found}
