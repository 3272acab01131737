"""Operations on the tags of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import changes, names, store
from pileus.services.s3.objects import facts, shelf, tags
from pileus.services.s3.objects import store as versions

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.s3.objects.store import Version
    from pileus.services.s3.store import Bucket


def _find(
    call: Call, key: str, version_id: str | None, owner: str | None, method: str
) -> tuple[Bucket, Version]:
    bucket = store.find_bucket(call.tx, owner)
    return bucket, shelf.find(call.tx, bucket, key, names.key_bytes(key), version_id, method)


def _identified(bucket: Bucket, version: Version) -> dict[str, Any]:
    return {"VersionId": version.version_id} if bucket.is_versioned else {}


def get_object_tagging(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    expected_bucket_owner: str | None = None,
    request_payer: str | None = None,
) -> dict[str, Any]:
    found, version = _find(call, key, version_id, expected_bucket_owner, "GET")
    present = facts.of_text(version.facts).tags
    return {**_identified(found, version), "TagSet": tags.document(present)}


def put_object_tagging(
    call: Call,
    *,
    bucket: str,
    key: str,
    tagging: dict[str, Any],
    version_id: str | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
    request_payer: str | None = None,
) -> dict[str, Any]:
    wanted = tags.of_document(tagging)
    found, version = _find(call, key, version_id, expected_bucket_owner, "PUT")
    _set(call, found, version, wanted)
    changes.written(call.tx, found, "ObjectTagging:Put", version)
    return _identified(found, version)


def delete_object_tagging(
    call: Call,
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found, version = _find(call, key, version_id, expected_bucket_owner, "DELETE")
    _set(call, found, version, {})
    changes.written(call.tx, found, "ObjectTagging:Delete", version)
    return _identified(found, version)


def _set(call: Call, bucket: Bucket, version: Version, wanted: Mapping[str, str]) -> None:
    changed = msgspec.structs.replace(facts.of_text(version.facts), tags=dict(wanted))
    versions.set_facts(call.tx, bucket, version, facts.text_of(changed))
