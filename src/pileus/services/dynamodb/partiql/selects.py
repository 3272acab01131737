"""SELECT: queries where it names partitions, else a scan."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import paths, values
from pileus.languages.item_expressions.conditions import Condition
from pileus.languages.item_expressions.key_conditions import KeyCondition
from pileus.languages.item_expressions.paths import Path
from pileus.languages.item_expressions.values import Item
from pileus.languages.partiql import errors as partiql_errors
from pileus.languages.partiql import key_tests
from pileus.languages.partiql.key_tests import Partitions
from pileus.languages.partiql.statements import Order, Select
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.items import key_bytes, pages, queries, throttles
from pileus.services.dynamodb.items.capacity import Consumed
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.items.pages import PAGE_BYTES_MAX, Page, Source, Wanted
from pileus.services.dynamodb.items.store import Span
from pileus.services.dynamodb.partiql.bound import Bound, bind, condition_of, in_aws_words, one_item
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Table

# docs: ql-operators; what the values of a partition key are read in.
_ITEMS_OF_PARTITIONS = 10
_UNTIL = b"\xff" * 17

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(type=tuple[bytes, int, Item | None]).decode


class Answer(NamedTuple):
    items: list[Item]
    next_token: str
    last_key: Item | None
    capacity: dict[str, Any]


class Asked(NamedTuple):
    """What a request says besides its statement."""

    is_consistent: bool
    limit: int | None
    token: str | None
    shows_indexes: bool


class _Place(NamedTuple):
    """Where a page begins: in which of the partitions, and behind which key."""

    partition: int
    last_key: Item | None


def select(
    tx: Transaction, text: str, parameters: list[dict[str, Any]] | None, asked: Asked
) -> Answer:
    """Step about a table: one page of what a statement asks for."""
    bound = bind(text, parameters)
    body = bound.statement.body
    assert isinstance(body, Select)
    table = table_store.find(tx, tx.about)
    members = {"index_name": body.source.index_name, "consistent_read": asked.is_consistent}
    source = queries.source_of(table, members)
    digest = blake2b(_encode((text, parameters)), digest_size=9).digest()
    place = _place(asked.token, digest)
    found = _partitions(source, body, bound)
    node = body.where if found is None else found.rest
    wanted = _wanted(source, body, condition_of(node, bound.constants), asked)
    if found is None:
        page = _scanned(tx, source, place, wanted)
        following = None if page.last_key is None else _Place(0, page.last_key)
        all_pages = [page]
    else:
        all_pages, following = _queried(tx, source, body, found, place, wanted)
    consumed = Consumed(table)
    for page in all_pages:
        pages.charge(consumed, source, page, wanted)
    throttles.take_read(tx, table, consumed)
    items = [item for page in all_pages for item in page.items]
    if body.projection is not None:
        items = [shown(item, body.projection) for item in items]
    token = "" if following is None else _token(digest, following)
    last_key = None if following is None else following.last_key
    return Answer(items, token, last_key, consumed.shown(asked.shows_indexes))


def shown(item: Item, projection: Sequence[Path]) -> Item:
    """What is selected of an item, each part by the last name of its path."""
    found: Item = {}
    for path in projection:
        value = paths.find(item, path)
        if value is not None:
            found[_last_name(path)] = value
    return found


def _last_name(path: Path) -> str:
    place = max(place for place, step in enumerate(path) if isinstance(step, str))
    return str(path[place]) + "".join(f"[{step}]" for step in path[place + 1 :])


def _wanted(source: Source, body: Select, filtering: Condition | None, asked: Asked) -> Wanted:
    tops: list[Path] | None = None
    if body.projection is not None:
        tops = [(name,) for name in dict.fromkeys(path[0] for path in body.projection)]
    needs_table = False
    if source.index is not None:
        # A statement that asks for everything gets what the index has.
        needs_table = queries.needs_table_for(source.table, source.index, None, tops)
    return Wanted(tops, filtering, False, needs_table, asked.limit, asked.is_consistent, None)


def _partitions(source: Source, body: Select, bound: Bound) -> Partitions | None:
    """The partitions to read, checked; raises AWS's errors."""
    constants = bound.constants
    condition_of(body.where, constants)
    with in_aws_words():
        found = None
        if source.index is None or not source.index.has_several:
            found = key_tests.of_partitions(
                body.where, source.partition_key, source.sort_key, constants
            )
        _check_order(source, body, found)
    for value in found.values if found is not None else ():
        for sort in ((), *((each,) for each in found.sort)) if found is not None else ():
            queries.check_types(source, KeyCondition((value,), sort))
    return found


def _check_order(source: Source, body: Select, found: Partitions | None) -> None:
    if not body.order:
        return
    if body.where is None:
        raise partiql_errors.order_needs_where()
    for each in body.order:
        if each.name not in source.keys:
            raise partiql_errors.order_of_others(each.name)
    if found is None:
        raise partiql_errors.order_needs_partition()
    names = [each.name for each in body.order]
    if len(found.values) > 1 and source.partition_key not in names:
        raise partiql_errors.order_of_partitions()


# Reading.


def _scanned(tx: Transaction, source: Source, place: _Place, wanted: Wanted) -> Page:
    start = queries.start_of(source, place.last_key) or (Key(b"", b""), Key(b"", b""))
    return pages.scan(tx, source, start, _UNTIL, wanted)


def _queried(
    tx: Transaction,
    source: Source,
    body: Select,
    found: Partitions,
    place: _Place,
    wanted: Wanted,
) -> tuple[list[Page], _Place | None]:
    """Pages of one partition after the other, and where to go on."""
    spans = _spans(source, body, found)
    limit = wanted.limit
    if len(spans) > 1:
        limit = min(limit or _ITEMS_OF_PARTITIONS, _ITEMS_OF_PARTITIONS)
    all_pages: list[Page] = []
    scanned = size = 0
    last_key = place.last_key
    for number in range(place.partition, len(spans)):
        start = queries.start_of(source, last_key)
        if start is not None:
            queries.check_within(spans[number], start[0])
        left = None if limit is None else limit - scanned
        page = pages.query(tx, source, spans[number], start, wanted._replace(limit=left))
        all_pages.append(page)
        scanned += page.scanned
        size += page.size
        if page.last_key is not None:
            return all_pages, _Place(number, page.last_key)
        last_key = None
        if size >= PAGE_BYTES_MAX and number + 1 < len(spans):
            return all_pages, _Place(number + 1, None)
    return all_pages, None


def _spans(source: Source, body: Select, found: Partitions) -> list[Span]:
    low, high = b"", key_bytes.SORT_END
    for condition in found.sort:
        one, other = queries.bounds_of(condition)
        low, high = max(low, one), min(high, other)
    is_forward = _is_forward(body.order, source.sort_key)
    partitions = list(found.values)
    if any(each.name == source.partition_key for each in body.order):
        is_rising = _is_forward(body.order, source.partition_key)
        partitions.sort(key=values.order, reverse=not is_rising)
    return [Span(key_bytes.hashed(value), low, high, is_forward) for value in partitions]


def _is_forward(order: Sequence[Order], name: str | None) -> bool:
    return next((each.is_forward for each in order if each.name == name), True)


# Tokens.


def _token(digest: bytes, place: _Place) -> str:
    return base64.urlsafe_b64encode(_encode((digest, *place))).decode()


def _place(token: str | None, digest: bytes) -> _Place:
    if token is None:
        return _Place(0, None)
    try:
        known, partition, last_key = _decode(base64.urlsafe_b64decode(token))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise errors.invalid(str(partiql_errors.token_differs())) from None
    if known != digest or partition < 0:
        raise errors.invalid(str(partiql_errors.token_differs()))
    return _Place(partition, last_key)


# One item by its key, for batches and transactions.


class ByKey(NamedTuple):
    """A SELECT of one item."""

    key: Item
    rest: Condition | None
    projection: tuple[Path, ...] | None

    def show(self, item: Item) -> Item:
        return item if self.projection is None else shown(item, self.projection)


def by_key(table: Table, bound: Bound, operation: str) -> ByKey:
    """Raises AWS's errors for what does not name one item of a table."""
    body = bound.statement.body
    assert isinstance(body, Select)
    found = one_item(
        table, body.where, bound.constants, lambda: partiql_errors.select_needs_key(operation)
    )
    return ByKey(found.key, found.rest, body.projection)
