"""Topics, buses and schedules on PostgreSQL: what is published, routed and due arrives, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sns.asking import bodies, queue, subscribe, texts, topic
from e2e.sns.listening import Endpoint, listening
from support.postgres import Server
from support.running import Running

TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}


@pytest.fixture(scope="module")
def pileus(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    url = postgres_server.new_database()
    running = Running(tmp_path_factory.mktemp("pileus"), store=url).start()
    running.freeze()
    yield running
    running.stop()
    postgres_server.drop_database(url)


@pytest.fixture
def sns(pileus: Running) -> Any:
    return pileus.client("sns")


@pytest.fixture
def sqs(pileus: Running) -> Any:
    return pileus.client("sqs")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found


def test_a_message_reaches_the_queues_whose_policies_take_it(sns: Any, sqs: Any) -> None:
    arn = topic(sns, "fan-out")
    made = [queue(sqs, f"fan-out-{number}") for number in range(3)]
    for number, (_, queue_arn) in enumerate(made):
        policy = {"FilterPolicy": json.dumps({"kind": ["a"]})} if number == 2 else {}
        subscribe(sns, arn, queue_arn, **policy)
    for number, kind in enumerate("ab"):
        sns.publish(
            TopicArn=arn, Message=str(number),
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )  # fmt: skip
    found = [sorted(texts(sqs, url)) for url, _ in made]
    assert [["0", "1"], ["0", "1"], ["0"]] == found


def test_a_fifo_topic_keeps_order_and_drops_duplicates(sns: Any, sqs: Any) -> None:
    arn = topic(sns, "order.fifo")
    url, queue_arn = queue(sqs, "order.fifo")
    subscribe(sns, arn, queue_arn, RawMessageDelivery="true")
    for number in (1, 2, 2, 3, 1):
        sns.publish(
            TopicArn=arn, Message=str(number), MessageGroupId="g",
            MessageDeduplicationId=str(number),
        )  # fmt: skip
    assert ["1", "2", "3"] == bodies(sqs, url)


def test_an_endpoint_that_fails_is_called_again(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn = topic(sns, "endpoint")
    subscribe(sns, arn, endpoint.url, protocol="http")
    pileus.advance(0)
    (asked,) = endpoint.take()
    sns.confirm_subscription(TopicArn=arn, Token=asked.document["Token"])
    endpoint.statuses = [500]
    sns.publish(TopicArn=arn, Message="m")
    pileus.advance(60)
    assert ["m", "m"] == [received.document["Message"] for received in endpoint.take()]


def test_rules_route_to_queues_and_topics_and_other_buses(
    pileus: Running, sns: Any, sqs: Any
) -> None:
    events = pileus.client("events")
    arn, (url, queue_arn) = topic(sns, "routed"), queue(sqs, "routed")
    subscribe(sns, arn, queue_arn, RawMessageDelivery="true")
    bus = events.create_event_bus(Name="other")["EventBusArn"]
    pattern = json.dumps({"source": [{"prefix": "shop"}]})
    for name, on, targets in (
        ("straight", "default", [queue_arn, arn, bus]), ("further", "other", [queue_arn]),
    ):  # fmt: skip
        events.put_rule(Name=name, EventBusName=on, EventPattern=pattern)
        listed = [
            {"Id": str(n), "Arn": each, **({} if each == bus else {"InputPath": "$.detail.n"})}
            for n, each in enumerate(targets)
        ]
        events.put_targets(Rule=name, EventBusName=on, Targets=listed)
    for source in ("shop.orders", "elsewhere"):
        entry = {"Source": source, "DetailType": "d", "Detail": json.dumps({"n": 7})}
        assert 0 == events.put_events(Entries=[entry])["FailedEntryCount"]
    pileus.advance(0)
    assert ["7", "7", "7"] == bodies(sqs, url)


def test_schedules_run_once_each_in_their_order(pileus: Running, sqs: Any) -> None:
    url, queue_arn = queue(sqs, "due.fifo", ContentBasedDeduplication="true")
    role = pileus.client("iam").create_role(
        RoleName="due", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    scheduler = pileus.client("scheduler")
    for number in (3, 1, 2):
        target = {
            "Arn": queue_arn, "RoleArn": role, "Input": str(number),
            "SqsParameters": {"MessageGroupId": "g"},
        }  # fmt: skip
        scheduler.create_schedule(
            Name=f"s{number}", ScheduleExpression=f"rate({number} hours)",
            FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
            StartDate=pileus.now / 1000 + 60 * number,
        )  # fmt: skip
    pileus.advance(3600)
    assert ["1", "2", "3"] == bodies(sqs, url)
