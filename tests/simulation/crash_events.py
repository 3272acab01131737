"""Traffic on event buses for the crash test."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_queues import Turn, drain, make_queue

_BUS = "crash-bus"
_PATTERN = json.dumps({"source": ["crash"]})


class EventTraffic:
    """An acknowledged event reaches a queue beside its bus, and one behind another bus."""

    name = "events"

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.sent: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        arns = []
        for name in ("crash-events-near", "crash-events-far"):
            url = make_queue(client, name)
            self.urls.append(url)
            answer = client.call(
                "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"]
            )
            arns.append(answer["Attributes"]["QueueArn"])
        bus = client.call("events", "CreateEventBus", Name=_BUS)["EventBusArn"]
        self._route(client, "default", [arns[0], bus])
        self._route(client, _BUS, [arns[1]])

    def _route(self, client: Client, bus: str, arns: Sequence[str]) -> None:
        client.call("events", "PutRule", Name="r", EventBusName=bus, EventPattern=_PATTERN)
        targets = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(arns)]
        client.call("events", "PutTargets", Rule="r", EventBusName=bus, Targets=targets)

    def turns(self) -> Sequence[Turn]:
        return [self.put, self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        entries = [
            {"Source": "crash", "DetailType": "d", "Detail": f'{{"n": {next(self._numbers)}}}'}
            for _ in range(chance.choice([1, 1, 10]))
        ]
        answer = client.call("events", "PutEvents", Entries=entries)
        self.sent.update(entry["EventId"] for entry in answer["Entries"])

    def settle(self, client: Client) -> None:
        for url in self.urls:
            found: set[str] = set()

            def take(message: dict[str, Any], found: set[str] = found) -> None:
                found.add(json.loads(message["Body"])["id"])

            drain(client, url, take)
            lost = sorted(self.sent - found)[:5]
            self.problems += [f"event {each} is not in {url}" for each in lost]
        self.sent.clear()

    def summary(self) -> str:
        return f"{next(self._numbers)} events"
