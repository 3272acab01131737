"""Kinesis streams that a table's changes go to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.dynamodb.tables import create, invalid, plain, put, settle, wire
from support.refusals import refusal
from support.running import Running


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws("kinesis")


def make_stream(kinesis: Any, name: str = "changes", shards: int = 1) -> str:
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    arn: str = found["StreamARN"]
    return arn


def told(kinesis: Any, arn: str) -> list[tuple[str, dict[str, Any]]]:
    """Each record with its shard, in the order of the shards."""
    found = []
    for shard in kinesis.list_shards(StreamARN=arn)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
            found.append((shard["ShardId"], json.loads(record["Data"])))
    return found


def status(dynamodb: Any) -> list[tuple[str, str]]:
    found = dynamodb.describe_kinesis_streaming_destination(TableName="things")
    return [
        (each["DestinationStatus"], each["ApproximateCreationDateTimePrecision"])
        for each in found["KinesisDataStreamDestinations"]
    ]


def test_each_change_is_a_record_of_the_stream(
    dynamodb: Any, kinesis: Any, pileus: Running
) -> None:
    create(dynamodb)
    arn = make_stream(kinesis)
    put(dynamodb, pk="before")
    shown = dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    assert ("things", arn, "ENABLING") == (
        shown["TableName"], shown["StreamArn"], shown["DestinationStatus"],
    )  # fmt: skip
    assert [("ACTIVE", "MILLISECOND")] == status(dynamodb)
    put(dynamodb, pk="a", n=1, blob=b"\x00")
    put(dynamodb, pk="a", n=1, blob=b"\x00")
    put(dynamodb, pk="a", n=2)
    dynamodb.delete_item(TableName="things", Key=wire(pk="a"))
    found = [record for _, record in told(kinesis, arn)]
    assert ["INSERT", "MODIFY", "REMOVE"] == [record["eventName"] for record in found]
    first = found[0]
    assert ("us-east-1", "things", "aws:dynamodb", "application/json", None) == (
        first["awsRegion"], first["tableName"], first["eventSource"], first["recordFormat"],
        first["userIdentity"],
    )  # fmt: skip
    change = first["dynamodb"]
    assert (pileus.now, "MILLISECOND", wire(pk="a")) == (
        change["ApproximateCreationDateTime"], change["ApproximateCreationDateTimePrecision"],
        change["Keys"],
    )  # fmt: skip
    assert {"B": "AA=="} == change["NewImage"]["blob"]
    assert "OldImage" not in change and "NewImage" not in found[2]["dynamodb"]
    assert {"pk": "a", "n": 2} == plain(found[2]["dynamodb"]["OldImage"])


def test_changes_of_an_item_keep_their_order(dynamodb: Any, kinesis: Any) -> None:
    create(dynamodb)
    arn = make_stream(kinesis, shards=4)
    dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    for number in range(5):
        for pk in ("a", "b", "c", "d", "e", "f"):
            put(dynamodb, pk=pk, n=number)
    found = told(kinesis, arn)
    assert 1 < len({shard for shard, _ in found})
    for pk in ("a", "b", "c", "d", "e", "f"):
        images = [each["dynamodb"]["NewImage"] for _, each in found]
        assert list("01234") == [each["n"]["N"] for each in images if each["pk"]["S"] == pk]


def test_the_precision_changes_and_the_destination_ends(
    dynamodb: Any, kinesis: Any, pileus: Running
) -> None:
    create(dynamodb)
    arn = make_stream(kinesis)
    named = {"TableName": "things", "StreamArn": arn}
    dynamodb.enable_kinesis_streaming_destination(**named)
    micro = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    shown = dynamodb.update_kinesis_streaming_destination(
        **named, UpdateKinesisStreamingConfiguration=micro
    )
    assert ("UPDATING", micro) == (
        shown["DestinationStatus"], shown["UpdateKinesisStreamingConfiguration"],
    )  # fmt: skip
    put(dynamodb, pk="a")
    [(_, record)] = told(kinesis, arn)
    assert pileus.now * 1000 == record["dynamodb"]["ApproximateCreationDateTime"]
    id = dynamodb.describe_table(TableName="things")["Table"]["TableId"]
    assert (
        "Invalid Request: Precision is already set to the desired value of MICROSECOND for "
        f"tableId: {id}, kdsArn: {arn}"
    ) == invalid(
        dynamodb.update_kinesis_streaming_destination, **named,
        UpdateKinesisStreamingConfiguration=micro,
    )  # fmt: skip
    shown = dynamodb.disable_kinesis_streaming_destination(**named)
    assert "DISABLING" == shown["DestinationStatus"]
    put(dynamodb, pk="b")
    assert 1 == len(told(kinesis, arn))
    assert [("DISABLED", "MICROSECOND")] == status(dynamodb)
    dynamodb.enable_kinesis_streaming_destination(**named)
    put(dynamodb, pk="c")
    assert 2 == len(told(kinesis, arn))


def test_expired_items_name_who_removed_them(dynamodb: Any, kinesis: Any, pileus: Running) -> None:
    create(dynamodb)
    arn = make_stream(kinesis)
    dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(dynamodb, pk="a", until=pileus.now // 1000 + 5)
    pileus.advance(10)
    settle(dynamodb)
    assert {"principalId": "dynamodb.amazonaws.com", "type": "Service"} == told(kinesis, arn)[1][1][
        "userIdentity"
    ]


def test_what_is_no_destination(dynamodb: Any, kinesis: Any, account: str) -> None:
    ask = dynamodb.enable_kinesis_streaming_destination
    missing = f"arn:aws:kinesis:us-east-1:{account}:stream/bad-stream"
    named = {"TableName": "things", "StreamArn": missing}
    assert "ResourceNotFoundException" == refusal(ask, **named).code
    create(dynamodb)
    ask(**named)
    found = dynamodb.describe_kinesis_streaming_destination(TableName="things")
    [shown] = found["KinesisDataStreamDestinations"]
    assert "ENABLE_FAILED" == shown["DestinationStatus"]
    assert "bad-stream" in shown["DestinationStatusDescription"]
    put(dynamodb, pk="a")
    arn = make_stream(kinesis)
    ask(TableName="things", StreamArn=arn)
    prefix = "Table is not in a valid state to"
    other = {**named, "StreamArn": missing + "-2"}
    micro = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    update = dynamodb.update_kinesis_streaming_destination
    assert (
        f"{prefix} enable Kinesis Streaming Destination: No streaming destination with streamArn: "
        f"{missing}-2 found for table with tableName: things"
    ) == invalid(update, **other, UpdateKinesisStreamingConfiguration=micro)
    assert (
        "Streaming destination cannot be updated with given parameters: "
        "UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
    ) == invalid(update, TableName="things", StreamArn=arn)
    assert (
        f"{prefix} enable Kinesis Streaming Destination: KinesisStreamingDestination must be "
        "DISABLED or ENABLE_FAILED to perform ENABLE operation."
    ) == invalid(ask, TableName="things", StreamArn=arn)
    assert (
        f"{prefix} disable Kinesis Streaming Destination: KinesisStreamingDestination must be "
        "ACTIVE to perform DISABLE operation."
    ) == invalid(dynamodb.disable_kinesis_streaming_destination, **named)
    ask(TableName="things", StreamArn=make_stream(kinesis, "second"))
    third = make_stream(kinesis, "third")
    assert "LimitExceededException" == refusal(ask, TableName="things", StreamArn=third).code
