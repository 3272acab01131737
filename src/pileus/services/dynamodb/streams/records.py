"""Writes stream records, in the transaction of the change that they tell of."""

from __future__ import annotations

from typing import Any

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.streams import store
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table
from pileus.services.dynamodb.tables.store import Place

RETENTION_MS = 86_400_000
TRIM_TIMER = "dynamodb:trim"
# Sequence numbers have at least 21 digits.
_SEQUENCE_FROM = 10**20


def sequence_number(position: int) -> str:
    return str(_SEQUENCE_FROM + position)


def position_of(sequence: str) -> int:
    """The position that a sequence number stands for; -1 for what is none of ours."""
    if not sequence.isascii() or not sequence.isdigit():
        return -1
    position = int(sequence) - _SEQUENCE_FROM
    return position if 0 <= position < 2**62 else -1


def write(
    tx: Transaction,
    table: Table,
    place: Place,
    old: Item | None,
    new: Item | None,
    is_expired: bool,
) -> None:
    """State a change in the table's stream."""
    stream = table.stream
    assert stream is not None
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    some = new if new is not None else old
    assert some is not None
    images: dict[str, Any] = {"Keys": {key: some[key] for key in table.keys}}
    if new is not None and stream.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        images["NewImage"] = new
    if old is not None and stream.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        images["OldImage"] = old
    record: dict[str, Any] = {
        "eventID": tx.kernel.ids.hexadecimal(32),
        "eventName": name,
        "SizeBytes": sum(map(sizes.of_item, images.values())),
        **images,
    }
    if is_expired:
        record["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    store.insert_record(tx, stream.number, place.position, record)
    if not place.trims_at:
        trim_at(tx, table.arn, tx.now + RETENTION_MS)
    tx.wake(table.stream_arn)


def trim_at(tx: Transaction, arn: str, at: int) -> None:
    table_store.set_trims_at(tx, arn, at)
    tx.set_timer(TRIM_TIMER, arn, at)
