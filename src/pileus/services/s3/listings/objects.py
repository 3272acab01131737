"""ListObjects and ListObjectsV2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pileus.kernel import pagination
from pileus.services.s3 import buckets, errors, store
from pileus.services.s3.listings import answers, scans
from pileus.services.s3.listings.answers import Encoder
from pileus.services.s3.listings.scans import Position, Query, Scan
from pileus.services.s3.objects import facts
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction


class ListSettings(TypedDict, total=False):
    """Members that both lists have."""

    delimiter: str
    encoding_type: str
    max_keys: int
    prefix: str
    request_payer: str
    expected_bucket_owner: str
    optional_object_attributes: list[str]


class ListObjectsSettings(ListSettings, total=False):
    """Members of ListObjects."""

    marker: str


class ListObjectsV2Settings(ListSettings, total=False):
    """Members of ListObjectsV2."""

    continuation_token: str
    fetch_owner: bool
    start_after: str


async def list_objects(
    call: Call, *, bucket: str, **settings: Unpack[ListObjectsSettings]
) -> dict[str, Any]:
    encoder = Encoder(settings.get("encoding_type"))
    query = answers.query_of(settings.get("prefix"), settings.get("delimiter"))
    marker = settings.get("marker") or ""
    size = answers.page_size(settings.get("max_keys"), "max-keys")
    position = _behind(query, marker)
    owner, entries, has_more = await _walk(call, settings, query, position, size)
    rows, prefixes = answers.split(entries)
    answer: dict[str, Any] = {
        **answers.common(
            bucket, settings.get("prefix"), settings.get("delimiter"), encoder, prefixes
        ),
        "Marker": encoder.text(marker),
        "MaxKeys": size,
        "IsTruncated": has_more,
        "Contents": [_described(row, encoder, owner, settings) for row in rows],
    }
    if has_more and query.delimiter:
        last = entries[-1]
        answer["NextMarker"] = encoder.key(last if type(last) is bytes else last.key)
    return answer


async def list_objects_v2(
    call: Call, *, bucket: str, **settings: Unpack[ListObjectsV2Settings]
) -> dict[str, Any]:
    encoder = Encoder(settings.get("encoding_type"))
    query = answers.query_of(settings.get("prefix"), settings.get("delimiter"))
    size = answers.page_size(settings.get("max_keys"), "maxKeys")
    token, start_after = settings.get("continuation_token"), settings.get("start_after")
    if token is not None:
        position = _of_token(token, query)
    else:
        position = _behind(query, start_after or "")
    owner, entries, has_more = await _walk(call, settings, query, position, size)
    rows, prefixes = answers.split(entries)
    shown_owner = owner if settings.get("fetch_owner") else None
    answer: dict[str, Any] = {
        **answers.common(
            bucket, settings.get("prefix"), settings.get("delimiter"), encoder, prefixes
        ),
        "MaxKeys": size,
        "KeyCount": len(entries),
        "IsTruncated": has_more,
        "Contents": [_described(row, encoder, shown_owner, settings) for row in rows],
    }
    if start_after is not None:
        answer["StartAfter"] = encoder.text(start_after)
    if token is not None:
        answer["ContinuationToken"] = token
    if has_more:
        last = entries[-1]
        marker = last if type(last) is bytes else last.key
        answer["NextContinuationToken"] = pagination.encode(marker.hex())
    return answer


def _behind(query: Query, marker: str) -> Position:
    if not marker:
        return Position(query.prefix)
    return scans.start_after(query, answers.query_of(marker, None).prefix)


def _of_token(token: str, query: Query) -> Position:
    try:
        (text,) = pagination.decode(token, str)
        return scans.start_after(query, bytes.fromhex(text))
    except (pagination.InvalidToken, ValueError):
        raise errors.invalid_argument(
            "The continuation token provided is incorrect", "continuation-token"
        ) from None


async def _walk(
    call: Call, settings: ListSettings, query: Query, position: Position, size: int
) -> tuple[str, list[Any], bool]:
    """The bucket's owner, the entries of a page, and whether there are more."""
    expected = settings.get("expected_bucket_owner")
    bucket: store.Bucket = await call.read(store.find_bucket, expected, about=call.about)
    entries: list[Any] = []
    is_over = size == 0
    while not is_over and len(entries) <= size:
        step: Scan = await call.read(
            walk, bucket, query, position, size + 1 - len(entries), about=call.about
        )
        entries += step.entries
        position, is_over = step.position, step.is_over
    return bucket.account, entries[:size], len(entries) > size


def walk(
    tx: Transaction, bucket: store.Bucket, query: Query, position: Position, room: int
) -> Scan:
    """Step: the next entries of a list."""

    def fetch(start: Position, limit: int) -> tuple[Sequence[Version], bool]:
        rows = versions.current_from(tx, bucket, start.key, query.beyond, limit)
        return rows, len(rows) < limit

    return scans.scan(query, position, room, fetch, lambda row: Position(row.key + b"\0"))


def _described(
    version: Version, encoder: Encoder, owner: str | None, settings: ListSettings
) -> dict[str, Any]:
    known = facts.of_text(version.facts)
    found: dict[str, Any] = {
        "Key": encoder.key(version.key),
        "LastModified": version.modified_at,
        "ETag": f'"{version.etag}"',
        "Size": version.size_bytes,
        "StorageClass": known.storage_class,
        **answers.optional(known, settings.get("optional_object_attributes")),
    }
    if known.checksums:
        found["ChecksumAlgorithm"] = list(known.checksums)
        found["ChecksumType"] = known.checksum_type
    if owner is not None:
        found["Owner"] = buckets.owner(owner)
    return found
