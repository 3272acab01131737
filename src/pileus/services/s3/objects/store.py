"""Rows of objects: the current ones, and older versions with delete markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

NULL = "null"
# The content of versions whose bytes are few enough for their row.
IN_ROW = "="


class Version(NamedTuple):
    """One version of a key; a delete marker has no content."""

    key: bytes
    # Grows with the versions of the key.
    number: int
    version_id: str
    modified_at: int
    size_bytes: int
    etag: str
    # IN_ROW, the digest of a blob, or '@' and the id of the upload whose parts it consists of.
    content: str
    facts: str
    # What is IN_ROW, where it was asked for.
    body: bytes | None = None

    @property
    def is_marker(self) -> bool:
        return not self.content

    @property
    def name(self) -> str:
        """The key as text."""
        return self.key.decode()


_REST = "version_id, modified_at, size_bytes, etag, content, facts"
_CURRENT = f"SELECT key, number, {_REST} FROM s3_objects WHERE part = :part AND bucket = :bucket "
_OLDER = f"SELECT key, -age, {_REST} FROM s3_versions WHERE part = :part AND bucket = :bucket "
_SEEK_CURRENT = f"{_CURRENT} AND key = :key"
_SEEK_CURRENT_WHOLE = _SEEK_CURRENT.replace("facts FROM", "facts, body FROM")
_SEEK_NEWEST_OLDER = f"{_OLDER} AND key = :key ORDER BY age LIMIT 1"
_SEEK_OLDER = f"{_OLDER} AND key = :key AND version_id = :version_id"
_SEEK_OLDER_WHOLE = _SEEK_OLDER.replace("facts FROM", "facts, body FROM")
_INSERT_CURRENT = f"""
INSERT INTO s3_objects (part, bucket, key, number, {_REST}, body)
VALUES (:part, :bucket, :key, :number, :version_id, :modified_at, :size_bytes, :etag, :content,
  :facts, :body)
"""
_PUT_NEW = f"{_INSERT_CURRENT} ON CONFLICT (part, bucket, key) DO NOTHING"
_PUT_CURRENT = f"""
{_INSERT_CURRENT}
ON CONFLICT (part, bucket, key) DO UPDATE SET number = excluded.number,
  version_id = excluded.version_id, modified_at = excluded.modified_at,
  size_bytes = excluded.size_bytes, etag = excluded.etag, content = excluded.content,
  facts = excluded.facts, body = excluded.body
"""
_REMOVE_CURRENT = "DELETE FROM s3_objects WHERE part = :part AND bucket = :bucket AND key = :key"
_PUT_MARKER = f"""
INSERT INTO s3_versions (part, bucket, key, age, {_REST})
VALUES (:part, :bucket, :key, -CAST(:number AS INTEGER), :version_id, :modified_at, 0, '', '', '')
"""
_KEEP_CURRENT = f"""
INSERT INTO s3_versions (part, bucket, key, age, {_REST}, body)
SELECT part, bucket, key, -number, {_REST}, body FROM s3_objects
WHERE part = :part AND bucket = :bucket AND key = :key
"""
_PROMOTE = f"""
INSERT INTO s3_objects (part, bucket, key, number, {_REST}, body)
SELECT part, bucket, key, -age, {_REST}, body FROM s3_versions
WHERE part = :part AND bucket = :bucket AND key = :key AND age = -CAST(:number AS INTEGER)
"""
_REMOVE_OLDER = """
DELETE FROM s3_versions
WHERE part = :part AND bucket = :bucket AND key = :key AND age = -CAST(:number AS INTEGER)
"""
_SET_FACTS = """
UPDATE s3_objects SET facts = :facts
WHERE part = :part AND bucket = :bucket AND key = :key AND number = :number
"""
_SET_FACTS_OLDER = """
UPDATE s3_versions SET facts = :facts
WHERE part = :part AND bucket = :bucket AND key = :key AND age = -CAST(:number AS INTEGER)
"""
_CURRENT_FROM = f"{_CURRENT} AND key >= :first ORDER BY key LIMIT :limit"
_CURRENT_BETWEEN = f"{_CURRENT} AND key >= :first AND key < :beyond ORDER BY key LIMIT :limit"
_OLDER_FROM = f"{_OLDER} AND key >= :first ORDER BY key, age LIMIT :limit"
_OLDER_BETWEEN = f"{_OLDER} AND key >= :first AND key < :beyond ORDER BY key, age LIMIT :limit"
_OLDER_OF_KEY = f"""
{_OLDER} AND key = :key AND age > -CAST(:number AS INTEGER) ORDER BY age LIMIT :limit
"""


def seek_current(
    tx: Transaction, bucket: Bucket, key: bytes, *, with_body: bool = False
) -> Version | None:
    """The newest version of a key, unless that is a delete marker."""
    row = tx.one(_SEEK_CURRENT_WHOLE if with_body else _SEEK_CURRENT, bucket=bucket.id, key=key)
    return None if row is None else Version(*row)


def seek_newest_older(tx: Transaction, bucket: Bucket, key: bytes) -> Version | None:
    """Of the versions behind the current one; where there is none of those, the newest of all."""
    row = tx.one(_SEEK_NEWEST_OLDER, bucket=bucket.id, key=key)
    return None if row is None else Version(*row)


def seek_older(
    tx: Transaction, bucket: Bucket, key: bytes, version_id: str, *, with_body: bool = False
) -> Version | None:
    sql = _SEEK_OLDER_WHOLE if with_body else _SEEK_OLDER
    row = tx.one(sql, bucket=bucket.id, key=key, version_id=version_id)
    return None if row is None else Version(*row)


def put_new(tx: Transaction, bucket: Bucket, version: Version) -> bool:
    """Write a key's current version; False where there is one already."""
    return _write(tx, _PUT_NEW, bucket, version) > 0


def put_current(tx: Transaction, bucket: Bucket, version: Version) -> None:
    """Write a key's current version, over the one that there may be."""
    _write(tx, _PUT_CURRENT, bucket, version)


def _write(tx: Transaction, sql: str, bucket: Bucket, version: Version) -> int:
    return tx.run(
        sql,
        bucket=bucket.id,
        key=version.key,
        number=version.number,
        version_id=version.version_id,
        modified_at=version.modified_at,
        size_bytes=version.size_bytes,
        etag=version.etag,
        content=version.content,
        facts=version.facts,
        body=version.body,
    )


def remove_current(tx: Transaction, bucket: Bucket, key: bytes) -> None:
    tx.run(_REMOVE_CURRENT, bucket=bucket.id, key=key)


def keep_current(tx: Transaction, bucket: Bucket, key: bytes) -> None:
    """Put the current version, which is about to be replaced or removed, among the older ones."""
    tx.run(_KEEP_CURRENT, bucket=bucket.id, key=key)


def put_marker(
    tx: Transaction, bucket: Bucket, key: bytes, number: int, version_id: str, modified_at: int
) -> None:
    """Write a delete marker; they are all among the older versions."""
    tx.run(
        _PUT_MARKER, bucket=bucket.id, key=key, number=number, version_id=version_id,
        modified_at=modified_at,
    )  # fmt: skip


def promote(tx: Transaction, bucket: Bucket, version: Version) -> None:
    """Make an older version the current one of a key that has none."""
    tx.run(_PROMOTE, bucket=bucket.id, key=version.key, number=version.number)
    remove_older(tx, bucket, version)


def remove_older(tx: Transaction, bucket: Bucket, version: Version) -> None:
    tx.run(_REMOVE_OLDER, bucket=bucket.id, key=version.key, number=version.number)


def set_facts(tx: Transaction, bucket: Bucket, version: Version, facts: str) -> None:
    """Change what is told of a version, wherever it lies."""
    key = {"bucket": bucket.id, "key": version.key, "number": version.number, "facts": facts}
    if not tx.run(_SET_FACTS, **key):
        tx.run(_SET_FACTS_OLDER, **key)


def current_from(
    tx: Transaction, bucket: Bucket, first: bytes, beyond: bytes | None, limit: int
) -> list[Version]:
    """Current versions in the order of their keys, from `first` to before `beyond`."""
    if beyond is None:
        rows = tx.all(_CURRENT_FROM, at_most=limit, bucket=bucket.id, first=first, limit=limit)
    else:
        rows = tx.all(
            _CURRENT_BETWEEN, at_most=limit, bucket=bucket.id, first=first, beyond=beyond,
            limit=limit,
        )  # fmt: skip
    return [Version(*row) for row in rows]


def older_from(
    tx: Transaction, bucket: Bucket, first: bytes, beyond: bytes | None, limit: int
) -> list[Version]:
    """Older versions and delete markers in the order of their keys, the newest first."""
    if beyond is None:
        rows = tx.all(_OLDER_FROM, at_most=limit, bucket=bucket.id, first=first, limit=limit)
    else:
        rows = tx.all(
            _OLDER_BETWEEN, at_most=limit, bucket=bucket.id, first=first, beyond=beyond,
            limit=limit,
        )  # fmt: skip
    return [Version(*row) for row in rows]


def older_of_key(
    tx: Transaction, bucket: Bucket, key: bytes, number: int, limit: int
) -> list[Version]:
    """Versions of one key that are older than a number."""
    rows = tx.all(
        _OLDER_OF_KEY, at_most=limit, bucket=bucket.id, key=key, number=number, limit=limit
    )
    return [Version(*row) for row in rows]
