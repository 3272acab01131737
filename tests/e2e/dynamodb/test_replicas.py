"""Global tables: replicas in other regions, each of which is written to; the last writer wins."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, put, settle, wire
from e2e.dynamodb.test_backups import fill, keys, table_of
from support.running import Running

FAR, FARTHER = "eu-west-1", "ap-south-1"


@pytest.fixture
def far(pileus: Running, account: str) -> Any:
    return pileus.client("dynamodb", account=account, region=FAR)


@pytest.fixture
def farther(pileus: Running, account: str) -> Any:
    return pileus.client("dynamodb", account=account, region=FARTHER)


def change(dynamodb: Any, action: str, region: str = FAR, **members: Any) -> dict[str, Any]:
    update = {action: {"RegionName": region, **members}}
    found: dict[str, Any] = dynamodb.update_table(TableName="things", ReplicaUpdates=[update])[
        "TableDescription"
    ]
    settle(dynamodb)
    return found


def replicas(dynamodb: Any) -> dict[str, str]:
    found = table_of(dynamodb, "things").get("Replicas", [])
    return {each["RegionName"]: each["ReplicaStatus"] for each in found}


def test_a_replica_has_what_was_there_and_what_comes(dynamodb: Any, far: Any) -> None:
    arn = create(dynamodb, more="g:S", GlobalSecondaryIndexes=[index("by-g", "g")])
    fill(dynamodb, 230, g="g")
    shown = change(dynamodb, "Create")
    assert [{"RegionName": FAR, "ReplicaStatus": "CREATING"}] == shown["Replicas"]
    assert "2019.11.21" == shown["GlobalTableVersion"]
    assert {FAR: "ACTIVE"} == replicas(dynamodb)
    assert {"us-east-1": "ACTIVE"} == replicas(far)
    there = table_of(far, "things")
    assert (arn.replace("us-east-1", FAR), "ACTIVE", 230) == (
        there["TableArn"], there["TableStatus"], there["ItemCount"],
    )  # fmt: skip
    assert 230 == there["GlobalSecondaryIndexes"][0]["ItemCount"]
    assert {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} == there[
        "StreamSpecification"
    ]
    assert (
        "NEW_AND_OLD_IMAGES"
        == table_of(dynamodb, "things")["StreamSpecification"]["StreamViewType"]
    )
    put(dynamodb, pk="new", blob=b"\xff", g="g")
    dynamodb.delete_item(TableName="things", Key=wire(pk="0000"))
    assert {"pk": "new", "blob": b"\xff", "g": "g"} == get(far, pk="new")
    assert get(far, pk="0000") is None
    put(far, pk="from far")
    assert {"pk": "from far"} == get(dynamodb, pk="from far")
    assert keys(dynamodb, "things") == keys(far, "things")
    assert ["things"] == far.list_tables()["TableNames"]


def test_the_last_writer_wins_in_every_region(
    dynamodb: Any, far: Any, farther: Any, pileus: Running
) -> None:
    create(dynamodb)
    put(dynamodb, pk="old", n=0)
    change(dynamodb, "Create")
    change(far, "Create", FARTHER)
    assert {FAR: "ACTIVE", FARTHER: "ACTIVE"} == replicas(dynamodb)
    assert {"us-east-1": "ACTIVE", FARTHER: "ACTIVE"} == replicas(far)
    assert {"us-east-1": "ACTIVE", FAR: "ACTIVE"} == replicas(farther)
    every = (dynamodb, far, farther)
    for number, one in enumerate((far, dynamodb, farther, far), 1):
        # All within one instant of the frozen clock.
        put(one, pk="old", n=number)
        assert [{"pk": "old", "n": number}] * 3 == [get(each, pk="old") for each in every]
    farther.delete_item(TableName="things", Key=wire(pk="old"))
    assert [None] * 3 == [get(each, pk="old") for each in every]
    pileus.advance(1)
    add = {
        "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": wire(**{":one": 1}),
    }  # fmt: skip
    for one in every:
        one.update_item(TableName="things", Key=wire(pk="sum"), **add)
    assert [{"pk": "sum", "n": 3}] * 3 == [get(each, pk="sum") for each in every]
    pileus.advance(5 * 86_400)
    put(dynamodb, pk="old", n=9)
    assert [{"pk": "old", "n": 9}] * 3 == [get(each, pk="old") for each in every]


def test_each_region_has_a_stream_of_all_changes(
    dynamodb: Any, far: Any, pileus: Running, account: str
) -> None:
    create(dynamodb)
    change(dynamodb, "Create")
    put(dynamodb, pk="a")
    put(far, pk="b")
    for region in ("us-east-1", FAR):
        streams = pileus.client("dynamodbstreams", account=account, region=region)
        [stream] = streams.list_streams(TableName="things")["Streams"]
        arn = stream["StreamArn"]
        [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = streams.get_records(ShardIterator=iterator)["Records"]
        assert ["a", "b"] == [each["dynamodb"]["Keys"]["pk"]["S"] for each in records]
        assert {region} == {each["awsRegion"] for each in records}


def test_expired_items_go_everywhere(dynamodb: Any, far: Any, pileus: Running) -> None:
    create(dynamodb)
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(dynamodb, pk="a", until=pileus.now // 1000 + 5)
    change(dynamodb, "Create")
    expiry = far.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert "ENABLED" == expiry["TimeToLiveStatus"]
    assert get(far, pk="a") is not None
    pileus.advance(10)
    assert [None, None] == [get(dynamodb, pk="a"), get(far, pk="a")]


def test_regions_agree_on_what_expires(dynamodb: Any, far: Any, pileus: Running) -> None:
    create(dynamodb)
    change(dynamodb, "Create")
    put(far, pk="a", until=pileus.now // 1000 + 5)

    def expiry(client: Any) -> tuple[str, str]:
        found = client.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
        return found["TimeToLiveStatus"], found.get("AttributeName", "")

    on = {"Enabled": True, "AttributeName": "until"}
    far.update_time_to_live(TableName="things", TimeToLiveSpecification=on)
    assert [("ENABLED", "until")] * 2 == [expiry(dynamodb), expiry(far)]
    pileus.advance(10)
    assert [None, None] == [get(dynamodb, pk="a"), get(far, pk="a")]
    off = {"Enabled": False, "AttributeName": "until"}
    dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=off)
    assert [("DISABLED", "")] * 2 == [expiry(dynamodb), expiry(far)]


def test_a_replica_is_removed(dynamodb: Any, far: Any, farther: Any) -> None:
    create(dynamodb)
    for region in (FAR, FARTHER):
        change(dynamodb, "Create", region)
    put(dynamodb, pk="a")
    shown = change(dynamodb, "Delete")
    assert "DELETING" == shown["Replicas"][0]["ReplicaStatus"]
    assert [] == far.list_tables()["TableNames"]
    assert {FARTHER: "ACTIVE"} == replicas(dynamodb)
    assert {"us-east-1": "ACTIVE"} == replicas(farther)
    put(farther, pk="b")
    assert {"pk": "b"} == get(dynamodb, pk="b")
    farther.delete_table(TableName="things")
    settle(dynamodb)
    assert {} == replicas(dynamodb)
    put(dynamodb, pk="c")
    change(dynamodb, "Create")
    assert ["a", "b", "c"] == keys(far, "things")


def test_what_cannot_be_a_replica(dynamodb: Any, far: Any) -> None:
    create(dynamodb)
    create(far)
    there = (
        "Failed to create a the new replica of table with name: 'things' because one or more "
        "replicas already existed as tables."
    )
    assert there == invalid(change, dynamodb=dynamodb, action="Create")
    assert there == invalid(change, dynamodb=dynamodb, action="Create", region="us-east-1")
    assert "Unsupported region: nowhere" == invalid(
        change, dynamodb=dynamodb, action="Create", region="nowhere"
    )
    for action in ("Delete", "Update"):
        assert "the table has no replica in this region" in invalid(
            change, dynamodb=dynamodb, action=action
        )
    create(dynamodb, "other", StreamSpecification={
        "StreamEnabled": True, "StreamViewType": "KEYS_ONLY",
    })  # fmt: skip
    asked = [{"Create": {"RegionName": FAR}}]
    assert "NEW_AND_OLD_IMAGES" in invalid(
        dynamodb.update_table, TableName="other", ReplicaUpdates=asked
    )
