"""What S3 states of each change to an object, inside the transaction that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel.changes import Fact
from pileus.services.s3 import followers

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.objects.store import Version
    from pileus.services.s3.store import Bucket


class ObjectChanged(Fact, frozen=True):
    """`event` is named as in notifications, without `s3:`: "ObjectCreated:Put"."""

    event: str
    bucket: Bucket
    key: str
    version_id: str
    size_bytes: int = 0
    etag: str = ""
    # Whether S3 does it by itself, on nobody's behalf.
    is_own: bool = False
    # What is told of this kind of event alone.
    more: dict[str, Any] = {}
    # What EventBridge alone is told of it besides.
    detail: dict[str, Any] = {}


def written(tx: Transaction, bucket: Bucket, event: str, version: Version) -> None:
    if not followers.are_there(bucket):
        return
    tx.announce(
        ObjectChanged(
            tx.about, event, bucket, version.name, version.version_id, version.size_bytes,
            version.etag,
        )
    )  # fmt: skip


def restored(
    tx: Transaction,
    bucket: Bucket,
    event: str,
    version: Version,
    *,
    is_own: bool,
    more: dict[str, Any] | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Something has become of the copy of an archived version."""
    if not followers.are_there(bucket):
        return
    tx.announce(
        ObjectChanged(
            tx.about, f"ObjectRestore:{event}", bucket, version.name, version.version_id,
            version.size_bytes, version.etag, is_own, more or {}, detail or {},
        )
    )  # fmt: skip


def expired(tx: Transaction, bucket: Bucket, event: str, key: str, version_id: str) -> None:
    """S3 itself has deleted something."""
    tx.announce(ObjectChanged(tx.about, event, bucket, key, version_id, is_own=True))


def deleted(tx: Transaction, bucket: Bucket, event: str, key: str, version_id: str) -> None:
    tx.announce(ObjectChanged(tx.about, event, bucket, key, version_id))
