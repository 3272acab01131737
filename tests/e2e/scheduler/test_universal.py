"""Universal targets: any API by its name, with the API's own input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.scheduler.asking import Asking
from support.refusals import Refusal, refusal

HOUR = 3600
SDK = "arn:aws:scheduler:::aws-sdk"


def target(asking: Asking, action: str, given: Any, **more: Any) -> dict[str, Any]:
    return {"Arn": f"{SDK}:{action}", "RoleArn": asking.role, "Input": json.dumps(given), **more}


def test_a_message_is_sent(asking: Asking) -> None:
    given = {"QueueUrl": asking.url, "MessageBody": "at <aws.scheduler.attempt-number>"}
    asking.create(Target=target(asking, "sqs:sendMessage", given))
    asking.pileus.advance(HOUR)
    assert ["at 1"] == asking.bodies()


def test_members_are_written_with_capitals_whatever_the_api_does(asking: Asking) -> None:
    given = {"LogGroupName": "g", "Tags": {"a": "b"}}
    asking.create(Target=target(asking, "cloudwatchlogs:createLogGroup", given))
    asking.pileus.advance(HOUR)
    logs = asking.pileus.client("logs", account=asking.account)
    assert ["g"] == [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]


def test_blobs_are_text_and_times_are_numbers(asking: Asking) -> None:
    given = {
        "QueueUrl": asking.url,
        "MessageBody": "b",
        "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "bytes"}},
    }
    asking.create(Target=target(asking, "sqs:sendMessage", given))
    asking.pileus.advance(HOUR)
    [message] = asking.received()
    assert b"bytes" == message["MessageAttributes"]["a"]["BinaryValue"]


@pytest.mark.parametrize(
    ("action", "given", "code"),
    [
        ("sqs:sendMessage", {"QueueUrl": "/1/none", "MessageBody": "b"}, "InvalidAddress"),
        ("sqs:sendMessage", {"MessageBody": "b"}, "MissingParameter"),
        ("sqs:sendMessage", {"Wrong": "b"}, "ValidationException"),
        ("sqs:sendMessage", [], "ValidationException"),
        ("sqs:doMagic", {}, "NotImplemented"),
        ("braket:cancelJob", {"JobArn": "a"}, "NotImplemented"),
    ],
)
def test_what_an_api_refuses_becomes_a_dead_letter(
    asking: Asking, action: str, given: Any, code: str
) -> None:
    dead = asking.queue("d")
    asking.create(
        Target=target(
            asking, action, given, RetryPolicy={"MaximumRetryAttempts": 0},
            DeadLetterConfig={"Arn": asking.arn("d", "sqs")},
        )
    )  # fmt: skip
    asking.pileus.advance(HOUR)
    [message] = asking.received(dead)
    found = message["MessageAttributes"]
    assert (code, given, f"{SDK}:{action}") == (
        found["ERROR_CODE"]["StringValue"], json.loads(message["Body"]),
        found["TARGET_ARN"]["StringValue"],
    )  # fmt: skip


def test_a_failed_call_is_tried_again(asking: Asking) -> None:
    given = {"QueueUrl": f"/{asking.account}/late", "MessageBody": "<aws.scheduler.attempt-number>"}
    asking.create(Target=target(asking, "sqs:sendMessage", given), ActionAfterCompletion="DELETE")
    asking.pileus.advance(HOUR + 2)
    late = asking.queue("late")
    asking.pileus.advance(30)
    assert (["3"], []) == (asking.bodies(late), asking.names())


def test_actions_that_only_read_are_refused(asking: Asking) -> None:
    for action in ("sqs:getQueueUrl", "sqs:receiveMessage", "dynamodb:batchGetItem"):
        found = refusal(asking.create, Target=target(asking, action, {}))
        expected = f"{action.partition(':')[2]} API is not supported."
        assert Refusal("ValidationException", expected, 400) == found


def test_the_input_is_json_and_templates_parameters_do_not_go_with_it(asking: Asking) -> None:
    wanted = target(asking, "sqs:sendMessage", {})
    missing = {name: value for name, value in wanted.items() if name != "Input"}
    expected = "You must provide an input to set this target for your schedule."
    assert expected == refusal(asking.create, Target=missing).message
    found = refusal(asking.create, Target={**wanted, "Input": "text"})
    assert "JSON syntax error in input for the target." == found.message
    found = refusal(asking.create, Target={**wanted, "SqsParameters": {"MessageGroupId": "g"}})
    assert "Parameters SqsParameters not supported for the target." == found.message
