"""ListMultipartUploads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pileus.services.s3 import buckets, store
from pileus.services.s3.listings import answers, scans
from pileus.services.s3.listings.answers import Encoder
from pileus.services.s3.listings.scans import Position, Query, Scan
from pileus.services.s3.multipart import facts as upload_facts
from pileus.services.s3.multipart import store as uploads
from pileus.services.s3.multipart.store import Upload

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction


class ListUploadsSettings(TypedDict, total=False):
    """Members of ListMultipartUploads besides the bucket."""

    delimiter: str
    encoding_type: str
    key_marker: str
    max_uploads: int
    prefix: str
    upload_id_marker: str
    request_payer: str
    expected_bucket_owner: str


async def list_multipart_uploads(
    call: Call, *, bucket: str, **settings: Unpack[ListUploadsSettings]
) -> dict[str, Any]:
    encoder = Encoder(settings.get("encoding_type"))
    query = answers.query_of(settings.get("prefix"), settings.get("delimiter"))
    size = answers.page_size(settings.get("max_uploads"), "max-uploads")
    key_marker = settings.get("key_marker") or ""
    # AWS ignores the second marker without the first.
    id_marker = (settings.get("upload_id_marker") or "") if key_marker else ""
    position = _start(query, key_marker, id_marker)
    owner: store.Bucket = await call.read(
        store.find_bucket, settings.get("expected_bucket_owner"), about=call.about
    )
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
    answer = answers.common(
        bucket, settings.get("prefix"), settings.get("delimiter"), encoder, prefixes
    )
    answer["Bucket"] = answer.pop("Name")
    who = buckets.owner(owner.account)
    answer |= {
        "KeyMarker": encoder.text(key_marker),
        "UploadIdMarker": id_marker,
        "MaxUploads": size,
        "IsTruncated": has_more,
        "Uploads": [_described(row, encoder, who) for row in rows],
    }
    if has_more:
        last = entries[-1]
        answer["NextKeyMarker"] = encoder.key(last if type(last) is bytes else last.key)
        answer["NextUploadIdMarker"] = "" if type(last) is bytes else last.upload_id
    return answer


def _start(query: Query, key_marker: str, id_marker: str) -> Position:
    if not key_marker:
        return Position(query.prefix)
    marker = answers.query_of(key_marker, None).prefix
    if id_marker and query.rolled_up(marker) is None:
        return Position(marker, id_marker)
    return scans.start_after(query, marker)


def walk(
    tx: Transaction, bucket: store.Bucket, query: Query, position: Position, room: int
) -> Scan:
    """Step: the next entries of a list."""

    def fetch(start: Position, limit: int) -> tuple[Sequence[Upload], bool]:
        first, rows = start.key, list[Upload]()
        if start.within is not None:
            rows = uploads.uploads_of_key(tx, bucket, start.key, str(start.within), limit)
            if len(rows) == limit:
                return rows, False
            first = start.key + b"\0"
        rest = limit - len(rows)
        some = uploads.uploads_from(tx, bucket, first, query.beyond, rest)
        return rows + some, len(some) < rest

    return scans.scan(query, position, room, fetch, lambda row: Position(row.key, row.upload_id))


def _described(upload: Upload, encoder: Encoder, owner: dict[str, Any]) -> dict[str, Any]:
    known = upload_facts.of_text(upload.facts)
    found: dict[str, Any] = {
        "UploadId": upload.upload_id,
        "Key": encoder.key(upload.key),
        "Initiated": upload.started_at,
        "StorageClass": known.object.storage_class,
        "Owner": owner,
        "Initiator": owner,
    }
    if known.algorithm:
        found["ChecksumAlgorithm"] = known.algorithm
        found["ChecksumType"] = known.checksum_type
    return found
