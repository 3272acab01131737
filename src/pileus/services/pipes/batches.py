"""Takes one batch through a pipe: enrichment, templates, target; what went well is deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel import queue_records
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.queue_records import Message
from pileus.languages import input_transformers, record_filters
from pileus.languages.input_transformers import Json
from pileus.services.pipes import destinations
from pileus.services.pipes.destinations import BatchFailed, Item
from pileus.services.pipes.pipe_settings import TARGETS, Pipe

log = logging.getLogger(__name__)

_DELETED_MAX = 10  # docs: DeleteMessageBatch, Entries
# An enrichment's answer that ends the batch there: docs, eb-pipes-enrichment.
_EMPTY: tuple[Any, ...] = (None, "", {}, [])


async def run(call: Call, pipe: Pipe, url: str, messages: Sequence[Message]) -> bool:
    """Whether all went well; other messages come back by their visibility timeout."""
    events: list[Any] = [queue_records.record(message, pipe.source) for message in messages]
    try:
        failed = await through(call, pipe, events)
    except (AwsError, BatchFailed) as refusal:
        log.warning("pipe %s: a batch of %d failed: %s", pipe.arn, len(messages), refusal)
        return False
    if failed:
        log.warning("pipe %s: %d of %d failed", pipe.arn, len(failed), len(messages))
    kept = [message for number, message in enumerate(messages) if number not in failed]
    await delete(call, url, kept)
    return not failed


async def through(call: Call, pipe: Pipe, events: list[Any]) -> set[int]:
    """The positions of the events that the target did not take."""
    sent = events
    if pipe.enrichment:
        template = pipe.enrichment_parameters.get("InputTemplate") or ""
        given = [destinations.json_of(_text(call, pipe, template, event)) for event in events]
        sent = _enriched(await destinations.call_function(call, pipe.enrichment, given))
        if not sent:
            return set()
        limit = TARGETS[pipe.target_service][0]
        if len(sent) > limit:
            raise BatchFailed(f"the enrichment answered more than {limit} events")
    template = pipe.target_parameters.get("InputTemplate") or ""
    items = [Item(event, _text(call, pipe, template, event)) for event in sent]
    failed = await destinations.send(call, pipe, items)
    if failed and pipe.enrichment:
        # Which messages an enrichment's events come from is not known.
        return set(range(len(events)))
    return failed


def _enriched(answer: bytes) -> list[Any]:
    """The events that an enrichment answers; one where it is no list."""
    try:
        document = msgspec.json.decode(answer) if answer.strip() else None
    except (msgspec.DecodeError, RecursionError) as error:
        raise BatchFailed("the enrichment's answer is no JSON") from error
    if document in _EMPTY:
        return []
    return document if isinstance(document, list) else [document]


def _text(call: Call, pipe: Pipe, template: str, event: Any) -> str:
    """docs: eb-pipes-input-transformation"""
    whole = msgspec.json.encode(event).decode()
    if not template:
        return whole
    read = record_filters.with_content_read(event) if isinstance(event, dict) else event
    now = datetime.fromtimestamp(call.now / 1000, UTC)
    variables = {
        "aws.pipes.pipe-arn": pipe.arn,
        "aws.pipes.pipe-name": pipe.name,
        "aws.pipes.source-arn": pipe.source,
        "aws.pipes.enrichment-arn": pipe.enrichment,
        "aws.pipes.target-arn": pipe.target,
        "aws.pipes.event.ingestion-time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.pipes.event": whole,
        "aws.pipes.event.json": Json(msgspec.json.encode(read).decode()),
    }
    try:
        return input_transformers.compile_pipe_template(template).fill(read, variables)
    except input_transformers.TooLarge as error:
        raise BatchFailed("the template makes too much of an event") from error


async def delete(call: Call, url: str, messages: Sequence[Message]) -> None:
    """Take messages out of the queue; one that is not deleted comes again."""
    for start in range(0, len(messages), _DELETED_MAX):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages[start : start + _DELETED_MAX])
        ]
        await call.invoke("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=entries)
