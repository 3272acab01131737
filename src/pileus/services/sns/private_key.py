"""The arithmetic of signatures, apart from the key's keeping because it takes long to import."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# By the topic's SignatureVersion.
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_PADDING = padding.PKCS1v15()


class PrivateKey:
    def __init__(self, text: str) -> None:
        key = serialization.load_pem_private_key(text.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def sign(self, text: bytes, version: str) -> bytes:
        return self._key.sign(text, _PADDING, _HASHES[version])
