"""What tests of queues ask for again and again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

ARN = "arn:aws:sqs:us-east-1"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    # The query protocol's code stands in Code, as AWS's own clients show it.
    return error.get("QueryErrorCode", error["Code"]), error["Message"]


def create(sqs: Any, name: str = "q", **attributes: str) -> str:
    if name.endswith(".fifo"):
        attributes = {"FifoQueue": "true", **attributes}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def send(sqs: Any, url: str, body: str = "hello", **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = sqs.send_message(QueueUrl=url, MessageBody=body, **params)
    answer.pop("ResponseMetadata")
    return answer


def put(sqs: Any, url: str, group: str, body: str, **params: Any) -> dict[str, Any]:
    """Send to a FIFO queue, with the body as deduplication id unless there is another."""
    params = {"MessageDeduplicationId": body, **params}
    return send(sqs, url, body, MessageGroupId=group, **params)


def receive(sqs: Any, url: str, count: int = 10, **params: Any) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, **params)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def bodies(sqs: Any, url: str, count: int = 10, **params: Any) -> list[str]:
    return [message["Body"] for message in receive(sqs, url, count, **params)]


def delete(sqs: Any, url: str, message: dict[str, Any]) -> None:
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def attributes(sqs: Any, url: str, *names: str) -> dict[str, str]:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])
    found: dict[str, str] = answer.get("Attributes", {})
    return found


def counts(sqs: Any, url: str) -> tuple[int, int, int]:
    """Visible, in flight, delayed."""
    found = attributes(sqs, url)
    visible, in_flight, delayed = (
        int(found[f"ApproximateNumberOfMessages{which}"]) for which in ("", "NotVisible", "Delayed")
    )
    return visible, in_flight, delayed


def arn_of(sqs: Any, url: str) -> str:
    return attributes(sqs, url, "QueueArn")["QueueArn"]


def redrive_policy(target_arn: str, receives: int | str = 1) -> str:
    return json.dumps({"deadLetterTargetArn": target_arn, "maxReceiveCount": receives})


def with_dead_letters(
    sqs: Any, name: str = "q", receives: int = 1, **attributes: str
) -> tuple[str, str]:
    """A queue and its dead-letter queue (their URLs)."""
    stem, dot, suffix = name.partition(".")
    dead_letters = create(sqs, f"{stem}-dead{dot}{suffix}")
    policy = redrive_policy(arn_of(sqs, dead_letters), receives)
    return create(sqs, name, RedrivePolicy=policy, **attributes), dead_letters


def wait_until_watched(pileus: Running, arn: str, count: int = 1) -> None:
    """Until so many polls wait: asked on the server's own loop, turn by turn."""
    pileus.run(_watched(pileus, arn, count))


async def _watched(pileus: Running, arn: str, count: int) -> None:
    while pileus.app.kernel.waiting.count(arn) < count:
        await pileus.app.kernel.clock.settle()
