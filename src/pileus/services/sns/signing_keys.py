"""Makes the key that a store's messages are signed with, and the certificate that proves it."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

# Signing is the greater part of a publish: a key of twice the length would take four times as long.
# Nobody's safety hangs on it, since who can publish can also read the key from the disk.
_KEY_BITS = 1024
_VALID_SINCE = datetime(2010, 3, 31, tzinfo=UTC)
_VALID_UNTIL = datetime(2999, 12, 31, tzinfo=UTC)


def make() -> tuple[str, str]:
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
