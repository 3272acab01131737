"""Operations on the tags of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.services.s3 import store
from pileus.services.s3.objects import tags
from pileus.services.s3.settings import documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

KIND = "tagging"


def put_bucket_tagging(
    call: Call,
    *,
    bucket: str,
    tagging: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.check(call, "Tagging", tagging)
    wanted = tags.of_document(tagging, tags.OF_BUCKETS)
    documents.put(call.tx, found, KIND, wanted)


def get_bucket_tagging(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    present = documents.find(call.tx, found, KIND)
    if not present:
        raise refusals.no_such_tag_set(bucket)
    return {"TagSet": tags.document(present)}


def delete_bucket_tagging(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)


def put_first(tx: Transaction, bucket: Bucket, given: list[dict[str, Any]]) -> None:
    """Keep the tags that a bucket is made with."""
    documents.put(tx, bucket, KIND, tags.of_document({"TagSet": given}, tags.OF_NEW_BUCKETS))
