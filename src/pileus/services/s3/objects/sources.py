"""The source of a copy: its name in a header, and what is found under it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import parse_qs, unquote

import msgspec

from pileus.kernel.blobs import BlobGone
from pileus.services.s3 import errors, names, store
from pileus.services.s3.objects import conditions, contents, encryption, facts, shelf
from pileus.services.s3.objects.conditions import Conditions
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.objects.ranges import Span
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction


class SourceSettings(TypedDict, total=False):
    """Members that tell of the source, besides its name."""

    copy_source_if_match: str
    copy_source_if_none_match: str
    copy_source_if_modified_since: int
    copy_source_if_unmodified_since: int
    copy_source_sse_customer_algorithm: str
    copy_source_sse_customer_key: str
    copy_source_sse_customer_key_md5: str
    expected_source_bucket_owner: str


class Named(msgspec.Struct, frozen=True):
    """What a request asks to be copied."""

    bucket: str
    key: str
    version_id: str | None
    conditions: Conditions
    customer_key_md5: str
    owner: str | None


class Source(msgspec.Struct, frozen=True):
    """What is there: a version, as it was when it was looked at."""

    arn: str
    version: Version
    facts: Facts
    version_id: str | None  # None in a bucket that has never kept versions


def read(copy_source: str, settings: Mapping[str, Any]) -> Named:
    """Read `BUCKET/KEY?versionId=ID`, percent-encoded; raises AWS's errors."""
    path, _, query = copy_source.partition("?")
    try:
        path = unquote(path, errors="strict").removeprefix("/")
    except UnicodeDecodeError:
        raise _invalid_key() from None
    if path.startswith("arn:"):
        raise errors.header_not_implemented("x-amz-copy-source")
    bucket, slash, key = path.partition("/")
    if not bucket or not slash:
        raise errors.invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            "x-amz-copy-source",
            copy_source,
        )
    if not key:
        raise _invalid_key()
    return Named(
        bucket,
        key,
        parse_qs(query, max_num_fields=10).get("versionId", [None])[0] if query else None,
        Conditions(
            settings.get("copy_source_if_match"),
            settings.get("copy_source_if_none_match"),
            settings.get("copy_source_if_modified_since"),
            settings.get("copy_source_if_unmodified_since"),
        ),
        encryption.customer_key_md5(settings, "copy_source_"),
        settings.get("expected_source_bucket_owner"),
    )


def _invalid_key() -> Exception:
    return errors.invalid_argument("Invalid copy source object key", "x-amz-copy-source")


async def find(call: Call, named: Named) -> Source:
    """Look at the source, in its own bucket; raises AWS's errors."""
    about = names.the_bucket(call, {"Bucket": named.bucket})
    found: Source = await call.read(_find, named, about=about)
    return found


def _find(tx: Transaction, named: Named) -> Source:
    bucket = store.find_bucket(tx, named.owner)
    key = names.key_bytes(named.key)
    if named.version_id is not None:
        version = shelf.seek(tx, bucket, key, named.version_id)
        if version is not None and version.is_marker:
            raise errors.invalid_request(
                "The source of a copy request may not specifically refer to a delete marker by "
                "version id."
            )
    version = shelf.find(tx, bucket, named.key, key, named.version_id, "GET", with_body=True)
    found = facts.of_text(version.facts)
    encryption.check_readable(found.encryption, named.customer_key_md5)
    failed = conditions.judge(named.conditions, version.etag, version.modified_at, tx.now)
    if failed is not None:
        raise errors.precondition_failed(f"x-amz-copy-source-{failed.value}")
    if found.is_archived(tx.now):
        raise errors.invalid_object_state(found.storage_class)
    return Source(tx.about, version, found, version.version_id if bucket.is_versioned else None)


async def content(call: Call, source: Source, span: Span) -> AsyncIterator[bytes]:
    """The bytes of the source, as they are read."""
    version = source.version
    if version.body is not None:
        yield span.of(version.body)
        return
    try:
        if version.content.startswith(shelf.PARTS):
            pieces = contents.of_parts(call, source.arn, version.content[1:], span)
        else:
            pieces = call.kernel.blobs.read(
                version.content, about=source.arn, first=span.first, size_bytes=span.size_bytes
            )
        async for piece in pieces:
            yield piece
    except BlobGone:
        raise errors.conflict() from None
