"""Events on their way in: PutLogEvents, and what other services hand over."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery
from pileus.kernel.transaction import Transaction
from pileus.services.logs import (
    chunks,
    embedded_metrics,
    errors,
    expiry,
    groups,
    identifiers,
    rules,
    store,
    streams,
    tokens,
)


class HandedEvent(msgspec.Struct):
    timestamp: int
    message: str


class Handed(msgspec.Struct):
    """What other services hand over to a group's ARN."""

    stream_name: str = msgspec.field(name="logStreamName")
    events: list[HandedEvent] = msgspec.field(name="logEvents")


_handed = msgspec.json.Decoder(Handed).decode


def put_log_events(
    call: Call,
    *,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
    sequence_token: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    batch = rules.Batch(
        [event["timestamp"] for event in log_events], [event["message"] for event in log_events]
    )
    problem = rules.problem(batch)
    if problem is not None:
        raise problem
    group = store.group(tx, call.about)
    if group is None:
        raise errors.group_not_found()
    if store.stream(tx, group.group_id, log_stream_name) is None:
        raise errors.stream_not_found()
    accepted = rules.accept(batch, tx.now, group.retention_days)
    if rules.spans_too_long(accepted.events):
        raise errors.span_too_long()
    if accepted.events.times:
        _append(tx, log_stream_name, accepted.events)
    answer: dict[str, Any] = {"nextSequenceToken": tokens.SEQUENCE_TOKEN}
    if accepted.rejected:
        answer["rejectedLogEventsInfo"] = accepted.rejected
    return answer


def accept(call: Call, delivery: Delivery) -> None:
    """Take events that a service handed over; makes the group and the stream if need be."""
    try:
        handed = _handed(delivery.payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_parameter(f"Not a batch of log events: {error}") from error
    events = handed.events
    times = [event.timestamp for event in events]
    if times != sorted(times):
        events.sort(key=attrgetter("timestamp"))
        times.sort()
    if times:
        messages = [event.message for event in events]
        _append(call.tx, handed.stream_name, rules.Batch(times, messages))


def _append(tx: Transaction, stream_name: str, batch: rules.Batch) -> None:
    """Write a batch in chronological order to a stream of the group that `tx` is about."""
    rows = chunks.pack(batch)
    size_bytes = sum(row.size_bytes for row in rows)
    # One number more: a stream that is yet to be made takes it for its id.
    place = store.reserve(tx, tx.about, len(batch.times) + 1, size_bytes)
    if place is None:
        name = identifiers.group_name(tx.about)
        if name is None or tx.about.endswith(":*"):
            raise errors.group_not_found()
        groups.add(tx, tx.about, name)
        place = store.reserve(tx, tx.about, len(batch.times) + 1, size_bytes)
        assert place is not None
    first_at, last_at = batch.times[0], batch.times[-1]
    stream_id = store.note_events(tx, place.group_id, stream_name, first_at, last_at)
    if stream_id is None:
        streams.add(tx, place, stream_name)
        stream_id = store.note_events(tx, place.group_id, stream_name, first_at, last_at)
        assert stream_id is not None
    store.add_chunks(tx, place._replace(sequence=place.sequence + 1), stream_id, rows)
    embedded_metrics.hand_over(tx, batch)
    tx.wake(tx.about)
    if place.retention_days:
        expiry.note_events(tx, place, first_at)
