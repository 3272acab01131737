"""PutRecord and PutRecords: records into shards, by the hash of their partition keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    chunks,
    errors,
    expiry,
    measures,
    sequence_numbers,
    shards,
    states,
    store,
    throttles,
)
from pileus.services.kinesis.chunks import Draft
from pileus.services.kinesis.store import Stream

# docs: API_PutRecords, of the whole request with its partition keys
REQUEST_BYTES_MAX = 10 * 1024 * 1024
KMS = "KMS"


class Entry(NamedTuple):
    """A record as it is asked for."""

    data: bytes
    partition_key: str
    hash_key: int


class Put(NamedTuple):
    """Where a record has gone, or why it has not."""

    shard_id: str = ""
    sequence_number: str = ""
    error: AwsError | None = None


class _Going(NamedTuple):
    """What goes into one shard."""

    shard_id: str
    number_base: int
    drafts: list[Draft]


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
    entry = entry_of(data, partition_key, explicit_hash_key)
    stream, [put] = put_all(call.tx, call.about, [entry])
    if sequence_number_for_ordering is not None:
        # Each number is greater than those before it, so that there is nothing else to do.
        _check_ordering(stream, sequence_number_for_ordering)
    if put.error is not None:
        raise put.error
    if dry_run:
        raise errors.dry_run()
    measures.note_puts(call.tx, call.about, [entry])
    return {
        "ShardId": put.shard_id,
        "SequenceNumber": put.sequence_number,
        **_encryption(stream),
    }


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
    entries = [
        entry_of(each["Data"], each.get("PartitionKey"), each.get("ExplicitHashKey"))
        for each in records
    ]
    check_size(entries)
    stream, puts = put_all(call.tx, call.about, entries)
    if dry_run:
        raise errors.dry_run()
    failed = sum(put.error is not None for put in puts)
    kept = [entry for entry, put in zip(entries, puts, strict=True) if put.error is None]
    measures.note_puts(call.tx, call.about, kept)
    return {
        "FailedRecordCount": failed,
        "Records": [_result(put) for put in puts],
        **_encryption(stream),
    }


def check_size(entries: Sequence[Entry]) -> None:
    """Raises InvalidArgumentException where a request has more than AWS takes."""
    if sum(chunks.size_of(each.partition_key, each.data) for each in entries) > REQUEST_BYTES_MAX:
        raise errors.records_too_large()


def _result(put: Put) -> dict[str, str]:
    if put.error is not None:
        return {"ErrorCode": put.error.code, "ErrorMessage": put.error.message}
    return {"SequenceNumber": put.sequence_number, "ShardId": put.shard_id}


def _encryption(stream: Stream) -> dict[str, str]:
    return {"EncryptionType": KMS} if stream.key_id else {}


def entry_of(data: bytes, partition_key: str | None, explicit_hash_key: str | None) -> Entry:
    """Raises AWS's errors."""
    if partition_key is None:
        raise errors.no_partition_key()
    if explicit_hash_key is None:
        return Entry(data, partition_key, shards.hash_of(partition_key))
    hash_key = int(explicit_hash_key)
    if hash_key > shards.HASH_KEY_MAX:
        raise errors.invalid_hash_key(hash_key)
    return Entry(data, partition_key, hash_key)


def put_all(tx: Transaction, arn: str, entries: Sequence[Entry]) -> tuple[Stream, list[Put]]:
    """Keep records, each in its shard; raises what AWS answers to the whole request."""
    stream = store.reserve(tx, arn, len(entries))
    states.must_be_there(stream)
    first = stream.next_position - len(entries)
    size_max = stream.max_record_kib * 1024
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    shard_map = store.shard_map(tx, stream)
    going: dict[int, _Going] = {}
    puts = []
    for position, entry in enumerate(entries, first):
        size = chunks.size_of(entry.partition_key, entry.data)
        if size > size_max:
            raise errors.record_too_large(size_max)
        shard = shard_map.taking(entry.hash_key)
        if not throttles.allows_put(tx, stream, shard, size):
            puts.append(Put(error=errors.rate_exceeded(arn, shard.id)))
            continue
        into = going.get(shard.number)
        if into is None:
            number_base = sequence_numbers.shard_base(base, shard.number)
            into = going[shard.number] = _Going(shard.id, number_base, [])
        into.drafts.append(Draft(position, entry.partition_key, entry.data))
        puts.append(Put(into.shard_id, sequence_numbers.at(into.number_base, position)))
    for number, into in going.items():
        store.add_chunks(tx, stream, number, chunks.pack(into.drafts))
    if going:
        expiry.note(tx, stream)
        tx.wake(arn)
    return stream, puts
