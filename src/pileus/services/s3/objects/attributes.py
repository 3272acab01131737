"""GetObjectAttributes: what is known of a version, in one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import msgspec

from pileus.services.s3 import errors, names, store
from pileus.services.s3.multipart import store as parts_store
from pileus.services.s3.objects import digests, encryption, facts, shelf
from pileus.services.s3.objects.encryption import CustomerKeySettings
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})
PAGE_MAX = 1000
# A transaction touches so many rows at most, one of which is the bucket.
_READ_MAX = 990


class AttributeSettings(CustomerKeySettings, total=False):
    """Members of GetObjectAttributes."""

    version_id: str
    max_parts: int
    part_number_marker: int
    request_payer: str
    expected_bucket_owner: str


class _Page(TypedDict):
    marker: int
    parts_max: int


def get_object_attributes(
    call: Call,
    *,
    bucket: str,
    key: str,
    object_attributes: list[str],
    **settings: Unpack[AttributeSettings],
) -> dict[str, Any]:
    tx = call.tx
    if not object_attributes or not ATTRIBUTES.issuperset(object_attributes):
        raise errors.invalid_argument(
            "Invalid attribute name specified.", "x-amz-object-attributes",
            ",".join(object_attributes),
        )  # fmt: skip
    given_md5 = encryption.customer_key_md5(settings)
    owner = store.find_bucket(tx, settings.get("expected_bucket_owner"))
    version = shelf.find(tx, owner, key, names.key_bytes(key), settings.get("version_id"), "GET")
    found = facts.of_text(version.facts)
    encryption.check_readable(found.encryption, given_md5)
    answer: dict[str, Any] = {"LastModified": version.modified_at}
    if owner.is_versioned:
        answer["VersionId"] = version.version_id
    wanted = set(object_attributes)
    if "ETag" in wanted:
        answer["ETag"] = version.etag
    if "StorageClass" in wanted:
        answer["StorageClass"] = found.storage_class
    if "ObjectSize" in wanted:
        answer["ObjectSize"] = version.size_bytes
    if "Checksum" in wanted and found.checksums:
        answer["Checksum"] = digests.described(found.checksums, found.checksum_type)
    if "ObjectParts" in wanted and found.parts:
        page = _Page(
            marker=settings.get("part_number_marker", 0),
            parts_max=min(max(settings.get("max_parts", PAGE_MAX), 0), PAGE_MAX),
        )
        answer["ObjectParts"] = _parts(tx, version, found, page)
    return answer


def _parts(tx: Transaction, version: Version, found: Facts, page: _Page) -> dict[str, Any]:
    result: dict[str, Any] = {"TotalPartsCount": found.parts}
    if found.checksum_type != digests.COMPOSITE:
        # AWS lists the parts only where each has a checksum that the object's is made of.
        return result
    limit = min(page["parts_max"], _READ_MAX)
    parts = parts_store.parts_after(tx, version.content[1:], page["marker"], limit + 1)
    shown = parts[:limit]
    return {
        **result,
        "PartNumberMarker": page["marker"],
        "NextPartNumberMarker": shown[-1].number if shown else 0,
        "MaxParts": page["parts_max"],
        "IsTruncated": len(parts) > limit,
        "Parts": [
            {
                "PartNumber": part.number,
                "Size": part.size_bytes,
                **{
                    f"Checksum{name}": text
                    for name, text in msgspec.json.decode(part.checksums).items()
                },
            }
            for part in shown
        ],
    }
