"""Tags of objects and buckets: as a header, as a document, and what AWS allows.

docs: AmazonS3/latest/userguide/object-tagging, CostAllocTagging
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from pileus.services.s3 import errors

KEY_LENGTH_MAX = 128
VALUE_LENGTH_MAX = 256
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*", re.UNICODE)


class Owner(NamedTuple):
    """What tags are on: how many it may have, and what is said of those of the system."""

    noun: str
    tags_max: int
    reserved: str


OF_OBJECTS = Owner("Object", 10, "Your TagKey cannot be prefixed with aws:")
OF_BUCKETS = Owner("Bucket", 50, "System tags cannot be added/updated by requester")
OF_NEW_BUCKETS = OF_BUCKETS._replace(
    reserved='User-defined tag keys can\'t start with "aws:". This prefix is reserved for system '
    'tags. Remove "aws:" from your tag keys and try again.'
)


def of_header(text: str) -> dict[str, str]:
    """Tags as a URL's query has them; raises AWS's errors."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=10 * OF_OBJECTS.tags_max
        )
    except (UnicodeError, ValueError):
        raise errors.tagging_header() from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise errors.tagging_header()
    _check(found, OF_OBJECTS)
    return found


def of_document(tagging: Mapping[str, Any], owner: Owner = OF_OBJECTS) -> dict[str, str]:
    """Tags as PutObjectTagging has them; raises AWS's errors."""
    found: dict[str, str] = {}
    for tag in tagging.get("TagSet") or ():
        key, value = tag.get("Key"), tag.get("Value")
        if key is None or value is None:
            raise errors.malformed_xml()
        if key in found:
            raise errors.invalid_tag("Cannot provide multiple Tags with the same key", key)
        found[key] = value
    _check(found, owner)
    return found


def _check(tags: Mapping[str, str], owner: Owner) -> None:
    if len(tags) > owner.tags_max:
        raise errors.too_many_tags(owner.noun, owner.tags_max)
    for key, value in tags.items():
        if not 1 <= len(key) <= KEY_LENGTH_MAX or _ALLOWED.fullmatch(key) is None:
            raise errors.invalid_tag("The TagKey you have provided is invalid", key)
        if key.startswith("aws:"):
            raise errors.invalid_tag(owner.reserved, key)
        if len(value) > VALUE_LENGTH_MAX or _ALLOWED.fullmatch(value) is None:
            raise errors.invalid_tag("The TagValue you have provided is invalid", key)


def document(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
