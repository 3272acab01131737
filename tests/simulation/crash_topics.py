"""Traffic on a topic for the crash test: what is published reaches all queues, or none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_queues import Turn, drain, make_queue

_QUEUES = 3
_VERSION = "2010-03-31"


class TopicTraffic:
    """An acknowledged publish is in every queue; one whose answer was lost in every or in none."""

    name = "topic"

    def __init__(self) -> None:
        self.arn = ""
        self.urls: list[str] = []
        self.published: set[str] = set()
        self.problems: list[str] = []
        self._received = 0
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        sns = client.boto3("sns")
        self.arn = sns.create_topic(Name="crash-topic")["TopicArn"]
        for number in range(_QUEUES):
            name = f"crash-subscriber-{number}"
            self.urls.append(make_queue(client, name))
            sns.subscribe(
                TopicArn=self.arn,
                Protocol="sqs",
                Endpoint=self.arn.replace(":sns:", ":sqs:").replace("crash-topic", name),
                Attributes={"RawMessageDelivery": "true"},
            )

    def turns(self) -> Sequence[Turn]:
        return [self.publish, self.publish]

    def publish(self, client: Client, chance: random.Random) -> None:
        text = f"topic-{next(self._numbers)}"
        client.query("sns", "Publish", _VERSION, TopicArn=self.arn, Message=text)
        self.published.add(text)

    def settle(self, client: Client) -> None:
        found = [self._take_all(client, url) for url in self.urls]
        everywhere = set.intersection(*found)
        torn = set.union(*found) - everywhere
        lost = self.published - everywhere
        self.problems += [f"{text} reached some queues only" for text in sorted(torn)[:5]]
        self.problems += [f"{text} was acknowledged and is gone" for text in sorted(lost)[:5]]
        self.published.clear()

    def _take_all(self, client: Client, url: str) -> set[str]:
        found: set[str] = set()

        def take(message: dict[str, Any]) -> None:
            found.add(message["Body"])

        drain(client, url, take)
        self._received += len(found)
        return found

    def summary(self) -> str:
        return f"{self._received} received"
