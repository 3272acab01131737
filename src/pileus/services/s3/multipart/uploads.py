"""Uploads in parts: begun, listed, given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from pileus.services.s3 import buckets, errors, names, store
from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.locks import configurations as locks
from pileus.services.s3.multipart import facts as upload_facts
from pileus.services.s3.multipart import store as uploads
from pileus.services.s3.multipart import upkeep
from pileus.services.s3.multipart.store import Part, Upload
from pileus.services.s3.objects import encryption
from pileus.services.s3.objects.encryption import CustomerKeySettings
from pileus.services.s3.objects.facts import NewObjectSettings
from pileus.services.s3.settings import access, default_encryption

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.lifecycle.rules import Plan
    from pileus.services.s3.store import Bucket

PAGE_MAX = 1000
_READ_MAX = 500


class CreateSettings(NewObjectSettings, total=False):
    """Members of CreateMultipartUpload besides the key."""

    checksum_algorithm: str
    checksum_type: str


def create_multipart_upload(
    call: Call, *, bucket: str, key: str, **settings: Unpack[CreateSettings]
) -> dict[str, Any]:
    tx = call.tx
    found = upload_facts.read(settings)
    raw_key = names.key_bytes(key)
    owner = store.find_bucket(tx, settings.get("expected_bucket_owner"))
    access.check_acl(tx, owner, found.object.acl)
    locks.check(owner, found.object.lock, tx.now)
    sealed = default_encryption.settled(tx, owner, found.object.encryption)
    found = msgspec.structs.replace(
        found, object=msgspec.structs.replace(found.object, encryption=sealed)
    )
    upload_id = f"{tx.now:012x}{tx.kernel.ids.hexadecimal(52)}"
    uploads.insert(
        tx, owner, Upload(raw_key, upload_id, tx.now // 1000 * 1000, 0, upload_facts.text_of(found))
    )
    answer = {"Bucket": bucket, "Key": key, "UploadId": upload_id, **encryption.described(sealed)}
    if owner.has_setting(agenda.KIND):
        agenda.expect(tx, owner)
        answer.update(_aborted(agenda.abort_of(tx, owner, key, tx.now)))
    if found.algorithm:
        answer["ChecksumAlgorithm"] = found.algorithm
        answer["ChecksumType"] = found.checksum_type
    return answer


def _aborted(plan: Plan | None) -> dict[str, Any]:
    return {} if plan is None else {"AbortDate": plan.at, "AbortRuleId": plan.rule_id}


def find(tx: Transaction, bucket: Bucket, key: bytes, upload_id: str) -> Upload:
    """Raises NoSuchUpload."""
    upload = uploads.seek(tx, bucket, key, upload_id)
    if upload is None:
        raise errors.no_such_upload(upload_id)
    return upload


def find_in(tx: Transaction, key: bytes, upload_id: str, owner: str | None) -> Upload:
    """Step about the bucket: the upload as it stands."""
    return find(tx, store.find_bucket(tx, owner), key, upload_id)


def abort_multipart_upload(
    call: Call,
    *,
    bucket: str,
    key: str,
    upload_id: str,
    request_payer: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    tx = call.tx
    owner = store.find_bucket(tx, expected_bucket_owner)
    upload = find(tx, owner, names.key_bytes(key), upload_id)
    uploads.remove(tx, owner.id, upload)
    tx.set_timer(upkeep.PARTS_TIMER, upload_id, tx.now)


class ListSettings(CustomerKeySettings, total=False):
    """Members of ListParts besides the upload."""

    max_parts: int
    part_number_marker: int
    request_payer: str
    expected_bucket_owner: str


async def list_parts(
    call: Call, *, bucket: str, key: str, upload_id: str, **settings: Unpack[ListSettings]
) -> dict[str, Any]:
    marker = settings.get("part_number_marker", 0)
    asked = settings.get("max_parts", PAGE_MAX)
    if asked < 0:
        raise errors.invalid_argument(
            "Argument max-parts must be an integer between 0 and 2147483647", "max-parts", asked
        )
    parts_max = min(asked, PAGE_MAX)
    upload, planned = await call.read(
        _find_to_list, names.key_bytes(key), upload_id, settings.get("expected_bucket_owner"),
        about=call.about,
    )  # fmt: skip
    found: list[Part] = []
    while len(found) <= parts_max:
        after = found[-1].number if found else marker
        some = await call.read(uploads.parts_after, upload_id, after, _READ_MAX, about=call.about)
        found += some
        if len(some) < _READ_MAX:
            break
    shown = found[:parts_max]
    known = upload_facts.of_text(upload.facts)
    owner = buckets.owner(call.account)
    answer = {
        "Bucket": bucket,
        "Key": key,
        "UploadId": upload_id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1].number if shown else 0,
        "MaxParts": parts_max,
        "IsTruncated": len(found) > parts_max and parts_max > 0,
        "Parts": [_described(part) for part in shown],
        "Initiator": owner,
        "Owner": owner,
        "StorageClass": known.object.storage_class,
    }
    answer.update(_aborted(planned))
    if known.algorithm:
        answer["ChecksumAlgorithm"] = known.algorithm
        answer["ChecksumType"] = known.checksum_type
    return answer


def _find_to_list(
    tx: Transaction, key: bytes, upload_id: str, owner: str | None
) -> tuple[Upload, Plan | None]:
    """Step about the bucket: an upload, and when it is given up."""
    bucket = store.find_bucket(tx, owner)
    upload = find(tx, bucket, key, upload_id)
    return upload, agenda.abort_of(tx, bucket, key.decode(), upload.started_at)


def _described(part: Part) -> dict[str, Any]:
    return {
        "PartNumber": part.number,
        "LastModified": part.modified_at,
        "ETag": f'"{part.etag}"',
        "Size": part.size_bytes,
        **{f"Checksum{name}": text for name, text in msgspec.json.decode(part.checksums).items()},
    }
