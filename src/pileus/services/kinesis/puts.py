"""PutRecord and PutRecords: records into shards, by the hash of their partition keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import topics
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    batches,
    chunks,
    errors,
    expiry,
    growth,
    measures,
    sequence_numbers,
    states,
    store,
    throttles,
)
from pileus.services.kinesis.batches import Batch
from pileus.services.kinesis.chunks import Columns
from pileus.services.kinesis.fresh_rows import FreshRows
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream
from pileus.services.kinesis.streams import BY_KEY, ON_DEMAND

KMS = "KMS"


class Outcome(NamedTuple):
    """What has come of a batch."""

    stream: Stream
    batch: Batch
    # For each record where it has gone or why not, in AWS's form.
    results: list[dict[str, str]]
    # Why records were not taken, by their place in the batch.
    refusals: dict[int, AwsError]
    # The shards of those.
    refused_by: dict[int, str]


class _Going(NamedTuple):
    """What goes into one shard."""

    shard_id: str
    number_base: int
    records: Columns


def put_record(
    call: Call,
    *,
    data: bytes,
    partition_key: str | None = None,
    explicit_hash_key: str | None = None,
    sequence_number_for_ordering: str | None = None,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    batch = batches.one(data, partition_key, explicit_hash_key)
    outcome = put_all(call.tx, call.about, batch)
    if sequence_number_for_ordering is not None:
        # Each number is greater than those before it, so that there is nothing else to do.
        _check_ordering(outcome.stream, sequence_number_for_ordering)
    if dry_run and not outcome.refusals:
        raise errors.dry_run()
    measures.note_put(call, outcome)
    if outcome.refusals:
        raise outcome.refusals[0]
    return {**outcome.results[0], **_encryption(outcome.stream)}


def _check_ordering(stream: Stream, number: str) -> None:
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    place = sequence_numbers.parse(number, base)
    if place is None or place.position >= stream.next_position:
        raise errors.invalid_ordering_number(stream.arn, number)


def put_records(
    call: Call,
    *,
    records: Sequence[dict[str, Any]],
    stream_name: str | None = None,
    stream_arn: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    batch = batches.of(records)
    batches.check_size(batch)
    outcome = put_all(call.tx, call.about, batch)
    if dry_run:
        raise errors.dry_run()
    measures.note_puts(call, outcome)
    return {
        "FailedRecordCount": len(outcome.refusals),
        "Records": outcome.results,
        **_encryption(outcome.stream),
    }


def _encryption(stream: Stream) -> dict[str, str]:
    return {"EncryptionType": KMS} if stream.key_id else {}


def put_all(tx: Transaction, arn: str, batch: Batch) -> Outcome:
    """Keep records, each in its shard; raises what AWS answers to the whole request."""
    count = len(batch.datas)
    stream = store.reserve(tx, arn, count)
    states.must_be_there(stream)
    size_max = stream.max_record_kib * 1024
    if max(batch.sizes) > size_max:
        raise errors.record_too_large(size_max)
    is_by_key = stream.distribution == BY_KEY
    if is_by_key and batches.NO_KEY in batch.keys:
        raise errors.no_partition_key()
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    shard_map = store.shard_map(tx, stream)
    going: dict[int, _Going] = {}
    outcome = Outcome(stream, batch, [], {}, {})
    results = outcome.results
    is_limited = tx.kernel.quotas.is_enforced
    position = stream.next_position - count - 1
    for hash_key, key, data, size in zip(
        batch.hash_keys, batch.keys, batch.datas, batch.sizes, strict=True
    ):
        position += 1
        shard = shard_map.taking(hash_key) if is_by_key else shard_map.in_turn(position)
        if is_limited and not throttles.allows_put(tx, stream, shard, size):
            _refuse(outcome, shard)
            continue
        into = going.get(shard.number)
        if into is None:
            number_base = sequence_numbers.shard_base(base, shard.number)
            into = _Going(shard.id, number_base, Columns([], [], [], [], []))
            going[shard.number] = into
        positions, keys, datas, sizes, numbers = into.records
        positions.append(position)
        keys.append(key)
        datas.append(data)
        sizes.append(size)
        number = sequence_numbers.at(into.number_base, position)
        numbers.append(number)
        results.append({"SequenceNumber": number, "ShardId": into.shard_id})
    fresh = FreshRows(tx, stream)
    for shard_number, into in going.items():
        rows = chunks.pack(into.records)
        store.add_chunks(tx, stream, shard_number, rows)
        fresh.add(shard_number, into.records, rows)
        tx.wake(topics.records_of(arn, into.shard_id))
    fresh.tell(count)
    if going:
        expiry.note(tx, stream)
        tx.wake(arn)
    if outcome.refusals and stream.mode == ON_DEMAND:
        growth.note(tx, stream)
    return outcome


def _refuse(outcome: Outcome, shard: Shard) -> None:
    error = errors.rate_exceeded(outcome.stream.arn, shard.id)
    index = len(outcome.results)
    outcome.refusals[index], outcome.refused_by[index] = error, shard.id
    outcome.results.append({"ErrorCode": error.code, "ErrorMessage": error.message})
