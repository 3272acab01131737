"""PutEvents: events come in, one answer for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, event, names, routing
from pileus.services.events.event import Event, Origin, Said

if TYPE_CHECKING:
    from pileus.kernel.call import Call

log = logging.getLogger(__name__)

# docs: eventbridge/latest/APIReference/API_PutEvents
REQUEST_BYTES_MAX = 1_048_576
SOURCE_LENGTH_MAX = 256
DETAIL_TYPE_LENGTH_MAX = 128
_RESERVED_SOURCE = "aws."
_REQUIRED = ("Source", "DetailType", "Detail")
_ELSEWHERE = RetryPolicy(final_codes=("ResourceNotFoundException",))


class Failure(NamedTuple):
    code: str
    message: str


def put_events(
    call: Call, *, entries: list[dict[str, Any]], endpoint_id: str | None = None
) -> dict[str, Any]:
    if sum(event.size_bytes(entry) for entry in entries) > REQUEST_BYTES_MAX:
        raise errors.validation("Total size of the entries in the request is over the limit.")
    budget = routing.Budget()
    answers = []
    failures = 0
    for entry in entries:
        made = event_of(call, entry)
        if isinstance(made, Failure):
            failures += 1
            answers.append({"ErrorCode": made.code, "ErrorMessage": made.message})
        else:
            _take(call, names.bus_arn(call, entry.get("EventBusName")), made, budget)
            answers.append({"EventId": made.id})
    return {"FailedEntryCount": failures, "Entries": answers}


def event_of(call: Call, entry: dict[str, Any]) -> Event | Failure:
    """The event that an entry means, or why it is none."""
    source = entry.get("Source") or ""
    if source.startswith(_RESERVED_SOURCE):
        return Failure("NotAuthorizedForSourceException", "Not authorized for the source.")
    if call.context.trace_id and not entry.get("TraceHeader"):
        entry = {**entry, "TraceHeader": call.context.trace_id}
    return said_event(Origin(call.kernel.ids.uuid(), call.account, call.region, call.now), entry)


def said_event(origin: Origin, entry: dict[str, Any]) -> Event | Failure:
    """As `event_of`, for any source."""
    for name in _REQUIRED:
        if not entry.get(name):
            return _invalid(name, f"{name} is a required argument.")
    source = entry["Source"]
    if len(source) > SOURCE_LENGTH_MAX:
        return _invalid("Source", f"Source must be at most {SOURCE_LENGTH_MAX} characters long.")
    if len(entry["DetailType"]) > DETAIL_TYPE_LENGTH_MAX:
        return _invalid(
            "DetailType", f"DetailType must be at most {DETAIL_TYPE_LENGTH_MAX} characters long."
        )
    try:
        parsed = msgspec.json.decode(entry["Detail"])
        detail = event.compact(entry["Detail"])
    except (msgspec.MsgspecError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or event.is_deep(detail, parsed):
        return Failure("MalformedDetail", "Detail is malformed.")
    said = Said(
        source, entry["DetailType"], detail, parsed, entry.get("Resources") or [],
        entry.get("Time"), entry.get("TraceHeader") or "",
    )  # fmt: skip
    return event.event(origin, said)


def _take(call: Call, bus: str, made: Event, budget: routing.Budget) -> None:
    """Let a bus have an event. AWS takes events for buses that are not there, and drops them."""
    if bus != call.about:
        send_on(call.tx, bus, made)
    elif not routing.take(call.tx, bus, made, budget):
        log.warning("event %s dropped: %s does not exist", made.id, bus)


def send_on(tx: Transaction, bus: str, made: Event) -> None:
    """Hand an event to another bus."""
    attributes = {routing.TRACE: made.trace} if made.trace else {}
    tx.deliver(
        to=bus, payload=made.text, because=tx.about, attributes=attributes,
        policy=_ELSEWHERE,
    )  # fmt: skip


def _invalid(name: str, reason: str) -> Failure:
    return Failure("InvalidArgument", f"Parameter {name} is not valid. Reason: {reason}")
