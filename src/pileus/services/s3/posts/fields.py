"""What the fields of a form say of the object, as the members of PutObject would.

docs: AmazonS3/latest/API/RESTObjectPOST
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from pileus.services.s3 import errors
from pileus.services.s3.objects import tags

_SSE = "x-amz-server-side-encryption"
_TEXTS = {
    "acl": "acl",
    "cache-control": "cache_control",
    "content-disposition": "content_disposition",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "content-type": "content_type",
    "x-amz-storage-class": "storage_class",
    "x-amz-website-redirect-location": "website_redirect_location",
    _SSE: "server_side_encryption",
    f"{_SSE}-aws-kms-key-id": "ssekms_key_id",
    f"{_SSE}-context": "ssekms_encryption_context",
    f"{_SSE}-customer-algorithm": "sse_customer_algorithm",
    f"{_SSE}-customer-key": "sse_customer_key",
    f"{_SSE}-customer-key-md5": "sse_customer_key_md5",
    "x-amz-checksum-crc32": "checksum_crc32",
    "x-amz-checksum-crc32c": "checksum_crc32_c",
    "x-amz-checksum-crc64nvme": "checksum_crc64_nvme",
    "x-amz-checksum-sha1": "checksum_sha1",
    "x-amz-checksum-sha256": "checksum_sha256",
}
_METADATA = "x-amz-meta-"
_TAGGING_BYTES_MAX = 20_480


def settings_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """The keywords of PutObject; raises AWS's errors."""
    found: dict[str, Any] = {
        keyword: fields[name] for name, keyword in _TEXTS.items() if fields.get(name)
    }
    found["metadata"] = {
        name.removeprefix(_METADATA): value
        for name, value in fields.items()
        if name.startswith(_METADATA)
    }
    if fields.get("expires"):
        found["expires"] = _instant(fields["expires"])
    if fields.get(f"{_SSE}-bucket-key-enabled"):
        found["bucket_key_enabled"] = fields[f"{_SSE}-bucket-key-enabled"].lower() == "true"
    if fields.get("tagging"):
        found["tagging"] = urlencode(_tags(fields["tagging"]))
    return found


def _instant(text: str) -> int:
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 1000
    except (ValueError, OverflowError):
        raise errors.invalid_argument("Invalid date", "Expires", text) from None


def _tags(text: str) -> dict[str, str]:
    """The tags of a Tagging document."""
    if "<!" in text or len(text) > _TAGGING_BYTES_MAX:
        raise errors.malformed_xml()
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise errors.malformed_xml() from None
    found = [
        {_local(part): part.text or "" for part in each}
        for each in root.iter()
        if _local(each) == "Tag"
    ]
    return tags.of_document({"TagSet": found})


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
