"""Requests of S3 as bytes, signed: each has a path of its own."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from bench.signing import ALGORITHM, Credentials, signing_key

UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED = "host;x-amz-content-sha256;x-amz-date"


class Objects:
    """The objects of one bucket, asked for at one instant."""

    def __init__(self, host: str, bucket: str, at: datetime | None = None) -> None:
        credentials = Credentials()
        self._host, self._bucket = host, bucket
        self._moment = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        date = self._moment[:8]
        self._scope = f"{date}/{credentials.region}/s3/aws4_request"
        self._key = hmac.new(signing_key(credentials, "s3", date), None, hashlib.sha256)
        self._access_key_id = credentials.access_key_id

    def put(self, key: str, body: bytes) -> bytes:
        digest = hashlib.sha256(body).hexdigest()
        return self.head("PUT", key, digest, len(body)) + body

    def get(self, key: str) -> bytes:
        return self.head("GET", key, hashlib.sha256(b"").hexdigest(), 0)

    def head(self, method: str, key: str, digest: str, length: int) -> bytes:
        """A request's head; `digest` is of the body, or says that it is not signed."""
        path = f"/{self._bucket}/{key}"
        headers = f"host:{self._host}\nx-amz-content-sha256:{digest}\nx-amz-date:{self._moment}\n"
        canonical = f"{method}\n{path}\n\n{headers}\n{_SIGNED}\n{digest}".encode()
        key_ = self._key.copy()
        hashed = hashlib.sha256(canonical).hexdigest()
        key_.update(f"{ALGORITHM}\n{self._moment}\n{self._scope}\n{hashed}".encode())
        return (
            f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\n"
            f"x-amz-content-sha256: {digest}\r\nx-amz-date: {self._moment}\r\n"
            f"authorization: {ALGORITHM} Credential={self._access_key_id}/{self._scope}, "
            f"SignedHeaders={_SIGNED}, Signature={key_.hexdigest()}\r\n"
            f"content-length: {length}\r\n\r\n"
        ).encode()
