"""GetObject and HeadObject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from pileus.services.s3 import errors
from pileus.services.s3.objects import contents, reads
from pileus.services.s3.objects.encryption import CustomerKeySettings

if TYPE_CHECKING:
    from pileus.kernel.call import Call


class ReadSettings(CustomerKeySettings, total=False):
    """Members that GetObject and HeadObject share."""

    if_match: str
    if_none_match: str
    if_modified_since: int
    if_unmodified_since: int
    range: str
    part_number: int
    version_id: str
    checksum_mode: str
    response_cache_control: str
    response_content_disposition: str
    response_content_encoding: str
    response_content_language: str
    response_content_type: str
    response_expires: int
    request_payer: str
    expected_bucket_owner: str


def get_object(
    call: Call, *, bucket: str, key: str, **settings: Unpack[ReadSettings]
) -> dict[str, Any]:
    version, found, answer, span = reads.read(call, key, settings, "GET")
    if found.is_archived(call.tx.now):
        raise errors.invalid_object_state(found.storage_class)
    answer["Body"] = body = contents.opened(call.tx, call, version, span)
    if isinstance(body, bytes):
        # The server counts what is all there.
        del answer["ContentLength"]
    return answer


def head_object(
    call: Call, *, bucket: str, key: str, **settings: Unpack[ReadSettings]
) -> dict[str, Any]:
    return reads.read(call, key, settings, "HEAD")[2]
