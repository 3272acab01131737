"""Writes stream records, in the transaction of the change that they tell of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.items.kept_items import Kept, Stored
from pileus.services.dynamodb.streams import store
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table
from pileus.services.dynamodb.tables.store import Place

RETENTION_MS = 86_400_000
TRIM_TIMER = "dynamodb:trim"
BOTH_IMAGES = "NEW_AND_OLD_IMAGES"
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


class Told(NamedTuple):
    """What a change is told with: the key and the items as they are kept, and their size."""

    images: dict[str, Any]
    size: int


def told(table: Table, old: Stored | None, new: Stored | None, view: str) -> Told:
    some = new if new is not None else old
    assert some is not None
    key = {name: some.item[name] for name in table.keys}
    images: dict[str, Any] = {"Keys": key}
    size = sizes.of_item(key)
    if new is not None and view in ("NEW_IMAGE", BOTH_IMAGES):
        images["NewImage"] = kept_items.whole(new.packed)
        size += new.size
    if old is not None and view in ("OLD_IMAGE", BOTH_IMAGES):
        images["OldImage"] = kept_items.whole(old.packed)
        size += old.size
    return Told(images, size)


def name_of(old: Stored | None, new: Stored | None) -> str:
    """What has happened to an item."""
    return "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"


def write(
    tx: Transaction,
    table: Table,
    place: Place,
    old: Stored | None,
    new: Stored | None,
    is_expired: bool,
) -> None:
    """State a change in the table's stream, as GetRecords answers it."""
    stream = table.stream
    assert stream is not None
    images, size = told(table, old, new, stream.view)
    record: dict[str, Any] = {
        "eventID": tx.kernel.ids.hexadecimal(32),
        "eventName": name_of(old, new),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": table.arn.split(":")[3],
        "dynamodb": {
            # AWS gives the second of a change.
            "ApproximateCreationDateTime": tx.now // 1000,
            "SequenceNumber": sequence_number(place.position),
            "SizeBytes": size,
            "StreamViewType": stream.view,
            **images,
        },
    }
    if is_expired:
        record["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    store.insert_record(tx, stream.number, place.position, msgspec.json.encode(record))
    if not place.trims_at:
        trim_at(tx, table.arn, tx.now + RETENTION_MS)
    tx.wake(table.stream_arn)


class _Change(TypedDict, total=False):
    ApproximateCreationDateTime: int
    Keys: dict[str, Kept]
    NewImage: dict[str, Kept]
    OldImage: dict[str, Kept]
    SequenceNumber: str
    SizeBytes: int
    StreamViewType: str


class _Record(TypedDict, total=False):
    eventID: str
    eventName: str
    eventVersion: str
    eventSource: str
    awsRegion: str
    dynamodb: _Change
    userIdentity: dict[str, str]


_record_type: Any = _Record
_decode: Callable[[bytes], dict[str, Any]] = msgspec.json.Decoder(_record_type).decode


def read(packed: bytes) -> dict[str, Any]:
    """A record as operations answer it."""
    record = _decode(packed)
    record["dynamodb"]["ApproximateCreationDateTime"] *= 1000
    return record


def trim_at(tx: Transaction, arn: str, at: int) -> None:
    table_store.set_trims_at(tx, arn, at)
    tx.set_timer(TRIM_TIMER, arn, at)
