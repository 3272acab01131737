"""What tests of topics ask for again and again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

REGION = "us-east-1"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def status(function: Any, **params: Any) -> int:
    with pytest.raises(ClientError) as caught:
        function(**params)
    code: int = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return code


def invalid(words: str) -> tuple[str, str]:
    return "InvalidParameter", f"Invalid parameter: {words}"


def topic(sns: Any, name: str = "t", **attributes: str) -> str:
    if name.endswith(".fifo"):
        attributes = {"FifoTopic": "true", **attributes}
    arn: str = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    return arn


def queue(sqs: Any, name: str = "q", **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    if name.endswith(".fifo"):
        attributes = {"FifoQueue": "true", **attributes}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def subscribe(sns: Any, arn: str, endpoint: str, protocol: str = "sqs", **attributes: str) -> str:
    answer = sns.subscribe(
        TopicArn=arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes,
        ReturnSubscriptionArn=True,
    )  # fmt: skip
    subscription: str = answer["SubscriptionArn"]
    return subscription


def joined(sns: Any, sqs: Any, name: str = "t", **attributes: str) -> tuple[str, str, str]:
    """A topic with one queue: topic ARN, queue URL, subscription ARN."""
    arn = topic(sns, name)
    url, queue_arn = queue(sqs, name.replace("t", "q", 1))
    return arn, url, subscribe(sns, arn, queue_arn, **attributes)


def messages(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Up to ten messages of a queue, which are then in flight."""
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )  # fmt: skip
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def bodies(sqs: Any, url: str) -> list[str]:
    return [message["Body"] for message in messages(sqs, url)]


def envelopes(sqs: Any, url: str) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies(sqs, url)]


def texts(sqs: Any, url: str) -> list[str]:
    return [envelope["Message"] for envelope in envelopes(sqs, url)]


def string(value: str, data_type: str = "String") -> dict[str, str]:
    return {"DataType": data_type, "StringValue": value}
