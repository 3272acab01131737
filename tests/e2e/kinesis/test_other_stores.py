"""A stream's life on PostgreSQL, and where partitions are split between two files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from e2e.kinesis.reading import SHARD, data, put, records
from support.postgres import Server
from support.running import Running

Arn = Callable[[str], str]


@pytest.fixture(scope="module", params=["postgres", "two files"])
def pileus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pileus")
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        url = server.new_database()
        yield from _running(Running(folder, store=url))
        server.drop_database(url)
    else:
        yield from _running(Running(folder, store_files=2))


def _running(running: Running) -> Iterator[Running]:
    running.start().freeze()
    yield running
    running.stop()


def test_a_stream_is_filled_resharded_read_and_forgotten(
    kinesis: Any, arn: Arn, pileus: Running
) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"a": "b"})
    pileus.advance(0)
    assert ["s"] == kinesis.list_streams()["StreamNames"]
    numbers = put(kinesis, "s", b"a", b"\x00b", key="k\x00")
    entries = [{"Data": b"%d" % n, "PartitionKey": "k"} for n in range(500)]
    kinesis.put_records(StreamName="s", Records=entries)
    after = records(kinesis, "s", kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])
    assert [b"%d" % n for n in range(500)] == data(after)
    kinesis.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    put(kinesis, "s", b"child")
    assert 502 == len(records(kinesis, "s"))
    assert [b"child"] == data(records(kinesis, "s", "shardId-000000000002"))
    consumer = kinesis.register_stream_consumer(StreamARN=arn("s"), ConsumerName="c")["Consumer"]
    told = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"], ShardId="shardId-000000000002",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]  # fmt: skip
    assert [b"child"] == data(next(iter(told))["SubscribeToShardEvent"]["Records"])
    told.close()
    kinesis.put_resource_policy(ResourceARN=arn("s"), Policy='{"Statement": [{}]}')
    pileus.advance(25 * 3_600)
    shards = kinesis.list_shards(StreamName="s")["Shards"]
    assert ["shardId-000000000001", "shardId-000000000002"] == [s["ShardId"] for s in shards]
    assert [] == records(kinesis, "s", "shardId-000000000002")
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    pileus.advance(0)
    assert [] == kinesis.list_streams()["StreamNames"]


def test_a_queue_delivers_and_is_forgotten(kinesis: Any, arn: Arn, pileus: Running) -> None:
    mode = {"StreamMode": "ON_DEMAND"}
    kinesis.create_stream(StreamName="s", StreamModeDetails=mode)
    where = {"StreamARN": arn("s"), "StartingPosition": {"Type": "TRIM_HORIZON"}}
    queue = kinesis.create_queue(
        QueueName="q", StreamConfigurationList=[where],
        QueueAttributes={
            "DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}
        },
    )["QueueDescription"]["QueueARN"]  # fmt: skip
    put(kinesis, "s", b"a", b"b")

    def receive(dead: str = "") -> list[dict[str, Any]]:
        operation = getattr(kinesis, f"receive_{dead}queue_records")
        return list(operation(QueueARN=queue, WaitTimeSeconds=1)["QueueRecords"])

    first, second = receive()
    assert {b"a", b"b"} == {first["Data"], second["Data"]}
    held = [{"ReceiptHandle": first["ReceiptHandle"]}]
    assert [] == kinesis.acknowledge_queue_records(QueueARN=queue, Entries=held)["Failed"]
    pileus.advance(30)
    (dead,) = receive("dead_letter_")
    assert second["RecordId"] == dead["RecordId"]
    pileus.advance(0)
    assert ["q"] == [each["QueueName"] for each in kinesis.list_queues()["QueueSummaries"]]
    kinesis.delete_queue(QueueARN=queue)
    pileus.advance(0)
    assert [] == kinesis.list_queues()["QueueSummaries"]
    kinesis.delete_stream(StreamName="s")
