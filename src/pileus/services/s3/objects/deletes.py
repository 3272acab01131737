"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.services.s3 import changes, errors, followers, names, store
from pileus.services.s3.objects import conditions, shelf
from pileus.services.s3.objects import store as versions

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.objects.shelf import Deleted
    from pileus.services.s3.store import Bucket

# docs: API_DeleteObjects
KEYS_MAX = 1000
# Each deletion touches several rows, and more where it is told, planned for and replicated.
_KEYS_AT_ONCE = 80
_KEYS_AT_ONCE_FOLLOWED = 30


def delete_object(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    mfa: str | None = None,
    request_payer: str | None = None,
    bypass_governance_retention: bool | None = None,
    expected_bucket_owner: str | None = None,
    if_match: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    _check_bypass(found, bypass_governance_retention)
    done = _delete(tx, found, key, version_id, if_match, bool(bypass_governance_retention))
    if not found.is_versioned:
        return {}
    answer: dict[str, Any] = {"VersionId": done.version_id}
    if done.is_marker:
        answer["DeleteMarker"] = True
    return answer


def _check_bypass(bucket: Bucket, bypass: bool | None) -> None:
    if bypass is not None and not bucket.locks_objects:
        raise errors.invalid_argument(
            "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
            "x-amz-bypass-governance-retention",
        )


def _delete(
    tx: Transaction,
    bucket: Bucket,
    key: str,
    version_id: str | None,
    if_match: str | None,
    has_bypass: bool,
) -> Deleted:
    raw_key = names.key_bytes(key)
    if if_match is not None:
        current = versions.seek_current(tx, bucket, raw_key)
        if current is None:
            raise errors.no_such_key(key)
        if not conditions.names(if_match, current.etag):
            raise errors.precondition_failed("If-Match")
    done = shelf.delete(tx, bucket, raw_key, version_id, has_bypass=has_bypass)
    if done.is_marker and version_id is None:
        changes.deleted(tx, bucket, "ObjectRemoved:DeleteMarkerCreated", key, done.version_id)
    elif done.has_removed:
        changes.deleted(tx, bucket, "ObjectRemoved:Delete", key, done.version_id)
    return done


class Wanted(msgspec.Struct, frozen=True):
    """One deletion of many."""

    key: str
    version_id: str | None
    etag: str | None


async def delete_objects(
    call: Call,
    *,
    bucket: str,
    delete: dict[str, Any],
    mfa: str | None = None,
    request_payer: str | None = None,
    bypass_governance_retention: bool | None = None,
    expected_bucket_owner: str | None = None,
    checksum_algorithm: str | None = None,
) -> dict[str, Any]:
    listed = delete.get("Objects") or []
    if not 1 <= len(listed) <= KEYS_MAX or any(not each.get("Key") for each in listed):
        raise errors.malformed_xml()
    wanted = [Wanted(each["Key"], each.get("VersionId"), each.get("ETag")) for each in listed]
    found: Bucket = await call.read(store.find_bucket, expected_bucket_owner, about=call.about)
    _check_bypass(found, bypass_governance_retention)
    deleted: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    at_once = _KEYS_AT_ONCE_FOLLOWED if followers.are_there(found) else _KEYS_AT_ONCE
    for start in range(0, len(wanted), at_once):
        some = wanted[start : start + at_once]
        done, refused = await call.transaction(
            delete_some, some, expected_bucket_owner, bool(bypass_governance_retention),
            about=call.about,
        )  # fmt: skip
        deleted += done
        failed += refused
    answer: dict[str, Any] = {}
    if deleted and not delete.get("Quiet"):
        answer["Deleted"] = deleted
    if failed:
        answer["Errors"] = failed
    return answer


def delete_some(
    tx: Transaction, wanted: Sequence[Wanted], owner: str | None, has_bypass: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Step: delete a few, each by itself; what was done and what was refused."""
    bucket = store.find_bucket(tx, owner)
    deleted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for each in wanted:
        entry: dict[str, Any] = {"Key": each.key}
        if each.version_id is not None:
            entry["VersionId"] = each.version_id
        try:
            done = _delete(tx, bucket, each.key, each.version_id, each.etag, has_bypass)
        except AwsError as error:
            refused.append({**entry, "Code": error.code, "Message": error.message})
            continue
        if done.is_marker:
            entry["DeleteMarker"] = True
            entry["DeleteMarkerVersionId"] = done.version_id
        deleted.append(entry)
    return deleted, refused
