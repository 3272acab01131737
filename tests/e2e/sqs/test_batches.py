"""The three batch operations by boto3."""

from __future__ import annotations

from hashlib import md5
from typing import Any

import pytest

from e2e.sqs.asking import bodies, counts, create, receive, refusal, send
from support.running import Running

MIB = 1_048_576
ENTRY_TYPES = {
    "send_message_batch": "SendMessageBatchRequestEntry",
    "delete_message_batch": "DeleteMessageBatchRequestEntry",
    "change_message_visibility_batch": "ChangeMessageVisibilityBatchRequestEntry",
}


def entries(count: int, **members: Any) -> list[dict[str, Any]]:
    return [{"Id": str(number), "MessageBody": f"m{number}", **members} for number in range(count)]


def entries_for(operation: str, ids: list[str]) -> list[dict[str, Any]]:
    members = {"MessageBody": "x"} if operation.startswith("send") else {"ReceiptHandle": "x"}
    return [{"Id": entry_id, **members} for entry_id in ids]


def failures(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(failed["Id"], failed["Code"]) for failed in answer.get("Failed", [])]


def successes(answer: dict[str, Any]) -> list[str]:
    return [successful["Id"] for successful in answer.get("Successful", [])]


@pytest.fixture(params=ENTRY_TYPES)
def operation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_batch_has_entries(sqs: Any, operation: str) -> None:
    assert (
        "EmptyBatchRequest",
        f"There should be at least one {ENTRY_TYPES[operation]} in the request.",
    ) == refusal(getattr(sqs, operation), QueueUrl=create(sqs), Entries=[])


def test_a_batch_has_up_to_ten_entries(sqs: Any, operation: str) -> None:
    wanted = entries_for(operation, [str(number) for number in range(11)])
    assert (
        "TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 11.",
    ) == refusal(getattr(sqs, operation), QueueUrl=create(sqs), Entries=wanted)


def test_entry_ids_are_distinct(sqs: Any, operation: str) -> None:
    assert ("BatchEntryIdsNotDistinct", "Id b repeated.") == refusal(
        getattr(sqs, operation), QueueUrl=create(sqs),
        Entries=entries_for(operation, ["a", "b", "b"]),
    )  # fmt: skip


@pytest.mark.parametrize("entry_id", ["", "a" * 81, "a:b", "ü"])
def test_entry_ids_have_80_letters_digits_hyphens_underscores(
    sqs: Any, operation: str, entry_id: str
) -> None:
    assert (
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It "
        "can be at most 80 letters long.",
    ) == refusal(
        getattr(sqs, operation), QueueUrl=create(sqs), Entries=entries_for(operation, [entry_id])
    )


def test_a_batch_is_for_a_queue_that_is_there(sqs: Any, operation: str) -> None:
    code, _ = refusal(
        getattr(sqs, operation), QueueUrl="nobody", Entries=entries_for(operation, ["a"])
    )
    assert "QueueDoesNotExist" == code


# Sending.


def test_a_batch_of_ten_is_sent_in_order(sqs: Any) -> None:
    url = create(sqs)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries(10))
    assert [str(number) for number in range(10)] == successes(answer)
    assert "Failed" not in answer
    assert [md5(f"m{number}".encode()).hexdigest() for number in range(10)] == [
        entry["MD5OfMessageBody"] for entry in answer["Successful"]
    ]
    received = receive(sqs, url)
    assert [entry["MessageId"] for entry in answer["Successful"]] == [
        message["MessageId"] for message in received
    ]
    assert [f"m{number}" for number in range(10)] == [message["Body"] for message in received]


def test_bad_entries_fail_alone(sqs: Any) -> None:
    url = create(sqs, MaximumMessageSize="1024")
    wanted = entries(6)
    wanted[0]["MessageBody"] = ""
    wanted[1]["MessageBody"] = "\x00"
    wanted[2]["MessageBody"] = "x" * 1025
    wanted[3]["DelaySeconds"] = 901
    wanted[4]["MessageDeduplicationId"] = "d"
    answer = sqs.send_message_batch(QueueUrl=url, Entries=wanted)
    assert [
        ("0", "MissingParameter"),
        ("1", "InvalidMessageContents"),
        ("2", "InvalidParameterValue"),
        ("3", "InvalidParameterValue"),
        ("4", "InvalidParameterValue"),
    ] == failures(answer)
    assert [True] * 5 == [failed["SenderFault"] for failed in answer["Failed"]]
    assert (
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
        == answer["Failed"][2]["Message"]
    )
    assert ["5"] == successes(answer)
    assert ((1, 0, 0), ["m5"]) == (counts(sqs, url), bodies(sqs, url))


def test_a_batch_has_up_to_1_mib(sqs: Any) -> None:
    url = create(sqs)
    wanted = entries(4)
    for entry in wanted:
        entry["MessageBody"] = "x" * (MIB // 4)
    sqs.send_message_batch(QueueUrl=url, Entries=wanted)
    wanted[0]["MessageBody"] += "x"
    assert (
        "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    ) == refusal(sqs.send_message_batch, QueueUrl=url, Entries=wanted)
    assert (4, 0, 0) == counts(sqs, url)


def test_entries_have_delays_and_attributes(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    wanted = entries(2)
    wanted[1]["DelaySeconds"] = 10
    wanted[1]["MessageAttributes"] = {"a": {"DataType": "String", "StringValue": "v"}}
    answer = sqs.send_message_batch(QueueUrl=url, Entries=wanted)
    assert ((1, 0, 1), ["m0"]) == (counts(sqs, url), bodies(sqs, url))
    pileus.advance(10)
    [message] = receive(sqs, url, MessageAttributeNames=["All"])
    assert answer["Successful"][1]["MD5OfMessageAttributes"] == message["MD5OfMessageAttributes"]


def test_a_fifo_batch_keeps_order_and_drops_duplicates(sqs: Any) -> None:
    url = create(sqs, "q.fifo", ContentBasedDeduplication="true")
    wanted = entries(4, MessageGroupId="g")
    wanted[2]["MessageBody"] = "m0"
    del wanted[3]["MessageGroupId"]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=wanted)
    assert [("3", "MissingParameter")] == failures(answer)
    first, second, again = answer["Successful"]
    assert (first["MessageId"], first["SequenceNumber"]) == (
        again["MessageId"], again["SequenceNumber"],
    )  # fmt: skip
    assert int(first["SequenceNumber"]) < int(second["SequenceNumber"])
    assert ((2, 0, 0), ["m0", "m1"]) == (counts(sqs, url), bodies(sqs, url))


# Deleting and changing visibility.


def test_handles_are_deleted_one_by_one(sqs: Any) -> None:
    url, other = create(sqs), create(sqs, "other")
    for body in "abc":
        send(sqs, url, body)
    send(sqs, other)
    handles = [message["ReceiptHandle"] for message in receive(sqs, url)]
    [foreign] = receive(sqs, other)
    wanted = [
        {"Id": "0", "ReceiptHandle": handles[0]},
        {"Id": "1", "ReceiptHandle": "nonsense"},
        {"Id": "2", "ReceiptHandle": handles[1]},
        {"Id": "3", "ReceiptHandle": foreign["ReceiptHandle"]},
    ]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=wanted)
    assert ["0", "2"] == successes(answer)
    assert [("1", "ReceiptHandleIsInvalid"), ("3", "ReceiptHandleIsInvalid")] == failures(answer)
    assert (0, 1, 0) == counts(sqs, url)


def test_timeouts_are_changed_one_by_one(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    for body in "abc":
        send(sqs, url, body)
    handles = [message["ReceiptHandle"] for message in receive(sqs, url)]
    wanted = [
        {"Id": "back", "ReceiptHandle": handles[0], "VisibilityTimeout": 0},
        {"Id": "long", "ReceiptHandle": handles[1], "VisibilityTimeout": 100},
        {"Id": "none", "ReceiptHandle": handles[2]},
        {"Id": "wrong", "ReceiptHandle": handles[2], "VisibilityTimeout": 43201},
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=wanted)
    assert ["back", "long"] == successes(answer)
    assert [("none", "MissingParameter"), ("wrong", "InvalidParameterValue")] == failures(answer)
    assert ((1, 2, 0), ["a"]) == (counts(sqs, url), bodies(sqs, url, VisibilityTimeout=100))
    pileus.advance(99)
    assert ["c"] == bodies(sqs, url, VisibilityTimeout=100)
    pileus.advance(1)
    assert ["a", "b"] == sorted(bodies(sqs, url))
