"""Removes rows that belong to no table, index or backup any more, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.items import store as item_store
from pileus.services.dynamodb.tables import store

DROP_TIMER = "dynamodb:drop"
_PAGE = 200


def drop_later(tx: Transaction, what: str, number: int) -> None:
    tx.set_timer(DROP_TIMER, f"{what} {number}", tx.now)


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of rows that belong to no table or index any more."""
    what, _, number = key.partition(" ")
    if item_store.drop(call.tx, what, int(number), _PAGE):
        call.tx.set_timer(DROP_TIMER, key, call.tx.now)
    elif what == "index":
        store.forget_index(call.tx, int(number))
