"""What a function gets of a batch of a stream, and what its answer says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel import batch_reports
from pileus.kernel.shards import records
from pileus.kernel.shards.batches import Batch
from pileus.kernel.shards.records import Record


def event(batch: Batch, source_arn: str) -> bytes:
    """docs: lambda/latest/dg/with-kinesis, with-ddb, and services-kinesis-windows: the examples"""
    document: dict[str, Any] = {"Records": _records(batch.records)}
    if batch.window is not None:
        document |= {
            "window": {"start": _second(batch.window.start), "end": _second(batch.window.end)},
            "state": msgspec.Raw(batch.window.state.encode()),
            "shardId": batch.shard_id,
            "eventSourceARN": source_arn,
            "isFinalInvokeForWindow": batch.is_final,
            "isWindowTerminatedEarly": batch.window.is_early,
        }
    return msgspec.json.encode(document)


def payload(shown: Sequence[Record]) -> str:
    """An event of these records, as a bucket gets it with the note that they were given up."""
    return msgspec.json.encode({"Records": _records(shown)}).decode()


def _records(shown: Sequence[Record]) -> list[dict[str, Any]]:
    return [records.for_function(record.event) for record in shown]


def _second(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def failed_at(answer: bytes, batch: Batch) -> int | None:
    """The place of the first record that the function reports as failed."""
    sent = [record.sequence for record in batch.records]
    failed = batch_reports.failed_ids(answer, sent, is_expected=True)
    return next((place for place, each in enumerate(sent) if each in failed), None)


def state(answer: bytes) -> str | None:
    """What the function has made of its window; None where it does not say."""
    try:
        found = msgspec.json.decode(answer, type=dict[str, msgspec.Raw]).get("state")
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if found is None else bytes(found).decode()
