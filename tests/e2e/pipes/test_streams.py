"""Pipes that read Kinesis streams and the streams of tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.pipes.piping import Piping
from support.lambdas import Functions, RunningLambda
from support.refusals import refusal

TEXT = {"TargetParameters": {"InputTemplate": "<$.data>"}}


class Stream:
    """A stream `s`, from which pipes lead to the queue `t`."""

    def __init__(self, piping: Piping, aws: Any) -> None:
        self.piping = piping
        self.client = aws("kinesis")
        self.client.create_stream(StreamName="s", ShardCount=1)
        self.arn = piping.arn("stream/s", "kinesis")

    def pipe(self, criteria: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """A pipe whose stream is read so; what is not of the stream goes in `more`."""
        more = members.pop("more", TEXT)
        given = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10, **members}
        parameters = {"KinesisStreamParameters": given}
        if criteria:
            parameters["FilterCriteria"] = criteria
        return self.piping.create(Source=self.arn, SourceParameters=parameters, **more)

    def put(self, *bodies: str, key: str = "k") -> list[str]:
        records = [{"Data": body.encode(), "PartitionKey": key} for body in bodies]
        answer = self.client.put_records(StreamName="s", Records=records)
        return [each["SequenceNumber"] for each in answer["Records"]]


@pytest.fixture
def stream(piping: Piping, aws: Any) -> Stream:
    return Stream(piping, aws)


def texts(piping: Piping, url: str = "") -> list[Any]:
    return [json.loads(message["Body"]) for message in piping.received(url)]


def test_the_event_is_the_record_as_aws_shows_it(
    piping: Piping, stream: Stream, pileus: RunningLambda
) -> None:
    stream.pipe(more={})
    [number] = stream.put("hello", key="k1")
    [event] = texts(piping)
    assert {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "k1",
        "sequenceNumber": number,
        "data": "aGVsbG8=",
        "approximateArrivalTimestamp": pileus.now / 1000,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": piping.role,
        "awsRegion": "us-east-1",
        "eventSourceARN": stream.arn,
    } == event


def test_records_that_a_filter_takes_are_read_as_json(piping: Piping, stream: Stream) -> None:
    pattern = json.dumps({"data": {"kind": ["a"]}, "partitionKey": ["k"]})
    template = {"TargetParameters": {"InputTemplate": '{"n": <$.data.n>}'}}
    stream.pipe({"Filters": [{"Pattern": pattern}]}, more=template)
    stream.put('{"kind": "a", "n": 1}', '{"kind": "b", "n": 2}', "text")
    stream.put('{"kind": "a", "n": 3}', key="other")
    stream.put('{"kind": "a", "n": 4}')
    assert [{"n": 1}, {"n": 4}] == texts(piping)


def test_the_latest_records_are_those_after_the_pipe(piping: Piping, stream: Stream) -> None:
    stream.put('{"n": 1}')
    stream.pipe(StartingPosition="LATEST")
    stream.put('{"n": 2}')
    assert [{"n": 2}] == texts(piping)


def test_a_stopped_pipe_goes_on_where_it_was(piping: Piping, stream: Stream) -> None:
    stream.pipe()
    stream.put('{"n": 1}')
    assert [{"n": 1}] == texts(piping)
    piping.client.stop_pipe(Name="p")
    stream.put('{"n": 2}')
    assert [] == texts(piping)
    piping.client.start_pipe(Name="p")
    assert [{"n": 2}] == texts(piping)


def test_a_function_gets_batches_and_may_fail_in_part(
    piping: Piping, stream: Stream, functions: Functions, pileus: RunningLambda
) -> None:
    seen: list[list[str]] = []
    names: list[str] = []

    def handle(events: Any, context: Any) -> Any:
        seen.append([event["data"] for event in events])
        names.append(events[-1]["eventID"])
        if len(seen) == 1:
            return {"batchItemFailures": [{"itemIdentifier": events[1]["eventID"]}]}
        return None

    target = functions.arn(functions.create(handle))
    stream.pipe(MaximumBatchingWindowInSeconds=5, more={"Target": target})
    stream.put(*"abc")
    pileus.advance(5)
    assert [["YQ==", "Yg==", "Yw=="]] == seen
    pileus.advance(1)
    assert [["YQ==", "Yg==", "Yw=="], ["Yg==", "Yw=="]] == seen


def test_a_batch_that_cannot_be_delivered_is_halved_and_given_up(
    piping: Piping, stream: Stream, functions: Functions, pileus: RunningLambda
) -> None:
    seen: list[list[str]] = []

    def handle(events: Any, context: Any) -> Any:
        bodies = [event["data"] for event in events]
        seen.append(bodies)
        if "Yg==" in bodies:
            raise ValueError

    dead = piping.queue("dead")
    stream.pipe(
        OnPartialBatchItemFailure="AUTOMATIC_BISECT", MaximumRetryAttempts=1,
        DeadLetterConfig={"Arn": piping.arn("dead")},
        more={"Target": functions.arn(functions.create(handle))},
    )  # fmt: skip
    numbers = stream.put(*"ab")
    pileus.advance(1)
    assert [["YQ==", "Yg=="], ["YQ=="], ["Yg=="], ["Yg=="]] == seen
    [note] = texts(piping, dead)
    info = note.pop("KinesisBatchInfo")
    assert (numbers[1], numbers[1], 1) == (
        info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"],
    )  # fmt: skip
    assert note.pop("timestamp")
    assert {
        "context": {
            "partnerResourceArn": piping.arn("pipe/p", "pipes"),
            "condition": "RetryAttemptsExhausted",
        },
        "version": "1.0",
    } == note


def test_a_table_feeds_a_pipe(piping: Piping, aws: Any) -> None:
    client = aws("dynamodb")
    made = client.create_table(
        TableName="tbl",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    source = made["TableDescription"]["LatestStreamArn"]
    pattern = json.dumps({"eventName": ["INSERT"]})
    parameters = {
        "DynamoDBStreamParameters": {"StartingPosition": "LATEST", "BatchSize": 1},
        "FilterCriteria": {"Filters": [{"Pattern": pattern}]},
    }
    template = {"InputTemplate": '{"id": <$.dynamodb.Keys.id.S>, "from": <$.eventSourceARN>}'}
    piping.create(Source=source, SourceParameters=parameters, TargetParameters=template)
    for _ in range(2):
        client.put_item(TableName="tbl", Item={"id": {"S": "a"}})
    client.put_item(TableName="tbl", Item={"id": {"S": "b"}, "n": {"N": "1"}})
    client.update_item(TableName="tbl", Key={"id": {"S": "b"}}, UpdateExpression="REMOVE n")
    assert [{"id": "a", "from": source}, {"id": "b", "from": source}] == texts(piping)


def test_a_pipe_waits_for_its_stream(piping: Piping, stream: Stream) -> None:
    stream.arn = piping.arn("stream/later", "kinesis")
    stream.pipe(StartingPosition="LATEST")
    piping.idle()
    stream.client.create_stream(StreamName="later", ShardCount=1)
    stream.client.put_record(StreamName="later", Data=b'{"n": 1}', PartitionKey="k")
    assert [{"n": 1}] == texts(piping)


def test_a_consumer_with_enhanced_fan_out_feeds_a_pipe(piping: Piping, stream: Stream) -> None:
    made = stream.client.register_stream_consumer(StreamARN=stream.arn, ConsumerName="c")
    stream.arn = made["Consumer"]["ConsumerARN"]
    stream.pipe(more={})
    stream.put("a")
    assert [stream.arn] == [event["eventSourceARN"] for event in texts(piping)]


def test_a_pipe_that_is_made_again_begins_anew(piping: Piping, stream: Stream) -> None:
    stream.pipe()
    stream.put('{"n": 1}')
    assert [{"n": 1}] == texts(piping)
    piping.client.delete_pipe(Name="p")
    stream.pipe()
    assert [{"n": 1}] == texts(piping)


def test_parameters_are_shown_and_changed_as_a_whole(piping: Piping, stream: Stream) -> None:
    stream.pipe(MaximumRetryAttempts=3)
    shown = piping.client.describe_pipe(Name="p")["SourceParameters"]
    assert {
        "KinesisStreamParameters": {
            "BatchSize": 10, "StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 3,
        }
    } == shown  # fmt: skip
    piping.client.update_pipe(
        Name="p", RoleArn=piping.role,
        SourceParameters={"KinesisStreamParameters": {"BatchSize": 5, "ParallelizationFactor": 2}},
    )  # fmt: skip
    shown = piping.client.describe_pipe(Name="p")["SourceParameters"]
    assert {
        "KinesisStreamParameters": {
            "BatchSize": 5, "StartingPosition": "TRIM_HORIZON", "ParallelizationFactor": 2,
        }
    } == shown  # fmt: skip
    stream.put('{"n": 1}')
    assert [{"n": 1}] == texts(piping)


def test_a_batch_is_no_larger_than_the_target_takes(piping: Piping, stream: Stream) -> None:
    own = {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}
    key = {"KinesisStreamParameters": {"PartitionKey": "k"}}
    piping.create("queue", Source=stream.arn, SourceParameters=own)
    piping.create(
        "stream", Source=stream.arn, SourceParameters=own, Target=stream.arn, TargetParameters=key
    )
    sizes = [
        piping.client.describe_pipe(Name=name)["SourceParameters"]["KinesisStreamParameters"]
        for name in ("queue", "stream")
    ]
    assert [10, 100] == [each["BatchSize"] for each in sizes]


def test_what_cannot_be_is_refused(piping: Piping, stream: Stream) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp"),
        ({"StartingPositionTimestamp": 1}, "needs the StartingPosition AT_TIMESTAMP"),
        (
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 2**34},
            "cannot be in the future",
        ),
        ({"MaximumRecordAgeInSeconds": 59}, "at least 60"),
        ({"DeadLetterConfig": {"Arn": stream.arn}}, f"{stream.arn} is not supported"),
        ({"BatchSize": 11}, "The configured batch size 11 is greater than"),
    ]
    for members, message in cases:
        found = refusal(stream.pipe, **members)
        assert "ValidationException" == found.code
        assert message in found.message
    found = refusal(piping.create, Source=stream.arn)
    assert "SourceParameters.KinesisStreamParameters.StartingPosition" in found.message
