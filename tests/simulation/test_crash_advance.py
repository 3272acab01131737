"""SIGKILL while the clock passes many due instants: each run happens once, at its own instant."""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from simulation.crash_client import Client
from simulation.crash_schedules import trust
from simulation.crash_server import CrashServer

SCHEDULES = 300
KILLS = 3
HOUR_SECONDS = 3_600


def ask_clock(server: CrashServer, **question: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{server.port}/_pileus/clock"
    with urlopen(Request(url, json.dumps(question).encode()), timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def make_schedules(server: CrashServer, begins_at: int) -> str:
    """One schedule for each second; their queue's URL. It keeps order."""
    client = Client(server.port)
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    sqs, iam = client.boto3("sqs"), client.boto3("iam")
    url: str = sqs.create_queue(QueueName="rung.fifo", Attributes=attributes)["QueueUrl"]
    role = iam.create_role(
        RoleName="clock", AssumeRolePolicyDocument=trust("scheduler.amazonaws.com")
    )["Role"]["Arn"]
    for number in range(SCHEDULES):
        at = datetime.fromtimestamp(begins_at // 1000 + number, UTC)
        asked = {
            "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": "arn:aws:sqs:us-east-1:000000000000:rung.fifo",
                "RoleArn": role,
                "Input": str(number),
                "SqsParameters": {"MessageGroupId": "g"},
            },
        }
        headers = {"content-type": "application/json"}
        client.post("scheduler", f"/schedules/s{number}", headers, json.dumps(asked).encode())
    return url


def take_all(server: CrashServer, url: str) -> list[tuple[str, int]]:
    """Bodies of the messages, and when they were sent."""
    sqs = Client(server.port).boto3("sqs")
    taken: list[tuple[str, int]] = []
    while found := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
    ).get("Messages"):
        for message in found:
            taken.append((message["Body"], int(message["Attributes"]["SentTimestamp"])))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


@pytest.mark.timeout(240)
def test_an_advance_that_is_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    seed = int(os.environ.get("PILEUS_CRASH_SEED") or time.time_ns() % 1_000_000)
    print(f"replay with PILEUS_CRASH_SEED={seed}")
    chance = random.Random(seed)
    server = CrashServer(tmp_path / "data")
    server.start()
    try:
        begins_at = (ask_clock(server, freeze=True)["epoch_ms"] // 1000 + 10) * 1000
        url = make_schedules(server, begins_at)
        for _ in range(KILLS):
            ask_clock(server, advance=HOUR_SECONDS, wait=False)
            server.wait(chance.random() * 0.1)
            server.kill()
            server.start()
        assert ask_clock(server, advance=HOUR_SECONDS)["done"]
        wanted = [(str(number), begins_at + number * 1000) for number in range(SCHEDULES)]
        assert wanted == take_all(server, url)
    finally:
        server.kill()
