"""Rules with a schedule, under the virtual clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.events.asking import PATTERN, arn_of, create, events_in, put, refusal
from support.running import Running


def schedule(events: Any, target: str, expression: str, name: str = "s", **params: Any) -> str:
    arn: str = events.put_rule(Name=name, ScheduleExpression=expression, **params)["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": target}])
    return arn


def at(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def times(sqs: Any, url: str) -> list[str]:
    found = []
    while page := events_in(sqs, url):
        found += [event["time"] for event in page]
    return sorted(found)


def test_a_scheduled_event_looks_as_aws_writes_it(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs)
    arn = schedule(events, arn_of(sqs, url), "rate(5 minutes)")
    due = pileus.now + 300_000
    pileus.advance(300)
    [found] = events_in(sqs, url)
    assert 36 == len(found.pop("id"))
    assert {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": at(due),
        "region": "us-east-1",
        "resources": [arn],
        "detail": {},
    } == found


def test_a_rate_does_not_drift(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    start = pileus.now
    schedule(events, arn_of(sqs, url), "rate(1 hour)")
    for _ in range(7):
        pileus.advance(3600 / 2 + 0.123)
    assert [at(start + hour * 3_600_000) for hour in (1, 2, 3)] == times(sqs, url)


def test_a_cron_expression_names_the_times_of_utc(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    schedule(events, arn_of(sqs, url), "cron(0/20 * * * ? *)")
    hour = 3_600_000
    start = -(-pileus.now // hour) * hour
    pileus.advance((start + hour + 1 - pileus.now) / 1000)
    pileus.advance(1)
    assert [at(start + minute * 60_000) for minute in (0, 20, 40, 60)] == [
        each for each in times(sqs, url) if each >= at(start)
    ]


def test_a_rule_that_is_off_is_not_due(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    schedule(events, arn_of(sqs, url), "rate(1 minute)")
    events.disable_rule(Name="s")
    pileus.advance(600)
    assert [] == times(sqs, url)
    events.enable_rule(Name="s")
    pileus.advance(61)
    assert 1 == len(times(sqs, url))


def test_a_rule_that_is_gone_is_not_due(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    schedule(events, arn_of(sqs, url), "rate(1 minute)")
    events.remove_targets(Rule="s", Ids=["t"])
    events.delete_rule(Name="s")
    pileus.advance(120)
    assert [] == times(sqs, url)


def test_changing_only_the_targets_keeps_the_rate(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    start = pileus.now
    schedule(events, arn_of(sqs, url), "rate(10 minutes)")
    pileus.advance(300)
    schedule(events, arn_of(sqs, url), "rate(10 minutes)", Description="the same schedule")
    pileus.advance(301)
    assert [at(start + 600_000)] == times(sqs, url)


def test_a_rule_may_have_both_a_pattern_and_a_schedule(
    events: Any, sqs: Any, pileus: Running
) -> None:
    url = create(sqs)
    schedule(events, arn_of(sqs, url), "rate(1 minute)", EventPattern=PATTERN)
    put(events)
    pileus.advance(60)
    assert ["aws.events", "shop"] == sorted(event["source"] for event in events_in(sqs, url))


def test_schedules_outlive_what_fails(events: Any, sqs: Any, pileus: Running, account: str) -> None:
    letters = create(sqs, "letters")
    events.put_rule(Name="s", ScheduleExpression="rate(1 minute)")
    target = {
        "Id": "t", "Arn": f"arn:aws:sqs:us-east-1:{account}:gone",
        "DeadLetterConfig": {"Arn": arn_of(sqs, letters)},
    }  # fmt: skip
    events.put_targets(Rule="s", Targets=[target])
    pileus.advance(180)
    assert 3 == len(times(sqs, letters))


@pytest.mark.parametrize(
    "expression",
    [
        "rate(5 minute)",
        "rate(0 minutes)",
        "cron(0 12 * * * *)",
        "every day",
        "at(2030-01-01T00:00)",
    ],
)
def test_an_expression_that_is_none_is_refused(events: Any, expression: str) -> None:
    assert ("ValidationException", "Parameter ScheduleExpression is not valid.") == (
        refusal(events.put_rule, Name="s", ScheduleExpression=expression)
    )


def test_only_the_default_bus_has_schedules(events: Any) -> None:
    events.create_event_bus(Name="orders")
    assert (
        "ValidationException", "ScheduleExpression is supported only on the default event bus.",
    ) == refusal(
        events.put_rule, Name="s", ScheduleExpression="rate(1 minute)", EventBusName="orders"
    )  # fmt: skip


def test_a_scheduled_input_is_constant(events: Any, sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    events.put_rule(Name="s", ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule="s", Targets=[{"Id": "t", "Arn": arn_of(sqs, url), "Input": json.dumps({"go": 1})}]
    )
    pileus.advance(60)
    assert [{"go": 1}] == events_in(sqs, url)
