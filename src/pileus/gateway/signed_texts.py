"""Signatures of texts that are no requests: the policies of forms that browsers post to S3.

docs: AmazonS3/latest/API/sigv4-authentication-HTTPPOST
"""

from __future__ import annotations

import hmac
from base64 import b64encode

from pileus.gateway import signature_errors as errors
from pileus.gateway.credential_scopes import HMAC_ALGORITHM, Scope
from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import Signatures, check_token
from pileus.gateway.signing_keys import signing_key
from pileus.kernel.access import IssuedKeys, Key, SignedText


async def verify(
    signatures: Signatures, directory: IssuedKeys, signed: SignedText, signing_name: str
) -> tuple[int, ...]:
    """Raise AWS's error where the signature does not hold; what counts as now for its key."""
    family = Family.S3
    scope = None
    access_key_id = signed.credential
    if signed.algorithm:
        if signed.algorithm != HMAC_ALGORITHM:
            raise errors.s3_query_malformed(
                f'X-Amz-Algorithm only supports "{HMAC_ALGORITHM}" in forms.'
            )
        scope = Scope(family, HMAC_ALGORITHM, signed.credential, "host", True)
        scope.check_service(family, signing_name, True)
        access_key_id = scope.access_key_id
    if directory.must_load(access_key_id):
        await directory.load_key(access_key_id)
    key = signatures.find(access_key_id, family)
    nows = signatures.nows(key)
    if key is not None:
        check_token(family, access_key_id, key, signed.session_token, nows)
        if not hmac.compare_digest(
            _expected(signed, scope, key), signed.signature.encode("utf-8", "replace")
        ):
            raise errors.mismatch(family, access_key_id, "", signed.text, signed.signature)
    return nows


def _expected(signed: SignedText, scope: Scope | None, key: Key) -> bytes:
    text = signed.text.encode("utf-8", "replace")
    if scope is None:
        return b64encode(hmac.digest(key.secret.encode(), text, "sha1"))
    derived = signing_key(key.secret, scope.date, scope.region, scope.service)
    return derived.sign(text).encode()
