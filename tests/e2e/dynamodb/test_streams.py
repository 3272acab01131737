"""Streams and time to live by boto3: what changed, in order, for a day; what expires."""

from __future__ import annotations

from typing import Any

from e2e.dynamodb.tables import create, get, invalid, plain, put, wire
from support.refusals import refusal
from support.running import Running

ON = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def with_stream(dynamodb: Any, view: str = "NEW_AND_OLD_IMAGES") -> str:
    create(dynamodb, StreamSpecification={**ON, "StreamViewType": view})
    arn: str = dynamodb.describe_table(TableName="things")["Table"]["LatestStreamArn"]
    return arn


def iterator(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **members: Any) -> str:
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    found: str = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **members
    )["ShardIterator"]
    return found


def read(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **members: Any) -> list[Any]:
    where = iterator(streams, arn, kind, **members)
    found: list[Any] = streams.get_records(ShardIterator=where)["Records"]
    return found


def change_thrice(dynamodb: Any) -> None:
    put(dynamodb, pk="a", x=1)
    put(dynamodb, pk="a", x=2)
    put(dynamodb, pk="a", x=2)
    dynamodb.delete_item(TableName="things", Key=wire(pk="a"))
    dynamodb.delete_item(TableName="things", Key=wire(pk="a"))


def test_each_change_is_a_record_in_order(dynamodb: Any, streams: Any) -> None:
    arn = with_stream(dynamodb)
    change_thrice(dynamodb)
    found = read(streams, arn)
    assert ["INSERT", "MODIFY", "REMOVE"] == [record["eventName"] for record in found]
    changes = [record["dynamodb"] for record in found]
    assert [
        (None, {"pk": "a", "x": 1}),
        ({"pk": "a", "x": 1}, {"pk": "a", "x": 2}),
        ({"pk": "a", "x": 2}, None),
    ] == [(plain(each.get("OldImage")), plain(each.get("NewImage"))) for each in changes]
    assert {"a"} == {each["Keys"]["pk"]["S"] for each in changes}
    numbers = [each["SequenceNumber"] for each in changes]
    assert sorted(set(numbers)) == numbers


def test_a_record_has_its_items_as_they_are(dynamodb: Any, streams: Any) -> None:
    arn = with_stream(dynamodb)
    old = wire(pk="a", bytes=b"\x00\xff", deep={"list": [b"\x01", "ü", None]}, small=1)
    dynamodb.put_item(TableName="things", Item=old)
    dynamodb.put_item(TableName="things", Item={**old, "small": {"N": "-1.50"}})
    record = read(streams, arn)[1]
    change = record["dynamodb"]
    assert {
        "eventID": record["eventID"],
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": change["ApproximateCreationDateTime"],
            "Keys": wire(pk="a"),
            "NewImage": {**old, "small": {"N": "-1.5"}},
            "OldImage": old,
            "SequenceNumber": change["SequenceNumber"],
            "SizeBytes": 82,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    } == record
    assert change["ApproximateCreationDateTime"].microsecond == 0


def test_views_choose_what_a_record_holds(dynamodb: Any, streams: Any) -> None:
    for view, images in (
        ("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"})
    ):  # fmt: skip
        arn = with_stream(dynamodb, view)
        change_thrice(dynamodb)
        modified = read(streams, arn)[1]["dynamodb"]
        assert images == {"NewImage", "OldImage"} & modified.keys()
        assert view == modified["StreamViewType"]
        dynamodb.delete_table(TableName="things")


def test_iterators_begin_where_they_are_told(dynamodb: Any, streams: Any, pileus: Running) -> None:
    arn = with_stream(dynamodb)
    change_thrice(dynamodb)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in read(streams, arn)]
    latest = iterator(streams, arn, "LATEST")
    assert [] == streams.get_records(ShardIterator=latest)["Records"]
    at = read(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])
    after = read(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1])
    assert (2, 1) == (len(at), len(after))
    put(dynamodb, pk="b")
    answer = streams.get_records(ShardIterator=latest, Limit=1)
    assert ["b"] == [record["dynamodb"]["Keys"]["pk"]["S"] for record in answer["Records"]]
    assert [] == streams.get_records(ShardIterator=answer["NextShardIterator"])["Records"]
    pileus.advance(901)
    assert "ExpiredIteratorException" == refusal(streams.get_records, ShardIterator=latest).code


def test_records_stay_for_a_day(dynamodb: Any, streams: Any, pileus: Running) -> None:
    arn = with_stream(dynamodb)
    put(dynamodb, pk="early")
    [early] = read(streams, arn)
    pileus.advance(3600)
    put(dynamodb, pk="late")
    pileus.advance(86_399 - 3600)
    assert 2 == len(read(streams, arn))
    pileus.advance(1)
    assert ["late"] == [each["dynamodb"]["Keys"]["pk"]["S"] for each in read(streams, arn)]
    assert "TrimmedDataAccessException" == refusal(
        read, streams=streams, arn=arn, kind="AT_SEQUENCE_NUMBER",
        SequenceNumber=early["dynamodb"]["SequenceNumber"],
    ).code  # fmt: skip
    pileus.advance(3600)
    assert [] == read(streams, arn)


def test_a_stream_outlives_its_end_by_a_day(dynamodb: Any, streams: Any, pileus: Running) -> None:
    first = with_stream(dynamodb)
    put(dynamodb, pk="a")
    assert "Table already has an enabled stream: TableName: things" == invalid(
        dynamodb.update_table, TableName="things", StreamSpecification=ON
    )
    dynamodb.update_table(TableName="things", StreamSpecification={"StreamEnabled": False})
    put(dynamodb, pk="unseen")
    dynamodb.update_table(TableName="things", StreamSpecification=ON)
    put(dynamodb, pk="b")
    second = dynamodb.describe_table(TableName="things")["Table"]["LatestStreamArn"]
    listed = streams.list_streams(TableName="things")["Streams"]
    assert sorted([first, second]) == sorted(each["StreamArn"] for each in listed)
    described = streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert "DISABLED" == described["StreamStatus"]
    assert "EndingSequenceNumber" in described["Shards"][0]["SequenceNumberRange"]
    answer = streams.get_records(ShardIterator=iterator(streams, first))
    assert (1, False) == (len(answer["Records"]), "NextShardIterator" in answer)
    dynamodb.delete_table(TableName="things")
    assert 1 == len(read(streams, second))
    pileus.advance(86_400)
    assert [] == streams.list_streams()["Streams"]
    assert (
        "ResourceNotFoundException",
        f"Requested resource not found: Stream: {first} not found",
        400,
    ) == refusal(streams.describe_stream, StreamArn=first)


def test_foreign_iterators_and_shards_are_refused(dynamodb: Any, streams: Any) -> None:
    arn = with_stream(dynamodb)
    assert "Invalid ShardIterator" == invalid(streams.get_records, ShardIterator="x")
    assert "ResourceNotFoundException" == refusal(
        streams.get_shard_iterator, StreamArn=arn, ShardIteratorType="LATEST",
        ShardId="shardId-00000000000000000000-00000000",
    ).code  # fmt: skip
    assert "at 'limit' failed to satisfy constraint" in invalid(
        streams.get_records, ShardIterator=iterator(streams, arn), Limit=1001
    )


# Time to live.


def live(dynamodb: Any, is_on: bool = True) -> None:
    dynamodb.update_time_to_live(
        TableName="things",
        TimeToLiveSpecification={"Enabled": is_on, "AttributeName": "until"},
    )


def test_an_expired_item_goes_at_its_instant(dynamodb: Any, streams: Any, pileus: Running) -> None:
    arn = with_stream(dynamodb)
    now = pileus.now // 1000
    put(dynamodb, pk="before", until=now + 100)
    live(dynamodb)
    put(dynamodb, pk="soon", until=now + 50)
    put(dynamodb, pk="moved", until=now + 60)
    put(dynamodb, pk="moved", until=now + 500)
    put(dynamodb, pk="text", until=str(now))
    put(dynamodb, pk="ancient", until=now - 6 * 365 * 86_400)
    pileus.advance(49)
    assert 5 == dynamodb.scan(TableName="things")["Count"]
    pileus.advance(2)
    assert get(dynamodb, pk="soon") is None
    pileus.advance(60)
    assert {"moved", "text", "ancient"} == {
        item["pk"]["S"] for item in dynamodb.scan(TableName="things")["Items"]
    }
    removed = [each for each in read(streams, arn) if each["eventName"] == "REMOVE"]
    assert ["soon", "before"] == [each["dynamodb"]["Keys"]["pk"]["S"] for each in removed]
    # botocore shows the two members as the model writes them.
    assert {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"} == removed[0][
        "userIdentity"
    ]


def test_an_item_that_has_expired_already_goes_soon(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    live(dynamodb)
    for number in range(60):
        put(dynamodb, pk=str(number), until=pileus.now // 1000 - 10)
    pileus.advance(1)
    assert 0 == dynamodb.scan(TableName="things")["Count"]


def test_time_to_live_is_switched(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    ask = dynamodb.describe_time_to_live
    off = {"TimeToLiveStatus": "DISABLED"}
    assert off == ask(TableName="things")["TimeToLiveDescription"]
    live(dynamodb)
    assert {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"} == ask(TableName="things")[
        "TimeToLiveDescription"
    ]
    assert "TimeToLive is already enabled" == invalid(live, dynamodb=dynamodb)
    put(dynamodb, pk="a", until=pileus.now // 1000 + 10)
    live(dynamodb, False)
    pileus.advance(20)
    assert get(dynamodb, pk="a") is not None
    assert "TimeToLive is already disabled" == invalid(live, dynamodb=dynamodb, is_on=False)


def test_another_attribute_begins_anew(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    live(dynamodb)
    soon = pileus.now // 1000 + 10
    for number in range(30):
        put(dynamodb, pk=str(number), until=soon, other=soon + 100)
    live(dynamodb, False)
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"}
    )
    pileus.advance(50)
    assert 30 == dynamodb.scan(TableName="things")["Count"]
    pileus.advance(100)
    assert 0 == dynamodb.scan(TableName="things")["Count"]
