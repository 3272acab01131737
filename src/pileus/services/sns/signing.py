"""The key that messages are signed with: one for each store, its certificate for everybody."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from pileus.kernel.request import Request, Response
from pileus.services.sns import store

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

# The resource whose partition holds the key.
ABOUT = "arn:aws:sns:::signing"
_PATH = "/SimpleNotificationService-"
_SUFFIX = ".pem"
# Signing is the greater part of a publish: a key of twice the length would take four times as long.
# Nobody's safety hangs on it, since who can publish can also read the key from the disk.
_KEY_BITS = 1024
_VALID_SINCE = datetime(2010, 3, 31, tzinfo=UTC)
_VALID_UNTIL = datetime(2999, 12, 31, tzinfo=UTC)
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
        found = await call.transaction(_keep, *_make(), about=ABOUT)
    call.kernel.memory["sns"] = Signer(*found)


def _read(tx: Transaction) -> tuple[str, str] | None:
    return store.signing(tx)


def _keep(tx: Transaction, private_key: str, certificate: str) -> tuple[str, str]:
    store.keep_signing(tx, private_key, certificate)
    kept = store.signing(tx)
    assert kept is not None
    return kept


def _make() -> tuple[str, str]:
    """A new key and a certificate that is its own authority."""
    key = rsa.generate_private_key(65537, _KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_SINCE)
        .not_valid_after(_VALID_UNTIL)
        .sign(key, hashes.SHA256())
    )
    private_text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public_text = certificate.public_bytes(serialization.Encoding.PEM)
    return private_text.decode(), public_text.decode()


def matches(request: Request) -> bool:
    return request.path.startswith(_PATH) and request.path.endswith(_SUFFIX)


async def answer(call: Call, request: Request) -> Response:
    """Give the certificate to whoever checks a signature."""
    signer = signer_of(call)
    if request.path != signer.path or request.method not in ("GET", "HEAD"):
        return Response(404, {"content-type": "text/plain"}, b"No such certificate.\n")
    return Response(200, {"content-type": "application/x-pem-file"}, signer.certificate.encode())
