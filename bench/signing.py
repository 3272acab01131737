"""A Signature Version 4 signer that costs a load generator little: all but the body is prepared."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """The key that the requests are signed with."""

    access_key_id: str = "test"
    secret_access_key: str = "test"
    region: str = "us-east-1"


class Signer:
    """Makes whole HTTP/1.1 requests for one path and one set of headers, signed at one instant."""

    def __init__(
        self,
        service: str,
        host: str,
        path: str,
        headers: dict[str, str],
        credentials: Credentials = Credentials(),
        at: datetime | None = None,
    ) -> None:
        moment = self.moment = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{credentials.region}/{service}/aws4_request"
        signed = {name.lower(): value for name, value in headers.items()}
        signed |= {"host": host, "x-amz-date": moment}
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        self._canonical = f"POST\n{path}\n\n{lines}\n{names}\n".encode()
        self._to_sign = f"{ALGORITHM}\n{moment}\n{scope}\n".encode()
        self._key = hmac.new(signing_key(credentials, service, moment[:8]), None, hashlib.sha256)
        self._authorization = (
            f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature="
        )
        self._head = (
            f"POST {path} HTTP/1.1\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in signed.items())
            + f"authorization: {self._authorization}"
        ).encode()

    def signature(self, body: bytes) -> str:
        canonical = self._canonical + hashlib.sha256(body).hexdigest().encode()
        key = self._key.copy()
        key.update(self._to_sign + hashlib.sha256(canonical).hexdigest().encode())
        return key.hexdigest()

    def authorization(self, body: bytes) -> str:
        """The header's value, for clients that write requests themselves."""
        return self._authorization + self.signature(body)

    def request(self, body: bytes) -> bytes:
        """The bytes to send for this body."""
        return b"%b%b\r\ncontent-length: %d\r\n\r\n%b" % (
            self._head, self.signature(body).encode(), len(body), body,
        )  # fmt: skip


def signing_key(credentials: Credentials, service: str, date: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (date, credentials.region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
