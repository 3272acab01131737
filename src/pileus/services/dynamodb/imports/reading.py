"""Carries imports out: each run of the timer reads one object, and commits what it has so far."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.imports import error_logs, objects, store
from pileus.services.dynamodb.imports.store import Import
from pileus.services.dynamodb.items import kept_items, writes
from pileus.services.dynamodb.items import operations as items
from pileus.services.dynamodb.items.requests import NO_EXPRESSIONS
from pileus.services.dynamodb.tables import store as table_store
from pileus.services.dynamodb.tables.settings import ACTIVE, CREATING, Table

log = logging.getLogger(__name__)

IMPORT_TIMER = "dynamodb:import"
FORGET_TIMER = "dynamodb:forget-import"
# Items of one transaction; fewer where there are indexes.
_BATCH, _BATCH_MIN = 100, 5
_BATCH_BYTES = 1024 * 1024
# How long it takes where AWS's delays are played.
_IMPORT_MS = 30_000
# docs: S3DataImport.HowItWorks: imports of the last 90 days are listed
_KEPT_MS = 90 * 86_400_000


class Batch(NamedTuple):
    """Items of an object, or why they are none, from a place on."""

    object: str
    first: int
    items: list[Item | str]


async def bring_in(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: read the next object of an import, or end it."""
    kept: Import | None = await call.read(store.find, key, about=call.about)
    if kept is None or kept.status != store.IN_PROGRESS:
        return
    try:
        source = kept.source
        owner = (
            {"ExpectedBucketOwner": source["S3BucketOwner"]} if "S3BucketOwner" in source else {}
        )
        where: dict[str, Any] = {"Bucket": source["S3Bucket"], **owner}
        prefix = source.get("S3KeyPrefix", "")
        listed = await call.invoke(
            "s3", "ListObjectsV2", Prefix=prefix, StartAfter=kept.key, MaxKeys=1, **where
        )
        if listed.get("Contents"):
            await _read_object(call, kept, listed["Contents"][0], where)
        elif kept.key:
            await call.transaction(finish, key, about=call.about)
        else:
            missing = f"No objects were found for the prefix '{prefix}'."
            await call.transaction(fail, key, "S3NoSuchKey", missing, about=call.about)
    except AwsError as refusal:
        if refusal.fault == "Receiver" and refusal.status != 501:
            # It passes: the disk is full, or the server is stopping.
            raise
        await call.transaction(fail, key, f"S3{refusal.code}", refusal.message, about=call.about)
    except objects.ObjectInvalid as problem:
        await call.transaction(fail, key, "InvalidObject", str(problem), about=call.about)


async def _read_object(
    call: Call, kept: Import, found: Mapping[str, Any], where: Mapping[str, Any]
) -> None:
    name = str(found["Key"])
    answer = await call.invoke("s3", "GetObject", Key=name, **where)
    limit = await call.read(batch_items, about=call.about)
    batch: list[Item | str] = []
    number, size = 0, 0
    async for each in objects.items(kept, answer["Body"]):
        number += 1
        if number <= kept.object_items:
            # A crash came after these.
            continue
        batch.append(str(each) if isinstance(each, Exception) else each)
        size += len(kept_items.encode(batch[-1]))
        if len(batch) >= limit or size >= _BATCH_BYTES:
            await _write(call, kept, Batch(name, number - len(batch), batch))
            batch, size = [], 0
    await _write(call, kept, Batch(name, number - len(batch), batch))
    await call.transaction(note_object, kept.arn, name, found["Size"], about=call.about)


async def _write(call: Call, kept: Import, batch: Batch) -> None:
    if batch.items:
        problems = await call.transaction(write_batch, kept.arn, batch, about=call.about)
        if problems:
            await error_logs.write(call, kept, batch.object, problems)


def batch_items(tx: Transaction) -> int:
    """Step about the table: how many items one transaction can take."""
    found = table_store.seek(tx, tx.about)
    indexes = 0 if found is None else len(found[0].indexes)
    return max(_BATCH_MIN, _BATCH // (1 + indexes))


def write_batch(tx: Transaction, arn: str, batch: Batch) -> list[tuple[int, str]]:
    """Step about the table: put items into it; which ones could not be, and why."""
    kept, table = store.find(tx, arn), _target(tx)
    if kept is None or table is None or kept.object_items != batch.first:
        return []
    problems: list[tuple[int, str]] = []
    for place, item in enumerate(batch.items, batch.first):
        problem = item if isinstance(item, str) else _put(tx, table, item)
        if problem:
            problems.append((place, problem))
    done = len(batch.items)
    changed = msgspec.structs.replace(
        kept,
        object_items=kept.object_items + done,
        processed_items=kept.processed_items + done,
        imported_items=kept.imported_items + done - len(problems),
        errors=kept.errors + len(problems),
    )
    store.put(tx, changed)
    return problems


def _put(tx: Transaction, table: Table, item: Item) -> str:
    """Why an item could not be put; empty where it could."""
    try:
        intent = items.put_intent(table, item, NO_EXPRESSIONS)
        intent.apply(table, None)
    except AwsError as refusal:
        return refusal.message
    old = writes.followed(tx, table, intent.key)
    writes.write(tx, table, intent.key, old, intent.item)
    return ""


def note_object(tx: Transaction, arn: str, name: str, size: int) -> None:
    """Step about the table: an object is read; the next one follows."""
    kept = store.find(tx, arn)
    if kept is None or kept.status != store.IN_PROGRESS:
        return
    processed = kept.processed_bytes + size
    changed = msgspec.structs.replace(kept, key=name, object_items=0, processed_bytes=processed)
    store.put(tx, changed)
    delay = _IMPORT_MS if tx.kernel.settings.aws_delays else 0
    tx.set_timer(IMPORT_TIMER, arn, tx.now + delay)


def finish(tx: Transaction, arn: str) -> None:
    """Step about the table: all objects are read."""
    _end(tx, arn, store.COMPLETED, "", "")


def fail(tx: Transaction, arn: str, code: str, message: str) -> None:
    """Step about the table: no more can be read; what was stays."""
    log.warning("import %s failed: %s: %s", arn, code, message)
    _end(tx, arn, store.FAILED, code, message)


def _end(tx: Transaction, arn: str, status: str, code: str, message: str) -> None:
    kept, table = store.find(tx, arn), _target(tx)
    if kept is not None:
        store.put(
            tx,
            msgspec.structs.replace(
                kept, status=status, ended_at=tx.now, failure_code=code, failure_message=message
            ),
        )
        tx.set_timer(FORGET_TIMER, arn, tx.now + _KEPT_MS)
    if table is not None:
        table_store.update(tx, msgspec.structs.replace(table, status=ACTIVE))
    tx.finish_timer(IMPORT_TIMER, arn)
    tx.wake(arn)


def _target(tx: Transaction) -> Table | None:
    """The table while it is being made."""
    found = table_store.seek(tx, tx.about)
    return found[0] if found is not None and found[0].status == CREATING else None


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: an import is not listed any more."""
    store.delete(call.tx, key)
    table, _, id = key.partition("/import/")
    call.tx.delist("import", f"{table.partition(':table/')[2]}/{id}")
