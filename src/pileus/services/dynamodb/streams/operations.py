"""Operations of DynamoDB Streams: list and describe streams, read their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors, table_names
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.streams import records, store
from pileus.services.dynamodb.streams.store import StreamRow
from pileus.services.dynamodb.streams.streams import STREAMS
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.descriptions import key_schema

_LIST_MAX = 100
_RECORDS_MAX = 1_000
_RECORDS_BYTES_MAX = 1024 * 1024
_ITERATOR_MS = 900_000
# How many rows are read at a time: first, and at most when their size is known.
_READ_FIRST, _READ_MAX = 16, 500


def list_streams(
    call: Call,
    *,
    table_name: str | None = None,
    limit: int | None = None,
    exclusive_start_stream_arn: str | None = None,
) -> dict[str, Any]:
    size = min(limit or _LIST_MAX, _LIST_MAX)
    prefix = ""
    if table_name is not None:
        prefix = f"{table_names.name_of(table_names.arn_of(call, table_name))}/"
    after = ""
    if exclusive_start_stream_arn is not None:
        _, _, label = exclusive_start_stream_arn.partition("/stream/")
        after = f"{table_names.name_of(exclusive_start_stream_arn)}/{label}"
    rows = call.tx.listed(STREAMS, at_most=size + 1, prefix=prefix, after=after)
    streams = [
        {
            "StreamArn": arn,
            "TableName": name.partition("/")[0],
            "StreamLabel": name.partition("/")[2],
        }
        for name, arn in rows[:size]
    ]
    found: dict[str, Any] = {"Streams": streams}
    if len(rows) > size:
        found["LastEvaluatedStreamArn"] = streams[-1]["StreamArn"]
    return found


def _find(tx: Transaction, arn: str) -> StreamRow:
    stream = store.find(tx, arn)
    if stream is None:
        raise errors.stream_not_found(arn)
    return stream


def _shard_id(stream: StreamRow) -> str:
    return f"shardId-{stream.created_at:020d}-{stream.number:012x}"


def describe_stream(
    call: Call,
    *,
    stream_arn: str,
    limit: int | None = None,
    exclusive_start_shard_id: str | None = None,
    shard_filter: dict[str, str] | None = None,
) -> dict[str, Any]:
    stream = _find(call.tx, stream_arn)
    shard = _shard_id(stream)
    span = {"StartingSequenceNumber": records.sequence_number(stream.first + 1)}
    if stream.ended_at:
        last = max(stream.last, stream.first + 1)
        span["EndingSequenceNumber"] = records.sequence_number(last)
    shards = [{"ShardId": shard, "SequenceNumberRange": span}]
    if shard_filter is not None or (exclusive_start_shard_id or "") >= shard:
        # The only shard has no children, and nothing comes after it.
        shards = []
    sort_key = stream.description["sort_key"]
    schema = key_schema(
        [stream.description["partition_key"]], [] if sort_key is None else [sort_key]
    )
    return {
        "StreamDescription": {
            "StreamArn": stream_arn,
            "StreamLabel": stream_arn.partition("/stream/")[2],
            "StreamStatus": "DISABLED" if stream.ended_at else "ENABLED",
            "StreamViewType": stream.description["view"],
            "CreationRequestDateTime": stream.created_at,
            "TableName": table_names.name_of(stream_arn),
            "KeySchema": schema,
            "Shards": shards,
        }
    }


# Positions: 0 stands for the oldest record that is there.


def _latest(tx: Transaction, stream: StreamRow) -> int:
    """The position of the last record that was written, or that before the first one."""
    if stream.ended_at:
        return stream.last
    found = table_store.seek(tx, tx.about)
    return stream.first if found is None else found[1].position


def _oldest(tx: Transaction, stream: StreamRow, latest: int) -> int:
    """The position of the oldest record that can be read, or that after the last one."""
    first = store.first_since(tx, stream.number, tx.now - records.RETENTION_MS + 1)
    return latest + 1 if first is None else first


def get_shard_iterator(
    call: Call,
    *,
    stream_arn: str,
    shard_id: str,
    shard_iterator_type: str,
    sequence_number: str | None = None,
    timestamp: int | None = None,
) -> dict[str, Any]:
    tx = call.tx
    stream = _find(tx, stream_arn)
    if shard_id != _shard_id(stream):
        raise errors.shard_not_found(shard_id, stream_arn)
    latest = _latest(tx, stream)
    kind = shard_iterator_type
    if kind.endswith("SEQUENCE_NUMBER"):
        position = _numbered(tx, stream, latest, kind, sequence_number)
    elif sequence_number is not None:
        raise errors.invalid(
            f"SequenceNumber must not be specified when ShardIteratorType is {kind}"
        )
    elif kind == "AT_TIMESTAMP":
        if timestamp is None:
            raise errors.invalid(
                "Timestamp must be specified when ShardIteratorType is AT_TIMESTAMP"
            )
        since = max(timestamp, tx.now - records.RETENTION_MS + 1)
        position = store.first_since(tx, stream.number, since) or latest + 1
    else:
        position = latest + 1 if kind == "LATEST" else 0
    return {"ShardIterator": _iterator(stream_arn, position, tx.now)}


def _numbered(
    tx: Transaction, stream: StreamRow, latest: int, kind: str, sequence_number: str | None
) -> int:
    if sequence_number is None:
        raise errors.invalid(f"SequenceNumber must be specified when ShardIteratorType is {kind}")
    position = records.position_of(sequence_number)
    if not stream.first < position <= max(latest, stream.first + 1):
        raise errors.invalid(f"Invalid SequenceNumber: {sequence_number}")
    position += kind == "AFTER_SEQUENCE_NUMBER"
    if position < _oldest(tx, stream, latest):
        raise errors.records_trimmed()
    return position


def _iterator(arn: str, position: int, now: int) -> str:
    return f"{arn}|1|{pagination.encode(position, now)}"


def the_iterators_table(call: Call, params: Mapping[str, Any]) -> str:
    """The table whose stream an iterator reads."""
    return table_names.table_of(_read_iterator(params["ShardIterator"])[0])


def _read_iterator(text: str) -> tuple[str, int, int]:
    arn, _, token = text.partition("|1|")
    try:
        position, made_at = pagination.decode(token, int, int)
    except pagination.InvalidToken:
        raise errors.iterator_invalid() from None
    if "/stream/" not in arn or not 0 <= position < 2**62:
        raise errors.iterator_invalid()
    return arn, position, made_at


def get_records(call: Call, *, shard_iterator: str, limit: int | None = None) -> dict[str, Any]:
    tx = call.tx
    if limit is not None and limit > _RECORDS_MAX:
        raise errors.invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy "
            f"constraint: Member must have value less than or equal to {_RECORDS_MAX}"
        )
    arn, position, made_at = _read_iterator(shard_iterator)
    if tx.now - made_at > _ITERATOR_MS:
        raise errors.iterator_expired()
    stream = _find(tx, arn)
    latest = _latest(tx, stream)
    oldest = _oldest(tx, stream, latest)
    if position and position < oldest:
        raise errors.records_trimmed()
    start = max(position, oldest)
    found = _page(tx, stream, start, limit or _RECORDS_MAX)
    following = found[-1].position + 1 if found else start
    answer: dict[str, Any] = {}
    if kept_items.is_handed_out(call):
        answer["Records"] = kept_items.whole_list([row.packed for row in found])
    else:
        answer["Records"] = [records.read(row.packed) for row in found]
    if not stream.ended_at or following <= latest:
        answer["NextShardIterator"] = _iterator(arn, following, tx.now)
    return answer


def _page(tx: Transaction, stream: StreamRow, start: int, limit: int) -> list[store.RecordRow]:
    found: list[store.RecordRow] = []
    size = 0
    since = tx.now - records.RETENTION_MS
    while len(found) < limit:
        wanted = _READ_FIRST
        if found:
            wanted = min(_READ_MAX, (_RECORDS_BYTES_MAX - size) * len(found) // size + 1)
        wanted = max(1, min(wanted, limit - len(found)))
        rows = store.read_records(tx, stream.number, start, since, wanted)
        for row in rows:
            size += len(row.packed)
            if size > _RECORDS_BYTES_MAX and found:
                return found
            found.append(row)
        if len(rows) < wanted:
            break
        start = rows[-1].position + 1
    return found
