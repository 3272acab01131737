"""What a read asks for: the whole, a range or a part of a version, if conditions hold."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from pileus.services.s3 import errors, names, store
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.multipart import store as parts_store
from pileus.services.s3.objects import (
    conditions,
    digests,
    encryption,
    facts,
    ranges,
    shelf,
)
from pileus.services.s3.objects.conditions import Conditions, Failed
from pileus.services.s3.objects.facts import Facts
from pileus.services.s3.objects.ranges import Span
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket


_RESPONSE = {
    "CacheControl": "response_cache_control",
    "ContentDisposition": "response_content_disposition",
    "ContentEncoding": "response_content_encoding",
    "ContentLanguage": "response_content_language",
    "ContentType": "response_content_type",
}


def read(
    call: Call, key: str, settings: Mapping[str, Any], method: str
) -> tuple[Version, Facts, dict[str, Any], Span]:
    """The version, what is known and told of it, and which of its bytes are asked for.

    Raises AWS's errors. `method` is GET or HEAD.
    """
    tx = call.tx
    if not call.context.access_key_id and any(name.startswith("response_") for name in settings):
        raise errors.invalid_request(
            "Request specific response headers cannot be used for anonymous GET requests."
        )
    # Most requests bring nothing of all this.
    given_md5 = encryption.customer_key_md5(settings) if settings else ""
    bucket = store.find_bucket(tx, settings.get("expected_bucket_owner"))
    version = shelf.find(
        tx, bucket, key, names.key_bytes(key), settings.get("version_id"), method,
        with_body=method == "GET",
    )  # fmt: skip
    found = facts.of_text(version.facts)
    encryption.check_readable(found.encryption, given_md5)
    span, is_partial = Span(0, version.size_bytes), False
    if settings:
        check(version, read_conditions(settings), tx.now)
        span, is_partial = _span(tx, version, found, settings)
    answer = _told(bucket, version, found, settings)
    answer["ContentLength"] = span.size_bytes
    if settings.get("version_id") is None:
        expiration = agenda.expiration_header(tx, bucket, version, found)
        if expiration is not None:
            answer["Expiration"] = expiration
    if is_partial:
        answer["StatusCode"] = 206
        answer["ContentRange"] = span.header(version.size_bytes)
        if settings.get("part_number") is not None and found.parts:
            answer["PartsCount"] = found.parts
    elif settings.get("checksum_mode") == "ENABLED":
        answer.update(digests.described(found.checksums, found.checksum_type))
    return version, found, answer, span


def read_conditions(settings: Mapping[str, Any]) -> Conditions:
    return Conditions(
        settings.get("if_match"),
        settings.get("if_none_match"),
        settings.get("if_modified_since"),
        settings.get("if_unmodified_since"),
    )


def check(version: Version, wanted: Conditions, now: int) -> None:
    """Raise 304 or 412 where a condition fails."""
    failed = conditions.judge(wanted, version.etag, version.modified_at, now)
    if failed in (Failed.IF_NONE_MATCH, Failed.IF_MODIFIED_SINCE):
        raise errors.not_modified(version.etag, formatdate(version.modified_at / 1000, usegmt=True))
    if failed is not None:
        raise errors.precondition_failed(failed.value)


def _span(
    tx: Transaction, version: Version, found: Facts, settings: Mapping[str, Any]
) -> tuple[Span, bool]:
    """The bytes that are asked for, and whether the answer is one of a part."""
    asked, number = settings.get("range"), settings.get("part_number")
    if number is not None:
        if asked is not None:
            raise errors.invalid_request(
                "Cannot specify both Range header and partNumber query parameter"
            )
        return _span_of_part(tx, version, found, number), version.size_bytes > 0
    if asked is not None:
        try:
            span = ranges.read(asked, version.size_bytes)
        except ranges.Unsatisfiable:
            raise errors.invalid_range(asked, version.size_bytes) from None
        if span is not None:
            return span, True
    return Span(0, version.size_bytes), False


def _span_of_part(tx: Transaction, version: Version, found: Facts, number: int) -> Span:
    if not 1 <= number <= 10_000:
        raise errors.invalid_part_number(number)
    if number > max(found.parts, 1):
        raise errors.invalid_part_number_of_object(number, max(found.parts, 1))
    if not found.parts:
        return Span(0, version.size_bytes)
    upload_id = version.content[1:]
    before = parts_store.first_parts(tx, upload_id, number - 1)
    (part,) = parts_store.parts_after(tx, upload_id, before.last_number, 1)
    return Span(before.size_bytes, before.size_bytes + part.size_bytes)


def _told(
    bucket: Bucket, version: Version, found: Facts, settings: Mapping[str, Any]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "ETag": f'"{version.etag}"',
        "LastModified": version.modified_at,
        **facts.described(found),
    }
    if bucket.is_versioned:
        answer["VersionId"] = version.version_id
    if not settings:
        return answer
    for member, keyword in _RESPONSE.items():
        value = settings.get(keyword)
        if value is not None:
            answer[member] = value
    expires = settings.get("response_expires")
    if expires is not None:
        answer["Expires"] = expires
    return answer
