"""Tells the other regions of a global table what was written in this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.replicas import store
from pileus.services.dynamodb.replicas.store import Version
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

FORGET_TIMER = "dynamodb:forget-versions"
_DAY_MS = 86_400_000
# Longer than a write can be on its way to another region.
_KEPT_DAYS = 3
_PAGE = 500


class Write(msgspec.Struct, array_like=True, frozen=True):
    """One item as a region wrote it; None where it deleted it."""

    key: Item
    item: Item | None
    written_at: int
    region: str

    @property
    def version(self) -> Version:
        return Version(self.written_at, self.region)


class Message(msgspec.Struct, array_like=True, frozen=True):
    """What one region's table tells another's: writes, that it leaves, or by which attribute items
    expire from now on (none where that is empty)."""

    region: str
    writes: list[Write]
    leaves: bool = False
    expiry: str | None = None


def region_of(arn: str) -> str:
    return arn.split(":")[3]


def in_region(arn: str, region: str) -> str:
    """The same table in another region."""
    parts = arn.split(":")
    return ":".join([*parts[:3], region, *parts[4:]])


def tell(tx: Transaction, table: Table, key: Key, old: Item | None, new: Item | None) -> None:
    """Keep the version of a write that happened here, and hand it over to the other regions."""
    region = region_of(table.arn)
    last = store.find(tx, table.versions, key)
    version = Version(tx.now, region)
    if version <= last:
        # What is written here comes after what has been seen here, whatever the clock says.
        version = Version(last.written_at + 1, region)
    put_version(tx, table, key, version, is_gone=new is None)
    some = new if new is not None else old
    assert some is not None
    keys = {name: some[name] for name in table.keys}
    message = Message(region, [Write(keys, new, *version)])
    hand_over(tx, table, message)


def put_version(
    tx: Transaction, table: Table, key: Key, version: Version, *, is_gone: bool
) -> None:
    store.put(tx, table.versions, key, version, is_gone=is_gone)
    if is_gone:
        # The same instant for all of a day.
        day = tx.now // _DAY_MS + 1 + _KEPT_DAYS
        tx.set_timer(FORGET_TIMER, table.arn, day * _DAY_MS)


def hand_over(tx: Transaction, table: Table, message: Message) -> None:
    for replica in table.replicas:
        if replica.is_told:
            tx.deliver(
                to=in_region(table.arn, replica.region),
                payload=msgspec.msgpack.encode(message), because=table.arn,
            )  # fmt: skip


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: forget versions of items that are gone for long."""
    tx = call.tx
    found = table_store.seek(tx, key)
    if found is None or not found[0].versions:
        return
    until = tx.now - _KEPT_DAYS * _DAY_MS
    if store.forget(tx, found[0].versions, until, _PAGE):
        tx.set_timer(FORGET_TIMER, key, tx.now)
