"""What goes by itself: expired events, and the rows of deleted groups and streams.

Readers never see any of them: expiry is a condition on time, and a deleted group's or stream's rows
have an id that nobody knows. The timers only give the space back, a page at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.logs import rules, store

EXPIRE = "logs:expire"
PURGE_GROUP = "logs:purge-group"
PURGE_STREAM = "logs:purge-stream"


def begin(tx: Transaction, group: store.Group) -> None:
    """A retention policy was set: look at once for what has expired already."""
    tx.set_timer(EXPIRE, str(group.group_id), group.expiry_at, {"group_id": group.group_id})


def end(tx: Transaction, group: store.Group) -> None:
    tx.finish_timer(EXPIRE, str(group.group_id))


def note_events(tx: Transaction, place: store.Place, first_at: int) -> None:
    """Events came that will expire: the timer must fall due early enough for them."""
    due = rules.expiry_at(first_at, place.retention_days)
    if place.expiry_at and place.expiry_at <= due:
        return
    tx.set_timer(EXPIRE, str(place.group_id), due, {"group_id": place.group_id})
    store.set_expiry(tx, tx.about, due)


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of expired rows, and fall due again when there is more to do."""
    tx = call.tx
    group = store.group(tx, tx.about)
    if group is None or group.group_id != payload["group_id"] or not group.retention_days:
        return
    before = rules.oldest_kept(tx.now, group.retention_days)
    if store.remove_expired(tx, group.arn, group.group_id, before):
        due = tx.now
    else:
        oldest_at = store.oldest_at(tx, group.group_id)
        due = 0 if oldest_at is None else rules.expiry_at(oldest_at, group.retention_days)
    store.set_expiry(tx, group.arn, due)
    if due:
        tx.set_timer(EXPIRE, key, due, payload)


def purge_group(tx: Transaction, group: store.Group) -> None:
    end(tx, group)
    tx.set_timer(PURGE_GROUP, str(group.group_id), tx.now, {"group_id": group.group_id})


def purge_stream(tx: Transaction, group_id: int, stream_id: int) -> None:
    payload = {"group_id": group_id, "stream_id": stream_id}
    tx.set_timer(PURGE_STREAM, f"{group_id}/{stream_id}", tx.now, payload)


def remove_group_rows(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a deleted group's rows."""
    tx = call.tx
    if store.remove_of_group(tx, tx.about, payload["group_id"]):
        tx.set_timer(PURGE_GROUP, key, tx.now, payload)


def remove_stream_rows(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a deleted stream's rows."""
    tx = call.tx
    if store.remove_of_stream(tx, tx.about, payload["group_id"], payload["stream_id"]):
        tx.set_timer(PURGE_STREAM, key, tx.now, payload)
