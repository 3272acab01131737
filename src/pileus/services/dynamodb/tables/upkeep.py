"""What timers do for tables: settle states, fill and drop indexes, remove what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.services.dynamodb.backups import system
from pileus.services.dynamodb.history import holds
from pileus.services.dynamodb.items import keys, writes
from pileus.services.dynamodb.items import store as item_store
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.replicas import telling
from pileus.services.dynamodb.streams import streams
from pileus.services.dynamodb.tables import leftovers, store
from pileus.services.dynamodb.tables.settings import ACTIVE, DELETING, Table

SETTLE_TIMER = "dynamodb:settle"
FILL_TIMER = "dynamodb:fill"
REMOVE_INDEX_TIMER = "dynamodb:remove-index"
TTL_FILL_TIMER = "dynamodb:fill-expiries"
_PAGE = 200
# What a page of items has in bytes, if they are of average size.
_PAGE_BYTES = 1024 * 1024
_EXPIRE_PAGE = 25
# All of a scan.
_UNTIL = b"\xff" * 17


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a table has been created, changed or deleted, where AWS's delays are played."""
    found = store.seek(call.tx, key)
    if found is None or found[0].id != payload["id"]:
        return
    if found[0].status == DELETING:
        remove(call.tx, *found)
    else:
        store.update(call.tx, msgspec.structs.replace(found[0], status=ACTIVE))


def remove(tx: Transaction, table: Table, state: store.State) -> None:
    """Let the table go at once, and its items a page at a time."""
    if table.stream is not None and table.stream.is_on:
        streams.end(tx, table)
    if table.recovery_days:
        system.keep(tx, table, state)
    if table.replicas:
        region = telling.region_of(table.arn)
        telling.hand_over(tx, table, telling.Message(region, [], leaves=True))
    if table.linked_at:
        tx.delist("global-table", table.name)
    if table.versions:
        leftovers.drop_later(tx, "versions", table.versions)
    store.delete(tx, table.arn)
    tx.remove_tags(table.arn, list(tx.tags(table.arn)))
    tx.delist("table", table.name)
    for name in table.insights:
        tx.delist("contributor-insights", f"{table.name}/{name}" if name else table.name)
    for index in table.indexes:
        leftovers.drop_later(tx, "index", index.number)
    holds.leave(tx, table)
    if table.is_ttl_on:
        leftovers.drop_later(tx, "expiries", table.ttl_number)


def _page_rows(state: store.State) -> int:
    """How many items are looked at in one transaction."""
    if not state.bytes:
        return _PAGE
    return max(4, min(_PAGE, _PAGE_BYTES * state.items // state.bytes))


# Indexes.


def fill(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: put a page of a table's items into a new index."""
    tx, (arn, name) = call.tx, key.split(" ")
    found = store.seek(tx, arn)
    index = found[0].index(name) if found is not None else None
    if found is None or index is None or index.number != payload["number"]:
        return
    table = found[0]
    after = Key(bytes.fromhex(payload["hash"]), bytes.fromhex(payload["sort"]))
    limit = _page_rows(found[1])
    rows = item_store.scan(tx, table.number, after, _UNTIL, limit)
    items = added = 0
    for row in rows:
        item = row.item
        at = keys.index_key(table, index, item)
        if at is None:
            continue
        part = writes.projected(table, index, item)
        size = sizes.of_item(part)
        if item_store.fill_index(tx, index.number, at, row.key, part, size):
            items, added = items + 1, added + size
    store.count_index(tx, index.number, items, added)
    if len(rows) == limit:
        last = rows[-1].key
        place = {"hash": last.hash.hex(), "sort": last.sort.hex()}
        tx.set_timer(FILL_TIMER, key, tx.now, {**payload, **place})
        return
    filled = msgspec.structs.replace(index, status=ACTIVE, is_filling=False)
    store.update(tx, _settled(table.with_index(filled)))


def fill_later(tx: Transaction, arn: str, name: str, number: int, at: int) -> None:
    payload = {"number": number, "hash": "", "sort": ""}
    tx.set_timer(FILL_TIMER, f"{arn} {name}", at, payload)


def remove_index(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: an index that is being deleted is gone."""
    arn, name = key.split(" ")
    found = store.seek(call.tx, arn)
    index = found[0].index(name) if found is not None else None
    if found is None or index is None or index.number != payload["number"]:
        return
    table = found[0].without_index(name)
    used = {*table.keys, *(each for left in table.indexes for each in left.keys)}
    types = {each: kind for each, kind in table.types.items() if each in used}
    insights = {each: kept for each, kept in table.insights.items() if each != name}
    if len(insights) < len(table.insights):
        call.tx.delist("contributor-insights", f"{table.name}/{name}")
    changed = msgspec.structs.replace(table, types=types, insights=insights)
    store.update(call.tx, _settled(changed))
    leftovers.drop_later(call.tx, "index", index.number)


def _settled(table: Table) -> Table:
    return msgspec.structs.replace(table, status=ACTIVE) if table.status == "UPDATING" else table


# Time to live.


def fill_expiries(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: find when the items expire that were there before the table had a time to live."""
    tx = call.tx
    found = store.seek(tx, key)
    if found is None or found[0].ttl_number != payload["number"]:
        return
    table = found[0]
    after = Key(bytes.fromhex(payload["hash"]), bytes.fromhex(payload["sort"]))
    limit = _page_rows(found[1])
    rows = item_store.scan(tx, table.number, after, _UNTIL, limit)
    earliest = 0
    for row in rows:
        at = writes.expiry_of(table, row.item, tx.now)
        if at:
            item_store.put_expiry(tx, table.ttl_number, at, row.key)
            earliest = min(earliest or at, at)
    if earliest:
        writes.expire_by(tx, table, earliest)
    if len(rows) == limit:
        last = rows[-1].key
        place = {"hash": last.hash.hex(), "sort": last.sort.hex()}
        tx.set_timer(TTL_FILL_TIMER, key, tx.now, {**payload, **place})


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a table's expired items."""
    tx = call.tx
    found = store.seek(tx, key)
    if found is None:
        return
    table = found[0]
    if not table.is_ttl_on:
        store.set_expires_at(tx, key, 0)
        return
    rows = item_store.first_expiries(tx, table.ttl_number, _EXPIRE_PAGE + 1)
    due = [row for row in rows[:_EXPIRE_PAGE] if row[0] <= tx.now]
    for at, place in due:
        old = item_store.find(tx, table.number, place)
        if old is not None and writes.expiry_of(table, old.item, 0) == at:
            writes.write(tx, table, place, old, None, is_expired=True)
        item_store.delete_expiry(tx, table.ttl_number, at, place)
    left = rows[len(due) :]
    following = max(left[0][0], tx.now) if left else 0
    store.set_expires_at(tx, key, following)
    if following:
        tx.set_timer(writes.EXPIRE_TIMER, key, following)
