"""Begins and ends streams of tables; they outlive their end by a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.streams import records, store
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import Stream, Table

STREAMS = "stream"
FORGET_TIMER = "dynamodb:forget-stream"
_PAGE = 500
_ALL = 2**62


def begin(tx: Transaction, table: Table, view: str) -> Table:
    """The table with a new stream; its caller keeps the table."""
    found = table_store.seek(tx, table.arn)
    first = 0 if found is None else found[1].position
    at = tx.now
    # Under a frozen clock one may end and another begin in one millisecond.
    while store.find(tx, f"{table.arn}/stream/{_label(at)}") is not None:
        at += 1
    stream = Stream(table_store.new_number(tx), _label(at), view, True)
    changed = msgspec.structs.replace(table, stream=stream)
    schema = {"partition_key": table.partition_key, "sort_key": table.sort_key, "view": view}
    store.insert(tx, changed.stream_arn, stream.number, first, schema)
    tx.enlist(STREAMS, f"{table.name}/{stream.label}", changed.stream_arn)
    return changed


def _label(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}"


def end(tx: Transaction, table: Table) -> Table:
    """The table with its stream ended; its caller keeps the table."""
    assert table.stream is not None
    found = table_store.seek(tx, table.arn)
    assert found is not None, f"{table.arn} has no row"
    store.end(tx, table.stream_arn, found[1].position)
    tx.set_timer(FORGET_TIMER, table.stream_arn, tx.now + records.RETENTION_MS)
    tx.wake(table.stream_arn)
    return msgspec.structs.replace(table, stream=msgspec.structs.replace(table.stream, is_on=False))


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a stream that ended a day ago, a page of its records at a time."""
    tx = call.tx
    stream = store.find(tx, key)
    if stream is None:
        return
    if store.trim(tx, stream.number, _ALL, _PAGE):
        tx.set_timer(FORGET_TIMER, key, tx.now)
        return
    store.delete(tx, key)
    table, _, label = key.partition("/stream/")
    tx.delist(STREAMS, f"{table.rpartition('/')[2]}/{label}")


def trim(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of records that are a day old."""
    tx = call.tx
    found = table_store.seek(tx, key)
    if found is None:
        return
    stream = found[0].stream
    if stream is None or not stream.is_on:
        table_store.set_trims_at(tx, key, 0)
        return
    if store.trim(tx, stream.number, tx.now - records.RETENTION_MS, _PAGE):
        records.trim_at(tx, key, tx.now)
        return
    first = store.first_record(tx, stream.number)
    if first is None:
        table_store.set_trims_at(tx, key, 0)
    else:
        records.trim_at(tx, key, first[1] + records.RETENTION_MS)
