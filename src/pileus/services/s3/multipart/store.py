"""Rows of uploads and of their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket


class Upload(NamedTuple):
    key: bytes
    upload_id: str
    started_at: int
    revision: int
    facts: str


class Part(NamedTuple):
    number: int
    modified_at: int
    size_bytes: int
    etag: str
    md5: str  # hexadecimal
    digest: str  # the blob's
    checksums: str  # JSON


class FirstParts(NamedTuple):
    """What the first parts of an object are together."""

    parts: int
    size_bytes: int
    last_number: int


_UPLOAD = """
SELECT key, upload_id, started_at, revision, facts FROM s3_uploads
WHERE part = :part AND bucket = :bucket
"""
_SEEK = f"{_UPLOAD} AND key = :key AND upload_id = :upload_id"
_FROM = f"{_UPLOAD} AND key >= :first ORDER BY key, upload_id LIMIT :limit"
_BETWEEN = f"""
{_UPLOAD} AND key >= :first AND key < :beyond ORDER BY key, upload_id LIMIT :limit
"""
_OF_KEY = f"""
{_UPLOAD} AND key = :key AND upload_id > :after ORDER BY upload_id LIMIT :limit
"""
_INSERT = """
INSERT INTO s3_uploads (part, bucket, key, upload_id, started_at, revision, facts)
VALUES (:part, :bucket, :key, :upload_id, :started_at, 0, :facts)
"""
_REVISE = """
UPDATE s3_uploads SET revision = revision + 1
WHERE part = :part AND bucket = :bucket AND key = :key AND upload_id = :upload_id
"""
_REMOVE = """
DELETE FROM s3_uploads
WHERE part = :part AND bucket = :bucket AND key = :key AND upload_id = :upload_id
"""
_OF_BUCKET = f"{_UPLOAD} ORDER BY key, upload_id LIMIT :limit"

_PART = """
SELECT number, modified_at, size_bytes, etag, md5, digest, checksums FROM s3_parts
WHERE part = :part AND upload_id = :upload_id
"""
_SEEK_PART = f"{_PART} AND number = :number"
_PARTS_AFTER = f"{_PART} AND number > :after ORDER BY number LIMIT :limit"
_PUT_PART = """
INSERT INTO s3_parts
  (part, upload_id, number, modified_at, size_bytes, etag, md5, digest, checksums)
VALUES (:part, :upload_id, :number, :modified_at, :size_bytes, :etag, :md5, :digest, :checksums)
ON CONFLICT (part, upload_id, number) DO UPDATE SET modified_at = excluded.modified_at,
  size_bytes = excluded.size_bytes, etag = excluded.etag, md5 = excluded.md5,
  digest = excluded.digest, checksums = excluded.checksums
"""
_REMOVE_PART = """
DELETE FROM s3_parts WHERE part = :part AND upload_id = :upload_id AND number = :number
"""
_FIRST_PARTS = """
SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS INTEGER), COALESCE(MAX(number), 0)
FROM (SELECT number, size_bytes FROM s3_parts WHERE part = :part AND upload_id = :upload_id
  ORDER BY number LIMIT :count) AS first_parts
"""


def seek(tx: Transaction, bucket: Bucket, key: bytes, upload_id: str) -> Upload | None:
    row = tx.one(_SEEK, bucket=bucket.id, key=key, upload_id=upload_id)
    return None if row is None else Upload(*row)


def insert(tx: Transaction, bucket: Bucket, upload: Upload) -> None:
    values = upload._asdict()
    values.pop("revision")
    tx.run(_INSERT, bucket=bucket.id, **values)


def revise(tx: Transaction, bucket: Bucket, upload: Upload) -> None:
    """Note that the parts of an upload have changed."""
    tx.run(_REVISE, bucket=bucket.id, key=upload.key, upload_id=upload.upload_id)


def remove(tx: Transaction, bucket_id: int, upload: Upload) -> None:
    tx.run(_REMOVE, bucket=bucket_id, key=upload.key, upload_id=upload.upload_id)


def uploads_of_bucket(tx: Transaction, bucket_id: int, limit: int) -> list[Upload]:
    rows = tx.all(_OF_BUCKET, at_most=limit, bucket=bucket_id, limit=limit)
    return [Upload(*row) for row in rows]


def uploads_from(
    tx: Transaction, bucket: Bucket, first: bytes, beyond: bytes | None, limit: int
) -> list[Upload]:
    """In the order of their keys, and of those by when they began."""
    if beyond is None:
        rows = tx.all(_FROM, at_most=limit, bucket=bucket.id, first=first, limit=limit)
    else:
        rows = tx.all(
            _BETWEEN, at_most=limit, bucket=bucket.id, first=first, beyond=beyond, limit=limit
        )
    return [Upload(*row) for row in rows]


def uploads_of_key(
    tx: Transaction, bucket: Bucket, key: bytes, after: str, limit: int
) -> list[Upload]:
    rows = tx.all(_OF_KEY, at_most=limit, bucket=bucket.id, key=key, after=after, limit=limit)
    return [Upload(*row) for row in rows]


def seek_part(tx: Transaction, upload_id: str, number: int) -> Part | None:
    row = tx.one(_SEEK_PART, upload_id=upload_id, number=number)
    return None if row is None else Part(*row)


def parts_after(tx: Transaction, upload_id: str, after: int, limit: int) -> list[Part]:
    """In the order of their numbers."""
    rows = tx.all(_PARTS_AFTER, at_most=limit, upload_id=upload_id, after=after, limit=limit)
    return [Part(*row) for row in rows]


def first_parts(tx: Transaction, upload_id: str, count: int) -> FirstParts:
    """What the first `count` parts are together."""
    row = tx.one(_FIRST_PARTS, upload_id=upload_id, count=count)
    assert row is not None, "an aggregate has a row"
    return FirstParts(*row)


def put_part(tx: Transaction, upload_id: str, part: Part) -> None:
    tx.run(_PUT_PART, upload_id=upload_id, **part._asdict())


def remove_part(tx: Transaction, upload_id: str, number: int) -> None:
    tx.run(_REMOVE_PART, upload_id=upload_id, number=number)
