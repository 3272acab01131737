"""What targets get of an event: parts of it, and texts made from parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.events.asking import arn_of, bodies, create, put, refusal, route, rule
from support.running import Running

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
DETAIL = {"order": {"id": "o-1", "total": 12.5, "items": ["a", "b"]}}


def got(events: Any, sqs: Any, **target: Any) -> str:
    """What a queue gets of one event."""
    url = create(sqs)
    route(events, arn_of(sqs, url), **target)
    put(events, DETAIL)
    [body] = bodies(sqs, url)
    return body


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.detail.order", '{"id":"o-1","total":12.5,"items":["a","b"]}'),
        ("$.detail.order.id", '"o-1"'),
        ("$.detail.order.items[1]", '"b"'),
    ],
)
def test_a_path_leads_to_a_part(events: Any, sqs: Any, path: str, expected: str) -> None:
    assert expected == got(events, sqs, InputPath=path)


def test_a_template_is_filled_with_parts(events: Any, sqs: Any) -> None:
    body = got(
        events, sqs,
        InputTransformer={
            "InputPathsMap": {"id": "$.detail.order.id", "total": "$.detail.order.total"},
            "InputTemplate": '{"text": "order <id>", "total": <total>, "id": <id>}',
        },
    )  # fmt: skip
    assert {"text": "order o-1", "total": 12.5, "id": "o-1"} == json.loads(body)


def test_a_template_may_have_reserved_variables(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    body = got(
        events, sqs,
        InputTransformer={
            "InputTemplate": '{"rule": "<aws.events.rule-name>", "arn": "<aws.events.rule-arn>", '
            '"all": <aws.events.event.json>, "outer": <aws.events.event>, '
            '"at": "<aws.events.event.ingestion-time>"}'
        },
    )  # fmt: skip
    found = json.loads(body)
    assert ("r", f"arn:aws:events:us-east-1:{account}:rule/r") == (found["rule"], found["arn"])
    assert DETAIL == found["all"].pop("detail")
    assert (found["all"], found["all"]["time"]) == (found["outer"], found["at"])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": "text"}, "JSON syntax error in input for target t."),
        ({"InputPath": "detail"}, "InputPath for target t is invalid."),
        (
            {"InputTransformer": {"InputPathsMap": {"a": "x"}, "InputTemplate": "<a>"}},
            "InputPathsMap for target t is invalid.",
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"a": "$"}, "InputTemplate": "<a> <b>"}},
            "InputTemplate for target t contains invalid placeholder b.",
        ),
    ],
)
def test_an_input_that_cannot_be_is_refused(
    events: Any, target: dict[str, Any], message: str
) -> None:
    rule(events)
    assert ("ValidationException", message) == refusal(
        events.put_targets, Rule="r", Targets=[{"Id": "t", "Arn": QUEUE, **target}]
    )


def test_an_input_that_is_too_large_becomes_a_dead_letter(
    events: Any, sqs: Any, pileus: Running
) -> None:
    letters = create(sqs, "letters")
    url = create(sqs)
    route(
        events, arn_of(sqs, url), DeadLetterConfig={"Arn": arn_of(sqs, letters)},
        InputTransformer={"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '"<a>"' * 20},
    )  # fmt: skip
    put(events, {"a": "x" * 100_000})
    pileus.advance(0)
    answer = sqs.receive_message(QueueUrl=letters, MessageAttributeNames=["All"])
    assert ["INVALID_PARAMETER"] == [
        message["MessageAttributes"]["ERROR_CODE"]["StringValue"] for message in answer["Messages"]
    ]
    assert [] == bodies(sqs, url)
