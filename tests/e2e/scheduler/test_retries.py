"""Runs that fail: tried again, given up, dead-lettered, by the virtual clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from e2e.scheduler.asking import Asking
from support.refusals import Refusal, refusal

HOUR = 3600


def attributes(message: dict[str, Any]) -> dict[str, str]:
    given = message["MessageAttributes"]
    assert {"String"} == {each["DataType"] for each in given.values()}
    return {name: each["StringValue"] for name, each in given.items()}


def to_nowhere(asking: Asking, **policy: int) -> dict[str, Any]:
    """A target that is not there, with a dead-letter queue `d`."""
    return {
        "Arn": asking.arn("none", "sqs"),
        "DeadLetterConfig": {"Arn": asking.arn("d", "sqs")},
        "RetryPolicy": policy,
        "Input": "attempt <aws.scheduler.attempt-number>",
    }


def test_a_run_that_fails_is_tried_again(asking: Asking) -> None:
    asking.create(target=to_nowhere(asking))
    asking.pileus.advance(HOUR + 2)
    late = asking.queue("none")
    asking.pileus.advance(60)
    assert ["attempt 3"] == asking.bodies(late)
    asking.pileus.advance(HOUR)
    assert [] == asking.bodies(late)


def test_a_run_without_retries_is_given_up_at_once(asking: Asking) -> None:
    dead = asking.queue("d")
    due = asking.now + timedelta(seconds=HOUR)
    asking.create(target=to_nowhere(asking, MaximumRetryAttempts=0))
    asking.pileus.advance(HOUR)
    [message] = asking.received(dead)
    found = attributes(message)
    assert ("attempt 1", 16) == (message["Body"], len(found.pop("EXECUTION_ID")))
    assert {
        "ERROR_CODE": "QueueDoesNotExist",
        "ERROR_MESSAGE": "The specified queue does not exist.",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SCHEDULE_ARN": asking.arn("schedule/default/s"),
        "TARGET_ARN": asking.arn("none", "sqs"),
    } == found


def test_retries_end_with_their_number(asking: Asking) -> None:
    dead = asking.queue("d")
    asking.create(target=to_nowhere(asking, MaximumRetryAttempts=3))
    # Pauses of one, two and four seconds.
    asking.pileus.advance(HOUR + 6)
    assert [] == asking.received(dead)
    asking.pileus.advance(1)
    [message] = asking.received(dead)
    found = attributes(message)
    assert ("attempt 4", "3", "MaximumRetryAttempts") == (
        message["Body"], found["RETRY_ATTEMPTS"], found["EXHAUSTED_RETRY_CONDITION"],
    )  # fmt: skip


def test_retries_end_with_their_age(asking: Asking) -> None:
    dead = asking.queue("d")
    asking.create(target=to_nowhere(asking, MaximumEventAgeInSeconds=60))
    asking.pileus.advance(HOUR + 60)
    [message] = asking.received(dead)
    # After pauses of 1, 2, 4, 8 and 16 seconds, one of 32 would be too long.
    found = attributes(message)
    assert ("5", "MaximumEventAgeInSeconds") == (
        found["RETRY_ATTEMPTS"], found["EXHAUSTED_RETRY_CONDITION"],
    )  # fmt: skip


def test_a_schedule_goes_after_its_last_attempt_has_failed(asking: Asking) -> None:
    asking.create(target=to_nowhere(asking, MaximumRetryAttempts=2), ActionAfterCompletion="DELETE")
    asking.pileus.advance(HOUR + 2)
    assert ["s"] == asking.names()
    asking.pileus.advance(1)
    assert [] == asking.names()


def test_a_deleted_schedule_is_not_tried_again(asking: Asking) -> None:
    dead = asking.queue("d")
    asking.create(target=to_nowhere(asking, MaximumRetryAttempts=2))
    asking.pileus.advance(HOUR + 1)
    asking.client.delete_schedule(Name="s")
    asking.pileus.advance(HOUR)
    assert [] == asking.received(dead)


def test_a_payload_that_does_not_fit_a_dead_letter_is_cut(asking: Asking) -> None:
    dead = asking.queue("d")
    target = to_nowhere(asking, MaximumRetryAttempts=0)
    asking.create(target={**target, "Input": "x" * 262_144})
    asking.pileus.advance(HOUR)
    [message] = asking.received(dead)
    found = attributes(message)
    size = len(message["Body"]) + sum(
        len(name) + len(value) + len("String") for name, value in found.items()
    )
    assert "true" == found["IS_PAYLOAD_TRUNCATED"]
    assert 262_140 < size <= 262_144


def test_a_service_that_is_not_built_fails_visibly(asking: Asking) -> None:
    dead = asking.queue("d")
    arn = asking.arn("stateMachine:m", "states")
    target = to_nowhere(asking, MaximumRetryAttempts=1)
    asking.create(target={**target, "Arn": arn, "Input": "{}"})
    asking.pileus.advance(HOUR + 1)
    [message] = asking.received(dead)
    found = attributes(message)
    assert ("NotImplemented", arn, "1") == (
        found["ERROR_CODE"], found["TARGET_ARN"], found["RETRY_ATTEMPTS"],
    )  # fmt: skip


def test_a_dead_letter_queue_is_a_standard_queue(asking: Asking) -> None:
    arn = asking.arn("d.fifo", "sqs")
    found = refusal(asking.create, target={"DeadLetterConfig": {"Arn": arn}})
    assert "ValidationException" == found.code


def test_targets_that_cannot_be(asking: Asking) -> None:
    elsewhere = "arn:aws:sqs:eu-west-1:123456789012:q"
    for arn, expected in (
        ("q", "Target Arn q is not supported."),
        (asking.arn("a/b", "sqs"), f"Target Arn {asking.arn('a/b', 'sqs')} is not supported."),
        (asking.arn("user/u", "iam"), "iam is not a supported service for a target."),
        (elsewhere, "The target ARN provided does not match the current region us-east-1."),
    ):
        found = refusal(asking.create, target={"Arn": arn})
        assert Refusal("ValidationException", expected, 400) == found


def test_inputs_and_parameters_that_cannot_be(asking: Asking) -> None:
    function = asking.arn("function:f", "lambda")
    bus = asking.arn("event-bus/default", "events")
    event = {"Source": "s", "DetailType": "d"}
    for target, expected in (
        ({"Input": "x" * 262_145}, "The Input of a target must not be larger than 262144 bytes."),
        ({"Arn": function}, "JSON syntax error in input for the target."),
        ({"Arn": bus, "Input": "{}"}, "Parameters EventBridgeParameters must be specified."),
        (
            {"EventBridgeParameters": event},
            "Parameters EventBridgeParameters not supported for the target.",
        ),
        (
            {"SqsParameters": {"MessageGroupId": "g"}},
            "Parameters MessageGroupId not valid for the target.",
        ),
    ):
        found = refusal(asking.create, target=target)
        assert Refusal("ValidationException", expected, 400) == found
