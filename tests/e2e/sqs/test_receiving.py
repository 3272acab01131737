"""Receiving by boto3: visibility, handles, long polls, retention, counts."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.sqs.asking import (
    arn_of,
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

HOURS_12 = 43_200
DAY = 86_400


def change(sqs: Any, url: str, message: dict[str, Any], seconds: int) -> None:
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
    )


def refused_change(sqs: Any, url: str, handle: str, seconds: int) -> tuple[str, str]:
    return refusal(
        sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle,
        VisibilityTimeout=seconds,
    )  # fmt: skip


def invalid(name: str, value: object, reason: str) -> tuple[str, str]:
    return (
        "InvalidParameterValue",
        f"Value {value} for parameter {name} is invalid. Reason: {reason}",
    )


# Receiving.


def test_messages_come_in_the_order_of_sending(sqs: Any) -> None:
    url = create(sqs)
    for number in range(12):
        send(sqs, url, str(number))
    assert ["0"] == bodies(sqs, url, 1)
    assert [str(number) for number in range(1, 11)] == bodies(sqs, url, 10)
    assert ["11"] == bodies(sqs, url, 10)


def test_one_message_is_received_by_default(sqs: Any) -> None:
    url = create(sqs)
    for body in "ab":
        send(sqs, url, body)
    assert 1 == len(sqs.receive_message(QueueUrl=url)["Messages"])


def test_an_empty_queue_gives_no_list(sqs: Any) -> None:
    assert "Messages" not in sqs.receive_message(QueueUrl=create(sqs))


def test_system_attributes_tell_a_messages_story(sqs: Any, pileus: Running, account: str) -> None:
    url = create(sqs)
    send(sqs, url)
    sent_at = pileus.now
    pileus.advance(5)
    received_at = pileus.now
    receive(sqs, url, VisibilityTimeout=10)
    pileus.advance(10)
    [message] = receive(sqs, url, AttributeNames=["All"])
    assert {
        "SenderId": account,
        "SentTimestamp": str(sent_at),
        "ApproximateReceiveCount": "2",
        "ApproximateFirstReceiveTimestamp": str(received_at),
    } == message["Attributes"]


def test_only_the_named_system_attributes_are_given(sqs: Any) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(
        sqs, url, VisibilityTimeout=0, AttributeNames=["SenderId", "Policy"],
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )  # fmt: skip
    assert {"SenderId", "ApproximateReceiveCount"} == set(message["Attributes"])
    [message] = receive(sqs, url, MessageSystemAttributeNames=["SequenceNumber"])
    assert "Attributes" not in message


@pytest.mark.parametrize("member", ["AttributeNames", "MessageSystemAttributeNames"])
def test_unknown_system_attributes_are_refused(sqs: Any, member: str) -> None:
    code, message = refusal(sqs.receive_message, QueueUrl=create(sqs), **{member: ["Nonsense"]})
    assert ("InvalidAttributeName", "Unknown Attribute Nonsense.") == (code, message)


@pytest.mark.parametrize("count", [0, 11])
def test_one_to_ten_messages_are_received(sqs: Any, count: int) -> None:
    expected = invalid("MaxNumberOfMessages", count, "Must be between 1 and 10, if provided.")
    assert expected == refusal(sqs.receive_message, QueueUrl=create(sqs), MaxNumberOfMessages=count)


@pytest.mark.parametrize("seconds", [-1, 21])
def test_a_poll_waits_up_to_20_seconds(sqs: Any, seconds: int) -> None:
    expected = invalid("WaitTimeSeconds", seconds, "Must be >= 0 and <= 20, if provided.")
    assert expected == refusal(sqs.receive_message, QueueUrl=create(sqs), WaitTimeSeconds=seconds)


@pytest.mark.parametrize("seconds", [-1, HOURS_12 + 1])
def test_a_visibility_timeout_is_up_to_12_hours(sqs: Any, seconds: int) -> None:
    url = create(sqs)
    expected = invalid("VisibilityTimeout", seconds, "Must be >= 0 and <= 43200, if provided.")
    assert expected == refusal(sqs.receive_message, QueueUrl=url, VisibilityTimeout=seconds)
    assert expected == refused_change(sqs, url, "any", seconds)


# Visibility.


def test_a_message_returns_after_its_visibility_timeout(sqs: Any, pileus: Running) -> None:
    url = create(sqs, VisibilityTimeout="40")
    send(sqs, url)
    [first] = receive(sqs, url)
    pileus.advance(39.999)
    assert ((0, 1, 0), []) == (counts(sqs, url), receive(sqs, url))
    pileus.advance(0.001)
    assert (1, 0, 0) == counts(sqs, url)
    [second] = receive(sqs, url)
    assert first["MessageId"] == second["MessageId"]
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_a_receive_may_have_its_own_timeout(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    assert ["hello"] == bodies(sqs, url, VisibilityTimeout=0)
    assert ["hello"] == bodies(sqs, url, VisibilityTimeout=HOURS_12)
    pileus.advance(HOURS_12 - 1)
    assert [] == bodies(sqs, url)
    pileus.advance(1)
    assert ["hello"] == bodies(sqs, url)


def test_a_timeout_can_be_longer_and_shorter(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    change(sqs, url, message, 100)
    pileus.advance(99)
    assert [] == receive(sqs, url)
    change(sqs, url, message, 2)
    pileus.advance(2)
    [message] = receive(sqs, url)
    change(sqs, url, message, 0)
    assert (1, 0, 0) == counts(sqs, url)
    assert ["hello"] == bodies(sqs, url)


def test_the_total_timeout_is_12_hours_from_the_receive(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    change(sqs, url, message, HOURS_12)
    pileus.advance(10)
    expected = invalid(
        "VisibilityTimeout",
        HOURS_12 - 9,
        "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
    )
    assert expected == refused_change(sqs, url, message["ReceiptHandle"], HOURS_12 - 9)
    change(sqs, url, message, HOURS_12 - 10)


def test_changing_a_message_that_is_back_changes_nothing(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    pileus.advance(30)
    change(sqs, url, message, 100)
    assert ["hello"] == bodies(sqs, url)


def test_changing_a_message_that_is_gone_is_refused(sqs: Any) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    delete(sqs, url, message)
    handle = message["ReceiptHandle"]
    expected = invalid(
        "ReceiptHandle",
        handle,
        "Message does not exist or is not available for visibility timeout change.",
    )
    assert expected == refused_change(sqs, url, handle, 5)


# Handles.


def test_a_deleted_message_never_returns(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    delete(sqs, url, message)
    delete(sqs, url, message)
    pileus.advance(60)
    assert ((0, 0, 0), []) == (counts(sqs, url), receive(sqs, url))


def test_a_handle_works_after_the_timeout(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [message] = receive(sqs, url)
    pileus.advance(31)
    delete(sqs, url, message)
    assert ((0, 0, 0), []) == (counts(sqs, url), receive(sqs, url))


def test_an_old_handle_works_after_another_receive(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url)
    [first] = receive(sqs, url)
    pileus.advance(31)
    receive(sqs, url)
    delete(sqs, url, first)
    pileus.advance(31)
    assert ((0, 0, 0), []) == (counts(sqs, url), receive(sqs, url))


@pytest.mark.parametrize("handle", ["nonsense", "AQEBwJnK", "", "ü", "A" * 68])
def test_what_is_no_handle_is_refused(sqs: Any, handle: str) -> None:
    url = create(sqs)
    expected = (
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{handle}" is not a valid receipt handle.',
    )
    assert expected == refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)
    assert expected == refused_change(sqs, url, handle, 1)


def test_a_handle_belongs_to_its_queue(sqs: Any) -> None:
    url, other = create(sqs), create(sqs, "other")
    send(sqs, url)
    [message] = receive(sqs, url)
    handle = message["ReceiptHandle"]
    expected = (
        "ReceiptHandleIsInvalid", f'The receipt handle "{handle}" is not valid for this queue.',
    )  # fmt: skip
    assert expected == refusal(sqs.delete_message, QueueUrl=other, ReceiptHandle=handle)
    assert (0, 1, 0) == counts(sqs, url)


# Retention.


def test_unread_messages_expire_after_four_days(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url, "old")
    pileus.advance(2 * DAY)
    send(sqs, url, "newer")
    pileus.advance(2 * DAY)
    assert (1, 0, 0) == counts(sqs, url)
    assert ["newer"] == bodies(sqs, url)


def test_a_message_in_flight_expires_too(sqs: Any, pileus: Running) -> None:
    url = create(sqs, MessageRetentionPeriod="60")
    send(sqs, url)
    receive(sqs, url, VisibilityTimeout=3600)
    pileus.advance(60)
    assert (0, 0, 0) == counts(sqs, url)
    pileus.advance(3600)
    assert [] == receive(sqs, url)


def test_a_message_that_came_back_expires_by_its_first_day(sqs: Any, pileus: Running) -> None:
    url = create(sqs, MessageRetentionPeriod="60")
    send(sqs, url)
    for _ in range(5):
        assert ["hello"] == bodies(sqs, url, VisibilityTimeout=10)
        pileus.advance(10)
    pileus.advance(10)
    assert ((0, 0, 0), []) == (counts(sqs, url), receive(sqs, url))


def test_a_shorter_retention_holds_for_messages_that_are_there(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url, "old")
    pileus.advance(100)
    send(sqs, url, "new")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    assert (1, 0, 0) == counts(sqs, url)
    assert ["new"] == bodies(sqs, url)


def test_many_expired_messages_leave_a_fresh_one(sqs: Any, pileus: Running) -> None:
    url = create(sqs, MessageRetentionPeriod="60", VisibilityTimeout="55")
    for batch in range(30):
        entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    for _ in range(30):
        assert 10 == len(receive(sqs, url))
    pileus.advance(59)
    send(sqs, url, "fresh")
    pileus.advance(1)
    assert ["fresh"] == bodies(sqs, url)
    assert (0, 1, 0) == counts(sqs, url)


# Long polls.


def test_a_send_ends_a_long_poll(sqs: Any, pileus: Running, poll: Any) -> None:
    url = create(sqs)
    waiting = poll(url)
    wait_until_watched(pileus, arn_of(sqs, url))
    send(sqs, url, "came")
    assert ["came"] == waiting.result(10)


def test_a_long_poll_takes_what_is_there_at_once(sqs: Any) -> None:
    url = create(sqs)
    send(sqs, url, "there")
    assert ["there"] == bodies(sqs, url, WaitTimeSeconds=20)


@pytest.mark.parametrize("own", [20, None])
def test_a_long_poll_ends_empty_at_its_deadline(
    sqs: Any, pileus: Running, poll: Any, own: int | None
) -> None:
    url = create(sqs, ReceiveMessageWaitTimeSeconds="20")
    waiting = poll(url, own)
    wait_until_watched(pileus, arn_of(sqs, url))
    pileus.advance(19)
    assert not waiting.done()
    pileus.advance(1)
    assert [] == waiting.result(10)


def test_a_frozen_clock_does_not_hold_a_long_poll(sqs: Any, poll: Any) -> None:
    assert [] == poll(create(sqs), 1).result(10)


def test_a_short_poll_overrides_the_queue(sqs: Any) -> None:
    url = create(sqs, ReceiveMessageWaitTimeSeconds="20")
    assert [] == bodies(sqs, url, WaitTimeSeconds=0)


def test_a_message_that_comes_back_ends_a_long_poll(sqs: Any, pileus: Running, poll: Any) -> None:
    url = create(sqs)
    arn = arn_of(sqs, url)
    send(sqs, url, "back")
    [message] = receive(sqs, url, VisibilityTimeout=10)
    waiting = poll(url)
    wait_until_watched(pileus, arn)
    pileus.advance(10)
    assert ["back"] == waiting.result(10)
    [message] = receive_again(sqs, pileus, url)
    waiting = poll(url)
    wait_until_watched(pileus, arn)
    change(sqs, url, message, 0)
    assert ["back"] == waiting.result(10)


def receive_again(sqs: Any, pileus: Running, url: str) -> list[dict[str, Any]]:
    pileus.advance(30)
    return receive(sqs, url)


def test_a_delayed_message_ends_a_long_poll_that_waits_already(
    sqs: Any, pileus: Running, poll: Any
) -> None:
    url = create(sqs)
    waiting = poll(url)
    wait_until_watched(pileus, arn_of(sqs, url))
    send(sqs, url, "soon", DelaySeconds=5)
    pileus.advance(5)
    assert ["soon"] == waiting.result(10)


def test_a_deleted_queue_ends_a_long_poll(sqs: Any, pileus: Running, poll: Any) -> None:
    url = create(sqs)
    waiting = poll(url)
    wait_until_watched(pileus, arn_of(sqs, url))
    sqs.delete_queue(QueueUrl=url)
    assert sqs.exceptions.QueueDoesNotExist is type(waiting.exception(10))


def test_each_message_goes_to_one_of_several_polls(sqs: Any, pileus: Running, poll: Any) -> None:
    url = create(sqs)
    polls = [poll(url, count=1) for _ in range(4)]
    wait_until_watched(pileus, arn_of(sqs, url), 4)
    for body in "abcd":
        send(sqs, url, body)
    assert [["a"], ["b"], ["c"], ["d"]] == sorted(waiting.result(10) for waiting in polls)


# What would take too long to bring about by requests is written into the rows.


def write(pileus: Running, sql: str, **values: Any) -> None:
    kernel = pileus.app.kernel
    part = kernel.store.partition(values["arn"])
    pileus.run(kernel.store_step(_write, sql, values, part=part))


def _write(tx: Any, sql: str, values: dict[str, Any]) -> None:
    tx.statements.run(sql, {"part": tx.part, **values})


def test_120_000_messages_can_be_in_flight(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    for body in "ab":
        send(sqs, url, body)
    sql = "UPDATE sqs_queues SET in_flight = :count WHERE part = :part AND arn = :arn"
    write(pileus, sql, arn=arn_of(sqs, url), count=119_999)
    assert ["a"] == bodies(sqs, url, 1)
    assert (
        "OverLimit", "The maximum number of in flight messages is reached.",
    ) == refusal(sqs.receive_message, QueueUrl=url)  # fmt: skip
    # docs: quotas-queues; a long poll ends without an error.
    assert [] == bodies(sqs, url, WaitTimeSeconds=1)


def test_a_fifo_queue_at_its_limit_gives_nothing(sqs: Any, pileus: Running) -> None:
    url = create(sqs, "q.fifo")
    put(sqs, url, "g", "x")
    sql = "UPDATE sqs_queues SET in_flight = :count WHERE part = :part AND arn = :arn"
    write(pileus, sql, arn=arn_of(sqs, url), count=120_000)
    assert [] == bodies(sqs, url)


@pytest.mark.parametrize("name", ["q", "q.fifo"])
def test_a_receive_passes_expired_messages_that_are_still_there(
    sqs: Any, pileus: Running, name: str
) -> None:
    url = create(sqs, name, VisibilityTimeout="0")
    for batch in range(70):
        entries: list[dict[str, str]] = [
            {"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)
        ]
        for entry in entries if name.endswith(".fifo") else ():
            entry.update(
                MessageGroupId=f"g{batch % 7}", MessageDeduplicationId=entry["MessageBody"]
            )
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    arn = arn_of(sqs, url)
    generation = "(SELECT generation FROM sqs_queues WHERE part = :part AND arn = :arn)"
    where = f"WHERE part = :part AND generation = {generation}"
    age = 5 * DAY * 1000
    if name.endswith(".fifo"):
        write(pileus, f"UPDATE sqs_fifo_messages SET sent_at = sent_at - {age} {where}", arn=arn)
        write(pileus, f"UPDATE sqs_fifo_groups SET ready_at = ready_at - {age} {where}", arn=arn)
        put(sqs, url, "g1", "fresh")
    else:
        write(pileus, f"UPDATE sqs_messages SET sent_at = sent_at - {age} {where}", arn=arn)
        send(sqs, url, "fresh")
    assert ["fresh"] == bodies(sqs, url, 1, VisibilityTimeout=30)
    assert (0, 1, 0) == counts(sqs, url)
