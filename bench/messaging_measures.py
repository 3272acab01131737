"""SNS's fan-out, EventBridge's rules and a day of schedules."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bench import processes
from bench.loads import Load, LoadFailed, apply
from bench.messaging_requests import DETAIL_TYPE, SOURCE
from bench.sqs_measures import Sizes
from bench.systems import Server

FAN_OUT = 3
MANY_RULES = 2_000
DAY_SECONDS = 86_400
_ROLE = "bench-scheduler"
_PATIENCE_SECONDS = 600.0
_numbers = count()


def _queue(server: Server) -> tuple[str, str]:
    """A new queue's URL and ARN."""
    sqs = server.client("sqs")
    url: str = sqs.create_queue(QueueName=f"bench-target-{next(_numbers)}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def _waiting(server: Server, url: str) -> int:
    found = server.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def publish(server: Server, sizes: Sizes) -> Load:
    """Publish to a topic with three queues, which get AWS's signed envelope."""
    return _publish(server, sizes, is_raw=False)


def publish_raw(server: Server, sizes: Sizes) -> Load:
    """The same with raw delivery, which is not signed."""
    return _publish(server, sizes, is_raw=True)


def _publish(server: Server, sizes: Sizes, *, is_raw: bool) -> Load:
    sns = server.client("sns")
    topic = sns.create_topic(Name=f"bench-{next(_numbers)}")["TopicArn"]
    queues = [_queue(server) for _ in range(FAN_OUT)]
    for _, arn in queues:
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"} if is_raw else {},
        )  # fmt: skip
    load = apply(
        server, "publish", count=sizes.requests, seconds_max=sizes.seconds, topic_arn=topic
    )
    if any(_waiting(server, url) < load.outcome.requests for url, _ in queues):
        raise LoadFailed("not every message has reached its queues")
    return load


@dataclass(frozen=True)
class Bus:
    """A bus with so many rules, of which one matches what is measured."""

    name: str
    kind: str
    queue_url: str

    def put_events(self, server: Server, sizes: Sizes) -> Load:
        before = _waiting(server, self.queue_url)
        load = apply(
            server, "put_events", count=sizes.requests, seconds_max=sizes.seconds, bus=self.name,
            detail_kind=self.kind,
        )  # fmt: skip
        if _waiting(server, self.queue_url) - before < load.outcome.requests:
            raise LoadFailed("not every event has reached the queue")
        return load


def make_bus(server: Server, rules: int) -> Bus:
    """The rules want other values of one field, and all but one a value that never comes."""
    events = server.client("events")
    url, arn = _queue(server)
    name = f"bench-{next(_numbers)}"
    events.create_event_bus(Name=name)
    for number in range(rules):
        kind = f"kind-{number}"
        pattern = {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"kind": [kind]}}
        events.put_rule(EventBusName=name, Name=kind, EventPattern=json.dumps(pattern))
        events.put_targets(EventBusName=name, Rule=kind, Targets=[{"Id": "queue", "Arn": arn}])
    return Bus(name, kind, url)


def put_events(server: Server, sizes: Sizes) -> Load:
    """One event for each request, one rule that matches, one queue."""
    return make_bus(server, 1).put_events(server, sizes)


def schedules(server: Server, number: int) -> tuple[float, float]:
    """Seconds, and server processor seconds, for a virtual day in which so many schedules run."""
    url, arn = _queue(server)
    role = _scheduler_role(server)
    clock = server.set_clock(freeze=True)
    # The instants are frozen, but requests are signed at real ones.
    begins = datetime.fromtimestamp(clock["epoch_ms"] // 1000, UTC) + timedelta(minutes=1)
    created = apply(
        server, "create_schedules", count=number, seconds_max=1_800.0, queue_arn=arn,
        role_arn=role, begins=begins.isoformat(), span_seconds=DAY_SECONDS,
    )  # fmt: skip
    if created.outcome.requests != number:
        raise LoadFailed(f"only {created.outcome.requests} of {number} schedules were made")
    spent, started = processes.cpu_seconds(server.pid), time.perf_counter()
    moved = server.set_clock(advance=DAY_SECONDS + 120, timeout_seconds=_PATIENCE_SECONDS)
    seconds = time.perf_counter() - started
    spent = processes.cpu_seconds(server.pid) - spent
    if not moved["done"] or _waiting(server, url) != number:
        raise LoadFailed(f"{_waiting(server, url)} of {number} schedules ran")
    return seconds, spent


def _scheduler_role(server: Server) -> str:
    trust: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    made = server.client("iam").create_role(
        RoleName=f"{_ROLE}-{next(_numbers)}", AssumeRolePolicyDocument=json.dumps(trust)
    )
    arn: str = made["Role"]["Arn"]
    return arn
