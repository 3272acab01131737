"""UpdateObjectEncryption: another key for an object that is there.

docs: AmazonS3/latest/API/API_UpdateObjectEncryption
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.services.s3 import errors, names, store
from pileus.services.s3.objects import facts, shelf
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.encryption import Encryption

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:([0-9]{12}):key/[A-Za-z0-9-]+")
_KMS = "aws:kms"
_AGAIN = "Modify the request to specify {} and then try again."


def update_object_encryption(
    call: Call,
    *,
    bucket: str,
    key: str,
    object_encryption: dict[str, Any],
    version_id: str | None = None,
    request_payer: str | None = None,
    expected_bucket_owner: str | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
) -> None:
    tx = call.tx
    found = store.find_bucket(tx, expected_bucket_owner)
    wanted = read(object_encryption, found.account)
    version = shelf.find(tx, found, key, names.key_bytes(key), version_id, "PUT")
    known = facts.of_text(version.facts)
    if known.encryption.algorithm not in ("AES256", _KMS):
        raise errors.invalid_request(
            "The UpdateObjectEncryption operation doesn't support source objects with the "
            "encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or "
            "SSE-KMS are supported."
        )
    if known.lock.protects(call.now):
        raise _denied(
            "The encryption type for the specified object can't be updated because that object "
            "is protected by S3 Object Lock. If the object has a governance-mode retention "
            "period or a legal hold, you must first remove the Object Lock status on the object "
            "before you issue your UpdateObjectEncryption request. You can't use the "
            "UpdateObjectEncryption operation with objects that have an Object Lock compliance "
            "mode retention period applied to them."
        )
    changed = msgspec.structs.replace(known, encryption=wanted)
    versions.set_facts(tx, found, version, facts.text_of(changed))


def read(given: dict[str, Any], account: str) -> Encryption:
    """The new encryption; raises AWS's errors."""
    wanted = given.get("SSEKMS")
    if wanted is None:
        raise errors.invalid_request(
            "Requests that modify an object encryption configuration require a valid new "
            "encryption type. Valid values are SSEKMS. "
            + _AGAIN.format("SSE-KMS for the updated encryption type,")
        )
    arn = wanted.get("KMSKeyArn")
    if not arn:
        raise errors.invalid_request(
            "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key "
            "Amazon Resource Name (ARN). " + _AGAIN.format("a KMS key ARN,")
        )
    named = _KEY.fullmatch(arn)
    if named is None:
        raise errors.invalid_request(
            "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS "
            "key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key "
            "ARN in your request, and then try again."
        )
    if named[1] != account:
        raise _denied(
            "The AWS KMS key in the request must be owned by the same account as the bucket. "
            + _AGAIN.format("a KMS key from the same account,")
        )
    return Encryption(_KMS, arn, has_bucket_key=bool(wanted.get("BucketKeyEnabled")))


def _denied(message: str) -> AwsError:
    return errors.error("AccessDenied", message, 403)
