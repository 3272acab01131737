"""What becomes of versions when objects are written and deleted, inside a bucket's transaction.

docs: AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets, DeletingObjectVersions
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

from pileus.kernel import blobs
from pileus.services.s3 import errors
from pileus.services.s3.locks import rules as locks
from pileus.services.s3.multipart import upkeep
from pileus.services.s3.objects import facts, store
from pileus.services.s3.objects.store import IN_ROW, NULL, Version
from pileus.services.s3.store import ENABLED, SUSPENDED, Bucket

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

PARTS = "@"
_VERSION_ID = re.compile(r"[A-Za-z0-9._-]{32}|null")
DELETE_MARKER = {"x-amz-delete-marker": "true"}


class Deleted(NamedTuple):
    """What a deletion has done: which version it removed, or the delete marker that it made."""

    version_id: str = ""
    is_marker: bool = False
    has_removed: bool = False


def find(
    tx: Transaction,
    bucket: Bucket,
    name: str,
    key: bytes,
    version_id: str | None,
    method: str,
    *,
    with_body: bool = False,
) -> Version:
    """The version that a request names, which is no delete marker; raises AWS's errors.

    `with_body` reads with it what is in its row.
    """
    if version_id is None:
        current = store.seek_current(tx, bucket, key, with_body=with_body)
        if current is not None:
            return current
        newest = store.seek_newest_older(tx, bucket, key) if bucket.is_versioned else None
        if newest is None:
            raise errors.no_such_key(name)
        raise errors.no_such_key(name, {**DELETE_MARKER, "x-amz-version-id": newest.version_id})
    version = seek(tx, bucket, key, version_id, with_body=with_body)
    if version is None:
        raise errors.no_such_version(name, version_id)
    if version.is_marker:
        headers = {**DELETE_MARKER, "x-amz-version-id": version_id, "Allow": "DELETE"}
        raise errors.method_not_allowed(method, "DeleteMarker", headers)
    return version


def seek(
    tx: Transaction, bucket: Bucket, key: bytes, version_id: str, *, with_body: bool = False
) -> Version | None:
    """One version, a delete marker too; raises where the id has not the form of one."""
    if _VERSION_ID.fullmatch(version_id) is None:
        raise errors.invalid_version_id(version_id)
    current = store.seek_current(tx, bucket, key, with_body=with_body)
    if current is not None and current.version_id == version_id:
        return current
    return store.seek_older(tx, bucket, key, version_id, with_body=with_body)


def put(tx: Transaction, bucket: Bucket, draft: Version) -> Version:
    """Make a version the current one of its key; what it replaces is let go of or kept.

    A replica brings its id.
    """
    if not bucket.is_versioned:
        # Most objects are new, and have nothing behind them.
        version = _numbered(draft, 1, NULL)
        if store.put_new(tx, bucket, version):
            return version
    current = store.seek_current(tx, bucket, draft.key)
    number = _newest_number(tx, bucket, draft.key, current) + 1
    if bucket.versioning == ENABLED:
        version = _numbered(draft, number, draft.version_id or _new_id(tx))
        if current is not None:
            store.keep_current(tx, bucket, current.key)
    else:
        version = _numbered(draft, number, NULL)
        _make_way_for_null(tx, bucket, current, draft.key)
    store.put_current(tx, bucket, version)
    return version


def _numbered(draft: Version, number: int, version_id: str) -> Version:
    return Version(
        draft.key, number, version_id, draft.modified_at, draft.size_bytes, draft.etag,
        draft.content, draft.facts, draft.body,
    )  # fmt: skip


def _newest_number(tx: Transaction, bucket: Bucket, key: bytes, current: Version | None) -> int:
    if current is not None:
        return current.number
    newest = store.seek_newest_older(tx, bucket, key) if bucket.is_versioned else None
    return 0 if newest is None else newest.number


def _new_id(tx: Transaction) -> str:
    return base64.urlsafe_b64encode(tx.kernel.ids.token(24)).decode()


def _make_way_for_null(
    tx: Transaction, bucket: Bucket, current: Version | None, key: bytes
) -> None:
    """There is one null version at most: the one there is goes, current or older."""
    if current is not None and current.version_id == NULL:
        let_go(tx, current)
        return
    if current is not None:
        store.keep_current(tx, bucket, key)
    if bucket.is_versioned:
        older = store.seek_older(tx, bucket, key, NULL)
        if older is not None:
            store.remove_older(tx, bucket, older)
            let_go(tx, older)


def let_go(tx: Transaction, version: Version) -> None:
    """Give up the bytes of a version whose row goes."""
    if version.content.startswith(PARTS):
        upkeep.drop_parts_later(tx, version.content[1:])
    elif version.content and version.content != IN_ROW:
        blobs.let_go(tx, version.content)


def delete(
    tx: Transaction,
    bucket: Bucket,
    key: bytes,
    version_id: str | None,
    *,
    has_bypass: bool = False,
) -> Deleted:
    """Remove one version for good, or what a list shows of the key.

    `has_bypass` is for versions that are locked by governance alone.
    """
    if version_id is not None:
        return _delete_version(tx, bucket, key, version_id, has_bypass)
    current = store.seek_current(tx, bucket, key)
    if not bucket.is_versioned:
        if current is None:
            return Deleted()
        store.remove_current(tx, bucket, key)
        let_go(tx, current)
        return Deleted(has_removed=True)
    return _put_marker(tx, bucket, key, current)


def put_marker(tx: Transaction, bucket: Bucket, key: bytes, version_id: str) -> None:
    """Replicate a delete marker, with its id."""
    _put_marker(tx, bucket, key, store.seek_current(tx, bucket, key), version_id)


def _put_marker(
    tx: Transaction, bucket: Bucket, key: bytes, current: Version | None, replica_id: str = ""
) -> Deleted:
    number = _newest_number(tx, bucket, key, current) + 1
    if bucket.versioning == SUSPENDED:
        version_id = NULL
        _make_way_for_null(tx, bucket, current, key)
    else:
        version_id = replica_id or _new_id(tx)
        if current is not None:
            store.keep_current(tx, bucket, key)
    if current is not None:
        store.remove_current(tx, bucket, key)
    store.put_marker(tx, bucket, key, number, version_id, tx.now // 1000 * 1000)
    return Deleted(version_id, is_marker=True)


def _delete_version(
    tx: Transaction, bucket: Bucket, key: bytes, version_id: str, has_bypass: bool
) -> Deleted:
    version = seek(tx, bucket, key, version_id)
    if version is None:
        # As with keys: what is not there needs no deletion.
        return Deleted(version_id)
    if bucket.locks_objects and not version.is_marker:
        lock = facts.of_text(version.facts).lock
        if lock.protects(tx.now, has_bypass=has_bypass):
            raise locks.protected()
    current = store.seek_current(tx, bucket, key)
    if current is not None and current.number == version.number:
        store.remove_current(tx, bucket, key)
        current = None
    else:
        store.remove_older(tx, bucket, version)
    let_go(tx, version)
    if current is None and bucket.is_versioned:
        _promote(tx, bucket, key)
    return Deleted(version_id, version.is_marker, has_removed=True)


def _promote(tx: Transaction, bucket: Bucket, key: bytes) -> None:
    """The newest version that is left is the current one, unless it is a delete marker."""
    newest = store.seek_newest_older(tx, bucket, key)
    if newest is not None and not newest.is_marker:
        store.promote(tx, bucket, newest)
