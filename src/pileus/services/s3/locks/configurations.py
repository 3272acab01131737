"""Whether a bucket locks objects, and the retention that it gives to new ones."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import not_implemented
from pileus.services.s3 import errors, store
from pileus.services.s3.locks import rules
from pileus.services.s3.locks.rules import DAY_MS, NONE, Default, Lock
from pileus.services.s3.store import ENABLED, Bucket

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

KIND = "object-lock"


def get_object_lock_configuration(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    if not found.locks_objects:
        raise errors.error(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
            404,
            BucketName=bucket,
        )
    text = store.setting(call.tx, found, KIND)
    rule = {} if text is None else {"Rule": msgspec.json.decode(text)}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": ENABLED, **rule}}


def put_object_lock_configuration(
    call: Call,
    *,
    bucket: str,
    object_lock_configuration: dict[str, Any] | None = None,
    request_payer: str | None = None,
    token: str | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    given = object_lock_configuration or {}
    if given.get("ObjectLockEnabled") != ENABLED:
        raise errors.malformed_xml()
    rule = given.get("Rule")
    if ((rule or {}).get("DefaultRetention") or {}).get("DefaultEventHold"):
        raise not_implemented("s3", "PutObjectLockConfiguration", "DefaultEventHold")
    rules.default_of(rule)
    if found.versioning != ENABLED:
        raise errors.error(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            409,
        )
    if not found.locks_objects:
        store.set_locks_objects(tx, found)
    if rule is None:
        store.remove_setting(tx, found, KIND)
    else:
        store.put_setting(tx, found, KIND, msgspec.json.encode(rule).decode())


@lru_cache(maxsize=1000)
def _default(text: str) -> Default | None:
    return rules.default_of(msgspec.json.decode(text))


def settled(tx: Transaction, bucket: Bucket, asked: Lock) -> Lock:
    """The lock of a new version: the one that is asked for, else the bucket's own."""
    if asked.mode or not bucket.locks_objects:
        return asked
    text = store.setting(tx, bucket, KIND)
    default = None if text is None else _default(text)
    if default is None:
        return asked
    until = tx.now // 1000 * 1000 + default.days * DAY_MS
    return msgspec.structs.replace(asked, mode=default.mode, until=until)


def check(bucket: Bucket, asked: Lock, now: int) -> None:
    """Refuse a lock that a request asks for, where it cannot be."""
    if asked == NONE:
        return
    check_locks(bucket)
    if asked.mode:
        rules.check_future(asked.until, now)


def check_locks(bucket: Bucket) -> None:
    if not bucket.locks_objects:
        raise errors.invalid_request("Bucket is missing Object Lock Configuration")
