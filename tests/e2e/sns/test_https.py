"""Messages to HTTPS endpoints: who signed their certificates decides whether they are called."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from e2e.sns.asking import subscribe, topic
from e2e.sns.listening import listening
from support.running import Running


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    is_authority = name == issuer
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key, critical=False)
        .add_extension(names, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of an authority, and a server's with its key."""
    folder = tmp_path_factory.mktemp("authority")
    own_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    own = _certificate("authority", own_key, "authority", own_key)
    server = _certificate("server", server_key, "authority", own_key)
    private = server_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "authority.pem").write_bytes(own.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem) + private)
    return folder


@pytest.fixture
def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem")
    return context


@pytest.fixture
def trusting(authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that was started with the authority's certificate in SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "authority.pem"))
    running = Running(tmp_path).start()
    running.freeze()
    yield running
    running.stop()


def test_an_endpoint_of_a_trusted_authority_gets_messages(
    trusting: Running, tls: ssl.SSLContext
) -> None:
    sns = trusting.client("sns")
    arn = topic(sns)
    with listening(tls) as endpoint:
        subscribe(sns, arn, endpoint.url, protocol="https")
        trusting.advance(0)
        (asked,) = endpoint.take()
        sns.confirm_subscription(TopicArn=arn, Token=asked.document["Token"])
        sns.publish(TopicArn=arn, Message="m")
        trusting.advance(0)
        assert ["m"] == [received.document["Message"] for received in endpoint.take()]


def test_an_endpoint_that_nobody_vouches_for_is_sent_nothing(
    pileus: Running, sns: Any, tls: ssl.SSLContext
) -> None:
    arn = topic(sns)
    with listening(tls) as endpoint:
        subscribe(sns, arn, endpoint.url, protocol="https")
        pileus.advance(3600)
        assert [] == endpoint.take()
