"""The private key that signs messages, and where its certificate is found."""

from __future__ import annotations

import base64
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PATH = "/SimpleNotificationService-"
SUFFIX = ".pem"
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_PADDING = padding.PKCS1v15()


class Signer:
    """Signs texts in the version of SNS's signatures that a topic has."""

    def __init__(self, private_key: str, certificate: str) -> None:
        key = serialization.load_pem_private_key(private_key.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self.private_key = private_key
        self.certificate = certificate
        self.path = f"{PATH}{sha256(certificate.encode()).hexdigest()[:32]}{SUFFIX}"

    def sign(self, text: str, version: str) -> str:
        signature = self._key.sign(text.encode(), _PADDING, _HASHES[version])
        return base64.b64encode(signature).decode()
