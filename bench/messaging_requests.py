"""Requests of SNS, EventBridge and EventBridge Scheduler as bytes, signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bench.signing import Signer

SOURCE = "bench.source"
DETAIL_TYPE = "Measured"


class Publishes:
    """Publish to one topic, in SNS's query protocol."""

    def __init__(self, host: str, topic_arn: str) -> None:
        self._topic_arn = topic_arn
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        self._signer = Signer("sns", host, "/", headers)

    def publish(self, message: str) -> bytes:
        members = {
            "Action": "Publish", "Version": "2010-03-31", "TopicArn": self._topic_arn,
            "Message": message,
        }  # fmt: skip
        return self._signer.request(urlencode(members).encode())


class Puts:
    """PutEvents to one bus, one event each time."""

    def __init__(self, host: str, bus: str) -> None:
        self._bus = bus
        headers = {
            "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents",
        }  # fmt: skip
        self._signer = Signer("events", host, "/", headers)

    def put(self, detail: dict[str, Any]) -> bytes:
        entry = {
            "EventBusName": self._bus, "Source": SOURCE, "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(detail),
        }  # fmt: skip
        return self._signer.request(json.dumps({"Entries": [entry]}).encode())


class Schedules:
    """CreateSchedule, each once at an instant of its own, with a queue as its target."""

    def __init__(self, host: str, queue_arn: str, role_arn: str) -> None:
        self._host = host
        self._target = {"Arn": queue_arn, "RoleArn": role_arn}

    def create(self, number: int, at: datetime) -> bytes:
        # The path is signed, so each schedule takes a signer of its own.
        path = f"/schedules/bench-{number}"
        signer = Signer("scheduler", self._host, path, {"content-type": "application/json"})
        members = {
            "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {**self._target, "Input": str(number)},
        }
        return signer.request(json.dumps(members).encode())


def spread(count: int, begins: str, seconds: int) -> list[datetime]:
    """Instants for `count` schedules, which together fill `seconds`."""
    start = datetime.fromisoformat(begins).astimezone(UTC)
    return [start + timedelta(seconds=number * seconds // count) for number in range(count)]
