"""ListObjectVersions."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pileus.services.s3 import buckets, errors, store
from pileus.services.s3.listings import answers, scans
from pileus.services.s3.listings.answers import Encoder
from pileus.services.s3.listings.scans import Position, Query, Scan
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction


class ListVersionsSettings(TypedDict, total=False):
    """Members of ListObjectVersions besides the bucket."""

    delimiter: str
    encoding_type: str
    key_marker: str
    max_keys: int
    prefix: str
    version_id_marker: str
    request_payer: str
    expected_bucket_owner: str
    optional_object_attributes: list[str]


async def list_object_versions(
    call: Call, *, bucket: str, **settings: Unpack[ListVersionsSettings]
) -> dict[str, Any]:
    encoder = Encoder(settings.get("encoding_type"))
    query = answers.query_of(settings.get("prefix"), settings.get("delimiter"))
    size = answers.page_size(settings.get("max_keys"), "max-keys")
    key_marker, id_marker = settings.get("key_marker") or "", settings.get("version_id_marker")
    if id_marker is not None and not key_marker:
        raise errors.invalid_argument(
            "A version-id marker cannot be specified without a key marker.",
            "version-id-marker",
            id_marker,
        )
    marker = answers.query_of(key_marker, None).prefix
    owner: store.Bucket = await call.read(
        store.find_bucket, settings.get("expected_bucket_owner"), about=call.about
    )
    position: Position = await call.read(
        find_start, owner, query, marker, id_marker or "", about=call.about
    )
    seen = position.key if position.within is not None else None
    entries: list[Any] = []
    is_over = size == 0
    while not is_over and len(entries) <= size:
        step: Scan = await call.read(
            walk, owner, query, position, size + 1 - len(entries), about=call.about
        )
        entries += step.entries
        position, is_over = step.position, step.is_over
    has_more, entries = len(entries) > size, entries[:size]
    rows, prefixes = answers.split(entries)
    asked = settings.get("optional_object_attributes")
    described = _described(rows, seen, encoder, buckets.owner(owner.account), asked)
    answer: dict[str, Any] = {
        **answers.common(
            bucket, settings.get("prefix"), settings.get("delimiter"), encoder, prefixes
        ),
        "KeyMarker": encoder.text(key_marker),
        "VersionIdMarker": id_marker or "",
        "MaxKeys": size,
        "IsTruncated": has_more,
        "Versions": [each for each in described if "Size" in each],
        "DeleteMarkers": [each for each in described if "Size" not in each],
    }
    if has_more:
        last = entries[-1]
        answer["NextKeyMarker"] = encoder.key(last if type(last) is bytes else last.key)
        if type(last) is not bytes:
            answer["NextVersionIdMarker"] = last.version_id
    return answer


def find_start(
    tx: Transaction, bucket: store.Bucket, query: Query, marker: bytes, version_id: str
) -> Position:
    """Step: where a list begins; behind one version of a key where that is named."""
    if not marker:
        return Position(query.prefix)
    if version_id:
        version = shelf.seek(tx, bucket, marker, version_id)
        if version is not None and query.rolled_up(marker) is None:
            return Position(marker, version.number)
    return scans.start_after(query, marker)


def walk(
    tx: Transaction, bucket: store.Bucket, query: Query, position: Position, room: int
) -> Scan:
    """Step: the next entries of a list."""

    def fetch(start: Position, limit: int) -> tuple[Sequence[Version], bool]:
        first, rows = start.key, list[Version]()
        if start.within is not None:
            assert isinstance(start.within, int)
            rows = versions.older_of_key(tx, bucket, start.key, start.within, limit)
            if len(rows) == limit:
                return rows, False
            first = start.key + b"\0"
        rest = limit - len(rows)
        current = versions.current_from(tx, bucket, first, query.beyond, rest)
        older = versions.older_from(tx, bucket, first, query.beyond, rest)
        both = list(merge(current, older, key=lambda each: (each.key, -each.number)))
        rows += both[:rest]
        return rows, len(both) <= rest and len(current) < rest and len(older) < rest

    # Two tables are read for one page.
    return scans.scan(
        query,
        position,
        room,
        fetch,
        lambda row: Position(row.key, row.number),
        scans.ROWS_MAX // 2,
    )


def _described(
    rows: Sequence[Version],
    seen: bytes | None,
    encoder: Encoder,
    owner: dict[str, Any],
    asked: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """The first version of a key is its latest."""
    found = []
    for row in rows:
        each: dict[str, Any] = {
            "Key": encoder.key(row.key),
            "VersionId": row.version_id,
            "IsLatest": row.key != seen,
            "LastModified": row.modified_at,
            "Owner": owner,
        }
        seen = row.key
        if not row.is_marker:
            known = facts.of_text(row.facts)
            each |= {
                "ETag": f'"{row.etag}"',
                "Size": row.size_bytes,
                "StorageClass": known.storage_class,
                **answers.optional(known, asked),
            }
            if known.checksums:
                each["ChecksumAlgorithm"] = list(known.checksums)
                each["ChecksumType"] = known.checksum_type
        found.append(each)
    return found
