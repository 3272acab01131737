"""Reads pages of a table or an index: up to 1 MB, or so many items, before the filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.conditions import Condition
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.items import store, throttles
from pileus.services.dynamodb.items.capacity import Consumed, read_halves
from pileus.services.dynamodb.items.kept_items import decode, whole_list
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.operations import shown
from pileus.services.dynamodb.items.store import Found, Queried, Span
from pileus.services.dynamodb.tables.settings import Index, Table

PAGE_BYTES_MAX = 1024 * 1024
# How many rows are read at a time: first, and at least and at most when their size is known.
_ROWS_FIRST, _ROWS_MIN, _ROWS_MAX = 32, 4, 500


@dataclass(frozen=True, slots=True)
class Source:
    """What is read: a table, or one of its indexes."""

    table: Table
    index: Index | None

    @property
    def partition_key(self) -> str:
        return (self.index or self.table).partition_key

    @property
    def sort_key(self) -> str | None:
        return (self.index or self.table).sort_key

    @property
    def partition_keys(self) -> tuple[str, ...]:
        return (self.index or self.table).partition_keys

    @property
    def sort_keys(self) -> tuple[str, ...]:
        return (self.index or self.table).sort_keys

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.index or self.table).keys


class Wanted(NamedTuple):
    projection: list[Path] | None
    filter: Condition | None
    counts_only: bool
    needs_table: bool
    limit: int | None
    is_consistent: bool
    shows: str | None
    # Whether the answer is written as rows are; see kept_items.
    is_handed_out: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether nobody needs to look into the items of a page."""
        return (
            self.is_handed_out
            and self.projection is None
            and self.filter is None
            and not self.needs_table
            and not self.counts_only
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Its items, or as rows have them where nobody has looked into them."""

    items: list[Item]
    packed: list[bytes]
    count: int
    scanned: int
    last_key: Item | None
    size: int
    # Half units for items that were read from the table besides the index.
    fetched_halves: int


# Rows begin with their size and their item; the last one says where to go on.
_Rows = Sequence[Queried]
_Read = Callable[[Any, int], _Rows]


def query(
    tx: Transaction, source: Source, span: Span, start: tuple[Key, Key] | None, wanted: Wanted
) -> Page:
    def read_table(last: Queried | None, limit: int) -> _Rows:
        after = last[2] if last is not None else None if start is None else start[0].sort
        return store.query(tx, source.table.number, span, after, limit)

    def read_index(last: Queried | None, limit: int) -> _Rows:
        assert source.index is not None
        after = None if start is None else (start[0].sort, *start[1])
        if last is not None:
            after = last[2], last[3], last[4]
        return store.query_index(tx, source.index.number, span, after, limit)

    return _page(tx, source, read_table if source.index is None else read_index, wanted)


def scan(
    tx: Transaction, source: Source, start: tuple[Key, Key], until: bytes, wanted: Wanted
) -> Page:
    def read(last: Found | None, limit: int) -> _Rows:
        after = start if last is None else (last.key, last.item_key)
        if source.index is not None:
            return store.scan_index(tx, source.index.number, after, until, limit)
        return store.scan(tx, source.table.number, after[0], until, limit)

    return _page(tx, source, read, wanted)


def _page(tx: Transaction, source: Source, read: _Read, wanted: Wanted) -> Page:
    items: list[Item] = []
    packed: list[bytes] = []
    is_unread = wanted.is_unread
    count = scanned = size = fetched = 0
    last: Queried | None = None
    is_over = False
    while not is_over:
        left = _ROWS_FIRST
        if scanned:
            fits = (PAGE_BYTES_MAX - size) * scanned // size + 1
            left = max(_ROWS_MIN, min(_ROWS_MAX, fits))
        if wanted.limit is not None:
            left = min(left, wanted.limit - scanned)
        rows = read(last, left)
        if is_unread and rows:
            read_bytes = sum(row[0] for row in rows)
            if size + read_bytes < PAGE_BYTES_MAX and scanned + len(rows) != wanted.limit:
                # None of them ends the page.
                packed += [row[1] for row in rows]
                count = scanned = scanned + len(rows)
                size += read_bytes
                last = rows[-1]
                is_over = len(rows) < left
                continue
        for last in rows:
            scanned += 1
            size += last[0]
            if is_unread:
                count += 1
                packed.append(last[1])
            else:
                item = decode(last[1])
                if wanted.needs_table:
                    item, halves = _whole(tx, source, Key(*last[-2:]), wanted)
                    fetched += halves
                if wanted.filter is None or wanted.filter(item):
                    count += 1
                    if not wanted.counts_only:
                        items.append(shown(item, wanted.projection))
            if size >= PAGE_BYTES_MAX or scanned == wanted.limit:
                last_key = _last_key(source, decode(last[1]))
                return Page(items, packed, count, scanned, last_key, size, fetched)
        is_over = len(rows) < left
    return Page(items, packed, count, scanned, None, size, fetched)


def _whole(tx: Transaction, source: Source, key: Key, wanted: Wanted) -> tuple[Item, int]:
    """What an index's row stands for, and the half units that reading it takes."""
    found = store.find(tx, source.table.number, key)
    assert found is not None, "an index has an item that its table has not"
    return found.item, read_halves(found.size, wanted.is_consistent)


def _last_key(source: Source, item: Item) -> Item:
    return {name: item[name] for name in dict.fromkeys((*source.keys, *source.table.keys))}


def charge(consumed: Consumed, source: Source, page: Page, wanted: Wanted) -> None:
    """Count what a page has consumed."""
    index = source.index
    consumed.add(read_halves(page.size, wanted.is_consistent), "" if index is None else index.name)
    if page.fetched_halves:
        consumed.add(page.fetched_halves)


def answer(tx: Transaction, source: Source, page: Page, wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {"Count": page.count, "ScannedCount": page.scanned}
    if wanted.is_unread:
        found["Items"] = whole_list(page.packed)
    elif not wanted.counts_only:
        found["Items"] = page.items
    if page.last_key is not None:
        found["LastEvaluatedKey"] = page.last_key
    consumed = Consumed.where_counted(tx, source.table, wanted.shows)
    if consumed is not None:
        charge(consumed, source, page, wanted)
        throttles.take_read(tx, source.table, consumed)
        found |= consumed.answer(wanted.shows)
    return found
