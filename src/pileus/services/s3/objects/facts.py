"""What an object's headers say of it: read from a request, kept as JSON, told with the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec

from pileus.services.s3 import acls, errors
from pileus.services.s3.acls import Acl
from pileus.services.s3.locks import rules as locks
from pileus.services.s3.locks.rules import Lock, LockSettings
from pileus.services.s3.objects import encryption, tags
from pileus.services.s3.objects.encryption import DEFAULT as SSE_S3
from pileus.services.s3.objects.encryption import Encryption, EncryptionSettings
from pileus.services.s3.restores import rules as restores
from pileus.services.s3.restores.rules import Restore

# docs: AmazonS3/latest/userguide/UsingMetadata
METADATA_BYTES_MAX = 2048
DEFAULT_TYPE = "binary/octet-stream"
STANDARD = "STANDARD"
STORAGE_CLASSES = frozenset(
    {
        STANDARD, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
    }
)  # fmt: skip
PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"
# Headers that are answered as they came, by the names of the members and of our keywords. Expires
# is epoch milliseconds.
KEPT = {
    "CacheControl": "cache_control",
    "ContentDisposition": "content_disposition",
    "ContentEncoding": "content_encoding",
    "ContentLanguage": "content_language",
    "ContentType": "content_type",
    "Expires": "expires",
    "WebsiteRedirectLocation": "website_redirect_location",
}
_MEMBERS = {keyword: member for member, keyword in KEPT.items()}


class DescribingSettings(TypedDict, total=False):
    """Members that say what an object is."""

    acl: str
    grant_full_control: str
    grant_read: str
    grant_read_acp: str
    grant_write_acp: str
    cache_control: str
    content_disposition: str
    content_encoding: str
    content_language: str
    content_type: str
    expires: int
    metadata: dict[str, str]
    storage_class: str
    website_redirect_location: str
    tagging: str


class NewObjectSettings(DescribingSettings, EncryptionSettings, LockSettings, total=False):
    """Members that PutObject, CopyObject and CreateMultipartUpload share."""

    request_payer: str
    expected_bucket_owner: str


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of an object besides its bytes."""

    headers: dict[str, str] = {}
    metadata: dict[str, str] = {}
    storage_class: str = STANDARD
    tags: dict[str, str] = {}
    encryption: Encryption = SSE_S3
    # By algorithm, in AWS's capitals: base64, for composites with the number of parts.
    checksums: dict[str, str] = {}
    checksum_type: str = ""
    # How many parts the object came in; 0 where it came whole.
    parts: int = 0
    acl: Acl = acls.NONE
    lock: Lock = locks.NONE
    # What has become of its replicas, and how many are not there yet; or that it is one.
    replication: str = ""
    replicas_left: int = 0
    # The copy of an archived object.
    restore: Restore = restores.NONE

    def is_archived(self, now: int) -> bool:
        """Whether it cannot be read before it is restored."""
        return self.storage_class in restores.ARCHIVED and not self.restore.is_there(now)


_decode = msgspec.json.Decoder(Facts).decode
_encode = msgspec.json.Encoder().encode


def of_text(text: str) -> Facts:
    return _decode(text)


def text_of(facts: Facts) -> str:
    return _encode(facts).decode()


# Members that decide what is kept of an object; a request may bring none of them.
_DECIDING = frozenset(NewObjectSettings.__annotations__) - {
    "request_payer",
    "expected_bucket_owner",
}
_UNSAID = Facts(encryption=Encryption(is_unsaid=True))


def read(settings: Mapping[str, Any]) -> Facts:
    """The facts of a new object, as its request gives them; raises AWS's errors."""
    if _DECIDING.isdisjoint(settings):
        return _UNSAID
    storage_class = settings.get("storage_class", STANDARD)
    if storage_class not in STORAGE_CLASSES:
        raise errors.invalid_storage_class(storage_class)
    return Facts(
        headers=_headers(settings),
        metadata=_metadata(settings.get("metadata") or {}),
        storage_class=storage_class,
        tags=tags.of_header(settings["tagging"]) if settings.get("tagging") else {},
        encryption=encryption.read(settings),
        acl=acls.read(settings),
        lock=locks.read(settings),
    )


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    found = {
        _MEMBERS[keyword]: str(value)
        for keyword, value in settings.items()
        if value is not None and keyword in _MEMBERS
    }
    coding = found.get("ContentEncoding")
    if coding is not None and "aws-chunked" in coding:
        # The form of this transfer is no fact of the object.
        codings = [part.strip() for part in coding.split(",")]
        kept = ",".join(part for part in codings if part and part != "aws-chunked")
        found.pop("ContentEncoding")
        if kept:
            found["ContentEncoding"] = kept
    location = found.get("WebsiteRedirectLocation")
    if location is not None and not location.startswith(("/", "http://", "https://")):
        raise errors.error(
            "InvalidRedirectLocation",
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
        )
    return found


def _metadata(given: Mapping[str, str]) -> dict[str, str]:
    found = {name.lower(): _text(value) for name, value in given.items()}
    size_bytes = sum(len(name) + len(value.encode()) for name, value in found.items())
    if size_bytes > METADATA_BYTES_MAX:
        raise errors.metadata_too_large(size_bytes, METADATA_BYTES_MAX)
    return found


def _text(value: str) -> str:
    """A header's value; clients that write UTF-8 into headers are understood."""
    try:
        found = value.encode("latin-1").decode()
    except UnicodeError:
        found = value
    return found.replace("\0", "")


def described(facts: Facts) -> dict[str, Any]:
    """What GetObject and HeadObject tell of it."""
    found: dict[str, Any] = {"ContentType": DEFAULT_TYPE, **facts.headers}
    if "Expires" in found:
        found["Expires"] = int(found["Expires"])
    if facts.metadata:
        found["Metadata"] = facts.metadata
    if facts.storage_class != STANDARD:
        found["StorageClass"] = facts.storage_class
    if facts.tags:
        found["TagCount"] = len(facts.tags)
    found.update(encryption.described(facts.encryption))
    found.update(locks.described(facts.lock))
    if facts.replication:
        found["ReplicationStatus"] = facts.replication
    told = restores.header(facts.restore)
    if told is not None:
        found["Restore"] = told
    return found
