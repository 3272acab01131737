"""The rates that `--limits aws` enforces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sqs.asking import bodies, create, put, receive, refusal, send
from support.running import Running

THROTTLED = ("RequestThrottled", "Request is throttled.")


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that keeps to AWS's rates."""
    running = Running(tmp_path_factory.mktemp("pileus"), limits="aws").start()
    running.freeze()
    yield running
    running.stop()


def test_a_deleted_queues_name_is_free_after_60_seconds(sqs: Any, pileus: Running) -> None:
    sqs.delete_queue(QueueUrl=create(sqs))
    pileus.advance(59)
    assert (
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the "
        "same name.",
    ) == refusal(sqs.create_queue, QueueName="q")
    create(sqs, "another")
    pileus.advance(1)
    create(sqs)


def test_a_queue_is_purged_once_in_60_seconds(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    sqs.purge_queue(QueueUrl=url)
    pileus.advance(59)
    assert (
        "PurgeQueueInProgress",
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
    ) == refusal(sqs.purge_queue, QueueUrl=url)
    pileus.advance(1)
    sqs.purge_queue(QueueUrl=url)


def test_a_fifo_queue_takes_300_calls_a_second(sqs: Any, pileus: Running) -> None:
    url = create(sqs, "q.fifo")
    for number in range(300):
        put(sqs, url, f"g{number}", str(number))
    assert THROTTLED == refusal(
        sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g",
        MessageDeduplicationId="x",
    )  # fmt: skip
    assert 10 == len(receive(sqs, url))
    pileus.advance(1)
    put(sqs, url, "g", "x")


def test_in_high_throughput_mode_each_group_has_its_rate(sqs: Any, pileus: Running) -> None:
    url = create(
        sqs, "fast.fifo", DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )  # fmt: skip
    for number in range(300):
        put(sqs, url, "a", str(number))
    assert THROTTLED == refusal(
        sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="a",
        MessageDeduplicationId="x",
    )  # fmt: skip
    put(sqs, url, "b", "x")


def test_a_standard_queue_has_no_such_rate(sqs: Any) -> None:
    url = create(sqs)
    for number in range(301):
        send(sqs, url, str(number))
    assert ["0"] == bodies(sqs, url, 1)
