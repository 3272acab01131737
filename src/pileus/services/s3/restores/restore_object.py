"""RestoreObject, and the timer by which a restored copy comes and goes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import changes, names, store
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.restores import rules

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.objects.facts import Facts
    from pileus.services.s3.objects.store import Version
    from pileus.services.s3.restores.rules import Restore
    from pileus.services.s3.store import Bucket

TIMER = "s3:restore"


def restore_object(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    restore_request: dict[str, Any] | None = None,
    request_payer: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    owner = store.find_bucket(tx, expected_bucket_owner)
    version = shelf.find(tx, owner, key, names.key_bytes(key), version_id, "POST")
    found = facts.of_text(version.facts)
    rules.check_archived(found.storage_class)
    wanted = rules.read(restore_request)
    was_there = found.restore.is_there(tx.now)
    restore = rules.decide(found.restore, found.storage_class, wanted, tx.now)
    _set(tx, owner, version, found, restore)
    if not was_there and not found.restore.is_ongoing:
        detail = {"source-storage-class": found.storage_class}
        changes.restored(tx, owner, "Post", version, is_own=False, detail=detail)
    # AWS: 200 where a copy is there already, 202 where it has to be made.
    return {"StatusCode": 200 if was_there else 202}


def go_on(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a copy is there, or its time is over."""
    tx = call.tx
    bucket = store.seek_bucket(tx)
    if bucket is None or bucket.id != payload["bucket"]:
        return
    version = shelf.seek(tx, bucket, bytes.fromhex(payload["key"]), payload["version_id"])
    if version is None or version.is_marker:
        return
    found = facts.of_text(version.facts)
    restore = found.restore
    if restore.is_ongoing and restore.ready_at <= tx.now:
        _set(tx, bucket, version, found, restore.finished())
        _tell_completed(tx, bucket, version, found)
    elif not restore.is_ongoing and 0 < restore.expires_at <= tx.now:
        _set(tx, bucket, version, found, rules.NONE)
        changes.restored(tx, bucket, "Delete", version, is_own=True)


def _set(tx: Transaction, bucket: Bucket, version: Version, found: Facts, restore: Restore) -> None:
    """Note the state of a copy, and when it changes next."""
    changed = facts.text_of(msgspec.structs.replace(found, restore=restore))
    versions.set_facts(tx, bucket, version, changed)
    at = restore.ready_at if restore.is_ongoing else restore.expires_at
    if not at:
        return
    # A key may be longer than an index takes.
    named = f"{bucket.id}/{version.version_id}/".encode() + version.key
    payload = {
        "bucket": bucket.id,
        "key": version.key.hex(),
        "version_id": version.version_id,
    }
    tx.set_timer(TIMER, hashlib.sha256(named).hexdigest(), at, payload)


def _tell_completed(tx: Transaction, bucket: Bucket, version: Version, found: Facts) -> None:
    """docs: AmazonS3/latest/userguide/notification-content-structure, ev-events."""
    expires = datetime.fromtimestamp(found.restore.expires_at / 1000, UTC)
    data = {
        "lifecycleRestorationExpiryTime": f"{expires:%Y-%m-%dT%H:%M:%S}.000Z",
        "lifecycleRestoreStorageClass": found.storage_class,
    }
    changes.restored(
        tx,
        bucket,
        "Completed",
        version,
        is_own=True,
        more={"glacierEventData": {"restoreEventData": data}},
        detail={
            "restore-expiry-time": f"{expires:%Y-%m-%dT%H:%M:%S}Z",
            "source-storage-class": found.storage_class,
        },
    )
