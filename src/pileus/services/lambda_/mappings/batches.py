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


def failed_ids(answer: bytes, sent: Sequence[str]) -> set[str]:
    """Which messages a function reports as failed; all of them where the report makes no sense.

    docs: lambda/latest/dg/services-sqs-errorhandling: nothing, null or an empty list means that
    all went well; an empty or null identifier, one under another name, one that was not sent, and
    what is no JSON mean that all failed.
    """
    everything = set(sent)
    if not answer.strip():
        return set()
    try:
        document = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return everything
    if document is None or document == {} or document == "":
        return set()
    if not isinstance(document, dict):
        return everything
    failures = document.get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return everything
    found = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in everything:
            return everything
        found.add(identifier)
    return found


def chunks(messages: Sequence[Message], size: int) -> list[list[Message]]:
    return [list(messages[start : start + size]) for start in range(0, len(messages), size)]


def trace_header(messages: Sequence[Message], function_arn: str) -> str:
    """The trace of a batch: that of its message whose loop is the longest, else of the first."""
    arn = function_names.split(function_arn).arn
    found = (each.get("Attributes", {}).get("AWSTraceHeader") for each in messages)
    headers = [header for header in found if header]
    return max(headers, key=lambda header: lineage.runs(header, arn), default="")
