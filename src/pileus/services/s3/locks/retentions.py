"""Operations on the retention and the legal hold of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError, not_implemented
from pileus.services.s3 import changes, errors, names, store
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.locks import configurations, rules
from pileus.services.s3.locks.rules import OFF, ON, Lock
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.s3.objects.facts import Facts
    from pileus.services.s3.objects.store import Version
    from pileus.services.s3.store import Bucket


def _find(
    call: Call, key: str, version_id: str | None, owner: str | None, method: str
) -> tuple[Bucket, Version, Facts]:
    bucket = store.find_bucket(call.tx, owner)
    configurations.check_locks(bucket)
    version = shelf.find(call.tx, bucket, key, names.key_bytes(key), version_id, method)
    return bucket, version, facts.of_text(version.facts)


def _set(call: Call, bucket: Bucket, version: Version, found: Facts, lock: Lock) -> None:
    changed = facts.text_of(msgspec.structs.replace(found, lock=lock))
    versions.set_facts(call.tx, bucket, version, changed)


def _no_lock() -> AwsError:
    return errors.error(
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration",
        404,
    )


def get_object_retention(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    request_payer: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    _, _, found = _find(call, key, version_id, expected_bucket_owner, "GET")
    if not found.lock.mode:
        raise _no_lock()
    return {"Retention": {"Mode": found.lock.mode, "RetainUntilDate": found.lock.until}}


def put_object_retention(
    call: Call,
    *,
    bucket: str,
    key: str,
    retention: dict[str, Any] | None = None,
    request_payer: str | None = None,
    version_id: str | None = None,
    bypass_governance_retention: bool | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    owner, version, found = _find(call, key, version_id, expected_bucket_owner, "PUT")
    if retention is None:
        raise errors.malformed_xml()
    for member in ("EventHold", "EventHoldDuration"):
        if retention.get(member) is not None:
            raise not_implemented("s3", "PutObjectRetention", member)
    wanted = rules.of_retention(retention, call.now)
    has_bypass = bool(bypass_governance_retention)
    rules.check_change(found.lock, wanted, call.now, has_bypass=has_bypass)
    lock = msgspec.structs.replace(found.lock, mode=wanted.mode, until=wanted.until)
    _set(call, owner, version, found, lock)
    changes.written(call.tx, owner, "ObjectRetention:Put", version)
    return {}


def get_object_legal_hold(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    request_payer: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    _, _, found = _find(call, key, version_id, expected_bucket_owner, "GET")
    if not found.lock.hold:
        raise _no_lock()
    return {"LegalHold": {"Status": found.lock.hold}}


def put_object_legal_hold(
    call: Call,
    *,
    bucket: str,
    key: str,
    legal_hold: dict[str, Any] | None = None,
    request_payer: str | None = None,
    version_id: str | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    owner, version, found = _find(call, key, version_id, expected_bucket_owner, "PUT")
    status = (legal_hold or {}).get("Status")
    if status not in (ON, OFF):
        raise errors.malformed_xml()
    _set(call, owner, version, found, msgspec.structs.replace(found.lock, hold=status))
    agenda.reconsider(call.tx, owner)
    return {}
