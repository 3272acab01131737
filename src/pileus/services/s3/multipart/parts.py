"""UploadPart and UploadPartCopy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from pileus.kernel import blobs
from pileus.kernel.blobs import ROW_BYTES_MAX, Staged, TooLarge
from pileus.services.s3 import errors, names, store
from pileus.services.s3.multipart import facts as upload_facts
from pileus.services.s3.multipart import store as uploads
from pileus.services.s3.multipart.facts import UploadFacts
from pileus.services.s3.multipart.store import Part, Upload
from pileus.services.s3.multipart.uploads import find, find_in
from pileus.services.s3.objects import encryption, ranges, sources
from pileus.services.s3.objects.bodies import BodySettings, watched
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.encryption import CustomerKeySettings
from pileus.services.s3.objects.ranges import Span
from pileus.services.s3.objects.sources import Source, SourceSettings

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# docs: AmazonS3/latest/userguide/qfacts
PARTS_MAX = 10_000
PART_BYTES_MAX = 5 << 30


class PartSettings(CustomerKeySettings, BodySettings, total=False):
    """Members of UploadPart besides the part and its bytes."""

    request_payer: str
    expected_bucket_owner: str


class PartCopySettings(CustomerKeySettings, SourceSettings, total=False):
    """Members of UploadPartCopy besides the part and the source."""

    copy_source_range: str
    request_payer: str
    expected_bucket_owner: str


class Place(msgspec.Struct, frozen=True):
    """Which part of which upload."""

    key: bytes
    upload_id: str
    number: int
    owner: str | None


async def upload_part(
    call: Call,
    *,
    bucket: str,
    key: str,
    part_number: int,
    upload_id: str,
    body: bytes | AsyncIterator[bytes] = b"",
    **settings: Unpack[PartSettings],
) -> dict[str, Any]:
    place = _place(key, part_number, upload_id, settings)
    known = await _known(call, place, settings)
    digest = Digests(settings, call.trailers)
    part = await _store(call, place, known, body, digest)
    return {
        "ETag": f'"{part.etag}"',
        **{f"Checksum{name}": text for name, text in msgspec.json.decode(part.checksums).items()},
        **encryption.described(known.object.encryption),
    }


def _place(key: str, number: int, upload_id: str, settings: Mapping[str, Any]) -> Place:
    if not 1 <= number <= PARTS_MAX:
        raise errors.invalid_part_number(number)
    return Place(names.key_bytes(key), upload_id, number, settings.get("expected_bucket_owner"))


async def _known(call: Call, place: Place, settings: Mapping[str, Any]) -> UploadFacts:
    """What the upload asks of its parts; raises where this one does not bring it."""
    given_md5 = encryption.customer_key_md5(settings)
    upload: Upload = await call.read(
        find_in, place.key, place.upload_id, place.owner, about=call.about
    )
    known = upload_facts.of_text(upload.facts)
    encryption.check_same_upload(known.object.encryption, given_md5)
    return known


async def _store(
    call: Call,
    place: Place,
    known: UploadFacts,
    body: bytes | AsyncIterator[bytes],
    digest: Digests,
) -> Part:
    if isinstance(body, bytes) and len(body) <= ROW_BYTES_MAX:
        digest.update(body)
        draft = _draft(place, known, digest)
        staged = blobs.in_row(body, about=call.about)
        return await _put(call, place, draft, staged)
    try:
        async with call.kernel.blobs.staged(
            watched(body, digest), about=call.about, size_max_bytes=PART_BYTES_MAX
        ) as staged:
            return await _put(call, place, _draft(place, known, digest), staged)
    except TooLarge:
        raise errors.entity_too_large(PART_BYTES_MAX) from None
    except ConnectionError:
        raise errors.incomplete_body() from None


def _draft(place: Place, known: UploadFacts, digest: Digests) -> Part:
    checksums = digest.check()
    if known.algorithm and known.algorithm not in checksums:
        actual = next(iter(checksums), "null").lower()
        raise errors.invalid_request(
            "Checksum Type mismatch occurred, expected checksum Type: "
            f"{known.algorithm.lower()}, actual checksum Type: {actual}"
        )
    text = msgspec.json.encode(checksums).decode()
    return Part(place.number, 0, digest.size_bytes, digest.md5(), digest.md5(), "", text)


async def _put(call: Call, place: Place, draft: Part, staged: Staged) -> Part:
    part: Part = await call.transaction(put, place, draft, staged, about=call.about)
    return part


def put(tx: Transaction, place: Place, draft: Part, staged: Staged) -> Part:
    """Step: add a part, in place of the one with its number."""
    bucket = store.find_bucket(tx, place.owner)
    upload = find(tx, bucket, place.key, place.upload_id)
    known = upload_facts.of_text(upload.facts)
    blobs.keep(tx, staged)
    replaced = uploads.seek_part(tx, place.upload_id, place.number)
    if replaced is not None:
        blobs.let_go(tx, replaced.digest)
    etag = draft.etag
    if not known.object.encryption.has_plain_etag:
        etag = tx.kernel.ids.hexadecimal(32)
    part = draft._replace(digest=staged.digest, etag=etag, modified_at=tx.now // 1000 * 1000)
    uploads.put_part(tx, place.upload_id, part)
    uploads.revise(tx, bucket, upload)
    return part


async def upload_part_copy(
    call: Call,
    *,
    bucket: str,
    copy_source: str,
    key: str,
    part_number: int,
    upload_id: str,
    **settings: Unpack[PartCopySettings],
) -> dict[str, Any]:
    named = sources.read(copy_source, settings)
    place = _place(key, part_number, upload_id, settings)
    known = await _known(call, place, settings)
    source = await sources.find(call, named)
    span = _span(source, settings.get("copy_source_range"))
    digest = Digests({}, {}, known.algorithm)
    part = await _store(call, place, known, sources.content(call, source, span), digest)
    answer: dict[str, Any] = {
        "CopyPartResult": {
            "ETag": f'"{part.etag}"',
            "LastModified": part.modified_at,
            **{
                f"Checksum{name}": text
                for name, text in msgspec.json.decode(part.checksums).items()
            },
        },
        **encryption.described(known.object.encryption),
    }
    if source.version_id is not None:
        answer["CopySourceVersionId"] = source.version_id
    return answer


def _span(source: Source, asked: str | None) -> Span:
    size_bytes = source.version.size_bytes
    if asked is None:
        return Span(0, size_bytes)
    span = ranges.read_of_copy(asked)
    if span is None:
        raise errors.invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            asked,
        )
    if span.end > size_bytes:
        raise errors.invalid_argument(
            f"Range specified is not valid for source object of size: {size_bytes}",
            "x-amz-copy-source-range",
            asked,
        )
    return span
