"""Consumers with enhanced fan-out, and their subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from e2e.kinesis.reading import SHARD, data, put, refusal
from support.running import Running

Arn = Callable[[str], str]


@pytest.fixture
def consumer(kinesis: Any, stream: str, arn: Arn) -> str:
    """The ARN of a consumer of the stream."""
    made = kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")
    found: str = made["Consumer"]["ConsumerARN"]
    return found


def subscribe(kinesis: Any, consumer: str, kind: str = "TRIM_HORIZON", **how: Any) -> Any:
    position = {"Type": kind, **how}
    return kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=SHARD, StartingPosition=position
    )["EventStream"]


def events(stream: Iterator[Any]) -> Iterator[dict[str, Any]]:
    return (event["SubscribeToShardEvent"] for event in stream)


def test_a_consumer_is_described_listed_and_removed(
    kinesis: Any, stream: str, arn: Arn, pileus: Running
) -> None:
    made = kinesis.register_stream_consumer(
        StreamARN=arn(stream), ConsumerName="c", Tags={"a": "b"}
    )["Consumer"]
    expected = f"{arn(stream)}/consumer/c:{pileus.now // 1000}"
    assert ("c", expected, "CREATING") == (
        made["ConsumerName"], made["ConsumerARN"], made["ConsumerStatus"],
    )  # fmt: skip
    tags = kinesis.list_tags_for_resource(ResourceARN=expected)["Tags"]
    assert [{"Key": "a", "Value": "b"}] == tags
    for named in ({"ConsumerARN": expected}, {"StreamARN": arn(stream), "ConsumerName": "c"}):
        found = kinesis.describe_stream_consumer(**named)["ConsumerDescription"]
        assert (expected, arn(stream), "ACTIVE") == (
            found["ConsumerARN"], found["StreamARN"], found["ConsumerStatus"],
        )  # fmt: skip
    kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="d")
    first = kinesis.list_stream_consumers(StreamARN=arn(stream), MaxResults=1)
    rest = kinesis.list_stream_consumers(StreamARN=arn(stream), NextToken=first["NextToken"])
    assert [["c"], ["d"]] == [
        [each["ConsumerName"] for each in page["Consumers"]] for page in (first, rest)
    ]
    kinesis.deregister_stream_consumer(ConsumerARN=expected)
    assert "ResourceNotFoundException" == refusal(
        kinesis.describe_stream_consumer, ConsumerARN=expected
    )[0]  # fmt: skip


def test_consumers_that_aws_refuses(
    kinesis: Any, stream: str, arn: Arn, account: str, consumer: str
) -> None:
    register = kinesis.register_stream_consumer
    assert (
        "ResourceInUseException",
        f"Consumer c under stream {stream} under account {account} already exists.",
    ) == refusal(register, StreamARN=arn(stream), ConsumerName="c")
    for number in range(19):
        register(StreamARN=arn(stream), ConsumerName=f"c{number}")
    assert "LimitExceededException" == refusal(
        register, StreamARN=arn(stream), ConsumerName="more"
    )[0]  # fmt: skip
    assert (
        "InvalidArgumentException",
        "Either ConsumerARN, or StreamARN and ConsumerName, must be specified.",
    ) == refusal(kinesis.describe_stream_consumer, StreamARN=arn(stream))


def test_a_subscription_gets_what_is_there_and_what_comes(
    kinesis: Any, stream: str, consumer: str
) -> None:
    put(kinesis, stream, b"a")
    found = subscribe(kinesis, consumer)
    told = events(found)
    first = next(told)
    assert [b"a"] == data(first["Records"])
    assert (0, first["Records"][0]["SequenceNumber"]) == (
        first["MillisBehindLatest"], first["ContinuationSequenceNumber"],
    )  # fmt: skip
    put(kinesis, stream, b"b")
    assert [b"b"] == data(next(told)["Records"])
    found.close()


def test_a_subscription_goes_on_where_the_last_one_was(
    kinesis: Any, stream: str, consumer: str, pileus: Running
) -> None:
    put(kinesis, stream, b"a")
    first = subscribe(kinesis, consumer, "LATEST")
    event = next(events(first))
    assert [] == event["Records"]
    number = event["ContinuationSequenceNumber"]
    first.close()
    put(kinesis, stream, b"b")
    pileus.advance(5)
    second = subscribe(kinesis, consumer, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
    assert [b"b"] == data(next(events(second))["Records"])
    second.close()


def test_a_shard_may_be_named_by_its_number(kinesis: Any, stream: str, consumer: str) -> None:
    found = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId="0", StartingPosition={"Type": "LATEST"}
    )["EventStream"]  # fmt: skip
    told = events(found)
    assert [] == next(told)["Records"]
    put(kinesis, stream, b"a")
    assert [b"a"] == data(next(told)["Records"])
    found.close()


def test_the_end_of_a_shard_ends_its_subscription(kinesis: Any, stream: str, consumer: str) -> None:
    found = subscribe(kinesis, consumer)
    told = events(found)
    next(told)
    put(kinesis, stream, b"a")
    assert [b"a"] == data(next(told)["Records"])
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey="5")
    (last,) = told
    assert 2 == len(last["ChildShards"])
    assert "ContinuationSequenceNumber" not in last


def test_a_subscription_ends_after_five_minutes(
    kinesis: Any, consumer: str, pileus: Running
) -> None:
    found = subscribe(kinesis, consumer)
    told = events(found)
    next(told)
    pileus.advance(300)
    assert [] == list(told)


def test_one_subscription_holds_a_shard(
    kinesis: Any, stream: str, consumer: str, pileus: Running, account: str
) -> None:
    first = subscribe(kinesis, consumer)
    told = events(first)
    next(told)
    expected = f"Another active subscription exists for this consumer: {account}:{stream}:{SHARD}:c"
    position = {"Type": "LATEST"}
    params = {"ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": position}
    assert ("ResourceInUseException", expected) == refusal(kinesis.subscribe_to_shard, **params)
    pileus.advance(5)
    second = subscribe(kinesis, consumer)
    with pytest.raises(EventStreamError, match="ResourceInUseException"):
        list(told)
    assert [] == next(events(second))["Records"]
    second.close()


def test_a_subscription_ends_with_its_consumer(kinesis: Any, consumer: str) -> None:
    told = events(subscribe(kinesis, consumer))
    next(told)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(EventStreamError, match="ResourceNotFoundException"):
        list(told)


def test_two_consumers_read_at_their_own_pace(kinesis: Any, stream: str, arn: Arn) -> None:
    put(kinesis, stream, b"a", b"b")
    for name in ("one", "two"):
        made = kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName=name)
        found = subscribe(kinesis, made["Consumer"]["ConsumerARN"])
        assert [b"a", b"b"] == data(next(events(found))["Records"])
        found.close()


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ShardId": "shardId-000000000009"}, "ResourceNotFoundException"),
        ({"StartingPosition": {"Type": "AT_TIMESTAMP"}}, "InvalidArgumentException"),
        ({"StartingPosition": {"Type": "AT_SEQUENCE_NUMBER"}}, "InvalidArgumentException"),
        ({"DryRun": True}, "DryRunOperationException"),
    ],
)
def test_subscriptions_that_aws_refuses(
    kinesis: Any, consumer: str, params: dict[str, Any], code: str
) -> None:
    given = {
        "ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}, **params,
    }  # fmt: skip
    assert code == refusal(kinesis.subscribe_to_shard, **given)[0]
