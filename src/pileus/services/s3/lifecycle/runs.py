"""Runs a bucket's lifecycle rules: a timer at midnight that pages through all that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.services.s3 import changes, store
from pileus.services.s3.changes import ObjectChanged
from pileus.services.s3.lifecycle import agenda, rules
from pileus.services.s3.lifecycle import store as agendas
from pileus.services.s3.lifecycle.agenda import TIMER
from pileus.services.s3.lifecycle.rules import Act, Configuration, Item, Plan
from pileus.services.s3.locks import rules as locks
from pileus.services.s3.locks.rules import Lock
from pileus.services.s3.multipart import store as uploads
from pileus.services.s3.multipart import upkeep
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.objects.store import Version
from pileus.services.s3.restores import rules as restores

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

# A transaction reads so many versions, and does something with so few, at most.
_ROWS_MAX = 150
_ACTS_MAX = 30
_NO_FACTS = Facts()


class Walk(msgspec.Struct):
    """How far a run has come: behind a version of a key, or behind an upload."""

    run_at: int
    is_in_uploads: bool = False
    key: str = ""  # hexadecimal
    number: int = 0
    # Of the version that was seen last: when it came, and how many noncurrent ones of its key have
    # been seen with it.
    previous_at: int = 0
    noncurrent: int = 0
    upload_id: str = ""


class _Step(NamedTuple):
    """What one transaction has of its bucket."""

    tx: Transaction
    bucket: Bucket
    configuration: Configuration
    walk: Walk


def run(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: one page of a run; the key is the bucket's id."""
    tx = call.tx
    bucket = store.seek_bucket(tx)
    present = agendas.seek(tx, int(key))
    configuration = None
    if bucket is not None and str(bucket.id) == key:
        configuration = agenda.configuration_of(tx, bucket)
    if bucket is None or present is None or configuration is None:
        agendas.remove(tx, int(key))
        return
    if payload:
        walk = msgspec.convert(payload, Walk)
    else:
        walk = Walk(tx.now)
        present = present._replace(due_at=0, run_at=tx.now)
        agendas.put(tx, bucket.id, present)
    step = _Step(tx, bucket, configuration, walk)
    following, is_over = _page_of_uploads(step) if walk.is_in_uploads else _page_of_versions(step)
    # What was done may itself have brought the next run forward.
    present = agendas.seek(tx, bucket.id) or present
    if following is not None and not 0 < present.due_at <= following:
        present = present._replace(due_at=following)
    if not is_over:
        agendas.put(tx, bucket.id, present)
        tx.set_timer(TIMER, key, tx.now, msgspec.to_builtins(walk))
        return
    agendas.put(tx, bucket.id, present._replace(run_at=0))
    if present.due_at:
        tx.set_timer(TIMER, key, present.due_at)


def _page_of_versions(step: _Step) -> tuple[int | None, bool]:
    """Look at the next versions; when the next falls due, and whether the run is over."""
    tx, bucket, _, walk = step
    rows = _next_versions(tx, bucket, bytes.fromhex(walk.key), walk.number)
    earliest: int | None = None
    acts = 0
    for version, after in zip_longest(rows, rows[1:]):
        is_newest = version.key.hex() != walk.key
        if not is_newest:
            walk.noncurrent += 1
        item, found = _item(step, version, is_newest, after)
        planned = _unlocked(rules.plans(step.configuration, item), found.lock)
        chosen, following = rules.choose(planned, walk.run_at)
        walk.key, walk.number = version.key.hex(), version.number
        walk.previous_at = version.modified_at
        if is_newest:
            walk.noncurrent = 0
        earliest = _earlier(earliest, following)
        if chosen is not None:
            _act(step, version, found, chosen)
            acts += 1
            if acts == _ACTS_MAX:
                return earliest, False
    if len(rows) < _ROWS_MAX:
        walk.is_in_uploads, walk.key = True, ""
    return earliest, False


def _item(
    step: _Step, version: Version, is_newest: bool, after: Version | None
) -> tuple[Item, Facts]:
    tx, bucket, _, walk = step
    found = _NO_FACTS if version.is_marker else facts.of_text(version.facts)
    is_alone = False
    if version.is_marker and is_newest:
        is_alone = after is None or after.key != version.key
        if after is None:
            # It was the last of the page.
            is_alone = not versions.older_of_key(tx, bucket, version.key, version.number, 1)
    return Item(
        version.name,
        version.size_bytes,
        found.tags,
        version.modified_at,
        found.storage_class,
        version.is_marker,
        None if is_newest else walk.previous_at,
        0 if is_newest else walk.noncurrent - 1,
        is_alone,
        bucket.is_versioned,
    ), found


def _unlocked(planned: Iterator[Plan], lock: Lock) -> Iterator[Plan]:
    """What a lock allows: it keeps a version from being removed, from nothing else."""
    for plan in planned:
        if plan.act is not Act.REMOVE or lock == locks.NONE:
            yield plan
        elif lock.hold != locks.ON:
            yield plan._replace(at=max(plan.at, rules.next_midnight(lock.until)))


def _next_versions(tx: Transaction, bucket: Bucket, key: bytes, number: int) -> list[Version]:
    """Versions in the order of their keys, the newest of each first, behind one of them."""
    rows: list[Version] = []
    first = key
    if key or number:
        rows = versions.older_of_key(tx, bucket, key, number, _ROWS_MAX)
        first = key + b"\0"
    rest = _ROWS_MAX - len(rows)
    if not rest:
        return rows
    current = versions.current_from(tx, bucket, first, None, rest)
    older = versions.older_from(tx, bucket, first, None, rest)
    both = merge(current, older, key=lambda each: (each.key, -each.number))
    return rows + list(both)[:rest]


def _act(step: _Step, version: Version, found: Facts, plan: Plan) -> None:
    tx, bucket, _, _ = step
    if plan.act is Act.MOVE:
        moved = msgspec.structs.replace(
            found, storage_class=plan.storage_class, restore=restores.NONE
        )
        versions.set_facts(tx, bucket, version, facts.text_of(moved))
        more = {"transitionEventData": {"destinationStorageClass": plan.storage_class}}
        tx.announce(
            ObjectChanged(
                tx.about, "LifecycleTransition", bucket, version.name, version.version_id,
                version.size_bytes, version.etag, is_own=True, more={"lifecycleEventData": more},
            )
        )  # fmt: skip
        return
    named = version.version_id if plan.act is Act.REMOVE and bucket.is_versioned else None
    done = shelf.delete(tx, bucket, version.key, named)
    is_hidden = done.is_marker and named is None
    event = "DeleteMarkerCreated" if is_hidden else "Delete"
    changes.expired(tx, bucket, f"LifecycleExpiration:{event}", version.name, done.version_id)


def _page_of_uploads(step: _Step) -> tuple[int | None, bool]:
    tx, bucket, configuration, walk = step
    key = bytes.fromhex(walk.key)
    listed = []
    if walk.upload_id:
        listed = uploads.uploads_of_key(tx, bucket, key, walk.upload_id, _ROWS_MAX)
        key += b"\0"
    if len(listed) < _ROWS_MAX:
        listed += uploads.uploads_from(tx, bucket, key, None, _ROWS_MAX - len(listed))
    earliest: int | None = None
    acts = 0
    for upload in listed:
        walk.key, walk.upload_id = upload.key.hex(), upload.upload_id
        plan = rules.abort(configuration, upload.key.decode(), upload.started_at)
        if plan is None:
            continue
        if plan.at > walk.run_at:
            earliest = _earlier(earliest, plan.at)
            continue
        uploads.remove(tx, bucket.id, upload)
        tx.set_timer(upkeep.PARTS_TIMER, upload.upload_id, tx.now)
        acts += 1
        if acts == _ACTS_MAX:
            return earliest, False
    return earliest, len(listed) < _ROWS_MAX


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)
