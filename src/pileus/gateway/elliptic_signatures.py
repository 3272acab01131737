"""SigV4A: signatures for many regions, by a key pair that is derived from the secret."""

from __future__ import annotations

import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = b"AWS4-ECDSA-P256-SHA256"
# The order of the group of P-256 (FIPS 186-4, D.1.2.3).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PAIRS_MAX = 256
COUNTER_MAX = 254


@lru_cache(maxsize=PAIRS_MAX)
def private_key(access_key_id: str, secret: str) -> ec.EllipticCurvePrivateKey:
    """Derive the pair: a counter-mode KDF (NIST SP 800-108) until a number fits the curve."""
    for counter in range(1, COUNTER_MAX + 1):
        context = access_key_id.encode() + bytes([counter])
        fixed = b"\x00\x00\x00\x01" + ALGORITHM + b"\x00" + context + b"\x00\x00\x01\x00"
        candidate = int.from_bytes(hmac.digest(b"AWS4A" + secret.encode(), fixed, "sha256"), "big")
        if candidate <= ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1())
    raise AssertionError("No key was found in 254 tries of which nearly each succeeds.")


def holds(access_key_id: str, secret: str, string_to_sign: str, signature: str) -> bool:
    """Whether a hexadecimal DER signature, perhaps padded with asterisks, is of this key."""
    try:
        data = bytes.fromhex(signature.rstrip("*"))
        private_key(access_key_id, secret).public_key().verify(
            data, string_to_sign.encode("latin-1", "replace"), ec.ECDSA(hashes.SHA256())
        )
    except (ValueError, InvalidSignature):
        return False
    return True
