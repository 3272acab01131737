"""The private key that signs messages, and where its certificate is found."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.services.sns.private_key import PrivateKey

PATH = "/SimpleNotificationService-"
SUFFIX = ".pem"


class Signer:
    """Signs texts in the version of SNS's signatures that a topic has."""

    def __init__(self, private_key: str, certificate: str) -> None:
        self._key: PrivateKey | None = None
        self.private_key = private_key
        self.certificate = certificate
        self.path = f"{PATH}{sha256(certificate.encode()).hexdigest()[:32]}{SUFFIX}"

    def sign(self, text: str, version: str) -> str:
        key = self._key or self._load()
        return base64.b64encode(key.sign(text.encode(), version)).decode()

    def _load(self) -> PrivateKey:
        # Who signs nothing is spared what this takes to import.
        from pileus.services.sns.private_key import PrivateKey

        self._key = PrivateKey(self.private_key)
        return self._key
