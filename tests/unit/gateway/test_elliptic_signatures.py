"""SigV4A: the key pair of a published example, and requests signed with it."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pileus.gateway.elliptic_signatures import private_key
from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import Signatures
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from support.signing import Clocks, Keys

SIGNATURES = Signatures(Keys(), Clocks())


def test_key_pair_is_that_of_the_published_example() -> None:
    numbers = private_key(
        "AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom"
    ).private_numbers()
    assert f"{numbers.private_value:064x}" == (
        "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"
    )
    assert f"{numbers.public_numbers.x:064x}" == (
        "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"
    )
    assert f"{numbers.public_numbers.y:064x}" == (
        "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"
    )


def signed(secret: str = "test") -> Request:
    payload = hashlib.sha256(b"").hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-region-set"
    canonical = (
        f"GET\n/b/k\n\nhost:h\nx-amz-content-sha256:{payload}\nx-amz-date:20250101T000000Z\n"
        f"x-amz-region-set:eu-*\n\n{names}\n{payload}"
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-ECDSA-P256-SHA256\n20250101T000000Z\n20250101/s3/aws4_request\n{digest}"
    signature = private_key("test", secret).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    headers = {
        "host": "h",
        "x-amz-content-sha256": payload,
        "x-amz-date": "20250101T000000Z",
        "x-amz-region-set": "eu-*",
        "authorization": (
            "AWS4-ECDSA-P256-SHA256 Credential=test/20250101/s3/aws4_request, "
            f"SignedHeaders={names}, Signature={signature.hex()}"
        ),
    }
    return Request("GET", "/b/k", "", headers)


def test_request_signed_for_many_regions_is_verified() -> None:
    identity = SIGNATURES.identify(signed(), Family.S3)
    assert identity.is_verified
    assert identity.service == "s3"
    assert identity.region == "us-east-1"


@pytest.mark.parametrize("change", ["path", "region", "secret", "signature"])
def test_changed_request_is_refused(change: str) -> None:
    request = signed("guess" if change == "secret" else "test")
    if change == "path":
        request.path = "/b/other"
    elif change == "region":
        request.headers["x-amz-region-set"] = "*"
    elif change == "signature":
        request.headers["authorization"] += "zz"
    with pytest.raises(AwsError) as refused:
        SIGNATURES.identify(request, Family.S3)
    assert refused.value.code == "SignatureDoesNotMatch"
