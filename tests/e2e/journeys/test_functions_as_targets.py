"""Functions behind rules, schedules and topics: their events, and what becomes of failures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from e2e.events.asking import arn_of, create, put, route
from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda, make_role

LISBON = ZoneInfo("Europe/Lisbon")
DAY = 86_400


class Recorder:
    """A function that keeps its events, and fails as often as it is told."""

    def __init__(self, pileus: RunningLambda, failures: int = 0) -> None:
        self._pileus = pileus
        self._failures = failures
        self.events: list[Any] = []
        self.ran_at: list[datetime] = []

    def __call__(self, event: Any, context: Context) -> None:
        self.events.append(event)
        self.ran_at.append(datetime.fromtimestamp(self._pileus.now / 1000, UTC))
        if len(self.events) <= self._failures:
            raise RuntimeError("not yet")


def allow(functions: Functions, name: str, service: str, source: str) -> None:
    functions.client.add_permission(
        FunctionName=name, StatementId="router", Action="lambda:InvokeFunction",
        Principal=service, SourceArn=source,
    )  # fmt: skip


def letters(sqs: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])
    return found


def test_a_rule_runs_a_function_with_the_event(
    pileus: RunningLambda, functions: Functions, aws: Any, account: str
) -> None:
    recorder = Recorder(pileus)
    name = functions.create(recorder)
    rule = route(aws("events"), functions.arn(name))
    allow(functions, name, "events.amazonaws.com", rule)
    event_id = put(aws("events"), {"price": 7}, Resources=["arn:aws:s3:::shelf"])
    pileus.idle()
    at = datetime.fromtimestamp(pileus.now // 1000, UTC)
    assert [
        {
            "version": "0",
            "id": event_id,
            "detail-type": "Order",
            "source": "shop",
            "account": account,
            "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "region": "us-east-1",
            "resources": ["arn:aws:s3:::shelf"],
            "detail": {"price": 7},
        }
    ] == recorder.events


def test_a_rule_transforms_what_a_function_gets(
    pileus: RunningLambda, functions: Functions, aws: Any
) -> None:
    recorder = Recorder(pileus)
    transformer = {
        "InputPathsMap": {"price": "$.detail.price"},
        "InputTemplate": '{"costs": <price>, "rule": "<aws.events.rule-name>"}',
    }
    route(aws("events"), functions.arn(functions.create(recorder)), InputTransformer=transformer)
    put(aws("events"), {"price": 7})
    pileus.idle()
    assert [{"costs": 7, "rule": "r"}] == recorder.events


def test_a_function_that_fails_is_tried_again_and_its_event_kept(
    pileus: RunningLambda, functions: Functions, aws: Any
) -> None:
    sqs = aws("sqs")
    own, rules = create(sqs, "own-letters"), create(sqs, "rule-letters")
    recorder = Recorder(pileus, failures=3)
    name = functions.create(recorder, DeadLetterConfig={"TargetArn": arn_of(sqs, own)})
    route(aws("events"), functions.arn(name), DeadLetterConfig={"Arn": arn_of(sqs, rules)})
    event_id = put(aws("events"))
    pileus.advance(600)
    assert [event_id] * 3 == [event["id"] for event in recorder.events]
    # The rule has done its part when the function has the event: the failure is the function's.
    assert [event_id] == [json.loads(letter["Body"])["id"] for letter in letters(sqs, own)]
    assert [] == letters(sqs, rules)


def test_an_event_for_no_function_is_the_rules_dead_letter(
    pileus: RunningLambda, functions: Functions, aws: Any
) -> None:
    sqs = aws("sqs")
    url = create(sqs)
    name = functions.create(Recorder(pileus))
    route(aws("events"), functions.arn(name), DeadLetterConfig={"Arn": arn_of(sqs, url)})
    functions.client.delete_function(FunctionName=name)
    event_id = put(aws("events"))
    pileus.idle()
    (letter,) = letters(sqs, url)
    assert (event_id, "NO_RESOURCE") == (
        json.loads(letter["Body"])["id"],
        letter["MessageAttributes"]["ERROR_CODE"]["StringValue"],
    )


def test_a_topic_runs_a_function_with_the_message(
    pileus: RunningLambda, functions: Functions, aws: Any
) -> None:
    sns = aws("sns")
    recorder = Recorder(pileus)
    name = functions.create(recorder)
    topic = sns.create_topic(Name="news")["TopicArn"]
    allow(functions, name, "sns.amazonaws.com", topic)
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=functions.arn(name), ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    message_id = sns.publish(TopicArn=topic, Message="Hello", Subject="Hi")["MessageId"]
    pileus.idle()
    ((record,),) = [event["Records"] for event in recorder.events]
    assert ("aws:sns", subscription) == (record["EventSource"], record["EventSubscriptionArn"])
    assert ("Hello", "Hi", message_id, topic) == tuple(
        record["Sns"][name] for name in ("Message", "Subject", "MessageId", "TopicArn")
    )


def test_a_cron_schedule_runs_a_function_through_lisbons_change_to_summer_time(
    pileus: RunningLambda, functions: Functions, aws: Any
) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = make_role(
        aws("iam"), "clock", json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    recorder = Recorder(pileus)
    change = _last_sunday_of_next_march(pileus)
    start = change - timedelta(days=2)
    pileus.advance((start - _now(pileus)).total_seconds())
    aws("scheduler").create_schedule(
        Name="morning",
        ScheduleExpression="cron(30 8 * * ? *)",
        ScheduleExpressionTimezone="Europe/Lisbon",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": functions.arn(functions.create(recorder)),
            "RoleArn": role,
            "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
        },
    )
    pileus.advance(4 * DAY)
    days = [start + timedelta(days=number) for number in range(4)]
    # Half past eight on the wall all the time: in UTC an hour earlier from the change on.
    assert [f"{day:%m-%d} 08:30" for day in days] == [
        f"{at.astimezone(LISBON):%m-%d %H:%M}" for at in recorder.ran_at
    ]
    assert [8, 8, 7, 7] == [at.hour for at in recorder.ran_at]
    assert [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in recorder.ran_at] == [
        event["at"] for event in recorder.events
    ]


def _now(pileus: RunningLambda) -> datetime:
    return datetime.fromtimestamp(pileus.now / 1000, UTC)


def _last_sunday_of_next_march(pileus: RunningLambda) -> datetime:
    days = [datetime(_now(pileus).year + 1, 3, day, tzinfo=UTC) for day in range(25, 32)]
    return next(day for day in days if day.weekday() == 6)
