"""Events on their way out: one stream read in order, or a group searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.languages.log_filters import InvalidPattern, compile_filter
from pileus.services.logs import chunks, errors, rules, store, tokens
from pileus.services.logs.chunks import Position, StoredEvent

# docs: "up to 1 MB of log events or up to 10,000 log events"
PAGE_EVENTS_MAX = 10_000
PAGE_BYTES_MAX = 1_048_576
# A search looks at this much before it gives its page back, however few events matched.
SEARCHED_EVENTS_MAX = 10_000
SEARCHED_BYTES_MAX = 8 * 1_048_576
_TAIL_FIRST_FROM = 1_704_067_200_000  # 2024-01-01T00:00:00Z
_END_OF_TIME = 1 << 50


def get_log_events(
    call: Call,
    *,
    log_stream_name: str,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    start_time: int = 0,
    end_time: int | None = None,
    next_token: str | None = None,
    limit: int = PAGE_EVENTS_MAX,
    start_from_head: bool = False,
) -> dict[str, Any]:
    tx = call.tx
    group = store.group(tx, call.about)
    if group is None:
        raise errors.group_not_found()
    stream = store.stream(tx, group.group_id, log_stream_name)
    if stream is None:
        raise errors.stream_not_found()
    low = max(start_time, rules.oldest_kept(tx.now, group.retention_days))
    high = _END_OF_TIME if end_time is None else end_time - 1
    is_forward = start_from_head
    begin: Position = (low, -1) if is_forward else (high + 1, -1)
    if next_token is not None:
        is_forward, begin = tokens.read_stream_token(next_token)
    sources = store.sources(tx, group.group_id, [stream.stream_id], begin, low, high, is_forward)
    page = _page(chunks.merge(sources, begin, low, high, is_forward), limit)
    if not is_forward:
        page.reverse()
    # At the end of a stream both tokens stay where they are.
    first: Position = (page[0].at, page[0].sequence) if page else begin
    last: Position = (page[-1].at, page[-1].sequence) if page else begin
    if not page and next_token is None:
        first = last = (low, -1)
    return {
        "events": [
            {"timestamp": event.at, "message": event.message, "ingestionTime": event.ingested_at}
            for event in page
        ],
        "nextForwardToken": tokens.forward(last),
        "nextBackwardToken": tokens.backward(first),
    }


def _page(events: Any, limit: int) -> list[StoredEvent]:
    page: list[StoredEvent] = []
    size = 0
    for event in events:
        size += len(event.message.encode()) + rules.EVENT_OVERHEAD_BYTES
        if page and size > PAGE_BYTES_MAX:
            break
        page.append(event)
        if len(page) == limit:
            break
    return page


def filter_log_events(
    call: Call,
    *,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    log_stream_names: list[str] | None = None,
    log_stream_name_prefix: str | None = None,
    start_time: int = 0,
    end_time: int | None = None,
    filter_pattern: str = "",
    next_token: str | None = None,
    limit: int = PAGE_EVENTS_MAX,
    start_from_head: bool = True,
    interleaved: bool | None = None,
) -> dict[str, Any]:
    tx = call.tx
    if log_stream_names is not None and log_stream_name_prefix is not None:
        raise errors.streams_and_prefix()
    if not start_from_head and next_token is None and start_time < _TAIL_FIRST_FROM:
        raise errors.tail_first_too_early()
    try:
        matches = compile_filter(filter_pattern).matches
    except InvalidPattern as error:
        raise errors.invalid_pattern(error.message) from error
    group = store.group(tx, call.about)
    if group is None:
        raise errors.group_not_found()
    stream_ids = None
    if log_stream_names is not None:
        stream_ids = _stream_ids(tx, group, log_stream_names)
    low = max(start_time, rules.oldest_kept(tx.now, group.retention_days))
    high = _END_OF_TIME if end_time is None else end_time
    is_forward = start_from_head
    begin: Position = (low, -1) if is_forward else (high + 1, -1)
    if next_token is not None:
        is_forward, begin = tokens.read_search_token(tx.now, next_token)
    sources = store.sources(tx, group.group_id, stream_ids, begin, low, high, is_forward)
    merged = chunks.merge(sources, begin, low, high, is_forward)
    prefix = log_stream_name_prefix or ""
    found, position = _search(
        merged, lambda event: _is_in(event, prefix) and matches(event.message), limit
    )
    answer: dict[str, Any] = {
        "events": [
            {
                "logStreamName": event.stream_name,
                "timestamp": event.at,
                "message": event.message,
                "ingestionTime": event.ingested_at,
                "eventId": tokens.event_id(group.group_id, event.at, event.sequence),
            }
            for event in found
        ],
        "searchedLogStreams": [],  # docs: "This parameter returns an empty list."
    }
    if position is not None:
        answer["nextToken"] = tokens.search_token(tx.now, is_forward, position)
    return answer


def _stream_ids(tx: Transaction, group: store.Group, names: Sequence[str]) -> list[int]:
    ids = []
    for name in dict.fromkeys(names):
        stream = store.stream(tx, group.group_id, name)
        if stream is None:
            raise errors.stream_not_found()
        ids.append(stream.stream_id)
    return ids


def _is_in(event: StoredEvent, prefix: str) -> bool:
    return event.stream_name is not None and event.stream_name.startswith(prefix)


def _search(events: Any, is_wanted: Any, limit: int) -> tuple[list[StoredEvent], Position | None]:
    """A page of wanted events, and where the next page begins; None at the end."""
    found: list[StoredEvent] = []
    searched_bytes = size = 0
    position: Position | None = None
    for searched, event in enumerate(events):
        if len(found) == limit or searched == SEARCHED_EVENTS_MAX:
            return found, position
        length = len(event.message.encode()) + rules.EVENT_OVERHEAD_BYTES
        if is_wanted(event):
            if found and size + length > PAGE_BYTES_MAX:
                return found, position
            found.append(event)
            size += length
        position = (event.at, event.sequence)
        searched_bytes += length
        if searched_bytes >= SEARCHED_BYTES_MAX:
            return found, position
    return found, None
