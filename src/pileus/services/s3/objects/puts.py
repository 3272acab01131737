"""PutObject, and the step by which every new object is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from pileus.kernel import blobs
from pileus.kernel.blobs import ROW_BYTES_MAX, Staged, TooLarge
from pileus.services.s3 import changes, errors, names, store
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.locks import configurations as locks
from pileus.services.s3.locks.rules import NONE as NO_LOCK
from pileus.services.s3.objects import conditions, digests, encryption, facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.digests import BodySettings, Digests
from pileus.services.s3.objects.encryption import Encryption
from pileus.services.s3.objects.facts import Facts, NewObjectSettings
from pileus.services.s3.objects.store import Version
from pileus.services.s3.replication import queues
from pileus.services.s3.settings import access, default_encryption

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

# docs: AmazonS3/latest/userguide/upload-objects: in a single operation
OBJECT_BYTES_MAX = 5 << 30


class PutObjectSettings(NewObjectSettings, BodySettings, total=False):
    """Members of PutObject besides key and body."""

    if_match: str
    if_none_match: str
    write_offset_bytes: int


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


async def put_object(
    call: Call,
    *,
    bucket: str,
    key: str,
    body: bytes | AsyncIterator[bytes] = b"",
    **settings: Unpack[PutObjectSettings],
) -> dict[str, Any]:
    draft = _draft(key, settings)
    digest = Digests(settings, call.trailers)
    return _told(*await store_body(call, draft, body, digest))


def put_small_object(
    call: Call, *, bucket: str, key: str, body: bytes = b"", **settings: Unpack[PutObjectSettings]
) -> dict[str, Any]:
    """PutObject of bytes that are all there and fit a row."""
    draft = _draft(key, settings)
    digest = Digests(settings, call.trailers)
    digest.update(body)
    draft = complete(draft, digest)
    return _told(draft, write(call.tx, draft, blobs.in_row(body, about=call.about)))


def _draft(key: str, settings: PutObjectSettings) -> Draft:
    """What a request says of an object; raises AWS's errors."""
    found = facts.read(settings)
    raw_key = names.key_bytes(key)
    if settings.get("write_offset_bytes") is not None:
        # What would be promised and not kept.
        raise errors.header_not_implemented("x-amz-write-offset-bytes")
    return Draft(
        raw_key,
        0,
        "",
        "",
        found,
        "ObjectCreated:Put",
        settings.get("expected_bucket_owner"),
        settings.get("if_match"),
        settings.get("if_none_match"),
    )


def _told(draft: Draft, written: Written) -> dict[str, Any]:
    found = answer(written)
    if draft.facts.checksums:
        found.update(digests.described(draft.facts.checksums, digests.FULL_OBJECT))
    return found


async def store_body(
    call: Call, draft: Draft, body: bytes | AsyncIterator[bytes], digest: Digests
) -> tuple[Draft, Written]:
    """Take the bytes of a new object, and write it if they are as announced."""
    if isinstance(body, bytes) and len(body) <= ROW_BYTES_MAX:
        digest.update(body)
        draft = complete(draft, digest)
        staged = blobs.in_row(body, about=call.about)
        return draft, await call.transaction(write, draft, staged, about=call.about)
    # Who sends much learns before whether there is a bucket for it.
    await call.read(store.find_bucket, draft.owner, about=call.about)
    try:
        async with call.kernel.blobs.staged(
            digest.watch(pieces(body)), about=call.about, size_max_bytes=OBJECT_BYTES_MAX
        ) as staged:
            draft = complete(draft, digest)
            return draft, await call.transaction(write, draft, staged, about=call.about)
    except TooLarge:
        raise errors.entity_too_large(OBJECT_BYTES_MAX) from None
    except ConnectionError:
        raise errors.incomplete_body() from None


async def pieces(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
    else:
        async for piece in body:
            yield piece


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
    return msgspec.structs.replace(
        draft, size_bytes=digest.size_bytes, etag=digest.md5(), facts=found
    )


def write(tx: Transaction, draft: Draft, staged: Staged | None) -> Written:
    """Step: make the draft the current version of its key.

    `staged` holds its bytes, unless they are in place already.
    """
    bucket = store.find_bucket(tx, draft.owner)
    check_conditions(tx, bucket, draft)
    found = draft.facts
    access.check_acl(tx, bucket, found.acl)
    sealed = default_encryption.settled(tx, bucket, found.encryption)
    if staged is not None:
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
    if staged is not None:
        # Kept before what it replaces is let go of: both may be the same.
        blobs.keep(tx, staged)
        content = staged.digest
    modified_at = tx.now // 1000 * 1000
    version = shelf.put(
        tx,
        bucket,
        Version(
            draft.key, 0, "", modified_at, draft.size_bytes, etag, content, facts.text_of(found)
        ),
    )
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
