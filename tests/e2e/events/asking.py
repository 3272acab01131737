"""What tests of EventBridge ask for again and again."""

from __future__ import annotations

import json
from typing import Any

from e2e.sqs.asking import arn_of, bodies, create, refusal

__all__ = ["arn_of", "bodies", "bus_arn", "create", "events_in", "put", "refusal", "route", "rule"]

PATTERN = json.dumps({"source": ["shop"]})


def bus_arn(account: str, name: str = "default") -> str:
    return f"arn:aws:events:us-east-1:{account}:event-bus/{name}"


def rule(events: Any, name: str = "r", pattern: str = PATTERN, **params: Any) -> str:
    arn: str = events.put_rule(Name=name, EventPattern=pattern, **params)["RuleArn"]
    return arn


def route(
    events: Any, target_arn: str, name: str = "r", pattern: str = PATTERN, *,
    bus: str = "default", **target: Any,
) -> str:  # fmt: skip
    """A rule with one target; the rule's ARN."""
    arn = rule(events, name, pattern, EventBusName=bus)
    events.put_targets(
        Rule=name, EventBusName=bus, Targets=[{"Id": "t", "Arn": target_arn, **target}]
    )
    return arn


def put(events: Any, detail: Any = None, **entry: Any) -> str:
    """Put one event; its id."""
    given = {
        "Source": "shop",
        "DetailType": "Order",
        "Detail": json.dumps({} if detail is None else detail),
        **entry,
    }
    answer = events.put_events(Entries=[given])
    assert 0 == answer["FailedEntryCount"], answer
    found: str = answer["Entries"][0]["EventId"]
    return found


def events_in(sqs: Any, url: str) -> list[dict[str, Any]]:
    """What a queue got, as JSON."""
    return [json.loads(body) for body in bodies(sqs, url)]
