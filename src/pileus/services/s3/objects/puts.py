"""PutObject: takes the bytes of an object, and has it written if they are as announced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Unpack

from pileus.kernel.blobs import ROW_BYTES_MAX, TooLarge
from pileus.services.s3 import errors, names, store
from pileus.services.s3.objects import digests, facts, writes
from pileus.services.s3.objects.bodies import BodySettings, watched
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.facts import NewObjectSettings
from pileus.services.s3.objects.writes import OBJECT_BYTES_MAX, Draft, Written

if TYPE_CHECKING:
    from pileus.kernel.call import Call


class PutObjectSettings(NewObjectSettings, BodySettings, total=False):
    """Members of PutObject besides key and body."""

    if_match: str
    if_none_match: str
    write_offset_bytes: int


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
    draft = writes.complete(draft, digest)
    return _told(draft, writes.write(call.tx, draft, body))


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
    found = writes.answer(written)
    if draft.facts.checksums:
        found.update(digests.described(draft.facts.checksums, digests.FULL_OBJECT))
    return found


async def store_body(
    call: Call, draft: Draft, body: bytes | AsyncIterator[bytes], digest: Digests
) -> tuple[Draft, Written]:
    """Take the bytes of a new object, and write it if they are as announced."""
    if isinstance(body, bytes) and len(body) <= ROW_BYTES_MAX:
        digest.update(body)
        draft = writes.complete(draft, digest)
        return draft, await call.transaction(writes.write, draft, body, about=call.about)
    # Who sends much learns before whether there is a bucket for it.
    await call.read(store.find_bucket, draft.owner, about=call.about)
    try:
        async with call.kernel.blobs.staged(
            watched(body, digest), about=call.about, size_max_bytes=OBJECT_BYTES_MAX
        ) as staged:
            draft = writes.complete(draft, digest)
            return draft, await call.transaction(writes.write, draft, staged, about=call.about)
    except TooLarge:
        raise errors.entity_too_large(OBJECT_BYTES_MAX) from None
    except ConnectionError:
        raise errors.incomplete_body() from None
