"""Encryption that is changed later, and customers' keys that reads must bring."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.objects import reencryption
from support.refusals import Refusal, refusal

CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
OTHER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "o" * 32}


def arn(account: str) -> str:
    return f"arn:aws:kms:us-east-1:{account}:key/some-key"


def test_an_object_gets_another_key(s3: Any, bucket: str, account: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    put = s3.put_object(**ask, Body=b"x")
    wanted = {"KMSKeyArn": arn(account), "BucketKeyEnabled": True}
    s3.update_object_encryption(**ask, ObjectEncryption={"SSEKMS": wanted})
    found = s3.head_object(**ask)
    assert ("aws:kms", arn(account), True, put["ETag"]) == (
        found["ServerSideEncryption"],
        found["SSEKMSKeyId"],
        found["BucketKeyEnabled"],
        found["ETag"],
    )


@pytest.mark.parametrize(
    ("encryption", "expected"),
    [
        ({}, "Requests that modify an object encryption configuration require a valid new"),
        ({"SSEKMS": {"KMSKeyArn": ""}}, "Requests that modify an object's encryption type to "
         "SSE-KMS require an AWS KMS key"),
        ({"SSEKMS": {"KMSKeyArn": "some-key"}}, "Requests that modify an object's encryption "
         "type to SSE-KMS require a valid AWS KMS key"),
    ],
)  # fmt: skip
def test_a_new_key_must_be_one(encryption: dict[str, Any], expected: str) -> None:
    # Clients would refuse most of these themselves.
    with pytest.raises(AwsError) as refused:
        reencryption.read(encryption, "123456789012")
    assert "InvalidRequest" == refused.value.code
    assert refused.value.message.startswith(expected)


def test_keys_of_others_and_some_objects_are_refused(s3: Any, bucket: str, account: str) -> None:
    def update(key: str, owner: str) -> tuple[str, int]:
        refused = refusal(
            s3.update_object_encryption,
            Bucket=bucket,
            Key=key,
            ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn(owner)}},
        )
        return refused.code, refused.status

    s3.put_object(Bucket=bucket, Key="plain")
    s3.put_object(Bucket=bucket, Key="customers", **CUSTOMER)
    s3.put_object(Bucket=bucket, Key="twice", ServerSideEncryption="aws:kms:dsse")
    assert ("AccessDenied", 403) == update("plain", "999999999999")
    assert ("InvalidRequest", 400) == update("customers", account)
    assert ("InvalidRequest", 400) == update("twice", account)
    assert ("NoSuchKey", 404) == update("absent", account)


def test_a_locked_object_keeps_its_key(s3: Any, account: str) -> None:
    s3.create_bucket(Bucket="locked-keys", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="locked-keys", Key="k", ObjectLockLegalHoldStatus="ON")
    refused = refusal(
        s3.update_object_encryption,
        Bucket="locked-keys",
        Key="k",
        ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn(account)}},
    )
    assert ("AccessDenied", 403) == refused[::2]


def test_an_object_with_a_customers_key_is_read_with_it_only(s3: Any, bucket: str) -> None:
    ask = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**ask, Body=b"secret", **CUSTOMER)
    assert b"secret" == s3.get_object(**ask, **CUSTOMER)["Body"].read()
    text = (
        "The object was stored using a form of Server Side Encryption. The correct parameters "
        "must be provided to retrieve the object."
    )
    assert Refusal("InvalidRequest", text, 400) == refusal(s3.get_object, **ask)
    text = (
        "Requests specifying Server Side Encryption with Customer provided keys must provide the "
        "correct secret key."
    )
    assert Refusal("AccessDenied", text, 403) == refusal(s3.get_object, **ask, **OTHER)
    assert 403 == refusal(s3.head_object, **ask, **OTHER).status
    assert 400 == refusal(s3.head_object, **ask).status
