"""CompleteMultipartUpload: the parts become an object, without a byte being copied."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

import msgspec

from pileus.kernel import blobs
from pileus.services.s3 import errors, names, store
from pileus.services.s3.multipart import facts as upload_facts
from pileus.services.s3.multipart import rules
from pileus.services.s3.multipart import store as uploads
from pileus.services.s3.multipart.store import Part, Upload
from pileus.services.s3.multipart.uploads import find, find_in
from pileus.services.s3.objects import digests, encryption, writes
from pileus.services.s3.objects.bodies import ChecksumSettings
from pileus.services.s3.objects.encryption import CustomerKeySettings
from pileus.services.s3.objects.shelf import PARTS
from pileus.services.s3.objects.writes import Draft, Written

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

_PAGE = 500
_DROPPED_AT_ONCE = 150
# How often parts may be added while the upload is being completed.
_TRIES_MAX = 5


class CompleteSettings(CustomerKeySettings, ChecksumSettings, total=False):
    """Members of CompleteMultipartUpload besides the upload and its parts."""

    checksum_type: str
    mpu_object_size: int
    request_payer: str
    expected_bucket_owner: str
    if_match: str
    if_none_match: str


class Unchanged(msgspec.Struct, frozen=True):
    """An upload, and the revision of its parts that was judged."""

    key: bytes
    upload_id: str
    revision: int
    owner: str | None


async def complete_multipart_upload(
    call: Call,
    *,
    bucket: str,
    key: str,
    upload_id: str,
    multipart_upload: dict[str, Any] | None = None,
    **settings: Unpack[CompleteSettings],
) -> dict[str, Any]:
    owner = settings.get("expected_bucket_owner")
    asked = (multipart_upload or {}).get("Parts") or []
    for _ in range(_TRIES_MAX):
        upload: Upload = await call.read(
            find_in, names.key_bytes(key), upload_id, owner, about=call.about
        )
        known = upload_facts.of_text(upload.facts)
        encryption.check_same_upload(
            known.object.encryption,
            encryption.customer_key_md5(settings) or known.object.encryption.customer_key_md5,
        )
        present = await _present(call, upload_id)
        # Joining thousands of checksums takes a while.
        completion = await asyncio.to_thread(rules.judge, asked, present, known, upload_id)
        rules.check_request(settings, known, completion)
        checksums = {known.algorithm: completion.checksum} if known.algorithm else {}
        draft = Draft(
            upload.key,
            completion.size_bytes,
            completion.etag,
            PARTS + upload_id,
            msgspec.structs.replace(
                known.object,
                checksums=checksums,
                checksum_type=known.checksum_type,
                parts=completion.parts,
            ),
            "ObjectCreated:CompleteMultipartUpload",
            owner,
            settings.get("if_match"),
            settings.get("if_none_match"),
        )
        unchanged = Unchanged(upload.key, upload_id, upload.revision, owner)
        written = await _finish(call, unchanged, draft, completion.unused)
        if written is not None:
            return {
                "Location": f"{call.host_url}/{bucket}/{quote(key, safe='/')}",
                "Bucket": bucket,
                "Key": key,
                **writes.answer(written),
                **digests.described(checksums, known.checksum_type),
            }
    raise errors.conflict()


async def _present(call: Call, upload_id: str) -> list[Part]:
    found: list[Part] = []
    while True:
        after = found[-1].number if found else 0
        some = await call.read(uploads.parts_after, upload_id, after, _PAGE, about=call.about)
        found += some
        if len(some) < _PAGE:
            return found


async def _finish(
    call: Call, unchanged: Unchanged, draft: Draft, unused: list[int]
) -> Written | None:
    """Write the object; None where parts have been added meanwhile.

    Parts that are not asked for go first: those that were judged stay as they are, so that a
    request that is cut short can be made again.
    """
    while len(unused) > _DROPPED_AT_ONCE:
        some, unused = unused[:_DROPPED_AT_ONCE], unused[_DROPPED_AT_ONCE:]
        if not await call.transaction(drop, unchanged, some, about=call.about):
            return None
    written: Written | None = await call.transaction(
        finish, unchanged, draft, unused, about=call.about
    )
    return written


def drop(tx: Transaction, unchanged: Unchanged, numbers: list[int]) -> bool:
    """Step: remove parts from an upload; False where it has changed."""
    upload = find_in(tx, unchanged.key, unchanged.upload_id, unchanged.owner)
    if upload.revision != unchanged.revision:
        return False
    for number in numbers:
        part = uploads.seek_part(tx, unchanged.upload_id, number)
        if part is not None:
            uploads.remove_part(tx, unchanged.upload_id, number)
            blobs.let_go(tx, part.digest)
    return True


def finish(
    tx: Transaction, unchanged: Unchanged, draft: Draft, unused: list[int]
) -> Written | None:
    """Step: make the parts an object; None where the upload has changed."""
    bucket = store.find_bucket(tx, unchanged.owner)
    upload = find(tx, bucket, unchanged.key, unchanged.upload_id)
    writes.check_conditions(tx, bucket, draft)
    if not drop(tx, unchanged, unused):
        return None
    uploads.remove(tx, bucket.id, upload)
    return writes.write(tx, draft, None)
