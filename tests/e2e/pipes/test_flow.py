"""What goes through pipes: filters, enrichments, templates, targets, failures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.pipes.piping import Piping
from support.lambdas import Functions

BODY = {"TargetParameters": {"InputTemplate": "<$.body>"}}


def test_the_event_is_the_message_as_aws_shows_it(piping: Piping) -> None:
    piping.create()
    value = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    piping.send("hello", MessageAttributes=value)
    [body] = piping.bodies()
    found = json.loads(body)
    attributes = found.pop("attributes")
    assert ("1", piping.account) == (attributes["ApproximateReceiveCount"], attributes["SenderId"])
    for name in ("messageId", "receiptHandle", "md5OfMessageAttributes"):
        assert found.pop(name)
    assert {
        "body": "hello",
        "messageAttributes": {
            "a": {
                "binaryValue": "AA==", "stringListValues": [], "binaryListValues": [],
                "dataType": "Binary",
            }
        },
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": piping.arn("q"),
        "awsRegion": "us-east-1",
    } == found  # fmt: skip
    assert 0 == piping.left()


def test_many_messages_all_arrive(piping: Piping) -> None:
    piping.create(**BODY)
    piping.send(*(f"m{number:02}" for number in range(35)))
    assert [f'"m{number:02}"' for number in range(35)] == piping.bodies()
    assert 0 == piping.left()


def test_messages_that_no_filter_takes_are_deleted(piping: Piping) -> None:
    patterns = ('{"body": {"kind": ["a"]}}', '{"body": ["text"]}')
    criteria = {"Filters": [{"Pattern": pattern} for pattern in patterns]}
    piping.create(SourceParameters={"FilterCriteria": criteria}, **BODY)
    piping.send({"kind": "a"}, {"kind": "b"}, "text", "other")
    assert ['"text"', '{"kind":"a"}'] == piping.bodies()
    assert 0 == piping.left()


def test_templates_read_the_body_and_know_the_pipe(piping: Piping) -> None:
    template = (
        '{"n": <$.body.n>, "s": "to <$.body.s>", "pipe": <aws.pipes.pipe-name>, '
        '"arns": [<aws.pipes.pipe-arn>, <aws.pipes.source-arn>, <aws.pipes.target-arn>], '
        '"at": <aws.pipes.event.ingestion-time>, "all": <aws.pipes.event.json>}'
    )
    piping.create(TargetParameters={"InputTemplate": template})
    piping.send({"n": [1], "s": "you"})
    [body] = piping.bodies()
    found = json.loads(body)
    assert {"n": [1], "s": "you"} == found.pop("all")["body"]
    now = datetime.fromtimestamp(piping.pileus.now / 1000, UTC)
    assert {
        "n": [1],
        "s": "to you",
        "pipe": "p",
        "arns": [piping.arn("pipe/p", "pipes"), piping.arn("q"), piping.arn("t")],
        "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    } == found


def test_fifo_queues_keep_their_order(piping: Piping) -> None:
    source = piping.queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    target = piping.queue("t.fifo", FifoQueue="true")
    group = {"MessageGroupId": "$.attributes.MessageGroupId", "MessageDeduplicationId": "$.body"}
    piping.create(
        Source=piping.arn("q.fifo"), Target=piping.arn("t.fifo"),
        TargetParameters={"InputTemplate": "<$.body>", "SqsQueueParameters": group},
    )  # fmt: skip
    for number in range(25):
        piping.send(f"m{number:02}", url=source, MessageGroupId=f"g{number % 2}")
    found = piping.received(target)
    for parity in range(2):
        expected = [f'"m{number:02}"' for number in range(25) if number % 2 == parity]
        assert expected == [
            message["Body"] for message in found
            if message["Attributes"]["MessageGroupId"] == f"g{parity}"
        ]  # fmt: skip


def test_a_function_gets_a_list_and_may_report_some_as_failed(
    piping: Piping, functions: Functions
) -> None:
    seen: list[list[str]] = []

    def work(events: list[dict[str, Any]], *_: Any) -> dict[str, Any]:
        seen.append([event["body"] for event in events])
        bad = [event["messageId"] for event in events if event["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}

    name = functions.create(work)
    piping.send("good", "bad")
    piping.create(Target=functions.arn(name))
    assert 1 == piping.left()
    assert [["good", "bad"]] == seen
    piping.pileus.advance(30)
    piping.idle()
    assert [["good", "bad"], ["bad"]] == seen


def test_a_function_that_fails_sends_messages_to_the_dead_letter_queue(
    piping: Piping, functions: Functions
) -> None:
    dead = piping.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": piping.arn("dead"), "maxReceiveCount": "2"})
    piping.queue("r", RedrivePolicy=policy)
    source = piping.sqs.get_queue_url(QueueName="r")["QueueUrl"]

    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    name = functions.create(fail)
    piping.create(Source=piping.arn("r"), Target=functions.arn(name))
    piping.send("bad", url=source)
    assert 1 == piping.left(source)
    for _ in range(3):
        piping.pileus.advance(30)
    assert (["bad"], 0) == (piping.bodies(dead), piping.left(source))


def test_a_function_may_be_called_without_waiting(piping: Piping, functions: Functions) -> None:
    seen: list[Any] = []
    name = functions.create(lambda events, *_: seen.append(events))
    piping.create(
        Target=functions.arn(name),
        TargetParameters={
            "InputTemplate": '{"b": <$.body>}',
            "LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"},
        },
    )
    piping.send("a")
    assert 0 == piping.left()
    assert [[{"b": "a"}]] == seen


def test_an_enrichment_answers_the_events_for_the_target(
    piping: Piping, functions: Functions
) -> None:
    name = functions.create(lambda bodies, *_: [{"twice": body * 2} for body in bodies])
    piping.create(
        Enrichment=functions.arn(name), EnrichmentParameters={"InputTemplate": "<$.body>"},
        TargetParameters={"InputTemplate": "<$.twice>!"},
    )  # fmt: skip
    piping.send("a")
    assert (['"aa"!'], 0) == (piping.bodies(), piping.left())


def test_an_enrichment_that_answers_too_many_events_leaves_the_messages(
    piping: Piping, functions: Functions
) -> None:
    name = functions.create(lambda *_: [{"n": number} for number in range(11)])
    piping.create(Enrichment=functions.arn(name))
    piping.send("a")
    assert ([], 1) == (piping.bodies(), piping.left())


def test_an_empty_enrichment_ends_the_batch(piping: Piping, functions: Functions) -> None:
    name = functions.create(lambda *_: [])
    piping.create(Enrichment=functions.arn(name))
    piping.send("a")
    assert ([], 0) == (piping.bodies(), piping.left())


def test_an_enrichment_that_fails_leaves_the_messages(piping: Piping, functions: Functions) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    piping.create(Enrichment=functions.arn(functions.create(fail)))
    piping.send("a")
    assert ([], 1) == (piping.bodies(), piping.left())


def test_a_topic_gets_the_events(piping: Piping, aws: Any) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=piping.arn("t"),
        Attributes={"RawMessageDelivery": "true"},
    )  # fmt: skip
    piping.create(Target=topic, **BODY)
    piping.send("a", "b")
    assert ['"a"', '"b"'] == piping.bodies()


def test_a_bus_gets_the_events_as_details(piping: Piping, aws: Any) -> None:
    events = aws("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"account": [piping.account]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": piping.arn("t")}])
    bus = {"Target": piping.arn("event-bus/default", "events")}
    piping.create(
        "named", Source=piping.arn("named"), **bus,
        TargetParameters={
            "InputTemplate": '{"b": <$.body>}',
            "EventBridgeEventBusParameters": {
                "DetailType": "$.body.type", "Source": "shop", "Resources": [piping.arn("t")],
                "Time": "$.body.at",
            },
        },
    )  # fmt: skip
    piping.create("plain", **bus)
    named = piping.queue("named")
    piping.pileus.advance(60)
    piping.send({"type": "order", "at": "2026-01-02T03:04:05Z"}, url=named)
    [body] = piping.bodies()
    found = json.loads(body)
    assert ("order", "shop", [piping.arn("t")], "2026-01-02T03:04:05Z", "order") == (
        found["detail-type"], found["source"], found["resources"], found["time"],
        found["detail"]["b"]["type"],
    )  # fmt: skip
    piping.send("text")
    [body] = piping.bodies()
    found = json.loads(body)
    assert ("Event from aws:sqs", "Pipe plain", "text") == (
        found["detail-type"], found["source"], found["detail"]["body"],
    )  # fmt: skip


def test_a_log_stream_gets_a_line_for_each_event(piping: Piping, aws: Any) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    piping.create(
        Target=piping.arn("log-group:g", "logs"),
        TargetParameters={
            "InputTemplate": "<$.body>", "CloudWatchLogsParameters": {"LogStreamName": "s"},
        },
    )  # fmt: skip
    piping.send("a")
    piping.send("b")
    assert 0 == piping.left()
    found = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert ['"a"', '"b"'] == sorted(event["message"] for event in found)


@pytest.mark.parametrize(("key", "expected"), [("all", {"all"}), ("$.body.id", {"1", "2"})])
def test_a_kinesis_stream_gets_a_record_for_each_event(
    piping: Piping, aws: Any, key: str, expected: set[str]
) -> None:
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    piping.create(
        Target=piping.arn("stream/s", "kinesis"),
        TargetParameters={
            "InputTemplate": "<$.body>", "KinesisStreamParameters": {"PartitionKey": key},
        },
    )  # fmt: skip
    piping.send({"id": "1"}, {"id": "2"})
    assert 0 == piping.left()
    iterator = kinesis.get_shard_iterator(
        StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert ["1", "2"] == sorted(json.loads(each["Data"])["id"] for each in records)
    assert expected == {each["PartitionKey"] for each in records}


def test_a_target_that_is_not_there_leaves_the_messages(piping: Piping) -> None:
    piping.create(Target=piping.arn("late"), **BODY)
    piping.send("a")
    assert 1 == piping.left()
    late = piping.queue("late")
    piping.pileus.advance(30)
    assert (['"a"'], 0) == (piping.bodies(late), piping.left())


def test_a_window_gathers_a_batch(piping: Piping, functions: Functions) -> None:
    seen: list[list[str]] = []
    name = functions.create(lambda events, *_: seen.append([each["body"] for each in events]))
    queue = {"BatchSize": 20, "MaximumBatchingWindowInSeconds": 60}
    piping.create(Target=functions.arn(name), SourceParameters={"SqsQueueParameters": queue})
    piping.send(*(f"m{number}" for number in range(15)))
    piping.idle()
    assert [] == seen
    piping.pileus.advance(61)
    piping.idle()
    assert [15] == [len(batch) for batch in seen]
