"""The same services on PostgreSQL: one journey through what the embedded store also does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import Server, running_server
from support.running import Running


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


def test_messages_survive_a_restart_and_obey_the_clock(url: str, tmp_path: Path) -> None:
    running = Running(tmp_path, store=url).start()
    running.freeze()
    sqs = running.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead",
        "maxReceiveCount": "1",
    }
    queue = sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    fifo = sqs.create_queue(QueueName="queue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number in range(20):
        sqs.send_message(QueueUrl=queue, MessageBody=f"m{number}")
        sqs.send_message(
            QueueUrl=fifo, MessageBody=str(number), MessageGroupId="g",
            MessageDeduplicationId=str(number % 10),
        )  # fmt: skip
    running.stop()

    running = Running(tmp_path, store=url).start()
    try:
        sqs = running.client("sqs")
        urls = sqs.list_queues()["QueueUrls"]
        queue, fifo, dead = (
            next(u for u in urls if u.endswith(f"/{name}"))
            for name in ("queue", "queue.fifo", "dead")
        )
        got = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
        assert [str(number) for number in range(10)] == [m["Body"] for m in got]
        seen = set()
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            seen |= {m["Body"] for m in found}
        assert {f"m{number}" for number in range(20)} == seen
        running.advance(31)
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        taken = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
        assert 10 == len(taken)
        running.advance("P4D")
        for name in (queue, fifo, dead):
            assert "Messages" not in sqs.receive_message(QueueUrl=name)
    finally:
        running.stop()
