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
from pileus.services.kinesis.chunks import Chunk, Columns
from pileus.services.kinesis.fresh_rows import FreshRows
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream
from pileus.services.kinesis.streams import BY_KEY, ON_DEMAND

KMS = "KMS"
# In the place of a result until there is one.
_NO_RESULT: dict[str, str] = {}


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
    shard_map = store.shard_map(tx, stream)
    begin = stream.next_position - count
    if is_by_key:
        places = shard_map.taking(batch.hash_keys)
    else:
        places = [shard_map.in_turn(position) for position in range(begin, begin + count)]
    outcome = Outcome(stream, batch, [_NO_RESULT] * count, {}, {})
    if tx.kernel.quotas.is_enforced:
        _refuse_too_many(tx, outcome, [shard_map.open[place] for place in places])
    going: dict[int, list[int]] = {}
    for index, place in enumerate(places):
        if index not in outcome.refusals:
            into = going.get(place)
            if into is None:
                going[place] = [index]
            else:
                into.append(index)
    fresh = FreshRows(tx, stream)
    rows: list[tuple[int, Chunk]] = []
    for place, indexes in going.items():
        shard = shard_map.open[place]
        its_rows = chunks.pack(_numbered(outcome, shard, begin, indexes))
        rows += [(shard.number, row) for row in its_rows]
        fresh.add(shard.number, its_rows)
        tx.wake(topics.records_of(arn, shard.id))
    fresh.tell(count)
    if rows:
        store.add_chunks(tx, stream, rows)
        expiry.note(tx, stream)
        tx.wake(arn)
    if outcome.refusals and stream.mode == ON_DEMAND:
        growth.note(tx, stream)
    return outcome


def _numbered(outcome: Outcome, shard: Shard, begin: int, indexes: Sequence[int]) -> Columns:
    """The records of a batch that go into a shard, and what their results are."""
    stream, batch, results, _, _ = outcome
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    positions = [begin + index for index in indexes]
    numbers = sequence_numbers.many(sequence_numbers.shard_base(base, shard.number), positions)
    shard_id = shard.id
    for index, number in zip(indexes, numbers, strict=True):
        results[index] = {"SequenceNumber": number, "ShardId": shard_id}
    keys, datas, sizes = batch.keys, batch.datas, batch.sizes
    return Columns(
        positions, [keys[index] for index in indexes], [datas[index] for index in indexes],
        [sizes[index] for index in indexes], numbers,
    )  # fmt: skip


def _refuse_too_many(tx: Transaction, outcome: Outcome, taking: Sequence[Shard]) -> None:
    """Refuse the records for which their shards have no rate left, in their order."""
    stream = outcome.stream
    for index, (shard, size) in enumerate(zip(taking, outcome.batch.sizes, strict=True)):
        if not throttles.allows_put(tx, stream, shard, size):
            error = errors.rate_exceeded(stream.arn, shard.id)
            outcome.refusals[index], outcome.refused_by[index] = error, shard.id
            outcome.results[index] = {"ErrorCode": error.code, "ErrorMessage": error.message}
