"""Traffic on schedules and pipes for the crash test."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_functions import paced, pause
from simulation.crash_queues import Turn, drain, make_queue

_SETTLE_TURNS_MAX = 40
_DUE_WITHIN_SECONDS = 60
_CALLED = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
_HANDED = "arn:aws:sqs:us-east-1:000000000000:crash-rung"


def trust(service: str) -> str:
    statement = {
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class ScheduleTraffic:
    """An acknowledged schedule runs: once where its target takes it in the run's commit."""

    name = "schedules"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that retries fall due.
        self._advance = advance
        self.url = ""
        self.role = ""
        self.made: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        self.url = make_queue(client, "crash-rung")
        role = client.boto3("iam").create_role(
            RoleName="crash-clock", AssumeRolePolicyDocument=trust("scheduler.amazonaws.com")
        )
        self.role = role["Role"]["Arn"]

    def turns(self) -> Sequence[Turn]:
        return [paced(self.make)]

    def make(self, client: Client, chance: random.Random) -> None:
        is_called = chance.random() < 0.5
        name = f"{'called' if is_called else 'handed'}-{next(self._numbers)}"
        at = client.platform_now() + timedelta(seconds=chance.randint(1, _DUE_WITHIN_SECONDS))
        message = {"QueueUrl": self.url, "MessageBody": name}
        asked = {
            "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": _CALLED if is_called else _HANDED,
                "RoleArn": self.role,
                "Input": json.dumps(message) if is_called else name,
            },
        }
        headers = {"content-type": "application/json"}
        client.post("scheduler", f"/schedules/{name}", headers, json.dumps(asked).encode())
        self.made.add(name)

    def settle(self, client: Client) -> None:
        found: Counter[str] = Counter()

        def take(message: dict[str, Any]) -> None:
            found[message["Body"]] += 1

        for _ in range(_SETTLE_TURNS_MAX):
            drain(client, self.url, take)
            if self.made <= found.keys():
                break
            pause(0.1)
            self._advance(30)
        lost = sorted(self.made - found.keys())[:5]
        self.problems += [f"{name} was acknowledged and never ran" for name in lost]
        again = [name for name, times in found.items() if name.startswith("handed") and times > 1]
        self.problems += [f"{name} ran {found[name]} times" for name in again[:5]]
        left = client.boto3("scheduler").list_schedules()["Schedules"]
        self.problems += [f"{each['Name']} is over and still there" for each in left[:5]]
        self._total += len(found)
        self.made.clear()

    def summary(self) -> str:
        return f"{self._total} runs"


class PipeTraffic:
    """An acknowledged message of a pipe's source reaches the pipe's target."""

    name = "pipe"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that what a crash cut off is received again.
        self._advance = advance
        self.source = ""
        self.target = ""
        self.sent: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        self.source = make_queue(client, "crash-pipe-source")
        self.target = make_queue(client, "crash-pipe-target")
        role = client.boto3("iam").create_role(
            RoleName="crash-pipe", AssumeRolePolicyDocument=trust("pipes.amazonaws.com")
        )
        client.boto3("pipes").create_pipe(
            Name="crash",
            RoleArn=role["Role"]["Arn"],
            Source="arn:aws:sqs:us-east-1:000000000000:crash-pipe-source",
            Target="arn:aws:sqs:us-east-1:000000000000:crash-pipe-target",
            TargetParameters={"InputTemplate": "<$.body>"},
        )

    def turns(self) -> Sequence[Turn]:
        return [paced(self.send)]

    def send(self, client: Client, chance: random.Random) -> None:
        id = f"piped-{next(self._numbers)}"
        client.call("sqs", "SendMessage", QueueUrl=self.source, MessageBody=id)
        self.sent.add(id)

    def settle(self, client: Client) -> None:
        missing = set(self.sent)

        def take(message: dict[str, Any]) -> None:
            missing.discard(json.loads(message["Body"]))

        for _ in range(_SETTLE_TURNS_MAX):
            drain(client, self.target, take)
            if not missing:
                break
            pause(0.1)
            self._advance(30)
        self.problems += [f"{id} was sent and never came through" for id in sorted(missing)[:5]]
        state = client.boto3("pipes").describe_pipe(Name="crash")["CurrentState"]
        if state != "RUNNING":
            self.problems.append(f"the pipe is {state}")
        self._total += len(self.sent)
        self.sent.clear()

    def summary(self) -> str:
        return f"{self._total} sent"
