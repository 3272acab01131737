"""FIFO queues by boto3: order, groups, deduplication, attempts, delays."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from e2e.sqs.asking import (
    arn_of,
    attributes,
    bodies,
    counts,
    create,
    delete,
    put,
    receive,
    refusal,
    send,
    wait_until_watched,
)
from support.running import Running

STORES = ("sqlite", "postgres")
EXPIRED = "The receipt handle has expired."


@pytest.fixture
def url(sqs: Any) -> str:
    return create(sqs, "q.fifo")


def change(sqs: Any, url: str, message: dict[str, Any], seconds: int) -> None:
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
    )


def handle_refusal(function: Any, url: str, message: dict[str, Any], **params: Any) -> str:
    handle = message["ReceiptHandle"]
    code, text = refusal(function, QueueUrl=url, ReceiptHandle=handle, **params)
    start = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: "
    assert ("InvalidParameterValue", start) == (code, text[: len(start)])
    return text[len(start) :]


# Order and groups.


def test_a_receive_fills_up_from_the_oldest_group(sqs: Any, url: str) -> None:
    for group, body in ("a1", "b1", "a2", "c1", "b2"):
        put(sqs, url, group, group + body)
    assert ["a1", "a2", "b1"] == bodies(sqs, url, 3)
    assert ["c1"] == bodies(sqs, url, 3)


def test_a_group_waits_for_its_message_in_flight(sqs: Any, url: str, pileus: Running) -> None:
    for body in ("a1", "a2", "b1"):
        put(sqs, url, body[0], body)
    [first] = receive(sqs, url, 1)
    assert ["b1"] == bodies(sqs, url)
    assert [] == bodies(sqs, url)
    delete(sqs, url, first)
    assert ["a2"] == bodies(sqs, url)
    pileus.advance(30)
    assert ["a2", "b1"] == sorted(bodies(sqs, url))


def test_a_message_that_comes_back_comes_first(sqs: Any, url: str, pileus: Running) -> None:
    for body in ("1", "2", "3"):
        put(sqs, url, "g", body)
    first, second = receive(sqs, url, 2)
    delete(sqs, url, second)
    assert [] == bodies(sqs, url)
    change(sqs, url, first, 0)
    assert ["1", "3"] == bodies(sqs, url)


def test_a_group_waits_for_the_last_of_several(sqs: Any, url: str, pileus: Running) -> None:
    for body in ("1", "2", "3"):
        put(sqs, url, "g", body)
    first, second = receive(sqs, url, 2)
    change(sqs, url, first, 0)
    change(sqs, url, second, 50)
    pileus.advance(49)
    assert [] == bodies(sqs, url)
    pileus.advance(1)
    assert ["1", "2", "3"] == bodies(sqs, url)


def test_a_long_poll_gets_the_next_of_a_group(sqs: Any, url: str, pileus: Running) -> None:
    put(sqs, url, "g", "1")
    put(sqs, url, "g", "2")
    receive(sqs, url, 1, VisibilityTimeout=0)
    assert ["1", "2"] == bodies(sqs, url, WaitTimeSeconds=20)


def test_system_attributes_of_fifo_messages(sqs: Any, url: str) -> None:
    sent = put(sqs, url, "g", "x", MessageDeduplicationId="d")
    [message] = receive(sqs, url, AttributeNames=["All"])
    found = message["Attributes"]
    assert ("g", "d", sent["SequenceNumber"]) == (
        found["MessageGroupId"], found["MessageDeduplicationId"], found["SequenceNumber"],
    )  # fmt: skip
    assert 20 == len(sent["SequenceNumber"])


def test_counts_of_a_fifo_queue(sqs: Any, url: str, pileus: Running) -> None:
    for body in ("a1", "a2", "b1"):
        put(sqs, url, body[0], body)
    assert (3, 0, 0) == counts(sqs, url)
    [message] = receive(sqs, url, 1)
    assert (2, 1, 0) == counts(sqs, url)
    delete(sqs, url, message)
    receive(sqs, url)
    assert (0, 2, 0) == counts(sqs, url)
    pileus.advance(30)
    assert (2, 0, 0) == counts(sqs, url)


# Handles.


def test_a_handle_expires_with_the_visibility_timeout(sqs: Any, url: str, pileus: Running) -> None:
    put(sqs, url, "g", "x")
    [message] = receive(sqs, url)
    pileus.advance(30)
    assert EXPIRED == handle_refusal(sqs.delete_message, url, message)
    assert EXPIRED == handle_refusal(
        sqs.change_message_visibility, url, message, VisibilityTimeout=5
    )
    assert (1, 0, 0) == counts(sqs, url)


def test_a_handle_expires_with_the_next_receive(sqs: Any, url: str, pileus: Running) -> None:
    put(sqs, url, "g", "x")
    [old] = receive(sqs, url)
    pileus.advance(30)
    [new] = receive(sqs, url)
    assert EXPIRED == handle_refusal(sqs.delete_message, url, old)
    delete(sqs, url, new)
    assert (0, 0, 0) == counts(sqs, url)


def test_deleting_twice_is_no_error(sqs: Any, url: str) -> None:
    put(sqs, url, "g", "x")
    [message] = receive(sqs, url)
    delete(sqs, url, message)
    delete(sqs, url, message)
    assert (
        "Message does not exist or is not available for visibility timeout change."
        == handle_refusal(sqs.change_message_visibility, url, message, VisibilityTimeout=5)
    )


def test_the_total_timeout_is_12_hours(sqs: Any, url: str, pileus: Running) -> None:
    put(sqs, url, "g", "x")
    [message] = receive(sqs, url)
    change(sqs, url, message, 43_200)
    pileus.advance(1)
    code, text = refusal(
        sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=43_200,
    )  # fmt: skip
    assert ("InvalidParameterValue", True) == (code, "beyond the limit [43200 seconds]" in text)


# Deduplication.


def test_a_duplicate_is_accepted_and_not_stored(sqs: Any, url: str, pileus: Running) -> None:
    first = put(sqs, url, "g", "one", MessageDeduplicationId="d")
    again = put(sqs, url, "h", "two", MessageDeduplicationId="d")
    assert (first["MessageId"], first["SequenceNumber"]) == (
        again["MessageId"], again["SequenceNumber"],
    )  # fmt: skip
    assert ((1, 0, 0), ["one"]) == (counts(sqs, url), bodies(sqs, url))


def test_an_id_is_remembered_for_five_minutes(sqs: Any, url: str, pileus: Running) -> None:
    first = put(sqs, url, "g", "x", MessageDeduplicationId="d")
    [message] = receive(sqs, url)
    delete(sqs, url, message)
    pileus.advance(299.999)
    put(sqs, url, "g", "x", MessageDeduplicationId="d")
    assert [] == bodies(sqs, url)
    pileus.advance(0.001)
    second = put(sqs, url, "g", "x", MessageDeduplicationId="d")
    assert first["MessageId"] != second["MessageId"]
    assert ["x"] == bodies(sqs, url)


def test_an_id_is_remembered_through_a_purge(sqs: Any, url: str) -> None:
    put(sqs, url, "g", "x", MessageDeduplicationId="d")
    sqs.purge_queue(QueueUrl=url)
    put(sqs, url, "g", "x", MessageDeduplicationId="d")
    assert [] == bodies(sqs, url)


def test_content_may_take_the_place_of_an_id(sqs: Any) -> None:
    url = create(sqs, "content.fifo", ContentBasedDeduplication="true")
    for body in ("same", "same", "other"):
        send(sqs, url, body, MessageGroupId="g")
    # The same body with other attributes is the same content.
    value = {"a": {"DataType": "String", "StringValue": "v"}}
    send(sqs, url, "same", MessageGroupId="g", MessageAttributes=value)
    # An id takes precedence, and the hash of the content is an id like any other.
    send(sqs, url, "same", MessageGroupId="g", MessageDeduplicationId="own")
    send(sqs, url, "new", MessageGroupId="g", MessageDeduplicationId=sha256(b"same").hexdigest())
    messages = receive(sqs, url, AttributeNames=["MessageDeduplicationId"])
    assert [
        ("same", sha256(b"same").hexdigest()),
        ("other", sha256(b"other").hexdigest()),
        ("same", "own"),
    ] == [(m["Body"], m["Attributes"]["MessageDeduplicationId"]) for m in messages]


def test_the_scope_may_be_the_group(sqs: Any) -> None:
    url = create(sqs, "scope.fifo", DeduplicationScope="messageGroup")
    for group in ("a", "b", "a"):
        put(sqs, url, group, group, MessageDeduplicationId="d")
    assert ["a", "b"] == sorted(bodies(sqs, url))


# Receive request attempts.


def test_a_repeated_attempt_gets_the_same_messages(sqs: Any, url: str, pileus: Running) -> None:
    for body in ("a1", "a2", "b1", "c1"):
        put(sqs, url, body[0], body)
    first = receive(sqs, url, 3, ReceiveRequestAttemptId="try")
    pileus.advance(20)
    again = receive(sqs, url, 3, ReceiveRequestAttemptId="try")
    assert [m["ReceiptHandle"] for m in first] == [m["ReceiptHandle"] for m in again]
    assert ["a1", "a2", "b1"] == [m["Body"] for m in again]
    assert ["c1"] == bodies(sqs, url, ReceiveRequestAttemptId="another")
    # The repetition began the visibility timeout anew.
    pileus.advance(29)
    assert [] == bodies(sqs, url)
    delete(sqs, url, again[0])
    assert (0, 3, 0) == counts(sqs, url)


def test_an_attempt_is_new_after_the_visibility_timeout(
    sqs: Any, url: str, pileus: Running
) -> None:
    put(sqs, url, "g", "x")
    [first] = receive(sqs, url, ReceiveRequestAttemptId="try")
    pileus.advance(30)
    [second] = receive(sqs, url, ReceiveRequestAttemptId="try")
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_an_attempt_is_remembered_for_five_minutes(sqs: Any, url: str, pileus: Running) -> None:
    put(sqs, url, "g", "x")
    receive(sqs, url, VisibilityTimeout=1000, ReceiveRequestAttemptId="try")
    pileus.advance(299)
    assert ["x"] == bodies(sqs, url, VisibilityTimeout=1000, ReceiveRequestAttemptId="try")
    pileus.advance(1)
    assert [] == bodies(sqs, url, ReceiveRequestAttemptId="try")


@pytest.mark.parametrize("how", ["deleted", "changed"])
def test_an_attempt_is_over_when_its_messages_have_changed(sqs: Any, url: str, how: str) -> None:
    put(sqs, url, "g", "x")
    [message] = receive(sqs, url, ReceiveRequestAttemptId="try")
    if how == "deleted":
        delete(sqs, url, message)
    else:
        change(sqs, url, message, 100)
    assert (
        "InvalidParameterValue",
        "Value try for parameter ReceiveRequestAttemptId is invalid. Reason: The "
        "receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    ) == refusal(sqs.receive_message, QueueUrl=url, ReceiveRequestAttemptId="try")


def test_attempts_are_of_fifo_queues(sqs: Any, url: str) -> None:
    standard = create(sqs, "standard")
    assert (
        "InvalidParameterValue",
        "Value try for parameter ReceiveRequestAttemptId is invalid. Reason: The request include "
        "parameter that is not valid for this queue type.",
    ) == refusal(sqs.receive_message, QueueUrl=standard, ReceiveRequestAttemptId="try")
    for value in ("", "a b", "a" * 129):
        code, _ = refusal(sqs.receive_message, QueueUrl=url, ReceiveRequestAttemptId=value)
        assert "InvalidParameterValue" == code


def test_what_is_remembered_is_forgotten(sqs: Any, url: str, pileus: Running) -> None:
    for number in range(3):
        put(sqs, url, "g", str(number))
        receive(sqs, url, VisibilityTimeout=0, ReceiveRequestAttemptId=str(number))
        pileus.advance(100)
    assert remembered(pileus) != (0, 0)
    pileus.advance(900)
    assert (0, 0) == remembered(pileus)


def remembered(pileus: Running) -> tuple[int, int]:
    kernel = pileus.app.kernel
    first = kernel.store.partition_sets()[0].start
    found: tuple[int, int] = pileus.run(kernel.store_read(count_remembered, part=first))
    return found


def count_remembered(tx: Any) -> tuple[int, int]:
    ids, attempts = (
        tx.statements.one(f"SELECT COUNT(*) FROM {table}")[0]
        for table in ("sqs_fifo_deduplication", "sqs_fifo_attempts")
    )
    return ids, attempts


# Delay and retention.


def test_a_fifo_queues_delay_holds_for_messages_that_are_there(
    sqs: Any, url: str, pileus: Running
) -> None:
    put(sqs, url, "g", "first")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})
    pileus.advance(10)
    put(sqs, url, "g", "second")
    assert ((0, 0, 2), []) == (counts(sqs, url), bodies(sqs, url))
    pileus.advance(50)
    assert (1, 0, 1) == counts(sqs, url)
    [message] = receive(sqs, url)
    assert "first" == message["Body"]
    delete(sqs, url, message)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    assert ["second"] == bodies(sqs, url)


def test_a_long_poll_waits_for_a_delayed_message(sqs: Any, pileus: Running, poll: Any) -> None:
    url = create(sqs, "late.fifo", DelaySeconds="5")
    put(sqs, url, "g", "late")
    waiting = poll(url)
    wait_until_watched(pileus, arn_of(sqs, url))
    pileus.advance(5)
    assert ["late"] == waiting.result(10)


def test_fifo_messages_expire_group_by_group(sqs: Any, pileus: Running) -> None:
    url = create(sqs, "brief.fifo", MessageRetentionPeriod="60", VisibilityTimeout="50")
    for body in ("a1", "b1", "c1"):
        put(sqs, url, body[0], body)
    pileus.advance(30)
    put(sqs, url, "a", "a2")
    [flying] = receive(sqs, url, 1)
    assert "a1" == flying["Body"]
    pileus.advance(30)
    assert (1, 0, 0) == counts(sqs, url)
    assert [] == bodies(sqs, url)
    pileus.advance(20)
    assert ["a2"] == bodies(sqs, url)
    pileus.advance(600)
    assert (0, 0, 0) == counts(sqs, url)


def test_many_groups_are_received_from_in_turn(sqs: Any, url: str) -> None:
    for batch in range(5):
        entries = [
            {
                "Id": str(n), "MessageBody": f"{batch}-{n}", "MessageGroupId": f"g{batch}-{n}",
                "MessageDeduplicationId": f"{batch}-{n}",
            }
            for n in range(10)
        ]  # fmt: skip
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    received = [body for _ in range(5) for body in bodies(sqs, url)]
    assert [f"{batch}-{n}" for batch in range(5) for n in range(10)] == received
    assert "50" == attributes(sqs, url)["ApproximateNumberOfMessagesNotVisible"]
