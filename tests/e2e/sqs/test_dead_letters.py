"""Dead-letter queues by boto3."""

from __future__ import annotations

from typing import Any

from e2e.sqs.asking import (
    ARN,
    bodies,
    counts,
    delete,
    put,
    receive,
    send,
    with_dead_letters,
)
from support.running import Running

STORES = ("sqlite", "postgres")
DAY = 86_400


def fail(sqs: Any, pileus: Running, url: str, times: int = 1) -> None:
    """Receive and let the visibility timeout pass."""
    for _ in range(times):
        assert receive(sqs, url)
        pileus.advance(30)


def test_a_message_is_seen_max_receive_count_times(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs, receives=3)
    send(sqs, url, "bad")
    fail(sqs, pileus, url, 3)
    assert ((1, 0, 0), (0, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    assert [] == bodies(sqs, url)
    assert ((0, 0, 0), (1, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    assert ["bad"] == bodies(sqs, dead)


def test_a_dead_letter_keeps_its_story(sqs: Any, pileus: Running, account: str) -> None:
    url, dead = with_dead_letters(sqs, receives=2)
    value = {"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sent = send(sqs, url, "bad", MessageAttributes=value)
    sent_at = pileus.now
    pileus.advance(10)
    first_received_at = pileus.now
    fail(sqs, pileus, url, 2)
    receive(sqs, url)
    [message] = receive(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (sent["MessageId"], "bad", value) == (
        message["MessageId"], message["Body"], message["MessageAttributes"],
    )  # fmt: skip
    assert {
        "SenderId": account,
        "SentTimestamp": str(sent_at),
        "ApproximateReceiveCount": "3",
        "ApproximateFirstReceiveTimestamp": str(first_received_at),
        "DeadLetterQueueSourceArn": f"{ARN}:{account}:q",
    } == message["Attributes"]


def test_a_dead_letter_expires_by_its_first_day(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    send(sqs, url, "bad")
    pileus.advance(DAY - 30)
    fail(sqs, pileus, url)
    receive(sqs, url)
    send(sqs, dead, "fresh")
    pileus.advance(3 * DAY - 1)
    assert (2, 0, 0) == counts(sqs, dead)
    pileus.advance(1)
    assert ["fresh"] == bodies(sqs, dead)


def test_good_messages_pass_bad_ones(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    for number in range(15):
        send(sqs, url, f"bad{number}")
    for _ in range(2):
        receive(sqs, url)
    pileus.advance(30)
    send(sqs, url, "good")
    assert ["good"] == bodies(sqs, url)
    assert ((0, 1, 0), (15, 0, 0)) == (counts(sqs, url), counts(sqs, dead))


def test_a_long_poll_on_the_dead_letter_queue_is_woken(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    send(sqs, url, "bad")
    fail(sqs, pileus, url)
    assert [] == bodies(sqs, url)
    assert ["bad"] == bodies(sqs, dead, WaitTimeSeconds=20)


def test_a_dead_letter_queue_may_have_one_of_its_own(sqs: Any, pileus: Running) -> None:
    """Receives in the first queue do not count in the second."""
    url, dead = with_dead_letters(sqs, receives=1)
    _, last = with_dead_letters(sqs, "other", receives=1)
    policy = sqs.get_queue_attributes(QueueUrl="other", AttributeNames=["RedrivePolicy"])
    sqs.set_queue_attributes(QueueUrl=dead, Attributes=policy["Attributes"])
    send(sqs, url, "bad")
    fail(sqs, pileus, url)
    assert [] == bodies(sqs, url)
    fail(sqs, pileus, dead)
    assert [] == bodies(sqs, dead)
    [message] = receive(sqs, last, AttributeNames=["ApproximateReceiveCount"])
    assert "3" == message["Attributes"]["ApproximateReceiveCount"]


def test_without_its_dead_letter_queue_a_message_stays(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    send(sqs, url, "bad")
    sqs.delete_queue(QueueUrl=dead)
    fail(sqs, pileus, url, 3)
    assert ["bad"] == bodies(sqs, url)


def test_without_a_policy_a_message_stays(sqs: Any, pileus: Running) -> None:
    url, _ = with_dead_letters(sqs)
    send(sqs, url, "bad")
    fail(sqs, pileus, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert ["bad"] == bodies(sqs, url)


def test_fifo_dead_letters_go_on_in_order(sqs: Any, pileus: Running, account: str) -> None:
    url, dead = with_dead_letters(sqs, "q.fifo", receives=1)
    first = put(sqs, url, "g", "1", MessageDeduplicationId="same")
    put(sqs, url, "g", "2")
    put(sqs, url, "h", "3")
    sent_at = pileus.now
    assert ["1"] == bodies(sqs, url, 1)
    pileus.advance(30)
    assert ["2", "3"] == sorted(bodies(sqs, url))
    [message] = receive(sqs, dead, AttributeNames=["All"])
    found = message["Attributes"]
    assert (first["MessageId"], "1", "g", f"{ARN}:{account}:q.fifo") == (
        message["MessageId"], message["Body"], found["MessageGroupId"],
        found["DeadLetterQueueSourceArn"],
    )  # fmt: skip
    # The enqueue time begins anew, and the message's id becomes its deduplication id.
    assert (str(sent_at + 30_000), first["MessageId"]) == (
        found["SentTimestamp"], found["MessageDeduplicationId"],
    )  # fmt: skip
    pileus.advance(30)
    assert [] == bodies(sqs, url)
    assert ((0, 0, 0), (3, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    assert ["1", "2", "3"] == sorted(bodies(sqs, dead))


def test_two_messages_with_one_deduplication_id_both_die(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs, "q.fifo", DeduplicationScope="messageGroup")
    for group in "ab":
        put(sqs, url, group, group, MessageDeduplicationId="same")
    fail(sqs, pileus, url)
    assert [] == bodies(sqs, url)
    assert ["a", "b"] == sorted(bodies(sqs, dead))


def test_deleting_in_time_saves_a_message_from_the_dead_letter_queue(
    sqs: Any, pileus: Running
) -> None:
    url, dead = with_dead_letters(sqs)
    send(sqs, url, "good")
    [message] = receive(sqs, url)
    delete(sqs, url, message)
    pileus.advance(60)
    assert ([], (0, 0, 0)) == (bodies(sqs, url), counts(sqs, dead))
