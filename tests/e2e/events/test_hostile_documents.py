"""Documents that no server should take are refused as any other that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.events.asking import arn_of, bodies, create, events_in, put, refusal, route, rule

DEEP = ['{"a":' * 20_000, "[" * 20_000 + "]" * 20_000]


@pytest.mark.parametrize("document", DEEP)
def test_policies_and_events_are_not_nested_deeply(events: Any, document: str) -> None:
    assert "ValidationException" == refusal(events.put_permission, Policy=document)[0]
    assert "ValidationException" == refusal(
        events.test_event_pattern, EventPattern='{"source":["shop"]}', Event=document
    )[0]  # fmt: skip
    given = {"Source": "shop", "DetailType": "d", "Detail": document}
    [entry] = events.put_events(Entries=[given])["Entries"]
    assert "MalformedDetail" == entry["ErrorCode"]


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_details_have_a_depth(events: Any, sqs: Any) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url), InputPath="$.detail.a")
    given = {"Source": "shop", "DetailType": "d"}
    wide = json.dumps({"a": [{}] * 2_000})
    answer = events.put_events(
        Entries=[{**given, "Detail": detail} for detail in (nested(500), nested(501), wide)]
    )
    assert [None, "MalformedDetail", None] == [each.get("ErrorCode") for each in answer["Entries"]]
    assert sorted([nested(499), "[" + ",".join(["{}"] * 2_000) + "]"]) == sorted(bodies(sqs, url))


def test_half_a_surrogate_pair_in_a_pattern_is_answered(events: Any, sqs: Any) -> None:
    code, message = refusal(events.put_rule, Name="r", EventPattern='{"\\ud800":"x"}')
    assert ("InvalidEventPatternException", True) == (
        code, message.startswith('Event pattern is not valid. Reason: "?" must be an object'),
    )  # fmt: skip
    # And so is everybody after it.
    url = create(sqs)
    route(events, arn_of(sqs, url), "s", json.dumps({"source": ["shop"]}))
    event_id = put(events)
    assert [event_id] == [event["id"] for event in events_in(sqs, url)]
    assert rule(events, "r")
