"""Signatures of botocore's own signers hold, and no changed request keeps one."""

from __future__ import annotations

from botocore.auth import S3SigV4Auth, SigV4Auth

from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import Signatures
from support.signing import Clocks, Keys, sign

SIGNATURES = Signatures(Keys(), Clocks())
JSON = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}


def test_signed_json_request_is_verified() -> None:
    request = sign(SigV4Auth, body=b'{"QueueUrl": "x"}', headers=JSON)
    identity = SIGNATURES.identify(request, Family.JSON)
    assert identity.is_verified
    assert identity.access_key_id == "test"
    assert identity.account_id == "000000000000"
    assert identity.region == "us-east-1"
    assert identity.service == "sqs"


def test_signed_s3_request_is_verified() -> None:
    request = sign(S3SigV4Auth, "PUT", "http://h/bucket/a%20b//c/../d", b"abc", service="s3")
    assert SIGNATURES.identify(request, Family.S3).is_verified
