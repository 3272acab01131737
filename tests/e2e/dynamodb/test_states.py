"""Tables where AWS's delays are played, and where its rates are enforced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, put, wire
from support.refusals import refusal
from support.running import Running


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), aws_delays=True, limits="aws").start()
    running.freeze()
    yield running
    running.stop()


def status(dynamodb: Any) -> str:
    found: str = dynamodb.describe_table(TableName="things")["Table"]["TableStatus"]
    return found


def test_a_table_takes_its_time(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    assert "CREATING" == status(dynamodb)
    not_found = ("ResourceNotFoundException", "Requested resource not found", 400)
    assert not_found == refusal(put, dynamodb=dynamodb, pk="a")
    assert (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: things",
        400,
    ) == refusal(dynamodb.delete_table, TableName="things")
    pileus.advance(10)
    assert "ACTIVE" == status(dynamodb)
    put(dynamodb, pk="a")
    dynamodb.update_table(TableName="things", DeletionProtectionEnabled=False)
    assert "UPDATING" == status(dynamodb)
    assert {"pk": "a"} == get(dynamodb, pk="a")
    assert (
        "ResourceInUseException"
        == refusal(dynamodb.update_table, TableName="things", DeletionProtectionEnabled=True).code
    )
    pileus.advance(10)
    assert "ACTIVE" == status(dynamodb)
    dynamodb.delete_table(TableName="things")
    assert "DELETING" == status(dynamodb)
    assert not_found == refusal(put, dynamodb=dynamodb, pk="a")
    pileus.advance(10)
    assert [] == dynamodb.list_tables()["TableNames"]


def test_an_index_cannot_be_read_before_it_is_filled(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    pileus.advance(10)
    for number in range(3):
        put(dynamodb, pk=str(number), n=number)
    dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-n", "n")}],
    )
    assert "Cannot read from backfilling global secondary index: by-n" == invalid(
        dynamodb.scan, TableName="things", IndexName="by-n"
    )
    put(dynamodb, pk="1", n=10)
    put(dynamodb, pk="new", n=11)
    dynamodb.delete_item(TableName="things", Key=wire(pk="2"))
    pileus.advance(60)
    found = dynamodb.scan(TableName="things", IndexName="by-n")["Items"]
    assert ["0", "10", "11"] == sorted((item["n"]["N"] for item in found), key=int)
    [shown] = dynamodb.describe_table(TableName="things")["Table"]["GlobalSecondaryIndexes"]
    assert ("ACTIVE", 3) == (shown["IndexStatus"], shown["ItemCount"])


def test_provisioned_throughput_is_enforced(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2})
    pileus.advance(10)
    put(dynamodb, pk="a")
    put(dynamodb, pk="b")
    assert (
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider "
        "increasing your provisioning level with the UpdateTable API.",
        400,
    ) == refusal(put, dynamodb=dynamodb, pk="c")
    pileus.advance(1)
    put(dynamodb, pk="c")
    assert [{"pk": "a"}, {"pk": "c"}] == [get(dynamodb, pk="a"), get(dynamodb, pk="c")]
    assert "ProvisionedThroughputExceededException" == refusal(get, dynamodb=dynamodb, pk="a").code


def test_what_exceeds_the_throughput_of_a_batch_is_left_over(
    dynamodb: Any, pileus: Running
) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2})
    pileus.advance(10)
    puts = [{"PutRequest": {"Item": wire(pk=str(number))}} for number in range(3)]
    answer = dynamodb.batch_write_item(
        RequestItems={"things": puts}, ReturnConsumedCapacity="TOTAL"
    )
    assert {"things": [puts[2]]} == answer["UnprocessedItems"]
    assert [2.0] == [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]
    code = "ProvisionedThroughputExceededException"
    assert code == refusal(dynamodb.batch_write_item, RequestItems={"things": puts}).code
    keys = [wire(pk=str(number)) for number in range(3)]
    found = dynamodb.batch_get_item(RequestItems={"things": {"Keys": keys}})
    assert (2, [keys[2]]) == (
        len(found["Responses"]["things"]), found["UnprocessedKeys"]["things"]["Keys"],
    )  # fmt: skip
    asked = {"things": {"Keys": keys}}
    assert code == refusal(dynamodb.batch_get_item, RequestItems=asked).code


def test_what_was_exceeded_is_told(dynamodb: Any, pileus: Running) -> None:
    arn = create(
        dynamodb, more="g:S",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 9},
        GlobalSecondaryIndexes=[{
            **index("by-g", "g"),
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        }],
    )  # fmt: skip
    pileus.advance(10)
    put(dynamodb, pk="a", g="g")
    with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException) as caught:
        put(dynamodb, pk="b", g="g")
    answer = caught.value.response
    assert answer["Error"]["Message"].startswith(
        "The level of configured provisioned throughput for one or more global secondary indexes"
    )
    reason = "IndexWriteProvisionedThroughputExceeded"
    assert [{"reason": reason, "resource": f"{arn}/index/by-g"}] == answer["ThrottlingReasons"]
    puts = [{"Put": {"TableName": "things", "Item": wire(pk="c", g="g")}}]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as canceled:
        dynamodb.transact_write_items(TransactItems=puts)
    [told] = canceled.value.response["CancellationReasons"]
    assert "ProvisionedThroughputExceeded" == told["Code"]


def test_the_maximum_on_demand_is_enforced(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, OnDemandThroughput={"MaxReadRequestUnits": 1})
    pileus.advance(10)
    put(dynamodb, pk="a")
    get(dynamodb, pk="a")
    get(dynamodb, pk="a")
    assert (
        "ThrottlingException",
        "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
        400,
    ) == refusal(dynamodb.get_item, TableName="things", Key=wire(pk="a"))
    unlimited = {"MaxReadRequestUnits": -1}
    dynamodb.update_table(TableName="things", OnDemandThroughput=unlimited)
    for _ in range(5):
        get(dynamodb, pk="a")


def test_capacity_falls_four_times_a_day(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 9})
    for units in (8, 7, 6, 5):
        pileus.advance(10)
        capacity = {"ReadCapacityUnits": units, "WriteCapacityUnits": 9}
        dynamodb.update_table(TableName="things", ProvisionedThroughput=capacity)
    pileus.advance(10)
    capacity["ReadCapacityUnits"] = 4
    refused = refusal(dynamodb.update_table, TableName="things", ProvisionedThroughput=capacity)
    assert "LimitExceededException" == refused.code
    assert "Number of decreases today: 4" in refused.message
    pileus.advance(3_600)
    dynamodb.update_table(TableName="things", ProvisionedThroughput=capacity)


def test_a_backup_is_a_copy_of_its_instant_though_writers_go_on(
    dynamodb: Any, pileus: Running
) -> None:
    create(dynamodb)
    pileus.advance(10)
    for start in range(0, 300, 25):
        puts = [
            {"PutRequest": {"Item": wire(pk=f"{n:03d}", n=0)}} for n in range(start, start + 25)
        ]
        dynamodb.batch_write_item(RequestItems={"things": puts})
    backup = dynamodb.create_backup(TableName="things", BackupName="first")["BackupDetails"]
    arn = backup["BackupArn"]
    for number in range(3):
        put(dynamodb, pk="000", n=number + 1)
    put(dynamodb, pk="1-new", n=1)
    dynamodb.delete_item(TableName="things", Key=wire(pk="299"))
    found = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    assert "CREATING" == found["BackupStatus"]
    assert "BackupInUseException" == refusal(dynamodb.delete_backup, BackupArn=arn).code
    assert (
        "BackupInUseException"
        == refusal(
            dynamodb.restore_table_from_backup, TargetTableName="restored", BackupArn=arn
        ).code
    )
    assert (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being backed up: things",
        400,
    ) == refusal(dynamodb.delete_table, TableName="things")
    pileus.advance(10)
    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    assert (
        "ResourceNotFoundException"
        == refusal(get, dynamodb=dynamodb, table="restored", pk="0").code
    )
    assert "BackupInUseException" == refusal(dynamodb.delete_backup, BackupArn=arn).code
    pileus.advance(20)
    found = dynamodb.describe_table(TableName="restored")["Table"]
    assert ("ACTIVE", 300) == (found["TableStatus"], found["ItemCount"])
    items = dynamodb.scan(TableName="restored")["Items"]
    assert {f"{n:03d}": "0" for n in range(300)} == {i["pk"]["S"]: i["n"]["N"] for i in items}
    dynamodb.delete_backup(BackupArn=arn)
    dynamodb.delete_table(TableName="things")
    pileus.advance(10)


def test_time_to_live_changes_once_an_hour(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    pileus.advance(10)
    change: dict[str, Any] = {"AttributeName": "until", "Enabled": True}
    dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=change)
    change["Enabled"] = False
    asked = {"TableName": "things", "TimeToLiveSpecification": change}
    assert "Time to live has been modified multiple times within a fixed interval" == invalid(
        dynamodb.update_time_to_live, **asked
    )
    pileus.advance(3_600)
    dynamodb.update_time_to_live(**asked)


def test_what_was_not_used_may_be_used_within_five_minutes(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    pileus.advance(10)
    put(dynamodb, pk="a")
    pileus.advance(1)
    put(dynamodb, pk="b")
    pileus.advance(5)
    for number in range(5):
        put(dynamodb, pk=str(number))
    code = "ProvisionedThroughputExceededException"
    assert code == refusal(put, dynamodb=dynamodb, pk="c").code


def test_a_request_larger_than_a_second_is_paid_for_later(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 100})
    pileus.advance(10)
    put(dynamodb, pk="a", v="x" * 40_000)
    key = {"TableName": "things", "Key": wire(pk="a"), "ConsistentRead": True}
    dynamodb.get_item(**key)
    pileus.advance(8)
    code = "ProvisionedThroughputExceededException"
    assert code == refusal(dynamodb.get_item, **key).code
    pileus.advance(2)
    dynamodb.get_item(**key)
