"""Damaged API requests of every protocol never give a server error, never hang, never stop us.

A failure names its seed; the test takes it as PILEUS_FUZZ_SEED to play it again.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

from pileus.app import SERVICES, App
from pileus.settings import Settings
from support import api_requests
from support.fake_fleet import FakeFleet
from support.http_peer import MemoryTransport
from support.mutations import damage, distorted_cbor, distorted_json

SEED = os.environ.get("PILEUS_FUZZ_SEED")
SEEDS = range(int(SEED), int(SEED) + 1) if SEED else range(6)
ROUNDS = 150
AT_ONCE = 16
# A key that nobody issued: what is damaged after signing still gets past the signature.
KEY = "111122223333"
ANSWER_SECONDS = 20
# Services that are not built are answered too. One or two for each protocol.
OTHERS = ("s3", "dynamodb", "ec2", "sns", "cloudwatch", "apigateway", "route53", "kinesis")
QUEUE = f"http://localhost:4566/{KEY}/fuzz"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:{KEY}:fuzz"
DEAD = f"http://localhost:4566/{KEY}/fuzz.fifo"

# Requests that do something, in an order that keeps the resources there most of the time.
SEQUENCES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "sqs": [
        ("CreateQueue", {"QueueName": "fuzz", "Attributes": {"VisibilityTimeout": "1"}}),
        ("CreateQueue", {"QueueName": "fuzz.fifo", "Attributes": {"FifoQueue": "true"}}),
        ("SendMessage", {"QueueUrl": QUEUE, "MessageBody": "hello", "DelaySeconds": 0}),
        (
            "SendMessage",
            {
                "QueueUrl": DEAD,
                "MessageBody": "hello",
                "MessageGroupId": "g",
                "MessageDeduplicationId": "d",
                "MessageAttributes": {
                    "a": {"DataType": "String", "StringValue": "v"},
                    "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
                },
            },
        ),
        (
            "SendMessageBatch",
            {"QueueUrl": QUEUE, "Entries": [{"Id": str(n), "MessageBody": "x"} for n in range(3)]},
        ),
        (
            "ReceiveMessage",
            {"QueueUrl": QUEUE, "MaxNumberOfMessages": 3, "AttributeNames": ["All"]},
        ),
        ("ReceiveMessage", {"QueueUrl": DEAD, "WaitTimeSeconds": 20}),
        ("DeleteMessage", {"QueueUrl": QUEUE, "ReceiptHandle": "AQEB"}),
        ("GetQueueAttributes", {"QueueUrl": QUEUE, "AttributeNames": ["All"]}),
        (
            "SetQueueAttributes",
            {
                "QueueUrl": QUEUE,
                "Attributes": {
                    "RedrivePolicy": json.dumps(
                        {"deadLetterTargetArn": QUEUE_ARN, "maxReceiveCount": 3}
                    )
                },
            },
        ),
        ("TagQueue", {"QueueUrl": QUEUE, "Tags": {"k": "v"}}),
        ("ListQueues", {"QueueNamePrefix": "f", "MaxResults": 10}),
    ],
    "logs": [
        ("CreateLogGroup", {"logGroupName": "fuzz", "tags": {"a": "b"}}),
        ("CreateLogStream", {"logGroupName": "fuzz", "logStreamName": "s"}),
        (
            "PutLogEvents",
            {
                "logGroupName": "fuzz",
                "logStreamName": "s",
                "logEvents": [{"timestamp": 1_700_000_000_000, "message": "hello"}],
            },
        ),
        ("FilterLogEvents", {"logGroupName": "fuzz", "filterPattern": '{ $.a = "b" && $.c > 1 }'}),
        ("GetLogEvents", {"logGroupName": "fuzz", "logStreamName": "s", "limit": 10}),
        ("DescribeLogGroups", {"logGroupNamePrefix": "f", "limit": 5}),
    ],
    "lambda": [
        (
            "CreateFunction",
            {
                "FunctionName": "fuzz",
                "Runtime": "python3.12",
                "Role": f"arn:aws:iam::{KEY}:role/r",
                "Handler": "a.b",
                "Code": {"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
            },
        ),
        ("Invoke", {"FunctionName": "fuzz", "Payload": b'{"a": 1}', "LogType": "Tail"}),
        ("GetFunction", {"FunctionName": f"arn:aws:lambda:us-east-1:{KEY}:function:fuzz"}),
        ("ListFunctions", {"MaxItems": 5}),
        (
            "CreateEventSourceMapping",
            {"FunctionName": "fuzz", "EventSourceArn": QUEUE_ARN, "BatchSize": 10},
        ),
    ],
}


@dataclass(slots=True)
class Question:
    """A signed request, and what it asks for."""

    about: str
    head: bytes
    body: bytes


def corpus(chance: random.Random, now: int) -> list[Question]:
    found = []
    for service in (one.name for one in SERVICES):
        for protocol in api_requests.protocols_of(service):
            for operation, params in SEQUENCES.get(service, []):
                found.append(question(service, operation, params, protocol, now))
            for operation in api_requests.chosen(chance, service, 12):
                params = api_requests.example(service, operation, str(chance.random()))
                found.append(question(service, operation, params, protocol, now))
    for service in OTHERS:
        for protocol in api_requests.protocols_of(service):
            for operation in api_requests.chosen(chance, service, 3):
                params = api_requests.example(service, operation, str(chance.random()))
                found.append(question(service, operation, params, protocol, now))
    return found


def question(
    service: str, operation: str, params: dict[str, Any], protocol: str, now: int
) -> Question:
    data = api_requests.written(service, operation, params, protocol=protocol, now=now, key=KEY)
    head, _, body = data.partition(b"\r\n\r\n")
    head = re.sub(rb"(?i)\r\ncontent-length: [0-9]+", b"", head)
    return Question(f"{service} {operation} by {protocol}", head, body)


def distorted(chance: random.Random, asked: Question, others: list[Question]) -> bytes:
    """Damage the values, the body, the head, or the bytes of the whole."""
    head, body = asked.head, asked.body
    how = chance.random()
    if how < 0.45:
        if body[:1] == b"{":
            body = distorted_json(chance, body)
        elif b"rpc-v2-cbor" in head:
            body = distorted_cbor(chance, body)
        else:
            body = damage_part(chance, body)
    elif how < 0.6:
        body = damage(chance, body, [chance.choice(others).body])
    elif how < 0.8:
        first, _, rest = head.partition(b"\r\n")
        if chance.random() < 0.5:
            first = damage_part(chance, first)
        else:
            rest = damage(chance, rest, [chance.choice(others).head])
        head = first + b"\r\n" + rest
    data = head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    if how > 0.9:
        other = chance.choice(others)
        data = damage(chance, data, [other.head + b"\r\n\r\n" + other.body])
    return data


def damage_part(chance: random.Random, text: bytes) -> bytes:
    """Change one value of a form, or one word of a line."""
    parts = re.split(rb"([&=/? ])", text)
    at = chance.randrange(len(parts))
    parts[at] = damage(chance, parts[at], [b"0"])
    return b"".join(parts)


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[App]:
    fleet = FakeFleet(handlers={"a.b": lambda event, context: event})
    app = App(Settings(port=0, data=data / "data"), fleet=fleet)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


class Visit(MemoryTransport):
    """One connection; `is_over` is done when the server has closed it."""

    def __init__(self, app: App) -> None:
        super().__init__(app.server.connect(set(), ""))
        self.is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        super().close()
        if not self.is_over.done():
            self.is_over.set_result(None)


async def visit(app: App, data: bytes) -> bytes:
    """Send all of it, then close our half: that ends long polls, not work."""
    transport = Visit(app)
    connection = transport.connection
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(data)
    if not transport.is_closed:
        connection.eof_received()
    try:
        await asyncio.wait_for(transport.is_over, ANSWER_SECONDS)
    except TimeoutError:
        raise AssertionError("No answer came.") from None
    return bytes(transport.written)


def problem_of(answer: bytes) -> str | None:
    # The answer to a HEAD has no room for a code.
    is_named = b"NotImplemented" in answer or answer.endswith(b"\r\n\r\n")
    for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer):
        if status[:1] == b"5" and not (status == b"501" and is_named):
            return answer.decode("latin-1")[:600]
    return None


async def play(app: App, seed: int) -> None:
    chance = random.Random(seed)
    now = app.kernel.clock.real_now()
    questions = corpus(chance, now)
    problems: list[str] = []

    async def ask(number: int, about: str, data: bytes) -> None:
        try:
            answer = await visit(app, data)
        except (AssertionError, RuntimeError, TypeError, ValueError, LookupError) as error:
            problems.append(f"seed {seed}, {number}, {about}: {error!r} {data[:1500]!r}")
            return
        found = problem_of(answer)
        if found is not None:
            problems.append(f"seed {seed}, {number}, {about}: {found} to {data[:1500]!r}")

    for first in range(0, len(questions) + ROUNDS, AT_ONCE):
        batch = []
        for number in range(first, first + AT_ONCE):
            # Each as it should be at first, so that there is something to damage.
            is_whole = number < len(questions)
            asked = questions[number] if is_whole else chance.choice(questions)
            data = asked.head + b"\r\nContent-Length: %d\r\n\r\n" % len(asked.body) + asked.body
            if not is_whole:
                data = distorted(chance, asked, questions)
            batch.append(ask(number, asked.about, data))
        await asyncio.gather(*batch)
    if problems:
        pytest.fail(f"{len(problems)} problems, among them: " + "\n".join(problems[:3]))


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_requests_never_give_a_server_error(seed: int, tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path) as app:
            await play(app, seed)
            health = await visit(app, b"GET /_pileus/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert health.startswith(b"HTTP/1.1 200 OK\r\n")

    uvloop.run(run())
