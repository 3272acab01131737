"""Collects one request's URL and headers from the parser, within the limits."""

from __future__ import annotations

from urllib.parse import urlsplit

from pileus.gateway.http_limits import HttpLimits

METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
}

# Decoding and lower-casing a name costs more than finding it; the table cannot grow past this.
NAMES_MAX = 1024
NAME_BYTES_MAX = 48
NAMES: dict[bytes, str] = {}
for sdk_name in (
    "Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length",
    "Connection", "Authorization", "X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token",
    "X-Amz-Content-SHA256", "X-Amzn-Query-Mode", "amz-sdk-invocation-id", "amz-sdk-request",
):  # fmt: skip
    NAMES[sdk_name.encode()] = NAMES[sdk_name.lower().encode()] = sdk_name.lower()


class RefusedError(Exception):
    """Raised inside parser callbacks; carries the status that the client is refused with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def name_of(name: bytes) -> str:
    text = name.decode("latin-1").lower()
    if len(NAMES) < NAMES_MAX and len(name) <= NAME_BYTES_MAX:
        NAMES[name] = text
    return text


class RequestHead:
    """Filled by the connection's parser; one is used again for every request of a connection."""

    __slots__ = ("headers", "headers_bytes", "headers_count", "limits", "url")

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.url = b""
        self.headers: dict[str, str] = {}
        self.headers_bytes = 0
        self.headers_count = 0

    def begin(self) -> None:
        self.url = b""
        self.headers = {}
        self.headers_bytes = 0
        self.headers_count = 0

    def add_url(self, piece: bytes) -> None:
        self.url = self.url + piece if self.url else piece
        if len(self.url) > self.limits.url_bytes_max:
            raise RefusedError(414)

    def count(self, name: bytes, value: bytes) -> None:
        self.headers_bytes += len(name) + len(value)
        self.headers_count += 1
        limits = self.limits
        if self.headers_count > limits.headers_max or self.headers_bytes > limits.headers_bytes_max:
            raise RefusedError(431)

    def add_header(self, name: bytes, value: bytes) -> None:
        self.count(name, value)
        key = NAMES.get(name) or name_of(name)
        headers = self.headers
        if key in headers:
            if key == "host":
                raise RefusedError(400)
            between = "; " if key == "cookie" else ","
            headers[key] = f"{headers[key]}{between}{value.decode('latin-1')}"
        else:
            headers[key] = value.decode("latin-1")

    def check(self, is_http_10: bool) -> None:
        """What the parser lets through but this server does not."""
        headers = self.headers
        if "host" not in headers and not is_http_10:
            raise RefusedError(400)
        # Older peers do not know the header and would see another end of the message.
        encoding = headers.get("transfer-encoding", "chunked")
        if encoding.strip().lower() != "chunked" or (is_http_10 and "transfer-encoding" in headers):
            raise RefusedError(400)
        if "expect" in headers and headers["expect"].lower() != "100-continue":
            raise RefusedError(417)

    def target(self) -> tuple[str, str]:
        """Path and query as received; the absolute form's authority replaces the Host header."""
        url = self.url.decode("latin-1")
        if url[:1] != "/":
            return self.other_target(url)
        if "#" in url:
            raise RefusedError(400)
        path, _, query = url.partition("?")
        return path, query

    def other_target(self, url: str) -> tuple[str, str]:
        if url == "*":
            return "*", ""
        if not url.lower().startswith(("http://", "https://")) or "#" in url:
            raise RefusedError(400)
        try:
            parts = urlsplit(url)
        except ValueError:
            raise RefusedError(400) from None
        if not parts.netloc or "@" in parts.netloc:
            raise RefusedError(400)
        self.headers["host"] = parts.netloc
        return parts.path or "/", parts.query
