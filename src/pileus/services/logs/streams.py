"""Operations on log streams."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.logs import errors, expiry, store, tokens

PAGE = 50
BY_TIME = "LastEventTime"
# The position past which a backward list by time begins.
_LAST_POSITION = (2**62, "")
_FIRST_POSITION = (-2, "")


def create_log_stream(call: Call, *, log_group_name: str, log_stream_name: str) -> None:
    place = store.reserve(call.tx, call.about, 1, 0)
    if place is None:
        raise errors.group_not_found()
    if not add(call.tx, place, log_stream_name):
        raise errors.stream_exists()


def add(tx: Transaction, place: store.Place, name: str) -> bool:
    """Make a stream with the number that was reserved; False if there is one of this name."""
    return store.add_stream(tx, place.group_id, name, place.sequence)


def delete_log_stream(call: Call, *, log_group_name: str, log_stream_name: str) -> None:
    tx = call.tx
    group = store.group(tx, call.about)
    if group is None:
        raise errors.group_not_found()
    stream = store.stream(tx, group.group_id, log_stream_name)
    if stream is None:
        raise errors.stream_not_found()
    store.remove_stream(tx, group.group_id, log_stream_name)
    expiry.purge_stream(tx, group.group_id, stream.stream_id)


def describe_log_streams(
    call: Call,
    *,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    log_stream_name_prefix: str = "",
    order_by: str = "LogStreamName",
    descending: bool = False,
    next_token: str | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    tx = call.tx
    if order_by == BY_TIME and log_stream_name_prefix:
        raise errors.time_order_with_prefix()
    group = store.group(tx, call.about)
    if group is None:
        raise errors.group_not_found()
    position = _LAST_POSITION if descending else _FIRST_POSITION
    if next_token is not None:
        at, after = tokens.read_name_token(call.now, next_token, int, str)
        position = (int(at), str(after))
    # One more than asked for tells whether there is another page.
    if order_by == BY_TIME:
        found = store.streams_by_time(tx, group.group_id, position, descending, limit + 1)
    else:
        found = store.streams_by_name(
            tx, group.group_id, log_stream_name_prefix, position[1], descending, limit + 1
        )
    page = found[:limit]
    answer: dict[str, Any] = {"logStreams": [_described(group.arn, stream) for stream in page]}
    if len(found) > limit:
        last = page[-1]
        answer["nextToken"] = tokens.name_token(call.now, last.last_event_at, last.name)
    return answer


def _described(group_arn: str, stream: store.Stream) -> dict[str, Any]:
    described = {
        "logStreamName": stream.name,
        "creationTime": stream.created_at,
        "uploadSequenceToken": tokens.SEQUENCE_TOKEN,
        "arn": f"{group_arn}:log-stream:{stream.name}",
        "storedBytes": 0,  # docs: no longer supported for streams, always zero
    }
    if stream.last_ingested_at >= 0:
        described["firstEventTimestamp"] = stream.first_event_at
        described["lastEventTimestamp"] = stream.last_event_at
        described["lastIngestionTime"] = stream.last_ingested_at
    return described
