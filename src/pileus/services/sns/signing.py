"""The key that messages are signed with: one for each store, its certificate for everybody."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pileus.kernel.request import Request, Response
from pileus.services.sns import store

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# The resource whose partition holds the key.
ABOUT = "arn:aws:sns:::signing"
_PATH = "/SimpleNotificationService-"
_SUFFIX = ".pem"
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_PADDING = padding.PKCS1v15()


class Signer:
    """Signs texts, and knows where its certificate is found."""

    def __init__(self, private_key: str, certificate: str) -> None:
        key = serialization.load_pem_private_key(private_key.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self.certificate = certificate
        self.path = f"{_PATH}{sha256(certificate.encode()).hexdigest()[:32]}{_SUFFIX}"

    def sign(self, text: str, version: str) -> str:
        signature = self._key.sign(text.encode(), _PADDING, _HASHES[version])
        return base64.b64encode(signature).decode()


def signer_of(call: Call) -> Signer:
    signer = call.kernel.memory["sns"]
    assert isinstance(signer, Signer)
    return signer


async def start(call: Call) -> None:
    """Read the store's key, or make it."""
    found = await call.read(_read, about=ABOUT)
    if found is None:
        # Once in a store's life; every other start is spared what certificates take to import.
        from pileus.services.sns import signing_keys

        found = await call.transaction(_keep, *signing_keys.make(), about=ABOUT)
    call.kernel.memory["sns"] = Signer(*found)


def _read(tx: Transaction) -> tuple[str, str] | None:
    return store.signing(tx)


def _keep(tx: Transaction, private_key: str, certificate: str) -> tuple[str, str]:
    store.keep_signing(tx, private_key, certificate)
    kept = store.signing(tx)
    assert kept is not None
    return kept


def matches(request: Request) -> bool:
    return request.path.startswith(_PATH) and request.path.endswith(_SUFFIX)


async def answer(call: Call, request: Request) -> Response:
    """Give the certificate to whoever checks a signature."""
    signer = signer_of(call)
    if request.path != signer.path or request.method not in ("GET", "HEAD"):
        return Response(404, {"content-type": "text/plain"}, b"No such certificate.\n")
    return Response(200, {"content-type": "application/x-pem-file"}, signer.certificate.encode())
