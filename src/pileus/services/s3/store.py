"""Rows of buckets, and of what is set on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pileus.services.s3 import errors
from pileus.services.s3.names import bucket_of

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

ENABLED, SUSPENDED = "Enabled", "Suspended"


class Bucket(NamedTuple):
    """A bucket as its row has it."""

    name: str
    id: int
    account: str
    region: str
    created_at: int
    versioning: str  # empty until it is set for the first time
    locks_objects: bool  # 0 or 1 where it comes from the row
    # The kinds of its settings that are there, each between spaces; not those with ids, of which
    # there may be thousands.
    settings: str = " "

    def has_setting(self, kind: str) -> bool:
        """Whether a setting of this kind is there, without reading it."""
        # Most buckets have none.
        return len(self.settings) > 1 and f" {kind} " in self.settings

    @property
    def is_versioned(self) -> bool:
        """Whether it has ever kept versions, and so answers with their ids."""
        return bool(self.versioning)


_FIND = """
SELECT name, id, account, region, created_at, versioning, locks_objects, settings
FROM s3_buckets WHERE part = :part AND name = :name
"""
_INSERT = """
INSERT INTO s3_buckets
  (part, name, id, account, region, created_at, versioning, locks_objects, settings, changes)
VALUES (:part, :name, :id, :account, :region, :created_at, :versioning, :locks_objects,
  :settings, 0)
"""
_DELETE = "DELETE FROM s3_buckets WHERE part = :part AND name = :name"
_SET_VERSIONING = (
    "UPDATE s3_buckets SET versioning = :versioning WHERE part = :part AND name = :name"
)
_SET_LOCKS = "UPDATE s3_buckets SET locks_objects = 1 WHERE part = :part AND name = :name"
_ADD_KIND = """
UPDATE s3_buckets SET settings = REPLACE(settings, :kind, ' ') || :added
WHERE part = :part AND name = :name
"""
_REMOVE_KIND = """
UPDATE s3_buckets SET settings = REPLACE(settings, :kind, ' ')
WHERE part = :part AND name = :name
"""
_COUNT_CHANGE = """
UPDATE s3_buckets SET changes = changes + 1 WHERE part = :part AND name = :name RETURNING changes
"""
_HAS_OBJECTS = "SELECT 1 FROM s3_objects WHERE part = :part AND bucket = :bucket LIMIT 1"
_HAS_VERSIONS = "SELECT 1 FROM s3_versions WHERE part = :part AND bucket = :bucket LIMIT 1"

_SETTING = """
SELECT document FROM s3_bucket_settings WHERE part = :part AND bucket = :bucket AND kind = :kind
"""
_PUT_SETTING = """
INSERT INTO s3_bucket_settings (part, bucket, kind, document)
VALUES (:part, :bucket, :kind, :document)
ON CONFLICT (part, bucket, kind) DO UPDATE SET document = excluded.document
"""
_REMOVE_SETTING = """
DELETE FROM s3_bucket_settings WHERE part = :part AND bucket = :bucket AND kind = :kind
"""
_REMOVE_SETTINGS = """
DELETE FROM s3_bucket_settings WHERE part = :part AND bucket = :bucket AND kind IN (
  SELECT kind FROM s3_bucket_settings WHERE part = :part AND bucket = :bucket
  ORDER BY kind LIMIT :limit)
"""
_COUNT_SETTINGS = """
SELECT COUNT(*) FROM s3_bucket_settings
WHERE part = :part AND bucket = :bucket AND kind > :first AND kind < :beyond
"""
_SETTINGS_AFTER = """
SELECT kind, document FROM s3_bucket_settings
WHERE part = :part AND bucket = :bucket AND kind > :first AND kind < :beyond
ORDER BY kind LIMIT :limit
"""


def seek_bucket(tx: Transaction) -> Bucket | None:
    """The bucket that the transaction is about, if it is there."""
    row = tx.one(_FIND, name=bucket_of(tx.about))
    return None if row is None else Bucket(*row)


def find_bucket(tx: Transaction, expected_owner: str | None = None) -> Bucket:
    """The bucket that the transaction is about; raises NoSuchBucket.

    `expected_owner` is the account that the request says must own it.
    """
    found = seek_bucket(tx)
    if expected_owner is not None and not (
        len(expected_owner) == 12 and expected_owner.isascii() and expected_owner.isdigit()
    ):
        raise errors.invalid_expected_owner(expected_owner)
    if found is None:
        raise errors.no_such_bucket(bucket_of(tx.about))
    if expected_owner is not None and expected_owner != found.account:
        raise errors.access_denied()
    return found


def insert_bucket(tx: Transaction, bucket: Bucket) -> None:
    tx.run(_INSERT, **{**bucket._asdict(), "locks_objects": int(bucket.locks_objects)})


def delete_bucket(tx: Transaction, bucket: Bucket) -> None:
    """Its settings go by `remove_settings`, page by page."""
    tx.run(_DELETE, name=bucket.name)


def set_versioning(tx: Transaction, bucket: Bucket, versioning: str) -> None:
    tx.run(_SET_VERSIONING, name=bucket.name, versioning=versioning)


def set_locks_objects(tx: Transaction, bucket: Bucket) -> None:
    tx.run(_SET_LOCKS, name=bucket.name)


def count_change(tx: Transaction, bucket: Bucket) -> int:
    """The number of a change that is told of: it grows in each bucket."""
    row = tx.one(_COUNT_CHANGE, name=bucket.name)
    assert row is not None, "the bucket is there"
    return int(row[0])


def is_empty(tx: Transaction, bucket: Bucket) -> bool:
    """Whether it holds no object, no version and no delete marker."""
    return (
        tx.one(_HAS_OBJECTS, bucket=bucket.id) is None
        and tx.one(_HAS_VERSIONS, bucket=bucket.id) is None
    )


# What is set on a bucket. A kind is named as its subresource: "policy", "cors", "website". Where
# there may be several of a kind, an id follows: "metrics/all".


def setting(tx: Transaction, bucket: Bucket, kind: str) -> str | None:
    if not _has_id(kind) and not bucket.has_setting(kind):
        return None
    row = tx.one(_SETTING, bucket=bucket.id, kind=kind)
    return None if row is None else str(row[0])


def put_setting(tx: Transaction, bucket: Bucket, kind: str, document: str) -> None:
    tx.run(_PUT_SETTING, bucket=bucket.id, kind=kind, document=document)
    if not _has_id(kind):
        tx.run(_ADD_KIND, name=bucket.name, kind=f" {kind} ", added=f"{kind} ")


def remove_setting(tx: Transaction, bucket: Bucket, kind: str) -> bool:
    if not _has_id(kind):
        tx.run(_REMOVE_KIND, name=bucket.name, kind=f" {kind} ")
    return tx.run(_REMOVE_SETTING, bucket=bucket.id, kind=kind) > 0


def _has_id(kind: str) -> bool:
    return "/" in kind


def remove_settings(tx: Transaction, bucket_id: int, limit: int) -> int:
    """Remove some of what is set on a bucket that is gone; tells how many."""
    return tx.run(_REMOVE_SETTINGS, bucket=bucket_id, limit=limit)


def count_settings(tx: Transaction, bucket: Bucket, kind: str) -> int:
    """How many there are of a kind with ids, which are few."""
    row = tx.one(_COUNT_SETTINGS, bucket=bucket.id, first=f"{kind}/", beyond=f"{kind}0")
    return 0 if row is None else int(row[0])


def settings_after(
    tx: Transaction, bucket: Bucket, kind: str, id_: str, limit: int
) -> list[tuple[str, str]]:
    """The next of a kind with ids: the ids and the documents."""
    rows = tx.all(
        _SETTINGS_AFTER, at_most=limit, bucket=bucket.id, first=f"{kind}/{id_}", beyond=f"{kind}0",
        limit=limit,
    )  # fmt: skip
    return [(row[0].removeprefix(f"{kind}/"), row[1]) for row in rows]
