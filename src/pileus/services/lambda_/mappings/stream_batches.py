"""Feeds a function from a stream: the function gets a batch, and what came of it is kept."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import following, progress
from pileus.kernel.shards.batches import Batch, Ended, NotRun, Outcome, Reading
from pileus.kernel.shards.progress import ShardProgress
from pileus.kernel.shards.records import Record
from pileus.kernel.shards.sources import Source
from pileus.kernel.transaction import Transaction
from pileus.languages import record_filters
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.mappings import (
    event_counts,
    failure_notes,
    mapping_settings,
    store,
    stream_events,
)
from pileus.services.lambda_.mappings.event_counts import EventCounts
from pileus.services.lambda_.mappings.failure_notes import Note
from pileus.services.lambda_.mappings.mapping_settings import Mapping
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.platform import Platform, platform_of
from pileus.services.lambda_.running.tracing import new_trace

log = logging.getLogger(__name__)

_THROTTLED = "TooManyRequestsException"
WELL = "OK"
FAILED = "PROBLEM: Function call failed"


async def follow(call: Call, mapping: Mapping) -> None:
    """Worker: runs until the mapping is changed, disabled or gone."""
    platform = platform_of(call)
    named = function_names.split(mapping.function_arn)
    role_arn = ""
    try:
        role_arn = (await platform.runnable(call, named)).role
    except AwsError as missing:
        log.warning("%s has no function: %s", mapping.arn, missing)
    assert mapping.start is not None
    reading = Reading(
        start=mapping.start,
        batch_size=mapping.batch_size,
        window_seconds=mapping.window_seconds,
        lanes=mapping.lanes,
        is_bisecting=mapping.is_bisecting,
        retries_max=mapping.retries_max,
        age_max_seconds=mapping.age_max_seconds,
        tumbling_seconds=mapping.tumbling_seconds,
    )
    source = Source(call, mapping.source_arn, role_arn)
    consumer = _FunctionConsumer(call, platform, mapping)
    await following.follow(call, source, reading, consumer, mapping.uuid)


class _FunctionConsumer:
    """A mapping as the reader of its stream sees it."""

    def __init__(self, call: Call, platform: Platform, mapping: Mapping) -> None:
        self._call = call
        self._platform = platform
        self._mapping = mapping
        self._named = function_names.split(mapping.function_arn)
        # What has failed may go well with other code.
        self.retry_topic = self._named.arn
        self._filters = [record_filters.compile(text) for text in mapping.filters]
        self._counts = EventCounts(call.kernel.metrics, mapping)

    def takes(self, record: Record) -> bool:
        is_taken = record_filters.is_taken(record.event, self._filters)
        self._counts.note(event_counts.POLLED)
        self._counts.note(event_counts.FILTERED_OUT, 0 if is_taken else 1)
        return is_taken

    async def run(self, batch: Batch) -> Outcome | NotRun:
        call, platform = self._call, self._platform
        event = stream_events.event(batch, self._mapping.source_arn)
        if len(event) > payloads.SYNCHRONOUS_BYTES_MAX:
            # Only a record that is too large by itself makes such an event.
            log.warning("%s: a record is too large for a function", self._mapping.arn)
            return Outcome(0, is_hopeless=True)
        request_id = call.kernel.ids.uuid()
        try:
            function = await platform.runnable(call, self._named)
            invocation = Invocation(request_id, event, new_trace(call), self._named.qualified_arn)
            sent_at = call.now
            answer = await platform.run(call, function, invocation)
        except AwsError as refusal:
            log.warning("batch for %s not run: %s", self._mapping.function_arn, refusal)
            is_throttle = refusal.code == _THROTTLED
            self._counts.note(event_counts.FAILED, len(batch.records))
            return NotRun(platform.admission.freed() if is_throttle else None)
        self._note_age(batch, function.version, sent_at)
        self._counts.note(event_counts.INVOKED, len(batch.records))
        response: dict[str, Any] = {
            "statusCode": 200, "executedVersion": answer.executed_version
        }  # fmt: skip
        if answer.function_error:
            response["functionError"] = answer.function_error
        details = {"requestId": request_id, "responseContext": response}
        if answer.function_error:
            return Outcome(0, details=details)
        state = None if batch.window is None else stream_events.state(answer.payload)
        if batch.window is not None and state is None and not batch.is_final:
            # docs: services-kinesis-windows: without a state the invocation has failed.
            return Outcome(0, details=details)
        failed_at = None
        if self._mapping.reports_failures and not batch.is_final:
            failed_at = stream_events.failed_at(answer.payload, batch)
        return Outcome(failed_at, state, details)

    def _note_age(self, batch: Batch, version: str, sent_at: int) -> None:
        """docs: lambda/latest/dg/monitoring-metrics-types: the last record's when it was sent"""
        if batch.records:
            age_ms = sent_at - batch.records[-1].arrived_at
            self._platform.figures.note(
                self._named.qualified_arn, version, "IteratorAge", "Milliseconds", age_ms
            )

    async def keep(self, shard_id: str, kept: ShardProgress, ended: Ended) -> None:
        note = None
        if ended.given_up is not None:
            note = failure_notes.note(self._call, self._mapping, ended.given_up)
            counted = event_counts.DROPPED if note is None else event_counts.DELIVERED
            self._counts.note(counted, len(ended.given_up.records))
        await self._call.transaction(
            _keep, self._mapping.uuid, shard_id, progress.encode(kept), ended.is_well, note,
            about=self._call.about, is_durable=ended.is_well is not None or note is not None,
        )  # fmt: skip


def _keep(
    tx: Transaction, uuid: str, shard_id: str, packed: bytes, is_well: bool | None,
    note: Note | None,
) -> None:  # fmt: skip
    """Step: how far the mapping has come, with what came of the batch."""
    text = store.load_mapping(tx, uuid)
    if text is None:
        return
    progress.save(tx, uuid, shard_id, packed)
    mapping = mapping_settings.decode(text)
    if note is not None:
        failure_notes.hand_over(tx, note, mapping.arn)
    result = mapping.last_result if is_well is None else WELL if is_well else FAILED
    if result != mapping.last_result:
        changed = msgspec.structs.replace(mapping, last_result=result)
        store.save_mapping(
            tx, uuid, mapping.source_arn, mapping.function_arn, mapping_settings.encode(changed)
        )
