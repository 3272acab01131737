"""Writes replicas: with the version ids, dates and entity tags of what they replicate.

Everything here may be done again: a version that is there already is left as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import blobs
from pileus.kernel.blobs import BlobGone, Staged
from pileus.services.s3 import changes, store
from pileus.services.s3.multipart import store as parts_store
from pileus.services.s3.multipart import upkeep
from pileus.services.s3.multipart.store import Part
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.encryption import KMS
from pileus.services.s3.objects.facts import REPLICA
from pileus.services.s3.objects.shelf import PARTS
from pileus.services.s3.objects.store import Version
from pileus.services.s3.restores import rules as restores
from pileus.services.s3.store import ENABLED, Bucket

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.replication.rules import Manner

_PAGE = 500


def draft(version: Version, manner: Manner) -> Version:
    """The replica of a version; its content is still the source's."""
    found = facts.of_text(version.facts)
    sealed = found.encryption
    if sealed.algorithm in KMS and manner.kms_key_id:
        sealed = msgspec.structs.replace(sealed, key_id=manner.kms_key_id)
    changed = msgspec.structs.replace(
        found,
        storage_class=manner.storage_class or found.storage_class,
        encryption=sealed,
        replication=REPLICA,
        replicas_left=0,
        restore=restores.NONE,
    )
    return version._replace(facts=facts.text_of(changed))


async def put_whole(call: Call, destination: str, version: Version) -> bool:
    """False where the destination cannot take it."""
    if version.body is not None:
        return bool(await call.transaction(put, version, None, about=destination))
    try:
        async with call.kernel.blobs.staged_again(
            version.content, of=call.about, about=destination
        ) as staged:
            return bool(await call.transaction(put, version, staged, about=destination))
    except BlobGone:
        # The version has been removed meanwhile, for good.
        return True


async def put_parts(call: Call, destination: str, version: Version) -> bool:
    """As `put_whole`, for an object that came in parts: these are taken over one by one."""
    source = version.content[1:]
    upload_id = f"{source}.{version.version_id}"
    after = 0
    while True:
        parts: list[Part] = await call.read(
            parts_store.parts_after, source, after, _PAGE, about=call.about
        )
        for part in parts:
            after = part.number
            try:
                async with call.kernel.blobs.staged_again(
                    part.digest, of=call.about, about=destination
                ) as staged:
                    await call.transaction(put_part, upload_id, part, staged, about=destination)
            except BlobGone:
                await call.transaction(drop, upload_id, about=destination)
                return True
        if len(parts) < _PAGE:
            break
    moved = version._replace(content=PARTS + upload_id)
    if await call.transaction(put, moved, None, about=destination):
        return True
    await call.transaction(drop, upload_id, about=destination)
    return False


def _taking(tx: Transaction) -> Bucket | None:
    bucket = store.seek_bucket(tx)
    return bucket if bucket is not None and bucket.versioning == ENABLED else None


def put_part(tx: Transaction, upload_id: str, part: Part, staged: Staged) -> None:
    """Step about the destination: take a part over, unless it is there."""
    if parts_store.seek_part(tx, upload_id, part.number) is None:
        blobs.keep(tx, staged)
        parts_store.put_part(tx, upload_id, part._replace(digest=staged.digest))


def drop(tx: Transaction, upload_id: str) -> None:
    """Step about the destination: parts have been taken over in vain."""
    tx.set_timer(upkeep.PARTS_TIMER, upload_id, tx.now)


def put(tx: Transaction, version: Version, staged: Staged | None) -> bool:
    """Step about the destination: write a replica, unless it is there."""
    bucket = _taking(tx)
    if bucket is None:
        return False
    if shelf.seek(tx, bucket, version.key, version.version_id) is None:
        if staged is not None:
            blobs.keep(tx, staged)
            version = version._replace(content=staged.digest)
        written = shelf.put(tx, bucket, version)
        changes.written(tx, bucket, "ObjectCreated:Put", written)
    return True


def put_marker(tx: Transaction, key: bytes, version_id: str) -> bool:
    """Step about the destination: hide a key there too, unless that is done."""
    bucket = _taking(tx)
    if bucket is None:
        return False
    if shelf.seek(tx, bucket, key, version_id) is None:
        shelf.put_marker(tx, bucket, key, version_id)
        # By S3 itself, since what users do is replicated further.
        changes.expired(tx, bucket, "ObjectRemoved:DeleteMarkerCreated", key.decode(), version_id)
    return True


def set_facts(tx: Transaction, version: Version) -> bool:
    """Step about the destination: tags, ACL and lock are as the source's are now."""
    bucket = _taking(tx)
    if bucket is None:
        return False
    present = shelf.seek(tx, bucket, version.key, version.version_id)
    if present is not None and not present.is_marker:
        found, wanted = facts.of_text(present.facts), facts.of_text(version.facts)
        if found.replication == REPLICA:
            changed = msgspec.structs.replace(
                found, tags=wanted.tags, acl=wanted.acl, lock=wanted.lock
            )
            versions.set_facts(tx, bucket, present, facts.text_of(changed))
    return True
