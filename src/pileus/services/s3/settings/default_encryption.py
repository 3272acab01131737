"""How a bucket encrypts objects of which nobody says how: recorded, and applied to new objects.

docs: AmazonS3/latest/userguide/bucket-encryption, API_PutBucketEncryption
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.s3 import errors, store
from pileus.services.s3.objects import encryption
from pileus.services.s3.objects.encryption import Encryption
from pileus.services.s3.settings import documents, refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.store import Bucket

KIND = "encryption"
CUSTOMER = "SSE-C"
_BY_DEFAULT = "ApplyServerSideEncryptionByDefault"
# What every bucket has of which nobody has said otherwise.
_RULE: dict[str, Any] = {_BY_DEFAULT: {"SSEAlgorithm": encryption.S3}, "BucketKeyEnabled": False}


def put_bucket_encryption(
    call: Call,
    *,
    bucket: str,
    server_side_encryption_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    configuration = server_side_encryption_configuration
    documents.check(call, "ServerSideEncryptionConfiguration", configuration)
    if len(configuration["Rules"]) != 1:
        raise errors.malformed_xml()
    rule = configuration["Rules"][0]
    chosen = rule.get(_BY_DEFAULT) or _RULE[_BY_DEFAULT]
    if chosen["SSEAlgorithm"] not in (encryption.S3, *encryption.KMS):
        raise errors.malformed_xml()
    if chosen["SSEAlgorithm"] == encryption.S3 and chosen.get("KMSMasterKeyID") is not None:
        raise refusals.key_not_applicable()
    documents.put(call.tx, found, KIND, {**_RULE, **rule, _BY_DEFAULT: chosen})


def get_bucket_encryption(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    rule = documents.find(call.tx, found, KIND) or _RULE
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def delete_bucket_encryption(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)


def settled(tx: Transaction, bucket: Bucket, asked: Encryption) -> Encryption:
    """How a new object is encrypted: as asked for, else as its bucket says."""
    if asked.algorithm == encryption.S3:
        if not asked.is_unsaid:
            return asked
        if not bucket.has_setting(KIND):
            return encryption.DEFAULT
    rule = documents.find(tx, bucket, KIND) or _RULE
    if asked.customer_key_md5:
        blocked = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType") or ()
        if CUSTOMER in blocked:
            raise errors.access_denied()
        return asked
    if asked.is_unsaid:
        chosen = rule[_BY_DEFAULT]
        asked = Encryption(
            chosen["SSEAlgorithm"], chosen.get("KMSMasterKeyID") or "", has_bucket_key=None
        )
    if asked.algorithm == encryption.S3:
        return encryption.DEFAULT
    if asked.has_bucket_key is None:
        asked = msgspec.structs.replace(asked, has_bucket_key=rule["BucketKeyEnabled"])
    return encryption.with_key(asked, bucket.region, bucket.account)
