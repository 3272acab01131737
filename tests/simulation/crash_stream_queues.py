"""Traffic on a queue of a stream for the crash test."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_queues import Turn

_NAME = "crash-queued-stream"
_STREAM_ARN = f"arn:aws:kinesis:us-east-1:000000000000:stream/{_NAME}"
# Long against an acknowledgement that follows its receive.
_VISIBILITY_SECONDS = 20
_DRAIN_ROUNDS_MAX = 2_000


class StreamQueueTraffic:
    """A record that was put is received until it is acknowledged, and never after."""

    name = "queue of a stream"

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.put: set[str] = set()
        self.tried_to_acknowledge: set[str] = set()
        # Body -> when its acknowledgement was answered.
        self.acknowledged_at: dict[str, float] = {}
        self._queue = ""
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        mode = {"StreamMode": "ON_DEMAND"}
        client.call("kinesis", "CreateStream", StreamName=_NAME, StreamModeDetails=mode)
        where = {"StreamARN": _STREAM_ARN, "StartingPosition": {"Type": "TRIM_HORIZON"}}
        answer = client.call(
            "kinesis", "CreateQueue", QueueName="crash-queue", StreamConfigurationList=[where],
            QueueAttributes={
                "VisibilityTimeoutSeconds": _VISIBILITY_SECONDS,
                "DeadLetterConfiguration": {"TargetType": "NONE"},
            },
        )  # fmt: skip
        self._queue = answer["QueueDescription"]["QueueARN"]

    def turns(self) -> Sequence[Turn]:
        return [self.send, self.receive]

    def send(self, client: Client, chance: random.Random) -> None:
        bodies = [f"record-{next(self._numbers)}" for _ in range(chance.choice([1, 3, 10]))]
        entries = [
            {"Data": base64.b64encode(body.encode()).decode(), "PartitionKey": body}
            for body in bodies
        ]
        client.call("kinesis", "PutRecords", StreamName=_NAME, Records=entries)
        self.put.update(bodies)

    def receive(self, client: Client, chance: random.Random) -> None:
        records = self._received(client)
        if chance.random() < 0.9:
            self._acknowledge(client, records)

    def _received(self, client: Client) -> list[dict[str, Any]]:
        began = time.monotonic()
        answer = client.call(
            "kinesis", "ReceiveQueueRecords", QueueARN=self._queue, WaitTimeSeconds=1
        )
        found: list[dict[str, Any]] = answer["QueueRecords"]
        for record in found:
            if self.acknowledged_at.get(record["PartitionKey"], began) < began:
                self.problems.append(f"{record['PartitionKey']} was acknowledged and came back")
        return found

    def _acknowledge(self, client: Client, records: list[dict[str, Any]]) -> None:
        if not records:
            return
        self.tried_to_acknowledge.update(each["PartitionKey"] for each in records)
        entries = [{"ReceiptHandle": each["ReceiptHandle"]} for each in records]
        answer = client.call(
            "kinesis", "AcknowledgeQueueRecords", QueueARN=self._queue, Entries=entries
        )
        done = {each["ReceiptHandle"] for each in answer["Successful"]}
        for record in records:
            if record["ReceiptHandle"] in done:
                self.acknowledged_at.setdefault(record["PartitionKey"], time.monotonic())

    def settle(self, client: Client) -> None:
        """Everything is visible now: take out what must be there."""
        missing = self.put - self.tried_to_acknowledge
        for _ in range(_DRAIN_ROUNDS_MAX):
            if not missing:
                break
            records = self._received(client)
            if not records:
                break
            self._acknowledge(client, records)
            missing -= {each["PartitionKey"] for each in records}
        self.problems += [f"{body} was put and is gone" for body in sorted(missing)[:5]]
        self.put.clear()

    def summary(self) -> str:
        return f"{len(self.acknowledged_at)} acknowledged"
