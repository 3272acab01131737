"""Functions that are fed from Kinesis streams: batches, retries, checkpoints, shards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.streaming import Event, Streams, bodies


@pytest.fixture
def streams(functions: Functions, aws: Any) -> Streams:
    return Streams(functions, aws)


def test_an_event_is_as_aws_shows_it(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    streams.map(arn)
    [number] = streams.put("hello", key="k1")
    streams.idle()
    [event] = streams.events
    [record] = event["Records"]
    arrived = record["kinesis"].pop("approximateArrivalTimestamp")
    assert pileus.now / 1000 == arrived
    assert {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k1",
            "sequenceNumber": number,
            "data": "aGVsbG8=",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": streams.functions.role,
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    } == record


def test_batches_have_at_most_so_many_records(streams: Streams) -> None:
    arn = streams.create()
    streams.put(*"abcde")
    streams.map(arn, BatchSize=2)
    assert [["a", "b"], ["c", "d"], ["e"]] == streams.batches()
    streams.put(*"fg")
    assert ["f", "g"] == streams.batches()[-1]


def test_an_event_has_at_most_six_megabytes(streams: Streams) -> None:
    arn = streams.create()
    body = "x" * 1_000_000
    for _ in range(6):
        streams.put(body)
    streams.map(arn)
    assert [4, 2] == [len(batch) for batch in streams.batches()]


def test_a_record_that_is_too_large_for_a_function_is_given_up(
    streams: Streams, failures: Any
) -> None:
    arn = streams.create()
    streams.kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10240)
    streams.put("a")
    [number] = streams.put("x" * 5_000_000)
    streams.put("b")
    streams.map(arn, DestinationConfig=failures.config)
    assert ["a", "b"] == streams.seen()
    [note] = failures.read()
    assert number == note["KinesisBatchInfo"]["startSequenceNumber"]


def test_the_latest_records_are_those_after_the_mapping(streams: Streams) -> None:
    arn = streams.create()
    streams.put("before")
    streams.map(arn, StartingPosition="LATEST")
    streams.put("after")
    assert ["after"] == streams.seen()


def test_reading_begins_at_an_instant(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    streams.put("early")
    pileus.advance(10)
    streams.put("late")
    at = datetime.fromtimestamp(pileus.now / 1000, UTC) - timedelta(seconds=5)
    streams.map(arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=at)
    assert ["late"] == streams.seen()


def test_a_window_gathers_records(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    streams.map(arn, MaximumBatchingWindowInSeconds=60, BatchSize=3)
    streams.put("a")
    pileus.advance(30)
    streams.put("b")
    assert [] == streams.batches()
    pileus.advance(30)
    assert [["a", "b"]] == streams.batches()
    streams.put(*"cdef")
    assert [["a", "b"], ["c", "d", "e"]] == streams.batches()
    pileus.advance(60)
    assert ["f"] == streams.batches()[-1]


def test_a_batch_that_fails_is_tried_again_before_the_next(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()

    def answer(event: Event) -> None:
        if len(streams.events) < 3:
            raise ValueError

    made = streams.map(arn, answer, BatchSize=2)
    streams.put(*"abc")
    assert [["a", "b"]] == streams.batches()
    shown = streams.client.get_event_source_mapping(UUID=made["UUID"])
    assert "PROBLEM: Function call failed" == shown["LastProcessingResult"]
    pileus.advance(3)
    assert [["a", "b"], ["a", "b"], ["a", "b"], ["c"]] == streams.batches()
    shown = streams.client.get_event_source_mapping(UUID=made["UUID"])
    assert "OK" == shown["LastProcessingResult"]


def fail_on(poison: str) -> Any:
    def answer(event: Event) -> None:
        if poison in bodies(event):
            raise ValueError

    return answer


@pytest.fixture
def failures(aws: Any, account: str) -> Any:
    """A queue for notes on what was given up, and what it holds."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="failures")["QueueUrl"]

    class Failures:
        arn = f"arn:aws:sqs:us-east-1:{account}:failures"
        config = {"OnFailure": {"Destination": arn}}

        @staticmethod
        def read() -> list[dict[str, Any]]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(each["Body"]) for each in found]

    return Failures()


def test_what_is_given_up_is_told(streams: Streams, pileus: RunningLambda, failures: Any) -> None:
    arn = streams.create()
    streams.map(
        arn, fail_on("a"), MaximumRetryAttempts=1, BatchSize=2, DestinationConfig=failures.config
    )
    numbers = streams.put(*"abc")
    arrived = _moment(pileus.now)
    pileus.advance(1)
    assert [["a", "b"], ["a", "b"], ["c"]] == streams.batches()
    [note] = failures.read()
    assert note["requestContext"].pop("requestId")
    assert {
        "requestContext": {
            "functionArn": streams.functions.arn("function-1"),
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": _moment(pileus.now),
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[1],
            "approximateArrivalOfFirstRecord": arrived,
            "approximateArrivalOfLastRecord": arrived,
            "batchSize": 2,
            "streamArn": arn,
        },
    } == note


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def test_a_bucket_is_told_with_the_records(
    streams: Streams, pileus: RunningLambda, aws: Any
) -> None:
    bucket = f"failures-{streams.functions.account}"
    s3 = aws("s3")
    s3.create_bucket(Bucket=bucket)
    arn = streams.create()
    made = streams.map(
        arn, fail_on("a"), MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )  # fmt: skip
    [number] = streams.put("a")
    streams.idle()
    [found] = s3.list_objects_v2(Bucket=bucket)["Contents"]
    moment = datetime.fromtimestamp(pileus.now / 1000, UTC)
    prefix = f"aws/lambda/{made['UUID']}/shardId-000000000000/{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-"
    assert found["Key"].startswith(prefix)
    note = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    assert number == note["KinesisBatchInfo"]["startSequenceNumber"]
    assert streams.events[0] == json.loads(note["payload"])


def test_a_failing_batch_is_split_until_the_bad_record_stands_alone(
    streams: Streams, failures: Any
) -> None:
    arn = streams.create()
    streams.map(
        arn, fail_on("c"), MaximumRetryAttempts=0, BisectBatchOnFunctionError=True,
        DestinationConfig=failures.config,
    )  # fmt: skip
    streams.put(*"abcd")
    expected = [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]
    assert expected == streams.batches()
    [note] = failures.read()
    assert 1 == note["KinesisBatchInfo"]["batchSize"]


def test_records_that_are_too_old_are_not_tried(
    streams: Streams, pileus: RunningLambda, failures: Any
) -> None:
    arn = streams.create()
    streams.put("old")
    pileus.advance(100)
    streams.put("new")
    streams.map(arn, MaximumRecordAgeInSeconds=60, DestinationConfig=failures.config)
    assert [["new"]] == streams.batches()
    [note] = failures.read()
    assert "RecordAgeExceeded" == note["requestContext"]["condition"]
    assert 0 == note["requestContext"]["approximateInvokeCount"]
    assert "responseContext" not in note


def test_a_failing_record_is_dropped_when_it_leaves_the_stream(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()
    uuid = streams.map(arn, fail_on("bad"), BatchSize=1)["UUID"]
    streams.put("bad")
    streams.idle()
    # A day of attempts would take long.
    streams.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    pileus.advance(24 * 3600 - 600)
    streams.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    streams.put("good")
    assert {"bad"} == set(streams.seen())
    pileus.advance(3600)
    assert "good" == streams.seen()[-1]


def test_other_code_is_tried_at_once(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    made = streams.map(arn, fail_on("a"))
    streams.put("a")
    pileus.advance(600)
    count = len(streams.batches())
    name = made["FunctionArn"].rpartition(":")[2]
    streams.client.update_function_configuration(FunctionName=name, Timeout=5)
    assert count + 1 == len(streams.batches())


def test_the_lowest_reported_failure_is_where_reading_goes_on(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()
    numbers: list[str] = []

    def answer(event: Event) -> Any:
        if len(streams.events) == 1:
            return {"batchItemFailures": [{"itemIdentifier": numbers[n]} for n in (3, 2)]}
        return {"batchItemFailures": []}

    streams.map(
        arn, answer, FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumBatchingWindowInSeconds=5,
    )  # fmt: skip
    numbers += streams.put(*"abcde")
    pileus.advance(5)
    assert [["a", "b", "c", "d", "e"]] == streams.batches()
    pileus.advance(1)
    assert [["a", "b", "c", "d", "e"], ["c", "d", "e"]] == streams.batches()


@pytest.mark.parametrize("identifier", ["", None, "unknown"])
def test_a_report_without_sense_fails_the_batch(
    streams: Streams, pileus: RunningLambda, identifier: str | None
) -> None:
    arn = streams.create()

    def answer(event: Event) -> Any:
        if len(streams.events) == 1:
            return {"batchItemFailures": [{"itemIdentifier": identifier}]}
        return None

    streams.map(arn, answer, FunctionResponseTypes=["ReportBatchItemFailures"])
    streams.put(*"ab")
    pileus.advance(1)
    assert [["a", "b"], ["a", "b"]] == streams.batches()


def test_records_that_no_filter_takes_are_passed(streams: Streams) -> None:
    arn = streams.create()
    pattern = json.dumps({"data": {"kind": ["a"]}})
    made = streams.map(arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    streams.put('{"kind": "b"}', '{"kind": "a"}', "text", '{"kind": "a", "n": 2}', "more")
    assert [['{"kind": "a"}', '{"kind": "a", "n": 2}']] == streams.batches()
    streams.client.update_event_source_mapping(UUID=made["UUID"], FilterCriteria={"Filters": []})
    streams.put("last")
    assert ["last"] == streams.batches()[-1]


def test_a_disabled_mapping_goes_on_where_it_was(streams: Streams) -> None:
    arn = streams.create()
    made = streams.map(arn)
    streams.put("a")
    streams.idle()
    streams.client.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    streams.put("b")
    assert ["a"] == streams.seen()
    streams.client.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    assert ["a", "b"] == streams.seen()


def test_what_came_while_a_new_mapping_was_disabled_is_read(streams: Streams) -> None:
    arn = streams.create()
    streams.put("before")
    made = streams.map(arn, StartingPosition="LATEST", Enabled=False)
    streams.put("while disabled")
    assert [] == streams.seen()
    streams.client.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    assert ["while disabled"] == streams.seen()


def test_other_settings_hold_for_what_is_tried_again(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()
    made = streams.map(arn, fail_on("a"), BatchSize=1)
    streams.put(*"ab")
    pileus.advance(3)
    assert ["a", "a", "a"] == streams.seen()
    streams.client.update_event_source_mapping(UUID=made["UUID"], MaximumRetryAttempts=3)
    assert ["a", "a", "a", "a", "b"] == streams.seen()


def test_parents_are_read_before_their_children(streams: Streams) -> None:
    arn = streams.create(shards=1)
    streams.put("parent")
    streams.kinesis.split_shard(
        StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    for number in range(8):
        streams.put(f"child {number}", key=str(number))
    streams.map(arn)
    seen = streams.seen()
    assert "parent" == seen[0]
    assert {"parent", *(f"child {number}" for number in range(8))} == set(seen)
    assert 9 == len(seen)


def test_children_of_a_failing_shard_wait(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    is_well = False

    def answer(event: Event) -> None:
        if not is_well:
            raise ValueError

    streams.map(arn, answer)
    streams.put("parent")
    streams.idle()
    streams.kinesis.update_shard_count(
        StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    streams.put("child")
    pileus.advance(10)
    assert {"parent"} == set(streams.seen())
    is_well = True
    pileus.advance(60)
    assert ["parent", "child"] == streams.seen()[-2:]


def test_batches_of_a_shard_run_beside_each_other_in_order_of_each_key(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()
    failing = {"k0": 3}

    def answer(event: Event) -> None:
        [key] = {each["kinesis"]["partitionKey"] for each in event["Records"]} or {""}
        if failing.get(key):
            failing[key] -= 1
            raise ValueError

    streams.map(arn, answer, ParallelizationFactor=10, BatchSize=1)
    for number in range(3):
        for key in ("k0", "k1", "k2", "k3"):
            streams.put(f"{key}-{number}", key=key)
    seen = streams.seen()
    # The lane of the first key waits; keys of other lanes have gone on.
    assert 1 == seen.count("k0-0")
    assert {"k1-2", "k2-2", "k3-2"} & set(seen)
    pileus.advance(30)
    seen = streams.seen()
    assert 4 == seen.count("k0-0")
    for key in ("k0", "k1", "k2", "k3"):
        mine = list(dict.fromkeys(body for body in seen if body.startswith(key)))
        assert [f"{key}-{number}" for number in range(3)] == mine


def test_a_stream_that_is_made_again_is_read_from_its_beginning(streams: Streams) -> None:
    arn = streams.create()
    made = streams.map(arn)
    streams.put("first")
    streams.idle()
    streams.kinesis.delete_stream(StreamName="s")
    streams.idle()
    assert "Enabled" == streams.client.get_event_source_mapping(UUID=made["UUID"])["State"]
    streams.create()
    streams.put("second")
    assert ["first", "second"] == streams.seen()


def test_a_stream_that_was_made_again_meanwhile_is_another(streams: Streams) -> None:
    arn = streams.create()
    uuid = streams.map(arn)["UUID"]
    streams.put("first")
    streams.idle()
    streams.kinesis.update_shard_count(
        StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    streams.idle()
    streams.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    streams.kinesis.delete_stream(StreamName="s")
    streams.functions.pileus.advance(1)
    streams.create()
    streams.put("second")
    streams.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert ["first", "second"] == streams.seen()


def test_what_fails_is_dropped_with_its_stream(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    streams.map(arn, fail_on("bad"))
    streams.put("bad")
    streams.idle()
    streams.kinesis.delete_stream(StreamName="s")
    pileus.advance(10)
    count = len(streams.events)
    pileus.advance(3600)
    assert count == len(streams.events)
    streams.create()
    streams.put("good")
    assert "good" == streams.seen()[-1]


def test_a_consumer_with_enhanced_fan_out_feeds_a_function(streams: Streams) -> None:
    arn = streams.create()
    made = streams.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    consumer = made["Consumer"]["ConsumerARN"]
    streams.map(consumer)
    streams.put("a")
    assert ["a"] == streams.seen()
    assert consumer == streams.events[0]["Records"][0]["eventSourceARN"]
    streams.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    streams.put("b")
    assert ["a"] == streams.seen()


def test_several_functions_read_one_stream(streams: Streams) -> None:
    arn = streams.create()
    streams.map(arn)
    streams.map(arn)
    streams.put("a")
    assert ["a", "a"] == streams.seen()


def test_a_throttled_function_loses_nothing(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create(shards=4)
    name = streams.functions.create(lambda event, context: streams.events.append(event))
    streams.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    streams.map(arn, FunctionName=name, MaximumRetryAttempts=0)
    for number in range(20):
        streams.put(str(number), key=str(number))
    pileus.advance(120)
    assert {str(number) for number in range(20)} == set(streams.seen())
