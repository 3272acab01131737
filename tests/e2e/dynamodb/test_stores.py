"""Tables on PostgreSQL and on two SQLite files: one behaviour, and what cannot be one commit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, plain, put, wire
from support.postgres import Server
from support.refusals import refusal
from support.running import Running


@pytest.fixture(scope="module", params=["postgres", "two sqlite files"])
def pileus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    settings: dict[str, Any] = {"store_files": 2}
    server: Server | None = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        settings = {"store": server.new_database()}
    running = Running(tmp_path_factory.mktemp("pileus"), **settings).start()
    running.freeze()
    yield running
    running.stop()
    if server is not None:
        server.drop_database(settings["store"])


def transact(dynamodb: Any, *tables: str) -> None:
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": table, "Key": wire(pk="sum"), "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": wire(**{":one": 1}),
                }
            }
            for table in tables
        ],
    )  # fmt: skip


def transact_two(dynamodb: Any, one: str, other: str) -> None:
    transact(dynamodb, one, other)


def test_long_keys_are_found_in_every_order(dynamodb: Any) -> None:
    create(
        dynamodb, keys="pk:S sk:B", more="g:S",
        GlobalSecondaryIndexes=[index("by-g", "g", "sk")],
    )  # fmt: skip
    longest = [b"\xff" * 1024, b"\xff" * 1023, b"\x00" * 1024]
    for sk in longest:
        put(dynamodb, pk="p" * 2048, sk=sk, g="g" * 2048)
    for name, value, others in (("pk", "p", {}), ("g", "g", {"IndexName": "by-g"})):
        members = {
            "KeyConditionExpression": f"{name} = :k",
            "ExpressionAttributeValues": wire(**{":k": value * 2048}),
            **others,
        }
        pages = dynamodb.get_paginator("query").paginate(
            TableName="things", Limit=1, ScanIndexForward=False, **members
        )
        found = [item["sk"]["B"] for page in pages for item in page["Items"]]
        assert longest == found
        pages = dynamodb.get_paginator("query").paginate(TableName="things", Limit=2, **members)
        found = [item["sk"]["B"] for page in pages for item in page["Items"]]
        assert longest[::-1] == found


def test_an_index_is_filled_and_dropped(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    for number in range(25):
        put(dynamodb, pk=str(number), n=number)
    dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-n", "n")}],
    )
    pileus.advance(1)
    found = dynamodb.scan(TableName="things", IndexName="by-n", TotalSegments=1, Segment=0)
    assert 25 == found["Count"]
    dynamodb.delete_table(TableName="things")
    pileus.advance(1)
    create(dynamodb)
    assert 0 == dynamodb.scan(TableName="things")["Count"]


def test_streams_and_expiry_work(dynamodb: Any, streams: Any, pileus: Running) -> None:
    create(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(dynamodb, pk="a\x00b", until=pileus.now // 1000 + 5)
    pileus.advance(6)
    [stream] = streams.list_streams()["Streams"]
    [shard] = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    where = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=where)["Records"]
    assert ["INSERT", "REMOVE"] == [record["eventName"] for record in records]
    assert {"pk": "a\x00b"} == plain(records[1]["dynamodb"]["Keys"])
    pileus.advance(86_400)
    assert [] == streams.get_records(ShardIterator=_again(streams, stream, shard))["Records"]


def _again(streams: Any, stream: dict[str, Any], shard: dict[str, Any]) -> str:
    found: str = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return found


def test_writers_of_one_item_follow_one_another(dynamodb: Any) -> None:
    create(dynamodb)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: transact(dynamodb, "things"), range(40)))
    assert {"pk": "sum", "n": 40} == get(dynamodb, pk="sum")


def test_tables_far_apart_are_one_commit_or_none(dynamodb: Any, pileus: Running) -> None:
    names = [f"table-{number}" for number in range(8)]
    store = pileus.app.kernel.store
    parts = [store.partition(create(dynamodb, name)) for name in names]
    together = [
        name for name, part in zip(names, parts, strict=True) if store.is_together(parts[0], part)
    ]
    apart = [name for name in names if name not in together]
    with ThreadPoolExecutor(8) as pool:
        orders = [together, together[::-1]] * 10
        list(pool.map(lambda order: transact(dynamodb, *order), orders))
    assert {20} == {(get(dynamodb, name, pk="sum") or {})["n"] for name in together}
    for name in apart:
        refused = refusal(transact_two, dynamodb=dynamodb, one=names[0], other=name)
        assert (501, None) == (refused.status, get(dynamodb, name, pk="sum"))
    dynamodb.transact_get_items(
        TransactItems=[{"Get": {"TableName": name, "Key": wire(pk="sum")}} for name in together]
    )
    dynamodb.batch_write_item(
        RequestItems={name: [{"PutRequest": {"Item": wire(pk="sum", n=0)}}] for name in names}
    )
    found = dynamodb.batch_get_item(
        RequestItems={name: {"Keys": [wire(pk="sum")]} for name in names}
    )["Responses"]
    assert {name: [wire(pk="sum", n=0)] for name in names} == found
    assert sorted(names) == dynamodb.list_tables()["TableNames"]


def test_tables_are_restored_wherever_they_lie(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, keys="pk:S sk:N", more="g:S", GlobalSecondaryIndexes=[index("by-g", "g")])
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(
        TableName="things", PointInTimeRecoverySpecification=recovery
    )
    for number in range(30):
        put(dynamodb, pk="a\x00", sk=number, g="g")
    arn = dynamodb.create_backup(TableName="things", BackupName="all")["BackupDetails"]["BackupArn"]
    pileus.advance(300)
    for number in range(10, 40):
        put(dynamodb, pk="a\x00", sk=number, g="h")
    for number in range(6):
        dynamodb.restore_table_from_backup(TargetTableName=f"backup-{number}", BackupArn=arn)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName="things", TargetTableName=f"time-{number}",
            UseLatestRestorableTime=True,
        )  # fmt: skip
    pileus.advance(1)
    for number in range(6):
        for name in (f"backup-{number}", f"time-{number}"):
            found = dynamodb.query(
                TableName=name, IndexName="by-g", KeyConditionExpression="g = :g",
                ExpressionAttributeValues=wire(**{":g": "g"}),
            )  # fmt: skip
            assert {str(n) for n in range(30)} == {item["sk"]["N"] for item in found["Items"]}
    [listed] = dynamodb.list_backups()["BackupSummaries"]
    assert arn == listed["BackupArn"]


def test_regions_agree_wherever_their_tables_lie(
    dynamodb: Any, pileus: Running, account: str
) -> None:
    regions = ["us-east-1", "eu-west-1", "ap-south-1", "sa-east-1"]
    every = [pileus.client("dynamodb", account=account, region=region) for region in regions]
    create(dynamodb)
    put(dynamodb, pk="first")
    for region in regions[1:]:
        asked = [{"Create": {"RegionName": region}}]
        dynamodb.update_table(TableName="things", ReplicaUpdates=asked)
        pileus.advance(1)
    for number in range(12):
        put(every[number % 4], pk=f"key-{number % 5}", n=number)
    every[1].delete_item(TableName="things", Key=wire(pk="key-0"))
    pileus.advance(60)
    found = [sorted(map(str, map(plain, each.scan(TableName="things")["Items"]))) for each in every]
    assert [found[0]] * 4 == found
    assert 5 == len(found[0])
