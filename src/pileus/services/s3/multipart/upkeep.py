"""What timers remove, page by page: parts of objects and uploads, what deleted buckets leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import blobs
from pileus.services.s3 import store as buckets
from pileus.services.s3.multipart import store

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

PARTS_TIMER = "s3:parts"
UPLOADS_TIMER = "s3:uploads"
SETTINGS_TIMER = "s3:settings"
# Whoever reads an object when it is replaced may read on for so long.
GRACE_MS = 600_000
_PAGE = 100


def drop_parts_later(tx: Transaction, upload_id: str) -> None:
    tx.set_timer(PARTS_TIMER, upload_id, tx.now + GRACE_MS)


def drop_parts(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: let go of a page of parts; the key is the upload's id."""
    tx = call.tx
    remaining = store.parts_after(tx, key, 0, _PAGE)
    for part in remaining:
        blobs.let_go(tx, part.digest)
        store.remove_part(tx, key, part.number)
    if len(remaining) == _PAGE:
        tx.set_timer(PARTS_TIMER, key, tx.now)


def drop_rest_later(tx: Transaction, bucket: Bucket) -> None:
    """A bucket may be deleted with uploads under way, which nobody can complete any more."""
    tx.set_timer(UPLOADS_TIMER, str(bucket.id), tx.now)
    _drop_page_of_settings(tx, bucket.id)


def drop_settings(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of what was set on a deleted bucket; the key is the bucket's id."""
    _drop_page_of_settings(call.tx, int(key))


def _drop_page_of_settings(tx: Transaction, bucket_id: int) -> None:
    if buckets.remove_settings(tx, bucket_id, _PAGE) == _PAGE:
        tx.set_timer(SETTINGS_TIMER, str(bucket_id), tx.now)


def drop_uploads(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: end a page of the uploads of a deleted bucket; the key is the bucket's id."""
    tx = call.tx
    remaining = store.uploads_of_bucket(tx, int(key), _PAGE)
    for upload in remaining:
        store.remove(tx, int(key), upload)
        tx.set_timer(PARTS_TIMER, upload.upload_id, tx.now)
    if len(remaining) == _PAGE:
        tx.set_timer(UPLOADS_TIMER, key, tx.now)
