"""Changes one item: its row, its indexes, its expiry, the counts, and the stream's record."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.history import recording
from pileus.services.dynamodb.items import keys, store
from pileus.services.dynamodb.items.capacity import Consumed, write_units
from pileus.services.dynamodb.items.kept_items import Stored, differ, encode
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.replicas import telling
from pileus.services.dynamodb.streams import kinesis, records
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Index, Table

# docs: ServiceQuotas, items
ITEM_BYTES_MAX = 400 * 1024
EXPIRE_TIMER = "dynamodb:expire"
# What says since when an item has been expired for too long to be removed: five years.
_TOO_OLD_MS = 5 * 365 * 86_400_000
_EXPIRES_MAX_SECONDS = 10**12


def followed(tx: Transaction, table: Table, key: Key) -> Stored | None:
    """What lies at a key, for a write that depends on it only where something follows."""
    return store.find(tx, table.number, key) if table.is_followed else None


def write_unseen(
    tx: Transaction,
    table: Table,
    key: Key,
    new: Item | None,
    size: int,
    consumed: Consumed | None = None,
    factor: int = 1,
) -> None:
    """As `write`, to a table where nothing follows: what was there is not read."""
    before = store.size_of(tx, table.number, key)
    if new is not None:
        store.put(tx, table.number, key, encode(new), size)
    elif before is not None:
        store.delete(tx, table.number, key)
    if consumed is not None:
        consumed.add(2 * factor * write_units(max(size, before or 0)))
    items = (new is not None) - (before is not None)
    if items or size != (before or 0):
        table_store.count(tx, table.arn, items, size - (before or 0))


def write(
    tx: Transaction,
    table: Table,
    key: Key,
    old: Stored | None,
    new: Item | None,
    consumed: Consumed | None = None,
    *,
    is_expired: bool = False,
    is_replicated: bool = False,
    factor: int = 1,
    size: int | None = None,
) -> None:
    """Make `new` of `old`, which lies at `key`; None stands for no item.

    What another region wrote is replicated, and not told to other regions again. `size` is that
    of `new`, where it is known. See `followed` for who does not know `old`.
    """
    if size is None or new is None:
        size = 0 if new is None else sizes.of_item(new)
    if not table.is_followed:
        write_unseen(tx, table, key, new, size, consumed, factor)
        return
    made = None if new is None else Stored(encode(new), size, new)
    old_size = 0 if old is None else old.size
    if consumed is not None:
        consumed.add(2 * factor * write_units(max(size, old_size)))
    if made is not None:
        store.put(tx, table.number, key, made.packed, size)
    elif old is not None:
        store.delete(tx, table.number, key)
    else:
        return
    if table.indexes or table.is_ttl_on:
        _write_what_is_found_by(tx, table, key, old, new, consumed, factor)
    items = (new is not None) - (old is not None)
    is_change = differ(old, made)
    if is_change and table.replicas and not is_replicated:
        telling.tell(tx, table, key, None if old is None else old.item, new)
    if is_change and table.tells_changes:
        place = table_store.advance(tx, table.arn, items, size - old_size)
        if table.stream is not None and table.stream.is_on:
            records.write(tx, table, place, old, made, is_expired)
        if table.changes:
            recording.note(tx, table, place, key, old)
        if table.destinations:
            kinesis.write(tx, table, key, old, made, is_expired)
    elif items or size != old_size:
        table_store.count(tx, table.arn, items, size - old_size)


def _write_what_is_found_by(
    tx: Transaction,
    table: Table,
    key: Key,
    old: Stored | None,
    new: Item | None,
    consumed: Consumed | None,
    factor: int,
) -> None:
    """Keep indexes and expiries."""
    old_item = None if old is None else old.item
    for index in table.indexes:
        units = _write_index(tx, table, index, key, old_item, new)
        if units and consumed is not None:
            consumed.add(2 * factor * units, index.name)
    if table.is_ttl_on:
        write_expiry(tx, table, key, old_item, new)


def _write_index(
    tx: Transaction, table: Table, index: Index, key: Key, old: Item | None, new: Item | None
) -> int:
    """Keep an index; the write units that it takes."""
    before = None if old is None else keys.index_key(table, index, old)
    after = None if new is None else keys.index_key(table, index, new)
    if before is None and after is None:
        return 0
    old_part = {} if old is None or before is None else projected(table, index, old)
    new_part = {} if new is None or after is None else projected(table, index, new)
    if before == after and old_part == new_part and not index.is_filling:
        return 0
    old_size, new_size = sizes.of_item(old_part), sizes.of_item(new_part)
    units, items, size = 0, int(after is not None), new_size
    if before is not None:
        was_there = True
        if before != after or index.is_filling:
            was_there = store.delete_from_index(tx, index.number, before, key)
        # What the back-fill has not come to yet was not counted yet.
        if was_there:
            items, size = items - 1, size - old_size
        if before != after:
            units += write_units(old_size)
    if after is not None:
        store.put_in_index(tx, index.number, after, key, new_part, new_size)
        units += write_units(max(new_size, old_size if before == after else 0))
    table_store.count_index(tx, index.number, items, size)
    return units


def projected(table: Table, index: Index, item: Item) -> Item:
    """What an index has of an item."""
    wanted = index.attributes(table)
    if wanted is None:
        return item
    return {name: value for name, value in item.items() if name in wanted}


# Time to live.


def expiry_of(table: Table, item: Item | None, now: int) -> int:
    """When an item expires, in milliseconds; 0 for never."""
    value = None if item is None else item.get(table.ttl_attribute)
    if value is None or "N" not in value:
        return 0
    number = float(value["N"])
    if not 0 < number < _EXPIRES_MAX_SECONDS:
        return 0
    at = int(number) * 1000
    return at if at > now - _TOO_OLD_MS else 0


def write_expiry(
    tx: Transaction, table: Table, key: Key, old: Item | None, new: Item | None
) -> None:
    # A row is found by what the item says, so what counted as too old must be looked for too.
    before, after = expiry_of(table, old, 0), expiry_of(table, new, tx.now)
    if before and before != after:
        store.delete_expiry(tx, table.ttl_number, before, key)
    if after and after != before:
        store.put_expiry(tx, table.ttl_number, after, key)
        expire_by(tx, table, after)


def expire_by(tx: Transaction, table: Table, at: int) -> None:
    """Have the timer run at an instant, unless it runs earlier."""
    runs_at = table_store.expires_at(tx, table.arn)
    if runs_at is None:
        return
    if not runs_at or at < runs_at:
        table_store.set_expires_at(tx, table.arn, at)
        tx.set_timer(EXPIRE_TIMER, table.arn, max(at, tx.now))
