"""What a target gets: the input with its context attributes, or a default event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.languages.input_transformers import fill_scheduler_input

# A dead letter with its attributes fits into a queue of SQS's usual size.
LETTER_BYTES_MAX = 256 * 1024


class Attempt(msgspec.Struct, frozen=True):
    """One try at one run of a schedule; also what its timer keeps."""

    scheduled_at: int
    execution_id: str
    first_at: int
    number: int = 1


def time_text(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def payload(arn: str, target: Mapping[str, Any], attempt: Attempt) -> str:
    """docs: managing-schedule-context-attributes"""
    text = target.get("Input")
    if text is None:
        return "{}" if target.get("EventBridgeParameters") else _notification(arn, attempt)
    values = {
        "aws.scheduler.schedule-arn": arn,
        "aws.scheduler.scheduled-time": time_text(attempt.scheduled_at),
        "aws.scheduler.execution-id": attempt.execution_id,
        "aws.scheduler.attempt-number": str(attempt.number),
    }
    return fill_scheduler_input(text, values)


def _notification(arn: str, attempt: Attempt) -> str:
    """The event of a schedule whose target has no input."""
    parts = arns.parse(arn)
    assert parts is not None, f"not an ARN: {arn}"
    event = {
        "version": "0",
        "id": attempt.execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": parts.account,
        "time": time_text(attempt.scheduled_at),
        "region": parts.region,
        "resources": [arn],
        "detail": "{}",
    }
    return msgspec.json.encode(event).decode()


def letter(
    arn: str, target: Mapping[str, Any], attempt: Attempt, code: str, message: str, exhausted: str
) -> tuple[str, dict[str, Any]]:
    """A dead letter's body and message attributes: docs, configuring-schedule-dlq."""
    values = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message[:1024] or code,
        "EXECUTION_ID": attempt.execution_id,
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(attempt.number - 1),
        "SCHEDULED_TIME": time_text(attempt.scheduled_at),
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": target["Arn"],
    }
    body = payload(arn, target, attempt).encode()
    # Each attribute counts with its name and its type.
    room = LETTER_BYTES_MAX - sum(
        len(name) + len(value.encode()) + len("String") for name, value in values.items()
    )
    if len(body) > room:
        values["IS_PAYLOAD_TRUNCATED"] = "true"
        body = body[:room]
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items()
    }
    return body.decode(errors="ignore"), attributes
