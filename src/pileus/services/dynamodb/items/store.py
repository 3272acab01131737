"""Rows of items, of what indexes have of them, of expiries and of transactions' tokens."""

from __future__ import annotations

from typing import Any, NamedTuple

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.items.kept_items import Stored, decode, encode
from pileus.services.dynamodb.items.keys import Key

_FIND = """
SELECT item, size FROM dynamodb_items
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort
"""
_PUT = """
INSERT INTO dynamodb_items (part, number, hash, sort, size, item)
VALUES (:part, :number, :hash, :sort, :size, :item)
ON CONFLICT (part, number, hash, sort) DO UPDATE SET size = excluded.size, item = excluded.item
"""
_SIZE = """
SELECT size FROM dynamodb_items
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort
"""
_DELETE = """
DELETE FROM dynamodb_items
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort
"""
_QUERY = """
SELECT size, item, sort FROM dynamodb_items
WHERE part = :part AND number = :number AND hash = :hash AND sort >= :low AND sort < :high
ORDER BY sort {order} LIMIT :limit
"""
_SCAN = """
SELECT size, item, hash, sort, hash, sort FROM dynamodb_items
WHERE part = :part AND number = :number AND (hash, sort) > (:hash, :sort) AND hash < :until
ORDER BY hash, sort LIMIT :limit
"""
_INDEX_PUT = """
INSERT INTO dynamodb_index_items (part, number, hash, sort, item_hash, item_sort, size, item)
VALUES (:part, :number, :hash, :sort, :item_hash, :item_sort, :size, :item)
ON CONFLICT (part, number, hash, sort, item_hash, item_sort)
DO UPDATE SET size = excluded.size, item = excluded.item
"""
_INDEX_FILL = """
INSERT INTO dynamodb_index_items (part, number, hash, sort, item_hash, item_sort, size, item)
VALUES (:part, :number, :hash, :sort, :item_hash, :item_sort, :size, :item)
ON CONFLICT (part, number, hash, sort, item_hash, item_sort) DO NOTHING
"""
_INDEX_DELETE = """
DELETE FROM dynamodb_index_items
WHERE part = :part AND number = :number AND hash = :hash AND sort = :sort
  AND item_hash = :item_hash AND item_sort = :item_sort
"""
# After a row, in the direction of reading; rows of equal sort keys follow their items' keys.
_INDEX_QUERY = """
SELECT size, item, sort, item_hash, item_sort FROM dynamodb_index_items
WHERE part = :part AND number = :number AND hash = :hash AND sort >= :low AND sort < :high
  AND (sort, item_hash, item_sort) {beyond} (:after_sort, :after_item_hash, :after_item_sort)
ORDER BY sort {order}, item_hash {order}, item_sort {order} LIMIT :limit
"""
_INDEX_SCAN = """
SELECT size, item, hash, sort, item_hash, item_sort FROM dynamodb_index_items
WHERE part = :part AND number = :number AND hash < :until
  AND (hash, sort, item_hash, item_sort) > (:hash, :sort, :item_hash, :item_sort)
ORDER BY hash, sort, item_hash, item_sort LIMIT :limit
"""
_FORWARD = {"order": "ASC", "beyond": ">"}
_BACKWARD = {"order": "DESC", "beyond": "<"}
_QUERIES = {True: _QUERY.format(**_FORWARD), False: _QUERY.format(**_BACKWARD)}
_INDEX_QUERIES = {True: _INDEX_QUERY.format(**_FORWARD), False: _INDEX_QUERY.format(**_BACKWARD)}

_PUT_EXPIRY = """
INSERT INTO dynamodb_expiries (part, number, expires_at, hash, sort)
VALUES (:part, :number, :at, :hash, :sort) ON CONFLICT (part, number, expires_at, hash, sort)
DO NOTHING
"""
_DELETE_EXPIRY = """
DELETE FROM dynamodb_expiries WHERE part = :part AND number = :number AND expires_at = :at
  AND hash = :hash AND sort = :sort
"""
_EXPIRIES = """
SELECT expires_at, hash, sort FROM dynamodb_expiries WHERE part = :part AND number = :number
ORDER BY expires_at, hash, sort LIMIT :limit
"""
_DROP = {
    "items": """
DELETE FROM dynamodb_items WHERE part = :part AND number = :number AND (hash, sort) IN (
  SELECT hash, sort FROM dynamodb_items WHERE part = :part AND number = :number LIMIT :limit)
""",
    "index": """
DELETE FROM dynamodb_index_items WHERE part = :part AND number = :number
  AND (hash, sort, item_hash, item_sort) IN (
  SELECT hash, sort, item_hash, item_sort FROM dynamodb_index_items
  WHERE part = :part AND number = :number LIMIT :limit)
""",
    "versions": """
DELETE FROM dynamodb_versions WHERE part = :part AND number = :number AND (hash, sort) IN (
  SELECT hash, sort FROM dynamodb_versions WHERE part = :part AND number = :number LIMIT :limit)
""",
    "expiries": """
DELETE FROM dynamodb_expiries WHERE part = :part AND number = :number
  AND (expires_at, hash, sort) IN (
  SELECT expires_at, hash, sort FROM dynamodb_expiries
  WHERE part = :part AND number = :number LIMIT :limit)
""",
}
_TOKEN = """
SELECT digest FROM dynamodb_tokens
WHERE part = :part AND arn = :arn AND token = :token AND until > :now
"""
_PUT_TOKEN = """
INSERT INTO dynamodb_tokens (part, arn, token, digest, until)
VALUES (:part, :arn, :token, :digest, :until) ON CONFLICT (part, arn, token)
DO UPDATE SET digest = excluded.digest, until = excluded.until
"""
_FORGET_TOKEN = """
DELETE FROM dynamodb_tokens WHERE part = :part AND arn = :arn AND token = :token AND until <= :now
"""


# Rows of queries: their size and item, the sort key, and of an index the key of the item. Pages
# have hundreds of them, so they stay the plain rows that they are.
Queried = tuple[Any, ...]


class Found(NamedTuple):
    """A row of a scan: where it lies, and the key of its item."""

    size: int
    packed: bytes
    hash: bytes
    sort: bytes
    item_hash: bytes
    item_sort: bytes

    @property
    def item(self) -> Item:
        return decode(self.packed)

    @property
    def key(self) -> Key:
        return Key(self.hash, self.sort)

    @property
    def item_key(self) -> Key:
        return Key(self.item_hash, self.item_sort)


def find(tx: Transaction, number: int, key: Key) -> Stored | None:
    row = tx.one(_FIND, number=number, hash=key.hash, sort=key.sort)
    return None if row is None else Stored(row[0], row[1])


def size_of(tx: Transaction, number: int, key: Key) -> int | None:
    """How large an item is that is there."""
    row = tx.one(_SIZE, number=number, hash=key.hash, sort=key.sort)
    return None if row is None else row[0]


def put(tx: Transaction, number: int, key: Key, packed: bytes, size: int) -> None:
    tx.run(_PUT, number=number, hash=key.hash, sort=key.sort, size=size, item=packed)


def delete(tx: Transaction, number: int, key: Key) -> None:
    tx.run(_DELETE, number=number, hash=key.hash, sort=key.sort)


def put_in_index(tx: Transaction, number: int, at: Key, key: Key, item: Item, size: int) -> None:
    tx.run(
        _INDEX_PUT, number=number, hash=at.hash, sort=at.sort, item_hash=key.hash,
        item_sort=key.sort, size=size, item=encode(item),
    )  # fmt: skip


def fill_index(tx: Transaction, number: int, at: Key, key: Key, item: Item, size: int) -> bool:
    """As `put_in_index` for what a back-fill finds; False where it is there already."""
    return tx.run(
        _INDEX_FILL, number=number, hash=at.hash, sort=at.sort, item_hash=key.hash,
        item_sort=key.sort, size=size, item=encode(item),
    ) > 0  # fmt: skip


def delete_from_index(tx: Transaction, number: int, at: Key, key: Key) -> bool:
    """Remove a row; False where there was none."""
    return tx.run(
        _INDEX_DELETE, number=number, hash=at.hash, sort=at.sort, item_hash=key.hash,
        item_sort=key.sort,
    ) > 0  # fmt: skip


class Span(NamedTuple):
    """A part of one partition, from `low` up to but without `high`, in one direction."""

    hash: bytes
    low: bytes
    high: bytes
    is_forward: bool


# What lies before and behind every row of an index.
FIRST, LAST = b"", b"\xff" * 2048


def query(
    tx: Transaction, number: int, span: Span, after: bytes | None, limit: int
) -> list[Queried]:
    """A page behind a sort key."""
    low, high = span.low, span.high
    if after is not None and span.is_forward:
        low = max(low, after + b"\x00")
    elif after is not None:
        high = min(high, after)
    return tx.all(
        _QUERIES[span.is_forward], at_most=limit, number=number, hash=span.hash, low=low,
        high=high, limit=limit,
    )  # fmt: skip


def query_index(
    tx: Transaction,
    number: int,
    span: Span,
    after: tuple[bytes, bytes, bytes] | None,
    limit: int,
) -> list[Queried]:
    """A page behind a sort key and the key of an item."""
    edge = FIRST if span.is_forward else LAST
    place = after or (edge, edge, edge)
    return tx.all(
        _INDEX_QUERIES[span.is_forward], at_most=limit, number=number, hash=span.hash,
        low=span.low, high=span.high, after_sort=place[0], after_item_hash=place[1],
        after_item_sort=place[2], limit=limit,
    )  # fmt: skip


def scan(tx: Transaction, number: int, after: Key, until: bytes, limit: int) -> list[Found]:
    rows = tx.all(
        _SCAN, at_most=limit, number=number, hash=after.hash, sort=after.sort, until=until,
        limit=limit,
    )  # fmt: skip
    return [Found(*row) for row in rows]


def scan_index(
    tx: Transaction, number: int, after: tuple[Key, Key], until: bytes, limit: int
) -> list[Found]:
    rows = tx.all(
        _INDEX_SCAN, at_most=limit, number=number, hash=after[0].hash, sort=after[0].sort,
        item_hash=after[1].hash, item_sort=after[1].sort, until=until, limit=limit,
    )  # fmt: skip
    return [Found(*row) for row in rows]


# Expiries.


def put_expiry(tx: Transaction, number: int, at: int, key: Key) -> None:
    tx.run(_PUT_EXPIRY, number=number, at=at, hash=key.hash, sort=key.sort)


def delete_expiry(tx: Transaction, number: int, at: int, key: Key) -> None:
    tx.run(_DELETE_EXPIRY, number=number, at=at, hash=key.hash, sort=key.sort)


def first_expiries(tx: Transaction, number: int, limit: int) -> list[tuple[int, Key]]:
    rows = tx.all(_EXPIRIES, at_most=limit, number=number, limit=limit)
    return [(row[0], Key(row[1], row[2])) for row in rows]


def drop(tx: Transaction, what: str, number: int, limit: int) -> bool:
    """Remove a page of a table's or an index's rows; True where there may be more."""
    return tx.run(_DROP[what], number=number, limit=limit) >= limit


# Tokens.


def token_digest(tx: Transaction, token: str) -> bytes | None:
    row = tx.one(_TOKEN, arn=tx.about, token=token)
    return None if row is None else row[0]


def put_token(tx: Transaction, token: str, digest: bytes, until: int) -> None:
    tx.run(_PUT_TOKEN, arn=tx.about, token=token, digest=digest, until=until)


def forget_token(tx: Transaction, token: str) -> None:
    tx.run(_FORGET_TOKEN, arn=tx.about, token=token)
