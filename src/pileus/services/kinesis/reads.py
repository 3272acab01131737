"""GetShardIterator and GetRecords, and the page of records that subscriptions send too."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    chunks,
    errors,
    positions,
    sequence_numbers,
    shard_views,
    states,
    store,
    stream_names,
    throttles,
)
from pileus.services.kinesis.positions import Start
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Head, Stream

# docs: API_GetShardIterator
ITERATOR_MS = 300_000
# docs: API_GetRecords
RECORDS_MAX = 10_000
BYTES_MAX = 10 * 1024 * 1024
# What a position or an instant cannot exceed: others were not made here.
_POSITION_MAX = 1 << 62


class Iterator(NamedTuple):
    """What a shard iterator carries."""

    arn: str
    stream_id: int
    shard: int
    position: int
    made_at: int


class Page(NamedTuple):
    """Records of a shard from a position on, in AWS's form."""

    records: list[dict[str, Any]]
    next_position: int
    millis_behind: int
    size_bytes: int
    # Whether there is no record more, nor will there be.
    is_at_end: bool


def get_shard_iterator(
    call: Call,
    *,
    shard_id: str,
    shard_iterator_type: str,
    starting_sequence_number: str | None = None,
    timestamp: int | None = None,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    tx = call.tx
    stream = store.find(tx, call.about)
    states.must_be_there(stream)
    shard = positions.visible_shard(tx, stream, shard_id)
    start = Start(shard_iterator_type, starting_sequence_number, timestamp)
    position = positions.resolve(tx, stream, shard, start)
    if dry_run:
        raise errors.dry_run()
    return {"ShardIterator": _token(stream, shard, position, tx.now)}


def _token(stream: Stream, shard: Shard, position: int, now: int) -> str:
    return pagination.encode(stream.arn, stream.stream_id, shard.number, position, now)


def _read_token(text: str) -> Iterator:
    try:
        found = Iterator(*pagination.decode(text, str, int, int, int, int))
    except pagination.InvalidToken:
        raise errors.invalid_iterator() from None
    is_possible = 0 <= found.position <= _POSITION_MAX and 0 <= found.made_at <= _POSITION_MAX
    if not stream_names.is_stream(found.arn) or not is_possible:
        raise errors.invalid_iterator()
    return found


def about_iterator(call: Call, params: Any) -> str:
    """The stream of a shard iterator; a stream that is named besides must be the same."""
    found = _read_token(params["ShardIterator"])
    given = params.get("StreamARN")
    if given is not None and given != found.arn:
        raise errors.invalid_iterator()
    return found.arn


def get_records(
    call: Call,
    *,
    shard_iterator: str,
    limit: int = RECORDS_MAX,
    stream_arn: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    tx = call.tx
    iterator = _read_token(shard_iterator)
    if tx.now - iterator.made_at > ITERATOR_MS:
        raise errors.iterator_expired(iterator.made_at, tx.now, ITERATOR_MS)
    stream = store.find(tx, call.about)
    shard = store.shard_map(tx, stream).get(iterator.shard)
    if (
        shard is None
        or stream.stream_id != iterator.stream_id
        or not positions.is_visible(shard, stream, tx.now)
    ):
        raise errors.invalid_iterator()
    if not throttles.allows_read(tx, stream, shard):
        raise errors.rate_exceeded(stream.arn, shard.id)
    if dry_run:
        raise errors.dry_run()
    page = read_page(tx, stream, shard, iterator.position, limit, BYTES_MAX)
    throttles.note_read(tx, stream, shard, page.size_bytes)
    answer: dict[str, Any] = {
        "Records": page.records,
        "MillisBehindLatest": page.millis_behind,
    }
    if page.is_at_end:
        answer["ChildShards"] = child_shards(tx, stream, shard)
    else:
        answer["NextShardIterator"] = _token(stream, shard, page.next_position, tx.now)
    return answer


def child_shards(tx: Transaction, stream: Stream, shard: Shard) -> list[dict[str, Any]]:
    shard_map = store.shard_map(tx, stream)
    return [shard_views.child(each) for each in shard_map.children(shard.number)]


def read_page(
    tx: Transaction, stream: Stream, shard: Shard, position: int, limit: int, bytes_max: int
) -> Page:
    """Records from a position on: so many, and no more than these bytes unless one has more."""
    heads = store.heads(tx, stream, shard.number, position)
    wanted = _wanted(heads, position, limit, bytes_max)
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    taken = _Taken(sequence_numbers.shard_base(base, shard.number), limit, bytes_max, position)
    for row in store.records(tx, stream, shard.number, wanted):
        taken.add(row)
    is_all = len(heads) < store.CHUNKS_AT_ONCE and (
        not heads or taken.next_position > heads[-1].last_position
    )
    behind = 0 if is_all or not taken.records else tx.now - taken.last_at
    return Page(
        taken.records, taken.next_position, behind, taken.size_bytes,
        is_all and not shard.is_open,
    )  # fmt: skip


def _wanted(heads: list[Head], position: int, limit: int, bytes_max: int) -> list[Head]:
    """The rows that a page needs: the first one may hold fewer records than it says."""
    count = size_bytes = 0
    for index, head in enumerate(heads):
        if count >= limit or size_bytes >= bytes_max:
            return heads[:index]
        if head.first_position >= position:
            count += head.record_count
            size_bytes += head.size_bytes
    return heads


class _Taken:
    """The records of a page while it is filled."""

    def __init__(self, shard_base: int, limit: int, bytes_max: int, position: int) -> None:
        self.records: list[dict[str, Any]] = []
        self.next_position = position
        self.size_bytes = 0
        self.last_at = 0
        self._shard_base = shard_base
        self._limit = limit
        self._bytes_max = bytes_max
        self._is_full = False

    def add(self, row: store.Records) -> None:
        if self._is_full:
            return
        offsets, keys, datas = chunks.unpack(row.records)
        number = sequence_numbers.at
        base, first, at = self._shard_base, row.first_position, row.at
        for offset, key, data in zip(offsets, keys, datas, strict=True):
            position = first + offset
            if position < self.next_position:
                continue
            size = chunks.size_of(key, data)
            if self.records and (
                len(self.records) >= self._limit or self.size_bytes + size > self._bytes_max
            ):
                self._is_full = True
                return
            record = {
                "SequenceNumber": number(base, position),
                "ApproximateArrivalTimestamp": at,
                "Data": data,
                "PartitionKey": key,
            }
            if row.is_encrypted:
                record["EncryptionType"] = "KMS"
            self.records.append(record)
            self.size_bytes += size
            self.next_position = position + 1
            self.last_at = at
