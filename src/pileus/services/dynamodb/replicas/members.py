"""Makes replicas and removes them: all members learn of each other, then items are copied.

Members tell a new replica of their writes before its items are copied, and each item comes with
its version: whatever arrives first, the last writer wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.history import past
from pileus.services.dynamodb.history.past import View
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.replicas import accepting, store, telling
from pileus.services.dynamodb.replicas.telling import Write
from pileus.services.dynamodb.streams import streams
from pileus.services.dynamodb.tables import operations, upkeep
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import (
    ACTIVE,
    CREATING,
    DELETING,
    UPDATING,
    Replica,
    Table,
)

JOIN_TIMER, FILL_TIMER = "dynamodb:join-replica", "dynamodb:fill-replica"
LEAVE_TIMER = "dynamodb:leave-replica"
_FAILED = "CREATION_FAILED"
# Rows that a page may write, indexes included.
_ROWS, _ITEMS_MIN = 200, 5
# How long it takes where AWS's delays are played.
CHANGE_MS = 20_000


class Fill(msgspec.Struct, frozen=True):
    """How far the copying to a new replica has come: the payload of its timer."""

    id: str
    sources: tuple[str, ...]
    hash: bytes = b""
    sort: bytes = b""


async def join(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer of a member: make the replica of a region, and have all members know it."""
    arn, region = call.about, key.partition(" ")[2]
    table: Table | None = await call.read(_member, region, about=arn)
    if table is None:
        return
    target = telling.in_region(arn, region)
    id = payload["id"]
    is_made = await call.transaction(make, table, region, id, about=target)
    if not is_made:
        await call.transaction(set_status, region, _FAILED, about=arn)
        return
    regions = [each.region for each in table.replicas if each.region != region]
    members = [arn, *(telling.in_region(arn, each) for each in regions)]
    for member in members[1:]:
        await call.transaction(add, Replica(region, CREATING), about=member)
    await call.transaction(begin_fill, Fill(id, tuple(members)), about=target)


def _member(tx: Transaction, region: str) -> Table | None:
    """Step about a table: it, while a replica is one of its group."""
    found = table_store.seek(tx, tx.about)
    return None if found is None or found[0].replica(region) is None else found[0]


def make(tx: Transaction, source: Table, region: str, id: str) -> bool:
    """Step about the replica: make it as its source is; False where there is another table."""
    found = table_store.seek(tx, tx.about)
    if found is not None:
        return found[0].id == id
    own = source.replica(region)
    asked = own.settings if own is not None else {}
    numbered = tuple(
        msgspec.structs.replace(
            each, number=table_store.new_number(tx), status=ACTIVE, is_filling=False
        )
        for each in source.indexes
        if each.status != DELETING
    )
    others = [each for each in source.replicas if each.region != region]
    home = Replica(telling.region_of(source.arn), ACTIVE)
    table = msgspec.structs.replace(
        source,
        arn=tx.about,
        number=table_store.new_number(tx),
        id=id,
        created_at=tx.now,
        indexes=numbered,
        status=CREATING,
        stream=None,
        table_class=asked.get("TableClassOverride") or source.table_class,
        is_protected=False,
        policy=None,
        ttl_number=table_store.new_number(tx) if source.is_ttl_on else 0,
        insights={},
        recovery_days=0,
        recovers_since=0,
        changes=0,
        destinations=(),
        restored=None,
        replicas=(home, *others),
        versions=table_store.new_number(tx),
        linked_at=0,
    )
    table_store.insert(tx, table)
    tx.enlist(operations.TABLES, table.name, tx.about)
    table_store.update(tx, streams.begin(tx, table, "NEW_AND_OLD_IMAGES"))
    return True


def add(tx: Transaction, replica: Replica) -> None:
    """Step about a member: another one comes to the group; again is the same."""
    found = table_store.seek(tx, tx.about)
    if found is not None and found[0].replica(replica.region) is None:
        table_store.update(tx, with_replica(tx, found[0], replica))


def with_replica(tx: Transaction, table: Table, replica: Replica) -> Table:
    """The table with one more replica; its caller keeps the table."""
    versions = table.versions or table_store.new_number(tx)
    replicas = (*table.replicas, replica)
    return msgspec.structs.replace(table, replicas=replicas, versions=versions)


def begin_fill(tx: Transaction, fill: Fill) -> None:
    """Step about the replica: have items copied into it; again goes on where that is."""
    found = table_store.seek(tx, tx.about)
    if found is not None and found[0].id == fill.id and found[0].status == CREATING:
        tx.set_timer(FILL_TIMER, tx.about, tx.now, msgspec.to_builtins(fill))


async def fill(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer of a replica: copy a page from a member, or say to all that it is complete."""
    found = msgspec.convert(payload, Fill)
    if not found.sources:
        table: Table | None = await call.transaction(finish, found.id, about=key)
        region = telling.region_of(key)
        for each in table.replicas if table is not None else ():
            member = telling.in_region(key, each.region)
            await call.transaction(set_status, region, ACTIVE, about=member)
        return
    limit = await call.read(page_items, about=key)
    after = Key(found.hash, found.sort)
    told, last = await call.read(read_page, after, limit, about=found.sources[0])
    await call.transaction(write_page, found, told, last, about=key)


def page_items(tx: Transaction) -> int:
    """Step about the replica: how many items one transaction can take."""
    found = table_store.seek(tx, tx.about)
    indexes = 0 if found is None else len(found[0].indexes)
    return max(_ITEMS_MIN, _ROWS // (1 + indexes))


def read_page(tx: Transaction, after: Key, limit: int) -> tuple[list[Write], Key | None]:
    """Step about a member: a page of its items with their versions."""
    found = table_store.seek(tx, tx.about)
    if found is None:
        return [], None
    table = found[0]
    page = past.page(tx, View(table.number, 0, 0), after, limit)
    told = []
    for each in page.items:
        item = kept_items.decode(each.packed)
        version = store.find(tx, table.versions, Key(each.hash, each.sort))
        told.append(Write({name: item[name] for name in table.keys}, item, *version))
    return told, page.last


def write_page(tx: Transaction, fill: Fill, told: list[Write], last: Key | None) -> None:
    """Step about the replica: put a page into it, and set the timer for what follows."""
    found = table_store.seek(tx, tx.about)
    if found is None or found[0].id != fill.id:
        return
    accepting.apply(tx, found[0], told)
    at = tx.now
    if last is not None:
        fill = msgspec.structs.replace(fill, hash=last.hash, sort=last.sort)
    else:
        fill = msgspec.structs.replace(fill, sources=fill.sources[1:], hash=b"", sort=b"")
        if not fill.sources and tx.kernel.settings.aws_delays:
            at += CHANGE_MS
    tx.set_timer(FILL_TIMER, tx.about, at, msgspec.to_builtins(fill))


def finish(tx: Transaction, id: str) -> Table | None:
    """Step about the replica: it can be used."""
    found = table_store.seek(tx, tx.about)
    if found is None or found[0].id != id:
        return None
    table = msgspec.structs.replace(found[0], status=ACTIVE)
    table_store.update(tx, table)
    return table


def set_status(tx: Transaction, region: str, status: str) -> None:
    """Step about a member: how it goes with a replica."""
    found = table_store.seek(tx, tx.about)
    replica = found[0].replica(region) if found is not None else None
    if found is None or replica is None:
        return
    changed = msgspec.structs.replace(replica, status=status)
    table_store.update(tx, _settled(found[0].changed_replica(changed)))


def _settled(table: Table) -> Table:
    """Active again, when no replica is being made or removed any more."""
    is_busy = any(each.status in (CREATING, DELETING) for each in table.replicas)
    if is_busy or table.status != UPDATING:
        return table
    return msgspec.structs.replace(table, status=ACTIVE)


async def leave(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer of a member: remove the replica of a region, which all members forget first."""
    arn, region = call.about, key.partition(" ")[2]
    table: Table | None = await call.read(_member, region, about=arn)
    if table is None:
        return
    for each in table.replicas:
        if each.region != region:
            member = telling.in_region(arn, each.region)
            await call.transaction(drop, region, about=member)
    home, target = telling.region_of(arn), telling.in_region(arn, region)
    await call.transaction(remove, home, about=target)
    await call.transaction(drop, region, about=arn)


def drop(tx: Transaction, region: str) -> None:
    """Step about a member: a replica is none any more."""
    found = table_store.seek(tx, tx.about)
    if found is None:
        return
    table = found[0]
    # It may have said itself that it leaves.
    if table.replica(region) is not None:
        table = accepting.left(tx, table, region)
    table_store.update(tx, _settled(table))


def remove(tx: Transaction, home: str) -> None:
    """Step about a replica: it goes, unless it is another table than a region's member."""
    found = table_store.seek(tx, tx.about)
    if found is not None and found[0].replica(home) is not None:
        upkeep.remove(tx, *found)
