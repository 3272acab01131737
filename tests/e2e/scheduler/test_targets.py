"""Schedules that call functions, topics and buses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.scheduler.asking import Asking
from support.lambdas import Functions, RunningLambda

HOUR = 3600


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    """A running Pileus whose functions are Python callables, with a frozen clock."""
    running = RunningLambda(tmp_path_factory.mktemp("pileus"))
    running.start()
    running.freeze()
    yield running
    running.stop()


def test_a_function_runs_with_the_input(
    pileus: RunningLambda, asking: Asking, aws: Any, account: str
) -> None:
    functions = Functions(pileus, aws, account)
    seen: list[Any] = []
    name = functions.create(lambda event, *_: seen.append(event))
    given = json.dumps({"at": "<aws.scheduler.scheduled-time>"})
    asking.create(target={"Arn": functions.arn(name), "Input": given})
    due = asking.client.get_schedule(Name="s")["ScheduleExpression"][3:-1] + "Z"
    pileus.advance(HOUR)
    pileus.idle()
    assert [{"at": due}] == seen


def test_a_topic_publishes_the_input(asking: Asking, aws: Any) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=asking.arn("q", "sqs"),
        Attributes={"RawMessageDelivery": "true"},
    )  # fmt: skip
    asking.create(target={"Arn": topic})
    asking.pileus.advance(HOUR)
    assert ["ring"] == asking.bodies()


def test_a_bus_gets_an_event_whose_detail_is_the_input(asking: Asking, aws: Any) -> None:
    events = aws("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["clock"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": asking.arn("q", "sqs")}])
    bus = {
        "Arn": asking.arn("event-bus/default", "events"),
        "EventBridgeParameters": {"DetailType": "tick", "Source": "clock"},
    }
    asking.create("full", target={**bus, "Input": '{"a": 1}'})
    asking.create("empty", Target={**bus, "RoleArn": asking.role})
    asking.pileus.advance(HOUR)
    found = [json.loads(body) for body in asking.bodies()]
    shown = [(each["detail-type"], each["source"], each["detail"]) for each in found]
    assert [("tick", "clock", {"a": 1}), ("tick", "clock", {})] == sorted(shown, key=str)
