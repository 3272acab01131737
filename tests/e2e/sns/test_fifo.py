"""FIFO topics: order, deduplication, the archive and its replays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.sns.asking import (
    envelopes,
    invalid,
    joined,
    messages,
    queue,
    refusal,
    subscribe,
    texts,
    topic,
)

DAY = 24 * 3600
ARCHIVE = '{"MessageRetentionPeriod":7}'


def put(sns: Any, arn: str, text: str, group: str = "g", **params: Any) -> dict[str, Any]:
    params = {"MessageDeduplicationId": text, **params}
    answer: dict[str, Any] = sns.publish(TopicArn=arn, Message=text, MessageGroupId=group, **params)
    return answer


def receive(sqs: Any, url: str) -> list[str]:
    """All that is there, deleted when received."""
    found = []
    while got := messages(sqs, url):
        for message in got:
            found.append(json.loads(message["Body"])["Message"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_messages_arrive_in_their_order(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, "t.fifo")
    sent = [str(number) for number in range(25)]
    for text in sent:
        put(sns, arn, text)
    assert sent == receive(sqs, url)


def test_queues_learn_group_and_deduplication_id(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, "t.fifo")
    answer = put(sns, arn, "m", "g1", MessageDeduplicationId="d1")
    (message,) = messages(sqs, url)
    found = message["Attributes"]
    assert ("g1", "d1") == (found["MessageGroupId"], found["MessageDeduplicationId"])
    envelope = json.loads(message["Body"])
    assert (20, answer["SequenceNumber"]) == (
        len(answer["SequenceNumber"]),
        envelope["SequenceNumber"],
    )


def test_standard_queues_may_subscribe(sns: Any, sqs: Any) -> None:
    arn = topic(sns, "t.fifo")
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint)
    put(sns, arn, "m")
    assert ["m"] == texts(sqs, url)


def test_the_same_id_is_taken_once_in_five_minutes(sns: Any, sqs: Any, pileus: Any) -> None:
    arn, url, _ = joined(sns, sqs, "t.fifo")
    first = put(sns, arn, "a", MessageDeduplicationId="d")
    pileus.advance(299)
    again = put(sns, arn, "b", MessageDeduplicationId="d")
    assert (first["MessageId"], first["SequenceNumber"]) == (
        again["MessageId"],
        again["SequenceNumber"],
    )
    pileus.advance(1)
    third = put(sns, arn, "c", MessageDeduplicationId="d")
    assert first["MessageId"] != third["MessageId"]
    assert ["a", "c"] == receive(sqs, url)


def test_content_tells_messages_apart(sns: Any, sqs: Any) -> None:
    arn = topic(sns, "t.fifo", ContentBasedDeduplication="true")
    url, endpoint = queue(sqs, "q.fifo")
    subscribe(sns, arn, endpoint)
    for text in ("a", "a", "b"):
        sns.publish(TopicArn=arn, Message=text, MessageGroupId="g")
    assert ["a", "b"] == receive(sqs, url)


@pytest.mark.parametrize(("scope", "count"), [("Topic", 1), ("MessageGroup", 2)])
def test_deduplication_is_for_the_topic_or_the_group(
    sns: Any, sqs: Any, scope: str, count: int
) -> None:
    arn = topic(sns, "t.fifo", FifoThroughputScope=scope)
    answers = [put(sns, arn, "a", group) for group in ("g1", "g2")]
    assert count == len({answer["MessageId"] for answer in answers})


def test_what_a_fifo_topic_asks_for(sns: Any) -> None:
    arn = topic(sns, "t.fifo")
    assert invalid("The MessageGroupId parameter is required for FIFO topics") == refusal(
        sns.publish, TopicArn=arn, Message="m", MessageDeduplicationId="d"
    )
    assert invalid(
        "The topic should either have ContentBasedDeduplication enabled or "
        "MessageDeduplicationId provided explicitly"
    ) == refusal(sns.publish, TopicArn=arn, Message="m", MessageGroupId="g")


@pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
@pytest.mark.parametrize("value", ["", "a b", "a" * 129])
def test_ids_that_are_refused(sns: Any, name: str, value: str) -> None:
    code, message = refusal(
        sns.publish,
        TopicArn=topic(sns, "t.fifo"),
        Message="m",
        **{"MessageGroupId": "g", "MessageDeduplicationId": "d", name: value},
    )
    assert ("InvalidParameter", True) == (
        code,
        message.startswith(f"Invalid parameter: {name} Reason: "),
    )


def test_only_queues_subscribe(sns: Any) -> None:
    assert invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue") == refusal(
        sns.subscribe,
        TopicArn=topic(sns, "t.fifo"),
        Protocol="lambda",
        Endpoint="arn:aws:lambda:us-east-1:123456789012:function:f",
    )


def test_a_fifo_queue_needs_a_fifo_dead_letter_queue(sns: Any, sqs: Any) -> None:
    dead = queue(sqs, "dead")[1]
    assert invalid(
        "Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription "
        "to a FIFO Topic."
    ) == refusal(
        sns.subscribe,
        TopicArn=topic(sns, "t.fifo"),
        Protocol="sqs",
        Endpoint=queue(sqs, "q.fifo")[1],
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})},
    )


def test_a_batch_keeps_its_order(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, "t.fifo")
    entries = [
        {"Id": str(n), "Message": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(n)}
        for n in range(10)
    ]
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    numbers = [each["SequenceNumber"] for each in answer["Successful"]]
    assert (sorted(numbers), [str(n) for n in range(10)]) == (numbers, receive(sqs, url))


# The archive.


def moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def replay(sns: Any, subscription: str, since: int, until: int | None = None) -> None:
    policy = {"PointType": "Timestamp", "StartingPoint": moment(since)}
    if until is not None:
        policy["EndingPoint"] = moment(until)
    sns.set_subscription_attributes(
        SubscriptionArn=subscription,
        AttributeName="ReplayPolicy",
        AttributeValue=json.dumps(policy),
    )


def state(sns: Any, subscription: str) -> str:
    found = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    status: str = found["ReplayStatus"]
    return status


@pytest.fixture
def archived(sns: Any, sqs: Any, pileus: Any) -> tuple[str, str, str, int]:
    """A topic with 120 messages in its archive, of which the queue has seen none."""
    arn = topic(sns, "t.fifo", ArchivePolicy=ARCHIVE)
    begin = pileus.now
    for number in range(120):
        put(sns, arn, str(number))
    pileus.advance(10)
    url, endpoint = queue(sqs, "q.fifo")
    return arn, url, subscribe(sns, arn, endpoint), begin


def test_the_archive_is_replayed_in_order_and_then_goes_on(
    sns: Any, sqs: Any, pileus: Any, archived: tuple[str, str, str, int]
) -> None:
    arn, url, subscription, begin = archived
    replay(sns, subscription, begin)
    pileus.advance(0)
    assert "Completed" == state(sns, subscription)
    put(sns, arn, "new")
    assert [*map(str, range(120)), "new"] == receive(sqs, url)


def test_replayed_messages_say_so_and_keep_their_names(sns: Any, sqs: Any, pileus: Any) -> None:
    arn = topic(sns, "t.fifo", ArchivePolicy=ARCHIVE)
    url, endpoint = queue(sqs, "q.fifo")
    subscription = subscribe(sns, arn, endpoint)
    begin = pileus.now
    put(sns, arn, "m")
    (first,) = envelopes(sqs, url)
    pileus.advance(60)
    sqs.purge_queue(QueueUrl=url)
    replay(sns, subscription, begin)
    pileus.advance(0)
    (second,) = envelopes(sqs, url)
    assert ("true", first["MessageId"], first["Timestamp"]) == (
        second["Replayed"],
        second["MessageId"],
        second["Timestamp"],
    )


def test_a_replay_with_an_end_is_the_end(
    sns: Any, sqs: Any, pileus: Any, archived: tuple[str, str, str, int]
) -> None:
    arn, url, subscription, begin = archived
    put(sns, arn, "late")
    receive(sqs, url)
    replay(sns, subscription, begin, begin + 1000)
    pileus.advance(0)
    put(sns, arn, "new")
    assert ("Completed", [*map(str, range(120))]) == (state(sns, subscription), receive(sqs, url))


def test_the_archive_forgets_when_its_time_is_over(
    sns: Any, sqs: Any, pileus: Any, archived: tuple[str, str, str, int]
) -> None:
    _, url, subscription, begin = archived
    pileus.advance(8 * DAY)
    replay(sns, subscription, begin)
    pileus.advance(0)
    assert ("Completed", []) == (state(sns, subscription), receive(sqs, url))


def test_a_topic_with_an_archive_is_not_deleted(sns: Any) -> None:
    arn = topic(sns, "t.fifo", ArchivePolicy=ARCHIVE)
    assert "InvalidState" == refusal(sns.delete_topic, TopicArn=arn)[0]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="ArchivePolicy", AttributeValue="")
    sns.delete_topic(TopicArn=arn)
    assert [] == sns.list_topics()["Topics"]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{", "failed to parse JSON"),
        ('{"PointType":"x"}', "PointType must be Timestamp"),
        ('{"PointType":"Timestamp"}', "StartingPoint is required"),
        (
            '{"PointType":"Timestamp","StartingPoint":"yesterday"}',
            "StartingPoint must be a timestamp",
        ),
        (
            '{"PointType":"Timestamp","StartingPoint":"2026-01-02T00:00:00Z",'
            '"EndingPoint":"2026-01-01T00:00:00Z"}',
            "EndingPoint must be later than StartingPoint",
        ),
        (
            '{"PointType":"Timestamp","StartingPoint":"2026-01-02T00:00:00Z"}',
            "the topic has no ArchivePolicy",
        ),
    ],
)
def test_replays_that_are_refused(sns: Any, sqs: Any, policy: str, words: str) -> None:
    _, _, subscription = joined(sns, sqs, "t.fifo")
    assert invalid(f"ReplayPolicy Reason: {words}") == refusal(
        sns.set_subscription_attributes,
        SubscriptionArn=subscription,
        AttributeName="ReplayPolicy",
        AttributeValue=policy,
    )
