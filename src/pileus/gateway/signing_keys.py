"""Keys derived from secrets, kept ready to sign for as long as they are in use."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

# A key serves one secret for one day, region and service.
KEYS_MAX = 4096
_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class SigningKey:
    """A derived key, with the two hashes of an HMAC begun: half the work of each signature.

    RFC 2104: H(key ^ outer, H(key ^ inner, text)), the key filled up with zeros to a block.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def sign(self, text: bytes) -> str:
        """The signature in hexadecimal digits."""
        inner = self._inner.copy()
        inner.update(text)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()


@lru_cache(maxsize=KEYS_MAX)
def signing_key(secret: str, date: str, region: str, service: str) -> SigningKey:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return SigningKey(key)
