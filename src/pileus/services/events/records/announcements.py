"""What the account's default bus is told of connections and API destinations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pileus.kernel.changes import PlatformEvent
from pileus.services.events.records import store
from pileus.services.events.records.store import API_DESTINATION, CONNECTION, Record

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

SOURCE = "aws.events"
AUTHORIZED = "AUTHORIZED"
DESTINATIONS_TIMER = "events:destinations"
_DESTINATIONS_AT_ONCE = 20
# docs: event-reference, Connection state events
_ENTERED = {
    "AUTHORIZED": "Authorized",
    "AUTHORIZING": "Authorization Started",
    "DEAUTHORIZED": "Deauthorized",
}

# All of these run in transactions about the account.


def connection_arn(tx: Transaction, record: Record) -> str:
    return f"{tx.about}{CONNECTION}/{record.name}/{record.id}"


def begin(tx: Transaction, record: Record, what: str) -> None:
    """A connection is about to be changed: `what` is Creation, Update and so on."""
    _announce_connection(tx, record, f"{what} Started", "")


def enter(tx: Transaction, before: Record | None, record: Record) -> None:
    """A connection has come into the state that its record tells; with it its destinations."""
    state = record.members["ConnectionState"]
    _announce_connection(tx, record, _ENTERED[state], record.members.get("StateReason") or "")
    is_active = state == AUTHORIZED
    if before is not None and is_active is not (before.members["ConnectionState"] == AUTHORIZED):
        _tell_destinations(tx, record, is_active)


def leave(tx: Transaction, record: Record) -> None:
    """A connection is gone."""
    if record.members["ConnectionState"] == AUTHORIZED:
        _tell_destinations(tx, record, is_active=False)


def announce_destination(tx: Transaction, record: Record, *, is_active: bool) -> None:
    arn = f"{tx.about}{API_DESTINATION}/{record.name}/{record.id}"
    detail = {"ApiDestinationName": record.name, "Timestamp": _time_text(tx.now)}
    state = "Activated" if is_active else "Deactivated"
    tx.announce(PlatformEvent(arn, SOURCE, f"API Destination {state}", detail))


def _announce_connection(tx: Transaction, record: Record, what: str, reason: str) -> None:
    detail = {"ConnectionName": record.name, "Timestamp": _time_text(tx.now)}
    if reason:
        detail["StateReason"] = reason
    arn = connection_arn(tx, record)
    tx.announce(PlatformEvent(arn, SOURCE, f"Connection {what}", detail))


def _tell_destinations(tx: Transaction, connection: Record, is_active: bool) -> None:
    """An account may have thousands of destinations: they are told page by page."""
    arn = connection_arn(tx, connection)
    payload = {"connection": arn, "active": is_active, "after": ""}
    tx.set_timer(DESTINATIONS_TIMER, f"{arn} {tx.kernel.ids.hexadecimal(8)}", tx.now, payload)


def tell_destinations(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: the next page of an account's destinations, of which those of a connection changed."""
    tx = call.tx
    page = store.records(tx, API_DESTINATION, "", payload["after"], _DESTINATIONS_AT_ONCE)
    for record in page:
        if record.members["ConnectionArn"] == payload["connection"]:
            announce_destination(tx, record, is_active=payload["active"])
    if len(page) == _DESTINATIONS_AT_ONCE:
        tx.set_timer(DESTINATIONS_TIMER, key, tx.now, {**payload, "after": page[-1].name})


def _time_text(instant: int) -> str:
    """As AWS's examples of these events have it."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
