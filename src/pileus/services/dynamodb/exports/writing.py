"""Writes exports: each run of the timer reads some pages of the table as it was into one file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.exports import files, store
from pileus.services.dynamodb.exports.filters import Filter
from pileus.services.dynamodb.exports.store import FULL, Export
from pileus.services.dynamodb.formats import ion, json_lines
from pileus.services.dynamodb.history import holds, past, windows
from pileus.services.dynamodb.items import kept_items
from pileus.services.dynamodb.items.keys import Key

log = logging.getLogger(__name__)

EXPORT_TIMER = "dynamodb:export"
FORGET_TIMER = "dynamodb:forget-export"
HOLD = "export "
_PAGE = 200
# A file is full with so many bytes of items.
_FILE_BYTES = 8 * 1024 * 1024
_MANIFEST_PAGE = 500
# How long it takes where AWS's delays are played.
_EXPORT_MS = 30_000
# docs: S3DataExport_Requesting: exports of the last 90 days are listed
_KEPT_MS = 90 * 86_400_000


class Piece(NamedTuple):
    """What goes into one file, and the place behind it; None at the table's end."""

    lines: list[bytes]
    size: int
    last: Key | None


async def export(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: begin an export, write one of its files, or end it with its manifests."""
    found: Export | None = await call.read(store.find, key, about=call.about)
    if found is None or found.status != store.IN_PROGRESS:
        return
    try:
        if not found.has_started:
            await _put(call, found, files.started_key(found), b"")
            await call.transaction(note_start, key, about=call.about)
        elif not found.is_read:
            await _write_file(call, found)
        else:
            await _write_manifests(call, found)
    except AwsError as refusal:
        if refusal.fault == "Receiver" and refusal.status != 501:
            # It passes: the disk is full, or the server is stopping.
            raise
        await call.transaction(fail, key, refusal.code, refusal.message, about=call.about)


async def _put(call: Call, export: Export, key: str, content: bytes) -> str:
    asked = export.request
    settings: dict[str, Any] = {}
    if asked.owner:
        settings["ExpectedBucketOwner"] = asked.owner
    if asked.sse:
        settings["ServerSideEncryption"] = "aws:kms" if asked.sse == "KMS" else asked.sse
    if asked.kms_key:
        settings["SSEKMSKeyId"] = asked.kms_key
    answer = await call.invoke(
        "s3", "PutObject", Bucket=asked.bucket, Key=key, Body=content, **settings
    )
    return str(answer["ETag"])


async def _write_file(call: Call, export: Export) -> None:
    lines: list[bytes] = []
    size, after = 0, Key(export.hash, export.sort)
    while True:
        step = read_items if export.request.type == FULL else read_changes
        piece: Piece = await call.read(step, export, after, about=call.about)
        lines += piece.lines
        size += piece.size
        if piece.last is None or size >= _FILE_BYTES:
            break
        after = piece.last
    content = await asyncio.to_thread(files.compressed, lines)
    name = files.data_key(export, export.files)
    etag = await _put(call, export, name, content)
    line = files.manifest_line(name, len(lines), content, etag)
    told = Piece([], size, piece.last)
    await call.transaction(note_file, export, told, len(lines), line, about=call.about)


def read_items(tx: Transaction, export: Export, after: Key) -> Piece:
    """Step about a table: a page of it as it was."""
    found = past.page(tx, export.view, after, _PAGE)
    write = _writer(export)
    items = (kept_items.decode(item.packed) for item in found.items)
    chosen = _filter(export)
    if chosen is not None:
        items = (chosen.shown(item) for item in items if chosen.has(item))
    lines = [write({"Item": item}) for item in items]
    return Piece(lines, sum(item.size for item in found.items), found.last)


def read_changes(tx: Transaction, export: Export, after: Key) -> Piece:
    """Step about a table: a page of what has changed in it."""
    found = windows.page(tx, export.view, export.last_position, after, _PAGE)
    write, chosen = _writer(export), _filter(export)
    lines = []
    for change in found.changes:
        # docs: S3DataExport.Filtered: the latest image counts.
        if chosen is not None and not chosen.has(change.new or change.old or change.some):
            continue
        told: dict[str, Any] = {
            "Metadata": {"WriteTimestampMicros": {"N": str(change.changed_at * 1000)}},
            "Keys": {name: change.some[name] for name in export.table_keys},
        }
        if change.old is not None and export.request.view != "NEW_IMAGE":
            told["OldImage"] = change.old if chosen is None else chosen.shown(change.old)
        if change.new is not None:
            told["NewImage"] = change.new if chosen is None else chosen.shown(change.new)
        lines.append(write(told))
    return Piece(lines, sum(change.size for change in found.changes), found.last)


def _filter(export: Export) -> Filter | None:
    asked = export.request.filter
    return None if asked is None else Filter(asked, export.table_keys)


def _writer(export: Export) -> Any:
    return ion.line if export.request.format == "ION" else json_lines.line


def _again(tx: Transaction, export: Export, at: int) -> None:
    store.put(tx, export)
    tx.set_timer(EXPORT_TIMER, export.arn, at)


def note_start(tx: Transaction, arn: str) -> None:
    """Step about a table: its export has begun to write."""
    found = store.find(tx, arn)
    if found is not None:
        _again(tx, msgspec.structs.replace(found, has_started=True), tx.now)


def note_file(tx: Transaction, export: Export, piece: Piece, items: int, line: str) -> None:
    """Step about a table: a file of its export is written."""
    store.add_file(tx, export.arn, export.files, line)
    changes: dict[str, Any] = {
        "files": export.files + 1,
        "items": export.items + items,
        "size": export.size + piece.size,
    }
    at = tx.now
    if piece.last is None:
        changes["is_read"] = True
        at += _EXPORT_MS if tx.kernel.settings.aws_delays else 0
    else:
        changes |= {"hash": piece.last.hash, "sort": piece.last.sort}
    _again(tx, msgspec.structs.replace(export, **changes), at)


async def _write_manifests(call: Call, export: Export) -> None:
    lines: list[str] = []
    while page := await call.read(
        store.files, export.arn, len(lines), _MANIFEST_PAGE, about=call.about
    ):
        lines += page
    ended = msgspec.structs.replace(export, status=store.COMPLETED, ended_at=call.now)
    data = "".join(f"{line}\n" for line in lines).encode()
    for name, content in (("files", data), ("summary", files.summary(ended))):
        await _put(call, export, files.manifest_key(export, name), content)
        checksum = files.checksum(content).encode()
        await _put(call, export, files.checksum_key(export, name), checksum)
    await call.transaction(end, ended, about=call.about)


def end(tx: Transaction, export: Export) -> None:
    """Step about a table: its export is over, one way or the other."""
    store.put(tx, export)
    holds.let_go(tx, export.view, HOLD + export.arn)
    tx.set_timer(FORGET_TIMER, export.arn, tx.now + _KEPT_MS)
    tx.finish_timer(EXPORT_TIMER, export.arn)
    tx.wake(export.arn)


def fail(tx: Transaction, arn: str, code: str, message: str) -> None:
    """Step about a table: its export cannot be written."""
    found = store.find(tx, arn)
    if found is None:
        return
    log.warning("export %s failed: %s: %s", arn, code, message)
    failed = msgspec.structs.replace(
        found, status=store.FAILED, ended_at=tx.now, failure_code=f"S3{code}",
        failure_message=message,
    )  # fmt: skip
    end(tx, failed)


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: an export is not listed any more."""
    tx = call.tx
    if store.forget_files(tx, key, _MANIFEST_PAGE):
        tx.set_timer(FORGET_TIMER, key, tx.now)
        return
    store.delete(tx, key)
    table, _, id = key.partition("/export/")
    tx.delist("export", f"{table.partition(':table/')[2]}/{id}")
