"""Message move tasks by boto3."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from e2e.sqs.asking import (
    ARN,
    arn_of,
    bodies,
    counts,
    create,
    put,
    receive,
    refusal,
    send,
    with_dead_letters,
)
from support.running import Running

STORES = ("sqlite", "postgres")


def bury(sqs: Any, pileus: Running, url: str, *messages: str) -> None:
    """Send messages and let them die."""
    for body in messages:
        if url.endswith(".fifo"):
            put(sqs, url, body[0], body)
        else:
            send(sqs, url, body)
    while receive(sqs, url):
        pass
    pileus.advance(30)
    assert [] == receive(sqs, url)


def start(sqs: Any, source: str, **params: Any) -> str:
    answer = sqs.start_message_move_task(SourceArn=arn_of(sqs, source), **params)
    return str(answer["TaskHandle"])


def tasks(sqs: Any, source: str, **params: Any) -> list[dict[str, Any]]:
    answer = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, source), **params)
    results: list[dict[str, Any]] = answer.get("Results", [])
    return results


def task(sqs: Any, source: str) -> dict[str, Any]:
    [found] = tasks(sqs, source)
    return found


def test_messages_go_back_to_where_they_came_from(sqs: Any, pileus: Running) -> None:
    one, dead = with_dead_letters(sqs, "one")
    two = create(
        sqs, "two", **sqs.get_queue_attributes(QueueUrl=one, AttributeNames=["RedrivePolicy"])
        ["Attributes"],
    )  # fmt: skip
    bury(sqs, pileus, one, "a", "b")
    bury(sqs, pileus, two, "c")
    started_at = pileus.now
    handle = start(sqs, dead)
    pileus.advance(0.001)
    assert {
        "Status": "COMPLETED",
        "SourceArn": arn_of(sqs, dead),
        "ApproximateNumberOfMessagesMoved": 3,
        "ApproximateNumberOfMessagesToMove": 3,
        "StartedTimestamp": started_at,
    } == task(sqs, dead)
    assert {"taskId", "sourceArn"} == set(json.loads(base64.b64decode(handle)))
    assert (["a", "b"], ["c"], []) == (bodies(sqs, one), bodies(sqs, two), bodies(sqs, dead))


def test_messages_go_to_another_queue_as_new_ones(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    other = create(sqs, "other")
    sent = send(sqs, url, "first")
    bury(sqs, pileus, url)
    start(sqs, dead, DestinationArn=arn_of(sqs, other))
    pileus.advance(0.001)
    assert arn_of(sqs, other) == task(sqs, dead)["DestinationArn"]
    [message] = receive(sqs, other, AttributeNames=["All"])
    assert sent["MessageId"] != message["MessageId"]
    assert {"SenderId", "SentTimestamp", "ApproximateReceiveCount",
            "ApproximateFirstReceiveTimestamp"} == set(message["Attributes"])  # fmt: skip
    assert "1" == message["Attributes"]["ApproximateReceiveCount"]
    assert int(message["Attributes"]["SentTimestamp"]) >= pileus.now - 1


def test_a_task_keeps_to_its_rate(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    bury(sqs, pileus, url, *(str(number) for number in range(10)))
    start(sqs, dead, MaxNumberOfMessagesPerSecond=2)
    pileus.advance(0.5)
    assert ("RUNNING", 2, 10, 2) == facts(task(sqs, dead))
    pileus.advance(2.5)
    assert ("RUNNING", 8, 10, 2) == facts(task(sqs, dead))
    assert ((8, 0, 0), (2, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    pileus.advance(2)
    assert ("COMPLETED", 10, 10, 2) == facts(task(sqs, dead))


def facts(found: dict[str, Any]) -> tuple[str, int, int, int]:
    return (
        found["Status"],
        found["ApproximateNumberOfMessagesMoved"],
        found["ApproximateNumberOfMessagesToMove"],
        found["MaxNumberOfMessagesPerSecond"],
    )


def test_more_than_a_page_is_moved(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    for batch in range(13):
        entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bury(sqs, pileus, url)
    while counts(sqs, url) != (0, 0, 0):
        receive(sqs, url)
    start(sqs, dead)
    pileus.advance(1)
    assert ("COMPLETED", 130) == (
        task(sqs, dead)["Status"], task(sqs, dead)["ApproximateNumberOfMessagesMoved"],
    )  # fmt: skip
    assert ((130, 0, 0), (0, 0, 0)) == (counts(sqs, url), counts(sqs, dead))


def test_messages_in_flight_stay(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    bury(sqs, pileus, url, "a", "b")
    assert ["a"] == bodies(sqs, dead, 1)
    start(sqs, dead)
    pileus.advance(0.001)
    assert 1 == task(sqs, dead)["ApproximateNumberOfMessagesMoved"]
    assert ((1, 0, 0), (0, 1, 0)) == (counts(sqs, url), counts(sqs, dead))


def test_a_task_is_cancelled(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    bury(sqs, pileus, url, "a", "b", "c")
    handle = start(sqs, dead, MaxNumberOfMessagesPerSecond=1)
    pileus.advance(0.5)
    assert handle == task(sqs, dead)["TaskHandle"]
    answer = sqs.cancel_message_move_task(TaskHandle=handle)
    assert 1 == answer["ApproximateNumberOfMessagesMoved"]
    pileus.advance(10)
    found = task(sqs, dead)
    assert ("CANCELLED", 1, False) == (
        found["Status"], found["ApproximateNumberOfMessagesMoved"], "TaskHandle" in found,
    )  # fmt: skip
    assert ((1, 0, 0), (2, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    assert ("InvalidParameterValue", "Only active tasks can be cancelled.") == refusal(
        sqs.cancel_message_move_task, TaskHandle=handle
    )


def test_a_message_sent_to_the_dead_letter_queue_has_no_source(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    bury(sqs, pileus, url, "a", "b")
    send(sqs, dead, "direct")
    start(sqs, dead)
    pileus.advance(0.001)
    found = task(sqs, dead)
    assert ("FAILED", 2, "CouldNotDetermineMessageSource") == (
        found["Status"], found["ApproximateNumberOfMessagesMoved"], found["FailureReason"],
    )  # fmt: skip
    assert (["a", "b"], ["direct"]) == (bodies(sqs, url), bodies(sqs, dead))


def test_a_task_fails_when_its_destination_goes(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    other = create(sqs, "other")
    bury(sqs, pileus, url, "a", "b", "c")
    start(sqs, dead, DestinationArn=arn_of(sqs, other), MaxNumberOfMessagesPerSecond=1)
    pileus.advance(0.5)
    sqs.delete_queue(QueueUrl=other)
    pileus.advance(10)
    found = task(sqs, dead)
    assert ("FAILED", 1, "AWS.SimpleQueueService.NonExistentQueue") == (
        found["Status"], found["ApproximateNumberOfMessagesMoved"], found["FailureReason"],
    )  # fmt: skip
    assert (2, 0, 0) == counts(sqs, dead)


def test_fifo_messages_are_moved_in_order(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs, "q.fifo")
    for number in range(3):
        put(sqs, url, "g", str(number))
        assert [str(number)] == bodies(sqs, url)
        pileus.advance(30)
        assert [] == bodies(sqs, url)
    start(sqs, dead)
    pileus.advance(0.001)
    assert "COMPLETED" == task(sqs, dead)["Status"]
    assert ["0", "1", "2"] == bodies(sqs, url)


def test_the_last_ten_tasks_are_listed(sqs: Any, pileus: Running) -> None:
    _, dead = with_dead_letters(sqs)
    assert [] == tasks(sqs, dead)
    started = []
    for _ in range(11):
        pileus.advance(1)
        started.append(pileus.now)
        start(sqs, dead)
        pileus.advance(0.001)
    found = [one["StartedTimestamp"] for one in tasks(sqs, dead, MaxResults=10)]
    assert started[:0:-1] == found
    assert started[-1:] == [one["StartedTimestamp"] for one in tasks(sqs, dead)]


# Refusals.


def test_one_task_runs_at_a_time(sqs: Any, pileus: Running) -> None:
    url, dead = with_dead_letters(sqs)
    bury(sqs, pileus, url, "a", "b")
    start(sqs, dead, MaxNumberOfMessagesPerSecond=1)
    assert (
        "InvalidParameterValue",
        "There is already a task running. Only one active task is allowed for a source queue arn "
        "at a given time.",
    ) == refusal(sqs.start_message_move_task, SourceArn=arn_of(sqs, dead))


def test_the_source_is_a_dead_letter_queue(sqs: Any) -> None:
    url, dead = with_dead_letters(sqs)
    expected = (
        "InvalidParameterValue",
        "Source queue must be configured as a Dead Letter Queue.",
    )
    assert expected == refusal(sqs.start_message_move_task, SourceArn=arn_of(sqs, url))
    sqs.delete_queue(QueueUrl=url)
    assert expected == refusal(sqs.start_message_move_task, SourceArn=arn_of(sqs, dead))


def test_both_queues_are_there(sqs: Any, account: str) -> None:
    _, dead = with_dead_letters(sqs)
    nobody = f"{ARN}:{account}:nobody"
    for params, which in (
        ({"SourceArn": nobody}, "SourceArn"),
        ({"SourceArn": arn_of(sqs, dead), "DestinationArn": nobody}, "DestinationArn"),
    ):
        assert (
            "ResourceNotFoundException",
            f"The resource that you specified for the {which} parameter doesn't exist.",
        ) == refusal(sqs.start_message_move_task, **params)
    code, _ = refusal(sqs.list_message_move_tasks, SourceArn=nobody)
    assert "ResourceNotFoundException" == code


def test_queues_of_one_type(sqs: Any) -> None:
    _, dead = with_dead_letters(sqs)
    source = arn_of(sqs, dead)
    for destination in (arn_of(sqs, create(sqs, "other.fifo")), source):
        code, _ = refusal(sqs.start_message_move_task, SourceArn=source, DestinationArn=destination)
        assert "InvalidParameterValue" == code


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:sns:us-east-1:1:topic"])
def test_arns_are_of_queues(sqs: Any, arn: str) -> None:
    _, dead = with_dead_letters(sqs)
    for params, which in (
        ({"SourceArn": arn}, "SourceArn"),
        ({"SourceArn": arn_of(sqs, dead), "DestinationArn": arn}, "DestinationArn"),
    ):
        assert (
            "InvalidParameterValue",
            f"You must use this format to specify the {which}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
        ) == refusal(sqs.start_message_move_task, **params)


@pytest.mark.parametrize("rate", [0, 501])
def test_the_rate_is_1_to_500(sqs: Any, rate: int) -> None:
    _, dead = with_dead_letters(sqs)
    assert (
        "InvalidParameterValue",
        f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be "
        "between 1 and 500.",
    ) == refusal(
        sqs.start_message_move_task, SourceArn=arn_of(sqs, dead), MaxNumberOfMessagesPerSecond=rate
    )


@pytest.mark.parametrize("count", [0, 11])
def test_one_to_ten_tasks_are_listed(sqs: Any, count: int) -> None:
    _, dead = with_dead_letters(sqs)
    assert (
        "InvalidParameterValue",
        f"Value {count} for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if "
        "provided.",
    ) == refusal(sqs.list_message_move_tasks, SourceArn=arn_of(sqs, dead), MaxResults=count)


def test_task_handles_are_checked(sqs: Any) -> None:
    _, dead = with_dead_letters(sqs)
    unknown = base64.b64encode(
        json.dumps({"taskId": "x", "sourceArn": arn_of(sqs, dead)}).encode()
    ).decode()
    assert ("ResourceNotFoundException", "Task does not exist.") == refusal(
        sqs.cancel_message_move_task, TaskHandle=unknown
    )
    for handle in ("nonsense", base64.b64encode(b"{}").decode(), "ü", ""):
        assert ("InvalidParameterValue", "Value for parameter TaskHandle is invalid.") == refusal(
            sqs.cancel_message_move_task, TaskHandle=handle
        )
