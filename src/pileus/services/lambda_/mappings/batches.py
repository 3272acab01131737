"""What a function gets of a batch of messages, and what its answer says about each. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pileus.kernel import queue_records
from pileus.kernel.queue_records import Message
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.running import lineage


def event(messages: Sequence[Message], queue_arn: str) -> bytes:
    """docs: lambda/latest/dg/with-sqs, the example of a standard queue's event"""
    records = [queue_records.record(message, queue_arn) for message in messages]
    return msgspec.json.encode({"Records": records})


def chunks(messages: Sequence[Message], size: int) -> list[list[Message]]:
    return [list(messages[start : start + size]) for start in range(0, len(messages), size)]


def trace_header(messages: Sequence[Message], function_arn: str) -> str:
    """The trace of a batch: that of its message whose loop is the longest, else of the first."""
    arn = function_names.split(function_arn).arn
    found = (each.get("Attributes", {}).get("AWSTraceHeader") for each in messages)
    headers = [header for header in found if header]
    return max(headers, key=lambda header: lineage.runs(header, arn), default="")
