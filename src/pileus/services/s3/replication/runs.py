"""Works on a queue of replications: one task after the other, each of which may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import store as buckets_store
from pileus.services.s3.changes import ObjectChanged
from pileus.services.s3.names import bucket_of
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.facts import COMPLETED, FAILED, PENDING
from pileus.services.s3.objects.shelf import PARTS
from pileus.services.s3.objects.store import Version
from pileus.services.s3.replication import replicas, store
from pileus.services.s3.replication.queues import FACTS, MARKER, TIMER, VERSION
from pileus.services.s3.replication.rules import Manner
from pileus.services.s3.replication.store import Task

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

_NO_DESTINATION = "DstBucketNotFound"


class Head(msgspec.Struct, frozen=True):
    """The first task of a queue, and the version that it is about, if that is still there."""

    bucket_id: int
    task: Task
    version: Version | None


async def run(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: empty a queue; the key is the bucket's id and the destination."""
    destination = str(payload["destination"])
    bucket_id = int(key.partition("/")[0])
    while True:
        head: Head | None = await call.transaction(
            look, bucket_id, destination, key, about=call.about
        )
        if head is None:
            return
        is_done = True
        if head.task.what == MARKER or head.version is not None:
            is_done = await _replicate(call, destination, head)
        await call.transaction(
            conclude, bucket_id, destination, head.task, is_done, about=call.about
        )


def look(tx: Transaction, bucket_id: int, destination: str, key: str) -> Head | None:
    """Step about the source: what is to be done next; where there is nothing, the timer ends."""
    task = store.head(tx, bucket_id, destination)
    if task is None:
        tx.finish_timer(TIMER, key)
        return None
    bucket = buckets_store.seek_bucket(tx)
    version = None
    if bucket is not None and bucket.id == bucket_id:
        version = _version(tx, bucket, task, with_body=task.what == VERSION)
    return Head(bucket_id, task, version)


def _version(
    tx: Transaction, bucket: Bucket, task: Task, *, with_body: bool = False
) -> Version | None:
    version = shelf.seek(tx, bucket, task.key, task.version_id, with_body=with_body)
    return None if version is None or version.is_marker else version


async def _replicate(call: Call, destination: str, head: Head) -> bool:
    """Do one task at the destination; False where that cannot take it."""
    task, version = head.task, head.version
    if task.what == MARKER:
        return bool(
            await call.transaction(
                replicas.put_marker, task.key, task.version_id, about=destination
            )
        )
    assert version is not None, "there is a version to replicate"
    if task.what == FACTS:
        return bool(await call.transaction(replicas.set_facts, version, about=destination))
    manner = msgspec.json.decode(task.manner, type=Manner)
    draft = replicas.draft(version, manner)
    if version.content.startswith(PARTS):
        return await replicas.put_parts(call, destination, draft)
    return await replicas.put_whole(call, destination, draft)


def conclude(tx: Transaction, bucket_id: int, destination: str, task: Task, is_done: bool) -> None:
    """Step about the source: a task is over; the version tells what has come of it."""
    if not store.remove(tx, bucket_id, destination, task.number):
        return
    bucket = buckets_store.seek_bucket(tx)
    if bucket is None or bucket.id != bucket_id or task.what != VERSION:
        return
    version = _version(tx, bucket, task)
    if version is None:
        return
    found = facts.of_text(version.facts)
    left = max(found.replicas_left - 1, 0)
    status = found.replication
    if not is_done:
        status = FAILED
    elif left == 0 and status == PENDING:
        status = COMPLETED
    changed = msgspec.structs.replace(found, replication=status, replicas_left=left)
    versions.set_facts(tx, bucket, version, facts.text_of(changed))
    if not is_done:
        _tell_of_failure(tx, bucket, version, destination, task)


def _tell_of_failure(
    tx: Transaction, bucket: Bucket, version: Version, destination: str, task: Task
) -> None:
    """docs: AmazonS3/latest/userguide/replication-metrics-events"""
    asked = datetime.fromtimestamp(task.asked_at / 1000, UTC)
    data = {
        "replicationRuleId": msgspec.json.decode(task.manner, type=Manner).rule_id,
        "destinationBucket": f"arn:aws:s3:::{bucket_of(destination)}",
        "s3Operation": "OBJECT_PUT",
        "requestTime": f"{asked:%Y-%m-%dT%H:%M:%S}.{task.asked_at % 1000:03d}Z",
        "failureReason": _NO_DESTINATION,
    }
    tx.announce(
        ObjectChanged(
            tx.about,
            "Replication:OperationFailedReplication",
            bucket,
            version.name,
            version.version_id,
            version.size_bytes,
            version.etag,
            is_own=True,
            more={"replicationEventData": data},
        )
    )
