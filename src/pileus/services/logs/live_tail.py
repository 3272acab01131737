"""StartLiveTail: what is ingested, sent on as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.log_filters import InvalidPattern, compile_filter
from pileus.services.logs import chunks, errors, identifiers, store
from pileus.services.logs.chunks import StoredEvent

# docs: "Every second, a LiveTailSessionUpdate object is sent", of 500 events at most.
UPDATE_SECONDS = 1.0
UPDATE_EVENTS_MAX = 500
# docs: "after it has been kept open for three hours"
SESSION_MS = 3 * 3600 * 1000
# What one update looks at in each group; the rest waits for the next.
_ROWS_MAX = 500


@dataclass
class Followed:
    """A group of the session, and the number of the next event to be shown."""

    arn: str
    identifier: str
    group_id: int
    next_sequence: int


@dataclass(frozen=True)
class Wanted:
    """Which events a session shows."""

    stream_names: Sequence[str] | None
    stream_prefixes: Sequence[str] | None
    matches: Callable[[str], bool]

    def __call__(self, event: StoredEvent) -> bool:
        name = event.stream_name
        if name is None:
            return False
        if self.stream_names is not None and name not in self.stream_names:
            return False
        if self.stream_prefixes is not None and not name.startswith(tuple(self.stream_prefixes)):
            return False
        return self.matches(event.message)


async def start_live_tail(
    call: Call,
    *,
    log_group_identifiers: list[str],
    log_stream_names: list[str] | None = None,
    log_stream_name_prefixes: list[str] | None = None,
    log_event_filter_pattern: str = "",
) -> dict[str, Any]:
    if log_stream_names is not None and log_stream_name_prefixes is not None:
        raise errors.names_and_prefixes()
    narrowed = log_stream_names is not None or log_stream_name_prefixes is not None
    if narrowed and len(log_group_identifiers) > 1:
        raise errors.streams_of_several_groups()
    try:
        matches = compile_filter(log_event_filter_pattern).matches
    except InvalidPattern as error:
        raise errors.invalid_pattern(error.message) from error
    followed = [await _follow(call, identifier) for identifier in log_group_identifiers]
    start: dict[str, Any] = {
        "requestId": call.request_id,
        "sessionId": call.kernel.ids.uuid(),
        "logGroupIdentifiers": log_group_identifiers,
        "logEventFilterPattern": log_event_filter_pattern,
    }
    if log_stream_names is not None:
        start["logStreamNames"] = log_stream_names
    if log_stream_name_prefixes is not None:
        start["logStreamNamePrefixes"] = log_stream_name_prefixes
    wanted = Wanted(log_stream_names, log_stream_name_prefixes, matches)
    return {"responseStream": _session(call, start, followed, wanted)}


async def _follow(call: Call, identifier: str) -> Followed:
    arn = identifiers.arn_of_identifier(call, identifier)
    found = await call.read(store.next_number, arn, about=arn)
    if found is None:
        raise errors.group_not_found()
    group_id, next_sequence = found
    return Followed(arn, identifier, group_id, next_sequence)


async def _session(
    call: Call, start: dict[str, Any], followed: list[Followed], wanted: Wanted
) -> AsyncIterator[dict[str, Any]]:
    yield {"sessionStart": start}
    clock = call.kernel.clock
    ends_at, real_end = call.now + SESSION_MS, clock.monotonic_ms() + SESSION_MS
    async with call.watching(*(group.arn for group in followed)) as changed:
        is_changed = True  # what came between the answer's first byte and the subscription
        while call.is_connected():
            results: list[dict[str, Any]] = []
            if is_changed:
                for group in followed:
                    results += await _news(call, group, wanted)
            is_sampled = len(results) > UPDATE_EVENTS_MAX
            if is_sampled:
                results = _sampled(results)
            update = {
                "sessionMetadata": {"sampled": is_sampled},
                "sessionResults": results,
            }
            yield {"sessionUpdate": update}
            if call.now >= ends_at or clock.monotonic_ms() >= real_end:
                raise AwsError("SessionTimeoutException", "The session has timed out.")
            is_changed = await _next_second(call, changed)


async def _next_second(call: Call, changed: Any) -> bool:
    """Wait out the second, whatever comes in it; says whether anything came."""
    clock = call.kernel.clock
    end = clock.monotonic_ms() + UPDATE_SECONDS * 1000
    is_changed = False
    while (left := (end - clock.monotonic_ms()) / 1000) > 0:
        is_changed |= await changed(real_seconds=left)
    return is_changed


async def _news(call: Call, group: Followed, wanted: Wanted) -> list[dict[str, Any]]:
    news: list[dict[str, Any]] = []
    group_id, next_sequence, events = await call.read(
        _read_news, group.arn, group.group_id, group.next_sequence, about=group.arn
    )
    group.group_id, group.next_sequence = group_id, next_sequence
    for event in events:
        if wanted(event):
            news.append(
                {
                    "logStreamName": event.stream_name,
                    "logGroupIdentifier": group.identifier,
                    "message": event.message,
                    "timestamp": event.at,
                    "ingestionTime": event.ingested_at,
                }
            )
    return news


def _read_news(
    tx: Transaction, arn: str, group_id: int, next_sequence: int
) -> tuple[int, int, list[StoredEvent]]:
    found = store.next_number(tx, arn)
    if found is None:
        return group_id, next_sequence, []
    if found[0] != group_id:
        # The group was deleted and made anew: all that is in it is new.
        group_id, next_sequence = found[0], 0
    events: list[StoredEvent] = []
    for row in store.ingested(tx, group_id, next_sequence, _ROWS_MAX):
        unpacked = chunks.unpack(row)
        events += unpacked
        next_sequence = row.sequence + len(unpacked)
    return group_id, next_sequence, events


def _sampled(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as an update may hold, evenly taken."""
    return [
        results[index * len(results) // UPDATE_EVENTS_MAX] for index in range(UPDATE_EVENTS_MAX)
    ]
