"""Server-side encryption as it is asked for and answered. Bytes are stored as they are.

docs: AmazonS3/latest/userguide/serv-side-encryption, ServerSideEncryptionCustomerKeys
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec

from pileus.services.s3 import errors

S3 = "AES256"
KMS = ("aws:kms", "aws:kms:dsse")
KEY_BYTES = 32


class CustomerKeySettings(TypedDict, total=False):
    """The key that a customer sends with each request."""

    sse_customer_algorithm: str
    sse_customer_key: str
    sse_customer_key_md5: str


class EncryptionSettings(CustomerKeySettings, total=False):
    """Members that say how an object shall be encrypted."""

    server_side_encryption: str
    ssekms_key_id: str
    ssekms_encryption_context: str
    bucket_key_enabled: bool


class Encryption(msgspec.Struct, frozen=True, omit_defaults=True):
    """`algorithm` is empty where a customer's key is used, of which the MD5 is known."""

    algorithm: str = S3
    key_id: str = ""
    context: str = ""
    # None where a request does not say, so that the bucket does.
    has_bucket_key: bool | None = False
    customer_key_md5: str = ""
    # Of requests only: the algorithm is the bucket's.
    is_unsaid: bool = False

    @property
    def has_plain_etag(self) -> bool:
        """Whether the ETag is the MD5 of the content."""
        return self.algorithm == S3


# One value for all, so that it is left out where facts are kept.
DEFAULT = Encryption()


def read(settings: Mapping[str, Any]) -> Encryption:
    """How a new object shall be encrypted; raises AWS's errors."""
    customer = customer_key_md5(settings)
    algorithm = settings.get("server_side_encryption")
    if customer:
        if algorithm is not None:
            raise errors.invalid_argument(
                "Server Side Encryption with Customer provided key is incompatible with the "
                "encryption method specified",
                "x-amz-server-side-encryption",
                algorithm,
            )
        return Encryption(algorithm="", customer_key_md5=customer)
    if algorithm in (None, S3):
        if settings.get("ssekms_key_id") is not None:
            raise errors.invalid_argument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms",
                "x-amz-server-side-encryption",
                algorithm or "null",
            )
        return DEFAULT if algorithm is not None else Encryption(is_unsaid=True)
    if algorithm not in KMS:
        raise errors.error(
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
        )
    return Encryption(
        algorithm,
        settings.get("ssekms_key_id") or "",
        settings.get("ssekms_encryption_context") or "",
        settings.get("bucket_key_enabled"),
    )


def with_key(encryption: Encryption, region: str, account: str) -> Encryption:
    """With the ARN of the key: the one named, else the account's own for S3."""
    if encryption.algorithm not in KMS or encryption.key_id.startswith("arn:"):
        return encryption
    given = encryption.key_id or "alias/aws/s3"
    resource = given if given.startswith("alias/") else f"key/{given}"
    arn = f"arn:aws:kms:{region}:{account}:{resource}"
    return msgspec.structs.replace(encryption, key_id=arn)


def customer_key_md5(settings: Mapping[str, Any], prefix: str = "") -> str:
    """The MD5 of the customer's key in the request, checked; empty where it brings none.

    `prefix` chooses the keywords of the source of a copy.
    """
    algorithm = settings.get(f"{prefix}sse_customer_algorithm")
    key = settings.get(f"{prefix}sse_customer_key")
    digest = settings.get(f"{prefix}sse_customer_key_md5")
    if algorithm is None and key is None and digest is None:
        return ""
    if algorithm is None:
        raise errors.invalid_argument(
            "Requests specifying Server Side Encryption with Customer provided keys must provide "
            "a valid encryption algorithm.",
            "x-amz-server-side-encryption",
            "null",
        )
    if key is None or digest is None:
        raise errors.invalid_argument(
            "Requests specifying Server Side Encryption with Customer provided keys must provide "
            "an appropriate secret key.",
            "x-amz-server-side-encryption",
            "null",
        )
    if algorithm != S3:
        raise errors.error(
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
            ArgumentName="x-amz-server-side-encryption",
            ArgumentValue=algorithm,
        )
    return _checked(key, digest)


def _checked(key: str, digest: str) -> str:
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise errors.invalid_argument(
            "The secret key was invalid for the specified algorithm.",
            "x-amz-server-side-encryption",
            "null",
        )
    found = base64.b64encode(hashlib.md5(raw, usedforsecurity=False).digest()).decode()
    if not hmac.compare_digest(found.encode(), digest.encode("utf-8", "replace")):
        raise errors.invalid_argument(
            "The calculated MD5 hash of the key did not match the hash that was provided.",
            "x-amz-server-side-encryption",
            "null",
        )
    return found


def check_readable(encryption: Encryption, given_md5: str) -> None:
    """Refuse who reads an object without the customer's key that it was written with."""
    wanted = encryption.customer_key_md5
    if given_md5 == wanted:
        return
    if not wanted:
        raise errors.invalid_request("The encryption parameters are not applicable to this object.")
    if not given_md5:
        raise errors.invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters "
            "must be provided to retrieve the object."
        )
    raise errors.wrong_customer_key()


def check_same_upload(encryption: Encryption, given_md5: str) -> None:
    """Refuse parts that bring another customer's key than their upload."""
    if given_md5 == encryption.customer_key_md5:
        return
    if not given_md5:
        raise errors.invalid_request(
            "The multipart upload initiate requested encryption. Subsequent part requests must "
            "include the appropriate encryption parameters."
        )
    raise errors.invalid_request(
        "The provided encryption parameters did not match the ones used originally."
    )


def described(encryption: Encryption) -> dict[str, Any]:
    """The members that tell of it in answers."""
    if encryption.customer_key_md5:
        return {
            "SSECustomerAlgorithm": S3,
            "SSECustomerKeyMD5": encryption.customer_key_md5,
        }
    found: dict[str, Any] = {"ServerSideEncryption": encryption.algorithm}
    if encryption.algorithm in KMS:
        found["SSEKMSKeyId"] = encryption.key_id
        if encryption.has_bucket_key:
            found["BucketKeyEnabled"] = True
        if encryption.context:
            found["SSEKMSEncryptionContext"] = encryption.context
    return found
