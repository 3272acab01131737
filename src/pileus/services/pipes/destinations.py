"""Hands the events of a batch to a pipe's target; each says which of them it did not take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns, batch_reports
from pileus.kernel.call import Call
from pileus.languages import input_transformers, record_filters
from pileus.services.pipes.pipe_settings import Pipe


class BatchFailed(Exception):
    """A batch cannot go on, for a reason that no API has answered."""


class Item(NamedTuple):
    """An event for a target: as JSON, and as the text that its template makes of it."""

    event: Any
    text: str


# The positions of the items that were not taken.
Failed = set[int]
Send = Callable[[Call, Pipe, Sequence[Item]], Awaitable[Failed]]


async def send(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    """Call the target once for the batch; raises AwsError or BatchFailed where none was taken."""
    return await _SENDERS[pipe.target_service](call, pipe, items)


def json_of(text: str) -> Any:
    """The JSON that a template made, or its text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


async def call_function(call: Call, arn: str, documents: Sequence[Any]) -> bytes:
    """Run a function with a list; its answer. Raises BatchFailed."""
    answer = await call.invoke(
        "lambda", "Invoke", FunctionName=arn, Payload=msgspec.json.encode(list(documents))
    )
    payload: bytes = answer["Payload"]
    if answer.get("FunctionError"):
        raise BatchFailed(f"{arn} failed: {payload[:500].decode(errors='replace')}")
    return payload


async def _to_function(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    given = pipe.target_parameters.get("LambdaFunctionParameters") or {}
    documents = [json_of(item.text) for item in items]
    if given.get("InvocationType") == "FIRE_AND_FORGET":
        payload = msgspec.json.encode(documents)
        await call.invoke(
            "lambda", "Invoke", FunctionName=pipe.target, InvocationType="Event", Payload=payload
        )
        return set()
    answer = await call_function(call, pipe.target, documents)
    ids = [_ids(item.event) for item in items]
    sent = [each for known in ids for each in known]
    failed = batch_reports.failed_ids(answer, sent, is_expected=False)
    return {number for number, known in enumerate(ids) if failed.intersection(known)}


def _ids(event: Any) -> list[str]:
    """What a report may call an event: a message's id, the id or number of a record."""
    if not isinstance(event, dict):
        return [""]
    change = event.get("dynamodb")
    numbers = change if isinstance(change, dict) else {}
    found = (
        event.get("messageId"), event.get("eventID"), event.get("sequenceNumber"),
        numbers.get("SequenceNumber"),
    )  # fmt: skip
    return [str(each) for each in found if each] or [""]


async def _to_queue(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    parts = arns.parse(pipe.target)
    assert parts is not None
    found = await call.invoke(
        "sqs", "GetQueueUrl", QueueName=parts.resource, QueueOwnerAWSAccountId=parts.account
    )
    given = pipe.target_parameters.get("SqsQueueParameters") or {}
    entries = [
        {
            "Id": str(number),
            "MessageBody": item.text,
            **{name: _value(text, item.event) for name, text in given.items() if text},
        }
        for number, item in enumerate(items)
    ]
    answer = await call.invoke(
        "sqs", "SendMessageBatch", QueueUrl=found["QueueUrl"], Entries=entries
    )
    return {int(each["Id"]) for each in answer.get("Failed") or []}


async def _to_topic(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    entries = [{"Id": str(number), "Message": item.text} for number, item in enumerate(items)]
    answer = await call.invoke(
        "sns", "PublishBatch", TopicArn=pipe.target, PublishBatchRequestEntries=entries
    )
    return {int(each["Id"]) for each in answer.get("Failed") or []}


async def _to_bus(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    """docs: eb-pipes-event-target; a detail that is no JSON object fails as PutEvents says."""
    given = pipe.target_parameters.get("EventBridgeEventBusParameters") or {}
    source = pipe.source_service
    entries = []
    for item in items:
        entry: dict[str, Any] = {
            "EventBusName": pipe.target,
            "Detail": item.text,
            "DetailType": _value(given.get("DetailType") or _SOURCE_TYPES[source], item.event),
            "Source": _value(given.get("Source") or f"Pipe {pipe.name}", item.event),
        }
        if given.get("Resources"):
            entry["Resources"] = [_value(text, item.event) for text in given["Resources"]]
        if given.get("Time"):
            entry["Time"] = _milliseconds(_value(given["Time"], item.event))
        entries.append(entry)
    answer = await call.invoke("events", "PutEvents", Entries=entries)
    return {number for number, each in enumerate(answer["Entries"]) if each.get("ErrorCode")}


async def _to_stream(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    key = pipe.target_parameters["KinesisStreamParameters"]["PartitionKey"]
    entries = [
        {"Data": item.text.encode(), "PartitionKey": _value(key, item.event)} for item in items
    ]
    answer = await call.invoke("kinesis", "PutRecords", StreamARN=pipe.target, Records=entries)
    return {number for number, each in enumerate(answer["Records"]) if each.get("ErrorCode")}


async def _to_log(call: Call, pipe: Pipe, items: Sequence[Item]) -> Failed:
    parts = arns.parse(pipe.target)
    assert parts is not None
    given = pipe.target_parameters["CloudWatchLogsParameters"]
    path = given.get("Timestamp")
    log_events: list[dict[str, Any]] = [
        {
            "timestamp": _milliseconds(_value(path, item.event)) if path else call.now,
            "message": item.text,
        }
        for item in items
    ]
    log_events.sort(key=lambda each: each["timestamp"])
    await call.invoke(
        "logs", "PutLogEvents", logGroupName=parts.resource.split(":")[1],
        logStreamName=_value(given["LogStreamName"], items[0].event), logEvents=log_events,
    )  # fmt: skip
    return set()


def _value(text: str, event: Any) -> str:
    """A parameter, or what its path finds in the event."""
    if not text.startswith("$"):
        return text
    read = record_filters.with_content_read(event) if isinstance(event, dict) else event
    try:
        found = input_transformers.compile_path(text).of(read)
    except input_transformers.InvalidPath as error:
        raise BatchFailed(f"{text} is no path") from error
    if isinstance(found, str):
        return found
    if not isinstance(found, int | float | bool | dict | list):
        raise BatchFailed(f"{text} finds nothing in the event")
    return msgspec.json.encode(found).decode()


def _milliseconds(text: str) -> int:
    """Epoch milliseconds of a number of them or of an ISO 8601 date."""
    try:
        if text.isascii() and text.isdigit():
            return int(text)
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError as error:
        raise BatchFailed(f"{text} is no time") from error


_SOURCE_TYPES = {service: f"Event from aws:{service}" for service in ("sqs", "kinesis", "dynamodb")}
_SENDERS: dict[str, Send] = {
    "lambda": _to_function,
    "sqs": _to_queue,
    "sns": _to_topic,
    "events": _to_bus,
    "logs": _to_log,
    "kinesis": _to_stream,
}
