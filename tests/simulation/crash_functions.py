"""Traffic on functions, logs and settings for the crash test."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from simulation.crash_client import Client
from simulation.crash_queues import Turn, drain, make_queue

FUNCTION = "crash"
_SETTLE_TURNS_MAX = 40
_TURN_PAUSE_SECONDS = 0.05

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_CODE = """
import boto3

sqs = boto3.client("sqs")
done = sqs.get_queue_url(QueueName="crash-done")["QueueUrl"]

def record(event, context):
    for id in [r["body"] for r in event["Records"]] if "Records" in event else [event["id"]]:
        sqs.send_message(QueueUrl=done, MessageBody=id)
"""


class FunctionTraffic:
    """An accepted asynchronous invocation runs; a message of a mapped queue is processed."""

    name = "functions"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that retries fall due.
        self._advance = advance
        self.done_url = ""
        self.mapped_url = ""
        self.url_host = ""
        self.accepted: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        self.done_url = make_queue(client, "crash-done")
        self.mapped_url = make_queue(client, "crash-mapped", VisibilityTimeout="60")
        role = client.boto3("iam").create_role(RoleName="crash", AssumeRolePolicyDocument=_TRUST)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            file = zipfile.ZipInfo("index.py")
            # Lambda runs it as another user, who must be able to read it.
            file.external_attr = 0o644 << 16
            package.writestr(file, _CODE)
        functions = client.boto3("lambda")
        functions.create_function(
            FunctionName=FUNCTION, Runtime="python3.11", Handler="index.record", Timeout=10,
            Role=role["Role"]["Arn"], Code={"ZipFile": packed.getvalue()},
            TracingConfig={"Mode": "Active"},
        )  # fmt: skip
        functions.get_waiter("function_active_v2").wait(FunctionName=FUNCTION)
        functions.create_event_source_mapping(
            FunctionName=FUNCTION, BatchSize=5,
            EventSourceArn="arn:aws:sqs:us-east-1:000000000000:crash-mapped",
        )  # fmt: skip
        made = functions.create_function_url_config(FunctionName=FUNCTION, AuthType="AWS_IAM")
        self.url_host = urlsplit(made["FunctionUrl"]).netloc

    def turns(self) -> Sequence[Turn]:
        return [paced(self.invoke_later), paced(self.send_to_mapping)]

    def invoke_later(self, client: Client, chance: random.Random) -> None:
        id = f"invocation-{next(self._numbers)}"
        client.invoke_later(FUNCTION, json.dumps({"id": id}).encode())
        self.accepted.add(id)

    def send_to_mapping(self, client: Client, chance: random.Random) -> None:
        id = f"mapped-{next(self._numbers)}"
        client.call("sqs", "SendMessage", QueueUrl=self.mapped_url, MessageBody=id)
        self.accepted.add(id)

    def settle(self, client: Client) -> None:
        missing = set(self.accepted)
        for _ in range(_SETTLE_TURNS_MAX):
            drain(client, self.done_url, lambda message: missing.discard(message["Body"]))
            if not missing:
                break
            pause(0.25)
            self._advance(30)
        self.problems += [f"{id} was accepted and never ran" for id in sorted(missing)[:5]]
        functions = client.boto3("lambda")
        if functions.get_function(FunctionName=FUNCTION)["Configuration"]["Timeout"] != 10:
            self.problems.append("the function's settings changed")
        mappings = functions.list_event_source_mappings(FunctionName=FUNCTION)
        if [5] != [mapping["BatchSize"] for mapping in mappings["EventSourceMappings"]]:
            self.problems.append(f"the mapping changed: {mappings['EventSourceMappings']}")
        status = client.get_status(self.url_host)
        if status != 403:
            self.problems.append(f"the function's URL answers {status} to who is not signed")
        self._total += len(self.accepted)
        self.accepted.clear()

    def summary(self) -> str:
        return f"{self._total} run"


class LogTraffic:
    """An acknowledged log event is read back, in order."""

    name = "log events"
    group = "crash"

    def __init__(self) -> None:
        self.stream = ""
        self.put: list[str] = []
        self.problems: list[str] = []
        self._numbers = count()
        self._streams = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        client.call("logs", "CreateLogGroup", logGroupName=self.group)
        self._new_stream(client)

    def _new_stream(self, client: Client) -> None:
        self.stream = f"stream-{next(self._streams)}"
        client.call(
            "logs", "CreateLogStream", logGroupName=self.group, logStreamName=self.stream
        )  # fmt: skip

    def turns(self) -> Sequence[Turn]:
        return [paced(self.put_events)]

    def put_events(self, client: Client, chance: random.Random) -> None:
        lines = [f"line-{next(self._numbers)}" for _ in range(chance.randint(1, 5))]
        # The platform's clock may be ahead; AWS takes events of the last two weeks.
        at = int(time.time() * 1000)
        events = [{"timestamp": at, "message": line} for line in lines]
        client.call(
            "logs", "PutLogEvents", logGroupName=self.group, logStreamName=self.stream,
            logEvents=events,
        )  # fmt: skip
        self.put += lines

    def settle(self, client: Client) -> None:
        found = set(self._read(client))
        lost = [line for line in self.put if line not in found]
        self.problems += [f"{line} was acknowledged and is gone" for line in lost[:5]]
        self._total += len(self.put)
        self.put.clear()
        self._new_stream(client)

    def _read(self, client: Client) -> list[str]:
        lines: list[str] = []
        place: dict[str, Any] = {"startFromHead": True}
        while True:
            answer = client.call(
                "logs", "GetLogEvents", logGroupName=self.group, logStreamName=self.stream, **place
            )  # fmt: skip
            lines += [event["message"] for event in answer["events"]]
            if place.get("nextToken") == answer["nextForwardToken"]:
                return lines
            place = {"startFromHead": True, "nextToken": answer["nextForwardToken"]}

    def summary(self) -> str:
        return f"{self._total} put"


class SettingsTraffic:
    """Queues that were made are there with their tags; queues that were deleted are not."""

    name = "settings"
    prefix = "crash-made-"

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        pass

    def turns(self) -> Sequence[Turn]:
        return [paced(self.make)]

    def make(self, client: Client, chance: random.Random) -> None:
        name = f"{self.prefix}{next(self._numbers)}"
        answer = client.call("sqs", "CreateQueue", QueueName=name, tags={"name": name})
        self.made[name] = answer["QueueUrl"]

    def settle(self, client: Client) -> None:
        for name, url in self.made.items():
            tags = client.call("sqs", "ListQueueTags", QueueUrl=url).get("Tags")
            if tags != {"name": name}:
                self.problems.append(f"{name} has the tags {tags}")
        for url in self._listed(client):
            client.call("sqs", "DeleteQueue", QueueUrl=url)
        if left := self._listed(client):
            self.problems.append(f"deleted queues are listed: {left[:5]}")
        self._total += len(self.made)
        self.made.clear()

    def _listed(self, client: Client) -> list[str]:
        urls: list[str] = client.call("sqs", "ListQueues", QueueNamePrefix=self.prefix).get(
            "QueueUrls", []
        )
        return urls

    def summary(self) -> str:
        return f"{self._total} queues made"


def paced(turn: Turn) -> Turn:
    """The turn, and then a pause: these are costly, and should leave room for the others."""

    def run(client: Client, chance: random.Random) -> None:
        turn(client, chance)
        pause(_TURN_PAUSE_SECONDS)

    return run


def pause(seconds: float) -> None:
    """Real time for a real process; there is no event to wait for."""
    threading.Event().wait(seconds)
