"""Delivery status: a line in CloudWatch Logs for each delivery, where the topic asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pileus.kernel import arns

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.store import Topic

_ANSWER_LENGTH_MAX = 1024


class Attempt(NamedTuple):
    """The last attempt at a delivery; `status` is 0 where nothing answered."""

    number: int
    status: int
    answer: str
    dwell_ms: int


def wants(topic: Topic, kind: str, is_delivered: bool) -> bool:
    """Whether the topic has a role for such lines. `kind` begins the attributes' names."""
    outcome = "Success" if is_delivered else "Failure"
    return f"{kind}{outcome}FeedbackRoleArn" in topic.attributes.values


def write(
    tx: Transaction,
    topic: Topic,
    kind: str,
    destination: str,
    message_id: str,
    text: str,
    published_at: int,
    attempt: Attempt,
    is_delivered: bool,
) -> None:
    """Write the line if the topic wants it; of successes only the share that is sampled."""
    if not wants(topic, kind, is_delivered):
        return
    rate = int(topic.attributes.values.get(f"{kind}SuccessFeedbackSampleRate", "0"))
    if is_delivered and tx.kernel.ids.fraction() * 100 >= rate:
        return
    line = {
        "notification": {
            "messageMD5Sum": md5(text.encode(), usedforsecurity=False).hexdigest(),
            "messageId": message_id,
            "topicArn": topic.arn,
            "timestamp": _timestamp(published_at),
        },
        "delivery": {
            "deliveryId": tx.kernel.ids.uuid(),
            "destination": destination,
            "providerResponse": attempt.answer[:_ANSWER_LENGTH_MAX],
            "dwellTimeMs": attempt.dwell_ms,
            "attempts": attempt.number,
            "statusCode": attempt.status,
        },
        "status": "SUCCESS" if is_delivered else "FAILURE",
    }
    _, _, _, region, account, name = topic.arn.split(":", 5)
    group = f"sns/{region}/{account}/{name}" + ("" if is_delivered else "/Failure")
    payload = {
        "logStreamName": tx.kernel.ids.uuid(),
        "logEvents": [{"timestamp": tx.now, "message": msgspec.json.encode(line).decode()}],
    }
    tx.deliver(
        to=arns.build("logs", region, account, f"log-group:{group}"),
        payload=msgspec.json.encode(payload),
        because=topic.arn,
    )


def _timestamp(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at % 1000:03d}"
