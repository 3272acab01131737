"""Queues that feed functions: batches, failures, order, scaling, by the clock."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from pileus.services.lambda_.mappings import scaling
from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda


class Queues:
    """Queues of one test, and what is in them."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs

    def make(self, name: str = "source", **attributes: Any) -> tuple[str, str]:
        texts = {
            key: json.dumps(value) if isinstance(value, dict) else str(value)
            for key, value in attributes.items()
        }
        url = self.sqs.create_queue(QueueName=name, Attributes=texts)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def send(self, url: str, bodies: list[str], **members: Any) -> None:
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(number), "MessageBody": body, **members}
                for number, body in enumerate(bodies[start : start + 10])
            ]
            self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def counts(self, url: str) -> tuple[int, int]:
        """How many messages are visible and how many hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


@pytest.fixture
def queues(aws: Any) -> Queues:
    return Queues(aws("sqs"))


def bodies(event: Any) -> list[str]:
    return [record["body"] for record in event["Records"]]


def test_a_message_is_given_to_the_function_and_deleted(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    events: list[Any] = []
    name = functions.create(lambda event, context: events.append(event))
    url, arn = queues.make()
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    sent_at = pileus.now
    sent = queues.sqs.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "t"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    pileus.idle()
    ((record,),) = [event["Records"] for event in events]
    assert record.pop("receiptHandle")
    attributes = record.pop("attributes")
    assert {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": str(sent_at),
        "ApproximateFirstReceiveTimestamp": str(sent_at),
    }.items() <= attributes.items()
    assert {
        "messageId": sent["MessageId"],
        "body": "hello",
        "messageAttributes": {
            "text": {
                "stringValue": "t",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "bytes": {
                "binaryValue": "AAE=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    } == record
    assert (0, 0) == queues.counts(url)


def test_messages_that_waited_before_the_mapping_are_processed(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: Counter[str] = Counter()
    name = functions.create(lambda event, context: seen.update(bodies(event)))
    url, arn = queues.make()
    sent = [f"m{number}" for number in range(95)]
    queues.send(url, sent)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    pileus.idle()
    assert Counter(sent) == seen
    assert (0, 0) == queues.counts(url)


def test_a_batch_is_not_larger_than_asked(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    sizes: list[int] = []
    name = functions.create(lambda event, context: sizes.append(len(bodies(event))))
    url, arn = queues.make()
    queues.send(url, [f"m{number}" for number in range(20)])
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=3)
    pileus.idle()
    assert 20 == sum(sizes)
    assert 3 == max(sizes)


def test_a_failing_batch_comes_back_and_ends_in_the_dead_letter_queue(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    tries: list[tuple[int, str]] = []

    def fail(event: Any, context: Context) -> None:
        for record in event["Records"]:
            tries.append((pileus.now, record["attributes"]["ApproximateReceiveCount"]))
        raise RuntimeError("bad")

    dead_url, dead_arn = queues.make("dead")
    url, arn = queues.make(
        VisibilityTimeout=30, RedrivePolicy={"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3}
    )
    name = functions.create(fail)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    queues.send(url, ["poison"])
    pileus.idle()
    assert 1 == len(tries)
    pileus.advance(29)
    assert 1 == len(tries)
    pileus.advance(1)
    assert 2 == len(tries)
    pileus.advance(100)
    assert ["1", "2", "3"] == [count for _, count in tries]
    assert (0, 0) == queues.counts(url)
    assert (1, 0) == queues.counts(dead_url)


def test_only_reported_failures_come_back(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: Counter[str] = Counter()

    def fail_some(event: Any, context: Context) -> Any:
        seen.update(bodies(event))
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["messageId"]}
                for record in event["Records"]
                if record["body"].startswith("bad")
            ]
        }

    url, arn = queues.make()
    queues.send(url, ["good1", "bad1", "good2", "bad2"])
    name = functions.create(fail_some)
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    pileus.idle()
    assert (0, 2) == queues.counts(url)
    pileus.advance(30)
    assert {"good1": 1, "good2": 1, "bad1": 2, "bad2": 2} == seen


def test_a_report_is_ignored_where_it_was_not_asked_for(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    name = functions.create(
        lambda event, context: {
            "batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]
        }
    )
    url, arn = queues.make()
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    queues.send(url, ["a"])
    pileus.idle()
    assert (0, 0) == queues.counts(url)


def test_a_report_that_makes_no_sense_fails_the_batch(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    name = functions.create(
        lambda event, context: {"batchItemFailures": [{"itemIdentifier": "unknown"}]}
    )
    url, arn = queues.make()
    queues.send(url, ["a", "b"])
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    pileus.idle()
    assert (0, 2) == queues.counts(url)


def test_a_window_gathers_a_batch(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    batches: list[tuple[int, int]] = []
    name = functions.create(lambda event, context: batches.append((pileus.now, len(bodies(event)))))
    url, arn = queues.make(VisibilityTimeout=300)
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, BatchSize=100, MaximumBatchingWindowInSeconds=20
    )
    began_at = pileus.now
    queues.send(url, ["a", "b"])
    pileus.advance(10)
    queues.send(url, ["c"])
    pileus.advance(9)
    assert [] == batches
    pileus.advance(1)
    assert [(began_at + 20_000, 3)] == batches
    assert (0, 0) == queues.counts(url)


def test_a_full_batch_does_not_wait_for_its_window(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    sizes: list[int] = []
    name = functions.create(lambda event, context: sizes.append(len(bodies(event))))
    url, arn = queues.make(VisibilityTimeout=300)
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, BatchSize=12, MaximumBatchingWindowInSeconds=300
    )
    queues.send(url, [f"m{number}" for number in range(30)])
    pileus.idle()
    assert [12, 12] == sizes
    pileus.advance(300)
    assert [12, 12, 6] == sizes


def test_a_fifo_group_is_processed_in_order(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: dict[str, list[str]] = {}
    running: Counter[str] = Counter()
    overlaps: list[str] = []

    async def process(event: Any, context: Context) -> None:
        groups = {record["attributes"]["MessageGroupId"] for record in event["Records"]}
        for group in groups:
            running[group] += 1
            if running[group] > 1:
                overlaps.append(group)
        for _ in range(5):
            await asyncio.sleep(0)
        for record in event["Records"]:
            group = record["attributes"]["MessageGroupId"]
            seen.setdefault(group, []).append(record["body"])
        running.subtract(groups)

    url, arn = queues.make("source.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    name = functions.create(process)
    expected = {}
    for group in ("a", "b", "c"):
        expected[group] = [f"{group}{number:02d}" for number in range(20)]
        queues.send(url, expected[group], MessageGroupId=group)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=4)
    pileus.idle()
    assert expected == seen
    assert [] == overlaps


def test_a_failing_fifo_batch_holds_its_group_back(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: list[str] = []

    def fail_once(event: Any, context: Context) -> None:
        seen.extend(bodies(event))
        if len(seen) == 1:
            raise RuntimeError("bad")

    url, arn = queues.make("source.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    queues.send(url, ["1", "2", "3"], MessageGroupId="g")
    name = functions.create(fail_once)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)
    pileus.idle()
    assert ["1"] == seen
    pileus.advance(30)
    assert ["1", "1", "2", "3"] == seen


class Gate:
    """A function that waits until it is let go, and counts who is inside."""

    def __init__(self, pileus: RunningLambda) -> None:
        self._pileus = pileus
        self._open: asyncio.Event | None = None
        self.inside = 0
        self.most = 0
        self.ended = 0

    async def __call__(self, event: Any, context: Context) -> None:
        if self._open is None:
            self._open = asyncio.Event()
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self._open.wait()
        self.inside -= 1
        self.ended += len(event["Records"])

    def wait_for(self, inside: int, client: Any) -> None:
        while self.inside < inside:
            client.get_account_settings()

    def open(self) -> None:
        async def release() -> None:
            assert self._open is not None
            self._open.set()

        self._pileus.run(release())
        self._pileus.idle()


@pytest.mark.parametrize(
    ("settings", "reserved", "most"),
    [({}, None, 5), ({"ScalingConfig": {"MaximumConcurrency": 2}}, None, 2), ({}, 3, 3)],
)
def test_so_many_batches_run_at_once(
    functions: Functions,
    client: Any,
    queues: Queues,
    pileus: RunningLambda,
    settings: dict[str, Any],
    reserved: int | None,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It grows by real time, of which a slow machine needs much.
    monkeypatch.setattr(scaling, "GROWTH_PER_MINUTE", 0)
    gate = Gate(pileus)
    name = functions.create(gate, Timeout=30)
    if reserved is not None:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    url, arn = queues.make(VisibilityTimeout=30)
    queues.send(url, [f"m{number}" for number in range(20)])
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, BatchSize=1, **settings
    )
    gate.wait_for(most, client)
    assert most == gate.most
    gate.open()
    assert 20 == gate.ended
    assert (0, 0) == queues.counts(url)


def test_a_throttled_batch_is_tried_again_before_it_is_visible(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: list[str] = []
    name = functions.create(lambda event, context: seen.extend(bodies(event)))
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    url, arn = queues.make(VisibilityTimeout=30)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    queues.send(url, ["a"])
    pileus.advance(5)
    assert [] == seen
    client.delete_function_concurrency(FunctionName=name)
    pileus.advance(10)
    assert ["a"] == seen
    assert (0, 0) == queues.counts(url)


def test_a_disabled_mapping_leaves_messages_alone(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: list[str] = []
    name = functions.create(lambda event, context: seen.extend(bodies(event)))
    url, arn = queues.make()
    uuid = client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)["UUID"]
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    queues.send(url, ["a"])
    pileus.advance(60)
    assert [] == seen
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    pileus.idle()
    assert ["a"] == seen
    client.delete_event_source_mapping(UUID=uuid)
    queues.send(url, ["b"])
    pileus.advance(60)
    assert ["a"] == seen


def test_new_settings_take_effect_at_once(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: list[tuple[str, str]] = []
    first = functions.create(lambda event, context: seen.extend(("1", b) for b in bodies(event)))
    second = functions.create(lambda event, context: seen.extend(("2", b) for b in bodies(event)))
    url, arn = queues.make()
    uuid = client.create_event_source_mapping(FunctionName=first, EventSourceArn=arn)["UUID"]
    pileus.idle()
    client.update_event_source_mapping(UUID=uuid, FunctionName=second)
    queues.send(url, ["a"])
    pileus.idle()
    assert [("2", "a")] == seen


def test_delayed_messages_come_when_they_are_due(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: list[int] = []
    name = functions.create(lambda event, context: seen.append(pileus.now))
    url, arn = queues.make()
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    pileus.idle()
    began_at = pileus.now
    queues.sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=45)
    pileus.advance(60)
    assert [began_at + 45_000] == seen


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ([{"body": {"kind": ["a"]}}], {'{"kind": "a"}'}),
        ([{"body": [{"prefix": "text"}]}], {"text 1"}),
        ([{"body": {"kind": ["b"]}}, {"body": ["text 1"]}], {'{"kind": "b"}', "text 1"}),
        (
            [{"messageAttributes": {"colour": {"stringValue": ["blue"]}}}],
            {'{"kind": "a"}', '{"kind": "b"}', "text 1", "other"},
        ),
        ([{"messageAttributes": {"colour": {"stringValue": ["red"]}}}], set()),
    ],
)
def test_filters_choose_messages_and_the_others_are_deleted(
    functions: Functions,
    client: Any,
    queues: Queues,
    pileus: RunningLambda,
    patterns: list[Any],
    taken: set[str],
) -> None:
    seen: list[str] = []
    name = functions.create(lambda event, context: seen.extend(bodies(event)))
    url, arn = queues.make()
    blue = {"colour": {"DataType": "String", "StringValue": "blue"}}
    sent = ['{"kind": "a"}', '{"kind": "b"}', "text 1", "other"]
    queues.send(url, sent, MessageAttributes=blue)
    client.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=arn,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(each)} for each in patterns]},
    )
    pileus.idle()
    assert taken == set(seen)
    assert (0, 0) == queues.counts(url)


def test_large_messages_are_split_into_batches_that_fit(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    sizes: list[int] = []
    name = functions.create(lambda event, context: sizes.append(len(bodies(event))))
    url, arn = queues.make(MaximumMessageSize=1_048_576)
    for _ in range(8):
        queues.sqs.send_message(QueueUrl=url, MessageBody="x" * 1_000_000)
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    pileus.idle()
    assert 8 == sum(sizes)
    assert 2 == len(sizes)


def test_a_thousand_messages_are_processed_once_each(
    functions: Functions, client: Any, queues: Queues, pileus: RunningLambda
) -> None:
    seen: Counter[str] = Counter()

    def process(event: Any, context: Context) -> Any:
        seen.update(bodies(event))
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["messageId"]}
                for record in event["Records"]
                if int(record["body"]) % 100 == 0
            ]
        }

    dead_url, dead_arn = queues.make("dead")
    url, arn = queues.make(RedrivePolicy={"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    name = functions.create(process)
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    queues.send(url, [str(number) for number in range(1000)])
    pileus.idle()
    assert 1000 == sum(seen.values())
    pileus.advance(120)
    assert {str(n): 2 if n % 100 == 0 else 1 for n in range(1000)} == seen
    assert (0, 0) == queues.counts(url)
    assert (10, 0) == queues.counts(dead_url)
