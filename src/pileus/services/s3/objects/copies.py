"""CopyObject: within a bucket or from another, with the source's facts or with new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from pileus.kernel.blobs import BlobGone
from pileus.services.s3 import errors, names, store
from pileus.services.s3.objects import digests, facts, sources, writes
from pileus.services.s3.objects.bodies import watched
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.facts import STANDARD, Facts, NewObjectSettings
from pileus.services.s3.objects.ranges import Span
from pileus.services.s3.objects.shelf import PARTS
from pileus.services.s3.objects.sources import Source, SourceSettings
from pileus.services.s3.objects.writes import OBJECT_BYTES_MAX, Draft, Written

if TYPE_CHECKING:
    from pileus.kernel.call import Call


class CopyObjectSettings(NewObjectSettings, SourceSettings, total=False):
    """Members of CopyObject besides the two names."""

    metadata_directive: str
    tagging_directive: str
    checksum_algorithm: str
    if_match: str
    if_none_match: str


async def copy_object(
    call: Call,
    *,
    bucket: str,
    copy_source: str,
    key: str,
    **settings: Unpack[CopyObjectSettings],
) -> dict[str, Any]:
    named = sources.read(copy_source, settings)
    raw_key = names.key_bytes(key)
    asked = facts.read(settings)
    source = await sources.find(call, named)
    version = source.version
    if version.size_bytes > OBJECT_BYTES_MAX:
        raise errors.invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {OBJECT_BYTES_MAX}"
        )
    if (named.bucket, named.key, named.version_id) == (bucket, key, None):
        _check_changes(settings, source)
    draft = Draft(
        raw_key,
        version.size_bytes,
        version.etag,
        "",
        _facts(asked, source.facts, settings),
        "ObjectCreated:Copy",
        settings.get("expected_bucket_owner"),
        settings.get("if_match"),
        settings.get("if_none_match"),
    )
    algorithm = _algorithm(settings, source)
    if _is_as_stored(source, algorithm):
        draft = msgspec.structs.replace(
            draft,
            facts=msgspec.structs.replace(
                draft.facts,
                checksums=source.facts.checksums,
                checksum_type=source.facts.checksum_type,
            ),
        )
        draft, written = await _copy_as_stored(call, source, draft)
    else:
        draft, written = await _copy_bytes(call, source, draft, algorithm)
    return _answer(source, draft, written)


def _check_changes(settings: CopyObjectSettings, source: Source) -> None:
    """An object may be copied onto itself only to change something of it."""
    if (
        settings.get("metadata_directive") == "REPLACE"
        or settings.get("storage_class") not in (None, source.facts.storage_class)
        or settings.get("website_redirect_location") is not None
        or settings.get("server_side_encryption") is not None
        or settings.get("sse_customer_key") is not None
    ):
        return
    raise errors.invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes."
    )


def _facts(asked: Facts, present: Facts, settings: CopyObjectSettings) -> Facts:
    """New facts or the source's; class, redirection, encryption and ACL are never the source's."""
    headers, metadata = asked.headers, asked.metadata
    metadata_directive = settings.get("metadata_directive", "COPY")
    tagging_directive = settings.get("tagging_directive", "COPY")
    if metadata_directive not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown metadata directive.")
    if tagging_directive not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown tagging directive.")
    if metadata_directive == "COPY":
        redirect = headers.get("WebsiteRedirectLocation")
        headers = {k: v for k, v in present.headers.items() if k != "WebsiteRedirectLocation"}
        if redirect is not None:
            headers["WebsiteRedirectLocation"] = redirect
        metadata = present.metadata
    return Facts(
        headers=headers,
        metadata=metadata,
        storage_class=settings.get("storage_class", STANDARD),
        tags=asked.tags if tagging_directive == "REPLACE" else present.tags,
        encryption=asked.encryption,
        acl=asked.acl,
        lock=asked.lock,
    )


def _algorithm(settings: CopyObjectSettings, source: Source) -> str:
    """The checksum that the copy shall have; that of the source where none is asked for."""
    asked = settings.get("checksum_algorithm")
    if asked is None:
        return next(iter(source.facts.checksums), "")
    if asked not in digests.ALGORITHMS:
        raise errors.unsupported_checksum()
    return asked


def _is_as_stored(source: Source, algorithm: str) -> bool:
    """Whether all that must be known of the bytes is known without reading them."""
    found = source.facts
    return (
        not source.version.content.startswith(PARTS)
        and found.encryption.has_plain_etag
        and (not algorithm or algorithm in found.checksums)
    )


async def _copy_as_stored(call: Call, source: Source, draft: Draft) -> tuple[Draft, Written]:
    body = source.version.body
    if body is not None:
        return draft, await call.transaction(writes.write, draft, body, about=call.about)
    try:
        async with call.kernel.blobs.staged_again(
            source.version.content, of=source.arn, about=call.about
        ) as staged:
            return draft, await call.transaction(writes.write, draft, staged, about=call.about)
    except BlobGone:
        raise errors.conflict() from None


async def _copy_bytes(
    call: Call, source: Source, draft: Draft, algorithm: str
) -> tuple[Draft, Written]:
    await call.read(store.find_bucket, draft.owner, about=call.about)
    digest = Digests({}, {}, algorithm)
    body = sources.content(call, source, Span(0, source.version.size_bytes))
    async with call.kernel.blobs.staged(
        watched(body, digest), about=call.about, size_max_bytes=OBJECT_BYTES_MAX
    ) as staged:
        draft = writes.complete(draft, digest, is_checked=True)
        return draft, await call.transaction(writes.write, draft, staged, about=call.about)


def _answer(source: Source, draft: Draft, written: Written) -> dict[str, Any]:
    answer = writes.answer(written)
    found = draft.facts
    answer["CopyObjectResult"] = {
        "ETag": answer.pop("ETag"),
        "LastModified": written.modified_at,
        **digests.described(found.checksums, found.checksum_type),
    }
    if source.version_id is not None:
        answer["CopySourceVersionId"] = source.version_id
    return answer
