"""Functions that are fed from the streams of DynamoDB tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.streaming import Event, Streams


class Table:
    """A table `tbl` with a stream."""

    def __init__(self, aws: Any) -> None:
        self.client = aws("dynamodb")
        made = self.client.create_table(
            TableName="tbl",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.stream: str = made["TableDescription"]["LatestStreamArn"]

    def put(self, *ids: str, **more: Any) -> None:
        for id in ids:
            self.client.put_item(TableName="tbl", Item={"id": {"S": id}, **more})


@pytest.fixture
def table(aws: Any) -> Table:
    return Table(aws)


@pytest.fixture
def streams(functions: Functions, aws: Any) -> Streams:
    return Streams(functions, aws)


def ids(event: Event) -> list[str]:
    return [each["dynamodb"]["Keys"]["id"]["S"] for each in event["Records"]]


def batches(streams: Streams) -> list[list[str]]:
    streams.idle()
    return [ids(event) for event in streams.events]


def test_an_event_is_as_aws_shows_it(streams: Streams, table: Table, pileus: RunningLambda) -> None:
    streams.map(table.stream)
    table.put("a", body={"B": b"\x00\x01"})
    table.put("a", n={"N": "1"})
    table.client.delete_item(TableName="tbl", Key={"id": {"S": "a"}})
    streams.idle()
    records = [record for event in streams.events for record in event["Records"]]
    assert ["INSERT", "MODIFY", "REMOVE"] == [record["eventName"] for record in records]
    inserted = records[0]
    assert 32 == len(inserted.pop("eventID"))
    number = inserted["dynamodb"].pop("SequenceNumber")
    assert number.isdigit()
    assert {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": table.stream,
        "dynamodb": {
            "ApproximateCreationDateTime": float(pileus.now // 1000),
            "Keys": {"id": {"S": "a"}},
            "NewImage": {"id": {"S": "a"}, "body": {"B": "AAE="}},
            "SizeBytes": 12,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    } == inserted
    assert {"id": {"S": "a"}, "n": {"N": "1"}} == records[1]["dynamodb"]["NewImage"]
    assert "NewImage" not in records[2]["dynamodb"]


def test_the_latest_records_are_those_after_the_mapping(streams: Streams, table: Table) -> None:
    table.put("before")
    streams.map(table.stream, StartingPosition="LATEST")
    table.put("after")
    assert [["after"]] == batches(streams)


def test_filters_read_the_change(streams: Streams, table: Table) -> None:
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["x"]}}}}
    streams.map(table.stream, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    table.put("a", kind={"S": "x"})
    table.put("b", kind={"S": "y"})
    table.put("a", kind={"S": "x"}, n={"N": "1"})
    table.put("c", kind={"S": "x"})
    assert [["a"], ["c"]] == batches(streams)


def test_failures_are_told_in_the_form_of_tables(
    streams: Streams, table: Table, aws: Any, account: str
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="failures")["QueueUrl"]
    to = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account}:failures"}}

    def answer(event: Event) -> None:
        raise ValueError

    streams.map(table.stream, answer, MaximumRetryAttempts=0, DestinationConfig=to)
    table.put("a")
    streams.idle()
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    note = json.loads(message["Body"])
    info = note["DDBStreamBatchInfo"]
    assert table.stream == info["streamArn"]
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert "RetryAttemptsExhausted" == note["requestContext"]["condition"]


def test_a_stream_that_ends_is_read_to_its_end(streams: Streams, table: Table) -> None:
    made = streams.map(table.stream, MaximumBatchingWindowInSeconds=60)
    table.put("a")
    table.client.update_table(TableName="tbl", StreamSpecification={"StreamEnabled": False})
    assert [["a"]] == batches(streams)
    assert "Enabled" == streams.client.get_event_source_mapping(UUID=made["UUID"])["State"]


def test_keys_are_divided_into_lanes_by_item(
    streams: Streams, table: Table, pileus: RunningLambda
) -> None:
    failures = [None]

    def answer(event: Event) -> None:
        if "a" in ids(event) and failures:
            failures.pop()
            raise ValueError

    streams.map(table.stream, answer, ParallelizationFactor=10)
    for number in range(10):
        table.put("abcdefghij"[number])
    seen = {id for batch in batches(streams) for id in batch}
    assert set("bcdefghij") <= seen
    pileus.advance(5)
    assert [["a"], ["a"]] == [batch for batch in batches(streams) if batch == ["a"]]
