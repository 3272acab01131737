"""Signatures of messages, verified as AWS's documentation says."""

from __future__ import annotations

import base64
from typing import Any
from urllib.request import urlopen

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SIGNED_WHEN_ASKING = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip


def verify(envelope: dict[str, Any], algorithm: hashes.HashAlgorithm) -> None:
    """Raises where the signature is not good."""
    with urlopen(envelope["SigningCertURL"]) as answer:
        certificate = x509.load_pem_x509_certificate(answer.read())
    names = SIGNED if envelope["Type"] == "Notification" else SIGNED_WHEN_ASKING
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(envelope["Signature"])
    key.verify(signature, text.encode(), padding.PKCS1v15(), algorithm)
