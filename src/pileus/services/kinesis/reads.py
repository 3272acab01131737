"""GetShardIterator and GetRecords."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.pieces import Pieced
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    errors,
    kept_rows,
    measures,
    pages,
    positions,
    shard_views,
    states,
    store,
    stream_names,
    throttles,
    written_records,
)
from pileus.services.kinesis.kept_rows import JSON
from pileus.services.kinesis.pages import Page
from pileus.services.kinesis.positions import Start
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream

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
        measures.note_refused_read(call, stream, shard)
        raise errors.rate_exceeded(stream.arn, shard.id)
    if dry_run:
        raise errors.dry_run()
    page = pages.read(tx, stream, shard, iterator.position, limit, BYTES_MAX, call.protocol)
    throttles.note_read(tx, stream, shard, page.size_bytes)
    measures.note_read(call, stream, shard, page)
    answer: dict[str, Any] = {"MillisBehindLatest": page.millis_behind}
    if page.is_at_end:
        answer["ChildShards"] = child_shards(tx, stream, shard)
    else:
        answer["NextShardIterator"] = _token(stream, shard, page.goes_on_at, tx.now)
    if call.protocol == JSON:
        kept = kept_rows.of(tx.kernel.memory)
        texts = written_records.pieces(page.runs, stream, shard.number, JSON, kept)
        return Pieced(answer, "Records", texts)
    return {"Records": records_of(tx, stream, shard, page, call.protocol), **answer}


def records_of(tx: Transaction, stream: Stream, shard: Shard, page: Page, protocol: str) -> Any:
    """A page's records as an answer in this protocol takes them."""
    rows = kept_rows.of(tx.kernel.memory)
    return written_records.written(page.runs, stream, shard.number, protocol, rows)


def child_shards(tx: Transaction, stream: Stream, shard: Shard) -> list[dict[str, Any]]:
    shard_map = store.shard_map(tx, stream)
    return [shard_views.child(each) for each in shard_map.children(shard.number)]
