"""Queues on streams: received, acknowledged, redelivered, dead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from e2e.kinesis.reading import put, refusal
from pileus.services.kinesis.queues import receives
from pileus.services.kinesis.queues.receives import Found, Wanted
from support.running import Running

Arn = Callable[[str], str]
HOUR = 3_600


@pytest.fixture
def stream(kinesis: Any) -> str:
    """The name of a stream on demand."""
    kinesis.create_stream(StreamName="orders", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    return "orders"


@pytest.fixture
def make(kinesis: Any, stream: str, arn: Arn) -> Callable[..., str]:
    """`make(**attributes)`: the ARN of a queue that begins with the stream's oldest record."""

    def create(name: str = "q", start: str = "TRIM_HORIZON", **attributes: Any) -> str:
        where = {"StreamARN": arn(stream), "StartingPosition": {"Type": start}}
        answer = kinesis.create_queue(
            QueueName=name, StreamConfigurationList=[where], QueueAttributes=attributes
        )
        found: str = answer["QueueDescription"]["QueueARN"]
        return found

    return create


def receive(kinesis: Any, queue: str, dead: str = "", **how: Any) -> list[dict[str, Any]]:
    operation = getattr(kinesis, f"receive_{dead}queue_records")
    found: list[dict[str, Any]] = operation(QueueARN=queue, WaitTimeSeconds=1, **how)[
        "QueueRecords"
    ]
    return found


@pytest.fixture
def is_empty(pileus: Running, stream: str, arn: Arn) -> Callable[..., bool]:
    """Whether a look finds nothing; a receive would wait for a real second to say so."""

    def look(queue: str, is_dead: bool = False) -> bool:
        while True:
            found: Found = pileus.run(
                pileus.app.kernel.store.transact(
                    receives.look, queue, Wanted(10, None, is_dead), about=arn(stream)
                )
            )
            if not found.is_unfinished:
                return not found.records

    return look


def handles(found: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"ReceiptHandle": each["ReceiptHandle"]} for each in found]


def test_a_queue_is_described_listed_changed_and_removed(
    kinesis: Any, stream: str, arn: Arn, make: Callable[..., str], pileus: Running
) -> None:
    queue = make()
    described = kinesis.describe_queue(QueueARN=queue)["QueueDescription"]
    assert pileus.now // 1000 == int(described.pop("QueueCreationTimestamp").timestamp())
    assert {
        "QueueName": "q",
        "QueueARN": queue,
        "QueueStatus": "ACTIVE",
        "StreamConfigurationList": [
            {"StreamARN": arn(stream), "StartingPosition": {"Type": "TRIM_HORIZON"}}
        ],
        "QueueAttributes": {
            "VisibilityTimeoutSeconds": 30,
            "DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 6},
        },
    } == described
    changed = {"DeadLetterConfiguration": {"TargetType": "NONE"}}
    kinesis.update_queue(QueueARN=queue, QueueAttributes=changed)
    described = kinesis.describe_queue(QueueARN=queue)["QueueDescription"]
    assert {"VisibilityTimeoutSeconds": 30, **changed} == described["QueueAttributes"]
    kinesis.tag_resource(ResourceARN=queue, Tags={"a": "b"})
    assert [{"Key": "a", "Value": "b"}] == kinesis.list_tags_for_resource(ResourceARN=queue)["Tags"]
    make("r")
    page = kinesis.list_queues(MaxResults=1)
    assert ["q"] == [each["QueueName"] for each in page["QueueSummaries"]]
    page = kinesis.list_queues(NextToken=page["NextToken"])
    assert ["r"] == [each["QueueName"] for each in page["QueueSummaries"]]
    assert arn(stream) == page["QueueSummaries"][0]["Streams"][0]["StreamARN"]
    assert [] == kinesis.list_queues(StreamFilter=[{"StreamARN": arn("x")}])["QueueSummaries"]
    kinesis.delete_queue(QueueARN=queue)
    assert ("ResourceNotFoundException", f"Queue {queue} not found.") == refusal(
        kinesis.describe_queue, QueueARN=queue
    )
    make()


def test_a_record_is_received_until_it_is_acknowledged(
    kinesis: Any, stream: str, make: Callable[..., str], is_empty: Callable[..., bool],
    pileus: Running,
) -> None:  # fmt: skip
    queue = make(VisibilityTimeoutSeconds=20)
    kinesis.put_records(
        StreamName=stream,
        Records=[{"Data": f"{n}".encode(), "PartitionKey": f"{n}"} for n in range(25)],
    )
    found = [record for _ in range(3) for record in receive(kinesis, queue)]
    assert {f"{n}".encode() for n in range(25)} == {each["Data"] for each in found}
    assert 25 == len(found)
    assert {1} == {each["ReceiveCount"] for each in found}
    assert is_empty(queue)
    for start in range(0, 20, 10):
        answer = kinesis.acknowledge_queue_records(
            QueueARN=queue, Entries=handles(found[start : start + 10])
        )
        assert [10, 0] == [len(answer["Successful"]), len(answer["Failed"])]
    pileus.advance(20)
    again = receive(kinesis, queue)
    assert {each["RecordId"] for each in found[20:]} == {each["RecordId"] for each in again}
    assert {2} == {each["ReceiveCount"] for each in again}
    assert {each["Data"]: each["PartitionKey"] for each in found[20:]} == {
        each["Data"]: each["PartitionKey"] for each in again
    }
    answer = kinesis.acknowledge_queue_records(QueueARN=queue, Entries=handles(found[19:21]))
    assert ["ResourceNotFoundException", "InvalidArgumentException"] == [
        each["ErrorCode"] for each in answer["Failed"]
    ]


def test_a_record_that_is_never_acknowledged_becomes_a_dead_letter(
    kinesis: Any, stream: str, make: Callable[..., str], is_empty: Callable[..., bool],
    pileus: Running,
) -> None:  # fmt: skip
    letters = {"TargetType": "BUILT_IN", "MaxReceiveCount": 2}
    queue = make(VisibilityTimeoutSeconds=10, DeadLetterConfiguration=letters)
    put(kinesis, stream, b"bad")
    for count in (1, 2):
        assert [count] == [each["ReceiveCount"] for each in receive(kinesis, queue)]
        pileus.advance(10)
    assert is_empty(queue)
    (letter,) = receive(kinesis, queue, "dead_letter_")
    assert (b"bad", 3) == (letter["Data"], letter["ReceiveCount"])
    assert is_empty(queue, is_dead=True)
    held = handles([letter])
    assert "InvalidArgumentException" == kinesis.acknowledge_queue_records(
        QueueARN=queue, Entries=held
    )["Failed"][0]["ErrorCode"]  # fmt: skip
    kinesis.restore_dead_letter_queue_records(QueueARN=queue, Entries=held)
    assert is_empty(queue, is_dead=True)
    (restored,) = receive(kinesis, queue)
    assert 1 == restored["ReceiveCount"]
    pileus.advance(10)
    receive(kinesis, queue)
    pileus.advance(10)
    # The one that looks for dead letters finds what has just become one.
    (letter,) = receive(kinesis, queue, "dead_letter_", VisibilityTimeoutSeconds=100)
    kinesis.update_dead_letter_queue_records_visibility(
        QueueARN=queue, Entries=[{**handles([letter])[0], "VisibilityTimeoutSeconds": 0}]
    )
    (letter,) = receive(kinesis, queue, "dead_letter_")
    kinesis.acknowledge_dead_letter_queue_records(QueueARN=queue, Entries=handles([letter]))
    pileus.advance(100)
    assert is_empty(queue) and is_empty(queue, is_dead=True)


def test_a_record_is_kept_hidden_for_as_long_as_its_receiver_says(
    kinesis: Any, stream: str, make: Callable[..., str], is_empty: Callable[..., bool],
    pileus: Running,
) -> None:  # fmt: skip
    queue = make()
    put(kinesis, stream, b"slow")
    (held,) = handles(receive(kinesis, queue, VisibilityTimeoutSeconds=60))
    pileus.advance(59)
    kinesis.update_queue_records_visibility(
        QueueARN=queue, Entries=[{**held, "VisibilityTimeoutSeconds": 100}]
    )
    pileus.advance(99)
    assert is_empty(queue)
    kinesis.update_queue_records_visibility(
        QueueARN=queue, Entries=[{**held, "VisibilityTimeoutSeconds": 0}]
    )
    assert 1 == len(receive(kinesis, queue))


def test_a_queue_begins_where_it_is_told_and_ends_with_retention(
    kinesis: Any, stream: str, make: Callable[..., str], is_empty: Callable[..., bool],
    pileus: Running,
) -> None:  # fmt: skip
    put(kinesis, stream, b"before")
    latest, oldest = make("latest", "LATEST"), make("oldest")
    pileus.advance(HOUR)
    put(kinesis, stream, b"after")
    assert [b"after"] == [each["Data"] for each in receive(kinesis, latest)]
    assert [b"before"] == [each["Data"] for each in receive(kinesis, oldest, Limit=1)]
    pileus.advance(23 * HOUR)
    assert [b"after"] == [each["Data"] for each in receive(kinesis, oldest)]
    pileus.advance(2 * HOUR)
    assert is_empty(oldest) and is_empty(latest)


def test_receivers_share_what_comes_and_a_wait_ends_with_it(
    kinesis: Any, stream: str, make: Callable[..., str], is_empty: Callable[..., bool],
    pileus: Running,
) -> None:  # fmt: skip
    queue = make()
    assert [] == receive(kinesis, queue)
    put(kinesis, stream, b"a", b"b")
    assert [1, 1] == [len(receive(kinesis, queue, Limit=1)) for _ in range(2)]
    assert is_empty(queue)


def test_what_aws_refuses(kinesis: Any, stream: str, arn: Arn, make: Callable[..., str]) -> None:
    make()
    assert ("ResourceInUseException", "Queue q already exists.") == refusal(make)
    assert "ResourceInUseException" == refusal(kinesis.delete_stream, StreamName=stream)[0]
    provisioned = {"StreamMode": "PROVISIONED"}
    assert "ResourceInUseException" == refusal(
        kinesis.update_stream_mode, StreamARN=arn(stream), StreamModeDetails=provisioned
    )[0]  # fmt: skip
    kinesis.create_stream(StreamName="p", ShardCount=1)
    where = [{"StreamARN": arn("p")}]
    assert "ValidationException" == refusal(
        kinesis.create_queue, QueueName="p", StreamConfigurationList=where
    )[0]  # fmt: skip
    assert "ResourceNotFoundException" == refusal(
        kinesis.create_queue, QueueName="p", StreamConfigurationList=[{"StreamARN": arn("none")}]
    )[0]  # fmt: skip
    assert "ValidationException" == refusal(
        kinesis.create_queue, QueueName="p", StreamConfigurationList=where * 2
    )[0]  # fmt: skip
    assert "ValidationException" == refusal(make, name="x", start="AT_TIMESTAMP")[0]
    assert "ValidationException" == refusal(
        make, name="x", DeadLetterConfiguration={"TargetType": "BUILT_IN"}
    )[0]  # fmt: skip
    # A name whose queue was not made is free.
    make("p")
    gone = f"{arn(stream).replace('stream/', 'queue/')}:{0:012x}"
    for queue in (gone, arn("x").replace("stream/", "queue/")):
        assert ("ResourceNotFoundException", f"Queue {queue} not found.") == refusal(
            kinesis.receive_queue_records, QueueARN=queue
        )


def test_a_stream_has_twenty_consumers_and_queues_at_most(
    kinesis: Any, stream: str, arn: Arn, make: Callable[..., str]
) -> None:
    for number in range(19):
        kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName=f"c{number}")
    make()
    assert "LimitExceededException" == refusal(make, name="r")[0]
