"""The states of streams and consumers, played in platform time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from e2e.kinesis.reading import SHARD, data, put, records, refusal
from support.running import Running

Arn = Callable[[str], str]


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), aws_delays=True).start()
    running.freeze()
    yield running
    running.stop()


def test_a_stream_goes_through_aws_states(kinesis: Any, pileus: Running, account: str) -> None:
    def status() -> str:
        found = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        return str(found["StreamStatus"])

    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert "CREATING" == status()
    assert [] == kinesis.describe_stream(StreamName="s")["StreamDescription"]["Shards"]
    assert (
        "ResourceNotFoundException", f"Stream s under account {account} not found."
    ) == refusal(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="k")  # fmt: skip
    assert (
        "ResourceInUseException",
        f"Stream s under account {account} not ACTIVE, instead in state CREATING",
    ) == refusal(kinesis.delete_stream, StreamName="s")
    pileus.advance(15)
    assert "ACTIVE" == status()
    kinesis.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey="5")
    assert "UPDATING" == status()
    put(kinesis, "s", b"x")
    pileus.advance(10)
    assert "ACTIVE" == status()
    kinesis.delete_stream(StreamName="s")
    assert "DELETING" == status()
    assert [b"x"] == data(records(kinesis, "s", "shardId-000000000002"))
    pileus.advance(20)
    assert [] == kinesis.list_streams()["StreamNames"]


def test_a_consumer_is_made_in_ten_seconds(kinesis: Any, pileus: Running, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    pileus.advance(15)
    consumer = kinesis.register_stream_consumer(StreamARN=arn("s"), ConsumerName="c")["Consumer"]
    position = {"Type": "LATEST"}
    params = {"ConsumerARN": consumer["ConsumerARN"], "ShardId": SHARD}
    code, said = refusal(kinesis.subscribe_to_shard, StartingPosition=position, **params)
    assert ("ResourceInUseException", True) == (code, said.endswith("is not in ACTIVE status."))
    pileus.advance(10)

    def status() -> list[str]:
        found = kinesis.list_stream_consumers(StreamARN=arn("s"))["Consumers"]
        return [each["ConsumerStatus"] for each in found]

    assert ["ACTIVE"] == status()
    kinesis.deregister_stream_consumer(ConsumerARN=consumer["ConsumerARN"])
    assert ["DELETING"] == status()
    pileus.advance(5)
    assert [] == status()


def test_a_queue_goes_through_aws_states(kinesis: Any, pileus: Running, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    pileus.advance(15)
    answer = kinesis.create_queue(
        QueueName="q", StreamConfigurationList=[{"StreamARN": arn("s")}]
    )["QueueDescription"]  # fmt: skip
    assert "CREATING" == answer["QueueStatus"]
    queue = answer["QueueARN"]
    gone = ("ResourceNotFoundException", f"Queue {queue} not found.")
    assert gone == refusal(kinesis.receive_queue_records, QueueARN=queue)
    pileus.advance(10)
    attributes = {"VisibilityTimeoutSeconds": 1}
    answer = kinesis.update_queue(QueueARN=queue, QueueAttributes=attributes)["QueueDescription"]
    assert ("UPDATING", 1) == (
        answer["QueueStatus"], answer["QueueAttributes"]["VisibilityTimeoutSeconds"]
    )  # fmt: skip
    put(kinesis, "s", b"x")
    assert 1 == len(kinesis.receive_queue_records(QueueARN=queue)["QueueRecords"])
    assert (
        "ResourceInUseException", "Queue q not ACTIVE, instead in state UPDATING"
    ) == refusal(kinesis.update_queue, QueueARN=queue, QueueAttributes=attributes)  # fmt: skip
    pileus.advance(5)
    kinesis.delete_queue(QueueARN=queue)
    assert gone == refusal(kinesis.receive_queue_records, QueueARN=queue)
    pileus.advance(5)
    assert gone == refusal(kinesis.describe_queue, QueueARN=queue)
