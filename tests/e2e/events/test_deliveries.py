"""What becomes of events on their way: other buses, functions, logs, retries, dead letters."""

from __future__ import annotations

import json
from typing import Any

from e2e.events.asking import arn_of, bodies, bus_arn, create, events_in, put, route
from support.running import Running


def letters_of(sqs: Any, url: str) -> list[tuple[str, dict[str, str]]]:
    """Bodies and attributes of dead letters."""
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        (
            message["Body"],
            {name: each["StringValue"] for name, each in message["MessageAttributes"].items()},
        )
        for message in answer.get("Messages", [])
    ]


def test_an_event_goes_on_to_another_bus(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    events.create_event_bus(Name="orders")
    url = create(sqs)
    route(events, bus_arn(account, "orders"))
    route(events, arn_of(sqs, url), bus="orders")
    event_id = put(events)
    pileus.advance(1)
    assert [event_id] == [event["id"] for event in events_in(sqs, url)]


def test_an_event_goes_on_to_a_bus_of_another_account_and_region(
    events: Any, pileus: Running, account: str
) -> None:
    other = str(int(account) + 500_000_000)
    theirs = pileus.client("events", account=other, region="eu-west-1")
    their_queues = pileus.client("sqs", account=other, region="eu-west-1")
    url = create(their_queues)
    route(theirs, arn_of(their_queues, url))
    route(events, f"arn:aws:events:eu-west-1:{other}:event-bus/default")
    put(events)
    pileus.advance(1)
    [found] = events_in(their_queues, url)
    assert (account, "us-east-1") == (found["account"], found["region"])


def test_a_circle_of_buses_ends(events: Any, pileus: Running, sqs: Any, account: str) -> None:
    events.create_event_bus(Name="other")
    route(events, bus_arn(account, "other"))
    route(events, bus_arn(account), bus="other")
    url = create(sqs)
    route(events, arn_of(sqs, url), "seen")
    put(events)
    pileus.advance(60)
    assert 8 == len(bodies(sqs, url))


def test_a_log_group_gets_a_line_for_each_event(
    events: Any, aws: Any, pileus: Running, account: str
) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="/aws/events/shop")
    route(events, f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/shop:*")
    event_id = put(events)
    found = logs.filter_log_events(logGroupName="/aws/events/shop")["events"]
    assert [(event_id, pileus.now)] == [
        (json.loads(line["message"])["id"], line["timestamp"]) for line in found
    ]


def test_a_topic_gets_the_event(events: Any, aws: Any, sqs: Any) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url = create(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(sqs, url))
    route(events, topic)
    event_id = put(events)
    [message] = events_in(sqs, url)
    assert event_id == json.loads(message["Message"])["id"]


def test_a_fifo_queue_gets_the_group(events: Any, sqs: Any) -> None:
    url = create(sqs, "orders.fifo", ContentBasedDeduplication="true")
    route(events, arn_of(sqs, url), SqsParameters={"MessageGroupId": "g"})
    put(events)
    answer = sqs.receive_message(QueueUrl=url, AttributeNames=["MessageGroupId"])
    assert ["g"] == [each["Attributes"]["MessageGroupId"] for each in answer["Messages"]]


def test_a_constant_input_replaces_the_event(events: Any, sqs: Any) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url), Input='{"hello": "world"}')
    put(events)
    assert ['{"hello": "world"}'] == bodies(sqs, url)


def test_a_queue_that_is_gone_is_not_tried_again(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs, "letters")
    target = f"arn:aws:sqs:us-east-1:{account}:gone"
    arn = route(events, target, DeadLetterConfig={"Arn": arn_of(sqs, url)})
    event_id = put(events)
    pileus.advance(0)
    [(body, attributes)] = letters_of(sqs, url)
    assert event_id == json.loads(body)["id"]
    assert {
        "RULE_ARN": arn,
        "TARGET_ARN": target,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "The specified queue does not exist.",
        "RETRY_ATTEMPTS": "0",
    } == attributes


def test_a_function_that_is_gone_is_not_tried_again(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs, "letters")
    target = f"arn:aws:lambda:us-east-1:{account}:function:gone"
    route(events, target, DeadLetterConfig={"Arn": arn_of(sqs, url)})
    put(events)
    pileus.advance(0)
    [(_, attributes)] = letters_of(sqs, url)
    assert ("NO_RESOURCE", f"Function not found: {target}", "0") == (
        attributes["ERROR_CODE"], attributes["ERROR_MESSAGE"], attributes["RETRY_ATTEMPTS"],
    )  # fmt: skip


def test_a_target_that_is_not_built_is_retried_and_then_given_up(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs, "letters")
    target = f"arn:aws:batch:us-east-1:{account}:job-queue/jobs"
    arn = route(
        events, target, DeadLetterConfig={"Arn": arn_of(sqs, url)},
        RoleArn="arn:aws:iam::1:role/r",
        BatchParameters={"JobDefinition": "d", "JobName": "n"},
        RetryPolicy={"MaximumRetryAttempts": 2},
    )  # fmt: skip
    put(events)
    pileus.advance(2)
    assert [] == letters_of(sqs, url)
    pileus.advance(5)
    [(_, attributes)] = letters_of(sqs, url)
    assert {
        "RULE_ARN": arn,
        "TARGET_ARN": target,
        "ERROR_CODE": "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": f"nothing takes deliveries for {target}",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
    } == attributes


def test_an_event_that_is_too_old_is_given_up(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs, "letters")
    route(
        events, f"arn:aws:codebuild:us-east-1:{account}:project/p",
        DeadLetterConfig={"Arn": arn_of(sqs, url)},
        RetryPolicy={"MaximumEventAgeInSeconds": 60},
    )  # fmt: skip
    put(events)
    pileus.advance(61)
    [(_, attributes)] = letters_of(sqs, url)
    assert ("MaximumEventAgeInSeconds", "5") == (
        attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"],
    )  # fmt: skip


def test_retries_go_on_for_a_day(events: Any, sqs: Any, pileus: Running, account: str) -> None:
    url = create(sqs, "letters")
    route(
        events, f"arn:aws:codebuild:us-east-1:{account}:project/p",
        DeadLetterConfig={"Arn": arn_of(sqs, url)},
    )  # fmt: skip
    put(events)
    pileus.advance(23 * 3600)
    assert [] == letters_of(sqs, url)
    pileus.advance(3600)
    assert 1 == len(letters_of(sqs, url))
