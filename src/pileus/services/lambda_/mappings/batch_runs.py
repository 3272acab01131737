"""Runs one batch of messages: the function gets it, and what went well leaves the queue."""

from __future__ import annotations

import logging

from pileus.kernel import batch_reports
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.queue_records import Message
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.mappings import batches
from pileus.services.lambda_.mappings.mapping_settings import Mapping
from pileus.services.lambda_.mappings.scaling import BatchEnd
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import Platform
from pileus.services.lambda_.running.tracing import new_trace

log = logging.getLogger(__name__)

EVENT_BYTES_MAX = payloads.SYNCHRONOUS_BYTES_MAX
_DELETED_MAX = 10  # docs: DeleteMessageBatch, Entries
_THROTTLED = "TooManyRequestsException"
_RETRY_MS = 1_000
_RETRY_MAX_MS = 60_000


async def run(
    call: Call, platform: Platform, mapping: Mapping, url: str, messages: list[Message]
) -> BatchEnd:
    """The end of the batch; messages that did not go well come back by their visibility."""
    event = batches.event(messages, mapping.source_arn)
    if len(event) > EVENT_BYTES_MAX and len(messages) > 1:
        middle = len(messages) // 2
        first = await run(call, platform, mapping, url, messages[:middle])
        second = await run(call, platform, mapping, url, messages[middle:])
        return first if first is not BatchEnd.WELL else second
    try:
        trace = batches.trace_header(messages, mapping.function_arn)
        outcome = await _invoke(call, platform, mapping, url, event, trace)
    except AwsError as refusal:
        log.warning("batch for %s not run: %s", mapping.function_arn, refusal)
        return BatchEnd.THROTTLED if refusal.code == _THROTTLED else BatchEnd.FAILED
    if outcome.function_error:
        return BatchEnd.FAILED
    failed: set[str] = set()
    if mapping.reports_failures:
        sent = [each["MessageId"] for each in messages]
        failed = batch_reports.failed_ids(outcome.payload, sent, is_expected=True)
    await delete(call, url, [each for each in messages if each["MessageId"] not in failed])
    return BatchEnd.WELL


async def _invoke(
    call: Call, platform: Platform, mapping: Mapping, url: str, event: bytes, trace: str
) -> Outcome:
    """Run the function; where it is throttled, again while the messages stay hidden.

    docs: lambda/latest/dg/services-sqs-errorhandling, backoff strategy for throttled invocations
    """
    clock = call.kernel.clock
    named = function_names.split(mapping.function_arn)
    began_at, began_ms = clock.now(), clock.monotonic_ms()
    visible_ms: int | None = None
    pause_ms = _RETRY_MS
    while True:
        function = await platform.runnable(call, named)
        invocation = Invocation(
            call.kernel.ids.uuid(), event, trace or new_trace(call), named.qualified_arn
        )
        try:
            return await platform.run(call, function, invocation)
        except AwsError as refusal:
            if refusal.code != _THROTTLED:
                raise
            if visible_ms is None:
                visible_ms = await _visibility_ms(call, url)
            passed_ms = max(clock.now() - began_at, clock.monotonic_ms() - began_ms)
            if passed_ms + pause_ms >= visible_ms:
                raise
        await clock.wait(
            platform.admission.freed(), until=clock.now() + pause_ms, real_seconds=pause_ms / 1000
        )
        pause_ms = min(pause_ms * 2, _RETRY_MAX_MS)


async def _visibility_ms(call: Call, url: str) -> int:
    found = await call.invoke(
        "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"]
    )
    return int(found["Attributes"]["VisibilityTimeout"]) * 1000


async def delete(call: Call, url: str, messages: list[Message]) -> None:
    """Take messages out of the queue; one that is not deleted comes again."""
    for page in batches.chunks(messages, _DELETED_MAX):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(page)
        ]
        await call.invoke("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=entries)
