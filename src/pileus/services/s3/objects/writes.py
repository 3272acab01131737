"""The step by which every new object is written, whatever way its bytes have come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import blobs
from pileus.kernel.blobs import Staged
from pileus.services.s3 import changes, errors, store
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.locks import configurations as locks
from pileus.services.s3.locks.rules import NONE as NO_LOCK
from pileus.services.s3.objects import conditions, digests, encryption, facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.encryption import Encryption
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.objects.store import IN_ROW, Version
from pileus.services.s3.replication import queues
from pileus.services.s3.settings import access, default_encryption

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

# docs: AmazonS3/latest/userguide/upload-objects: in a single operation
OBJECT_BYTES_MAX = 5 << 30


class Draft(msgspec.Struct, frozen=True):
    """A new object whose bytes are known, and on what conditions it is to be written."""

    key: bytes
    size_bytes: int
    etag: str
    content: str
    facts: Facts
    event: str
    owner: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None


class Written(msgspec.Struct, frozen=True):
    """What the answer tells of a new object."""

    etag: str
    version_id: str | None
    modified_at: int
    encryption: Encryption
    expiration: str | None = None


def complete(draft: Draft, digest: Digests, *, is_checked: bool = False) -> Draft:
    """The draft with what its bytes have turned out to be; raises where they are not as sent.

    `is_checked` is for bytes that did not come with the request.
    """
    checksums = digest.check()
    found = draft.facts
    if checksums:
        found = msgspec.structs.replace(
            found, checksums=checksums, checksum_type=digests.FULL_OBJECT
        )
    is_checked = is_checked or bool(checksums) or digest.has_md5
    if found.lock != NO_LOCK and not is_checked:
        raise errors.invalid_request(
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with "
            "Object Lock parameters"
        )
    return Draft(
        draft.key, digest.size_bytes, digest.md5(), draft.content, found, draft.event, draft.owner,
        draft.if_match, draft.if_none_match,
    )  # fmt: skip


def write(tx: Transaction, draft: Draft, held: bytes | Staged | None) -> Written:
    """Step: make the draft the current version of its key.

    `held` are its bytes, few enough for a row, or staged; None where they are in place already.
    """
    bucket = store.find_bucket(tx, draft.owner)
    check_conditions(tx, bucket, draft)
    found = draft.facts
    access.check_acl(tx, bucket, found.acl)
    sealed = default_encryption.settled(tx, bucket, found.encryption)
    if held is not None:
        locks.check(bucket, found.lock, tx.now)
    lock = locks.settled(tx, bucket, found.lock)
    if sealed is not found.encryption or lock is not found.lock:
        found = msgspec.structs.replace(found, encryption=sealed, lock=lock)
    found = queues.marked(tx, bucket, draft.key, found)
    etag = draft.etag
    if not sealed.has_plain_etag and not found.parts:
        # AWS: the ETag of such objects is no digest of what they hold.
        etag = tx.kernel.ids.hexadecimal(32)
    content = draft.content
    body = held.body if isinstance(held, Staged) else held
    if body is not None:
        content = IN_ROW
    elif isinstance(held, Staged):
        # Kept before what it replaces is let go of: both may be the same.
        blobs.keep(tx, held)
        content = held.digest
    modified_at = tx.now // 1000 * 1000
    version = shelf.put(
        tx,
        bucket,
        Version(
            draft.key, 0, "", modified_at, draft.size_bytes, etag, content, facts.text_of(found),
            body,
        ),
    )  # fmt: skip
    changes.written(tx, bucket, draft.event, version)
    version_id = version.version_id if bucket.is_versioned else None
    expiration = agenda.expiration_header(tx, bucket, version, found)
    return Written(etag, version_id, modified_at, sealed, expiration)


def check_conditions(tx: Transaction, bucket: Bucket, draft: Draft) -> None:
    """docs: AmazonS3/latest/userguide/conditional-writes."""
    if draft.if_match is None and draft.if_none_match is None:
        return
    current = versions.seek_current(tx, bucket, draft.key)
    if draft.if_none_match is not None:
        if draft.if_none_match.strip() != "*" or draft.if_match is not None:
            raise errors.header_not_implemented("If-None-Match")
        if current is not None:
            raise errors.precondition_failed("If-None-Match")
    if draft.if_match is not None:
        if draft.if_match.strip() == "*":
            raise errors.header_not_implemented("If-Match")
        if current is None:
            raise errors.no_such_key(draft.key.decode())
        if not conditions.names(draft.if_match, current.etag):
            raise errors.precondition_failed("If-Match")


def answer(written: Written) -> dict[str, Any]:
    """What the answers of all writes tell."""
    result: dict[str, Any] = {"ETag": f'"{written.etag}"'}
    result.update(encryption.described(written.encryption))
    if written.version_id is not None:
        result["VersionId"] = written.version_id
    if written.expiration is not None:
        result["Expiration"] = written.expiration
    return result
