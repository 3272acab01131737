"""Which items an export has, and what of them: the expressions of its FilterSpecification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.languages.item_expressions import projections, values
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.items import kept_items, key_bytes, queries
from pileus.services.dynamodb.items.pages import Source
from pileus.services.dynamodb.items.requests import Expressions, by_keyword
from pileus.services.dynamodb.tables.settings import Table

_VALUES = "ExpressionAttributeValues"


class Specification(msgspec.Struct, frozen=True):
    """What was asked for, in a form that can be kept; `values` are JSON as answers have it."""

    members: dict[str, Any]
    values: bytes = b""

    @property
    def shown(self) -> dict[str, Any]:
        """FilterSpecification."""
        if not self.values:
            return self.members
        return {**self.members, _VALUES: kept_items.decode(self.values)}


def specification(table: Table, asked: Mapping[str, Any]) -> Specification:
    """Raises AWS's errors for expressions that cannot be, or do not suit the table."""
    given = asked.get(_VALUES)
    made = Specification(
        {name: each for name, each in asked.items() if name != _VALUES},
        b"" if given is None else kept_items.encode(given),
    )
    Filter(made, table.keys, table)
    return made


class Filter:
    """A specification, read once for many items."""

    def __init__(
        self, asked: Specification, keys: tuple[str, ...], table: Table | None = None
    ) -> None:
        keywords = by_keyword(asked.shown)
        expressions = Expressions.of(
            keywords, "projection_expression", "filter_expression", "key_condition_expression"
        )
        self._key = None
        if "key_condition_expression" in keywords:
            self._key = expressions.key_condition(keys[:1], keys[1:])
            if table is not None:
                queries.check_types(Source(table, None), self._key)
        self._filter = expressions.filter(keys if self._key is not None else ())
        self._projection = expressions.projection()
        self._keys = keys
        expressions.finish()

    def has(self, item: Item) -> bool:
        """Whether an item is exported."""
        return self._has_key(item) and (self._filter is None or self._filter(item))

    def _has_key(self, item: Item) -> bool:
        if self._key is None:
            return True
        if not values.are_equal(item[self._keys[0]], self._key.partition[0]):
            return False
        if not self._key.sort:
            return True
        low, high = queries.bounds_of(self._key.sort[0])
        return low <= key_bytes.ordered(item[self._keys[1]]) < high

    def shown(self, item: Item) -> Item:
        """What is exported of an item."""
        return item if self._projection is None else projections.project(item, self._projection)
